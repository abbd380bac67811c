//! Steps that bring raw values from the packet to their slots in the record.

use super::fast::Work;
use crate::record::{load, store};

/// Eight bytes of the packet that hold bit fields.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) at: u32,
    pub(super) little: bool,
    /// Fields that take one byte in the record.
    bytes: Vec<FieldOp>,
    /// Wider fields.
    wide: Vec<FieldOp>,
}

/// A bit field of a window: shifted to the right and masked; `sign` is its sign bit, if it has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldOp {
    pub(super) mask: u64,
    pub(super) sign: u64,
    pub(super) slot: u32,
    pub(super) shift: u8,
    /// Bytes it takes in the record.
    pub(super) width: u8,
}

impl Window {
    pub(super) fn new(at: u32, little: bool) -> Self {
        Self { at, little, bytes: Vec::new(), wide: Vec::new() }
    }

    pub(super) fn push(&mut self, op: FieldOp) {
        if op.width == 1 { &mut self.bytes } else { &mut self.wide }.push(op);
    }
}

impl FieldOp {
    #[inline(always)]
    fn value(&self, bits: u64) -> u64 {
        let value = (bits >> (self.shift & 63)) & self.mask;
        (value ^ self.sign).wrapping_sub(self.sign)
    }
}

pub(super) fn fields(windows: &[Window], work: &mut Work<'_>) {
    let (mut packet, record) = (work.packet, &mut *work.record);
    let mut padded = [0; 8];
    if packet.len() < 8 {
        padded[..packet.len()].copy_from_slice(packet);
        packet = &padded;
    }
    for window in windows {
        let big = u64::from_be_bytes(load(packet, window.at));
        let bits = if window.little { big.swap_bytes() } else { big };
        for op in &window.bytes {
            store(record, op.slot, [op.value(bits) as u8]);
        }
        for op in &window.wide {
            let value = op.value(bits);
            match op.width {
                2 => store(record, op.slot, (value as u16).to_be_bytes()),
                4 => store(record, op.slot, (value as u32).to_be_bytes()),
                _ => store(record, op.slot, value.to_be_bytes()),
            }
        }
    }
}

/// Numbers of whole bytes, by width.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Of 1, 2, 4 and 8 bytes, in their order.
    pub(super) kept: [Vec<MoveOp>; 4],
    /// Of 2, 4 and 8 bytes, reversed.
    pub(super) reversed: [Vec<MoveOp>; 3],
}

/// One number of whole bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct MoveOp {
    pub(super) source: u32,
    pub(super) slot: u32,
}

impl Moves {
    pub(super) fn run(&self, work: &mut Work<'_>) {
        let (packet, record) = (work.packet, &mut *work.record);
        let [bytes, halves, words, doubles] = &self.kept;
        moves::<1, false>(bytes, packet, record);
        moves::<2, false>(halves, packet, record);
        moves::<4, false>(words, packet, record);
        moves::<8, false>(doubles, packet, record);
        let [halves, words, doubles] = &self.reversed;
        moves::<2, true>(halves, packet, record);
        moves::<4, true>(words, packet, record);
        moves::<8, true>(doubles, packet, record);
    }
}

#[inline(always)]
fn moves<const N: usize, const REVERSE: bool>(ops: &[MoveOp], packet: &[u8], record: &mut [u8]) {
    for op in ops {
        let mut bytes: [u8; N] = load(packet, op.source);
        if REVERSE {
            bytes.reverse();
        }
        store(record, op.slot, bytes);
    }
}

/// Whole bytes one after the other, in groups of `group` bytes that are reversed.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunOp {
    pub(super) source: u32,
    pub(super) slot: u32,
    pub(super) length: u32,
    pub(super) group: u8,
}

pub(super) fn runs(ops: &[RunOp], work: &mut Work<'_>) {
    for op in ops {
        let (source, slot, length) = (op.source as usize, op.slot as usize, op.length as usize);
        if let (Some(from), Some(to)) =
            (work.packet.get(source..source + length), work.record.get_mut(slot..slot + length))
        {
            match op.group {
                2 => reverse_groups::<2>(from, to),
                4 => reverse_groups::<4>(from, to),
                8 => reverse_groups::<8>(from, to),
                _ => to.copy_from_slice(from),
            }
        }
    }
}

fn reverse_groups<const N: usize>(from: &[u8], to: &mut [u8]) {
    let (from, _) = from.as_chunks::<N>();
    let (to, _) = to.as_chunks_mut::<N>();
    for (from, to) in from.iter().zip(to) {
        let mut bytes = *from;
        bytes.reverse();
        *to = bytes;
    }
}
