//! Steps that bring raw values from the packet to their slots in the record.

use super::fast::{Step, Work};
use crate::record::{load, store};

/// Bit fields, window by window.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) windows: Vec<(Window, Vec<FieldOp>)>,
    pub(super) raw_end: usize,
}

/// Eight bytes of the packet that hold bit fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) at: u32,
    pub(super) little: bool,
}

/// A bit field of a window: shifted to the right and masked; `sign` is its sign bit, if it has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldOp {
    pub(super) mask: u64,
    pub(super) sign: u64,
    pub(super) slot: u32,
    pub(super) shift: u8,
}

impl Step for Fields {
    fn run(&self, work: &mut Work<'_>) {
        let mut padded = [0; 8];
        let mut packet = work.packet;
        if packet.len() < 8 {
            padded[..packet.len()].copy_from_slice(packet);
            packet = &padded;
        }
        let record = &mut *work.record;
        for (window, fields) in &self.windows {
            let big = u64::from_be_bytes(load(packet, window.at));
            let bits = if window.little { big.swap_bytes() } else { big };
            for op in fields {
                let value = (bits >> (op.shift & 63)) & op.mask;
                store(record, op.slot, (value ^ op.sign).wrapping_sub(op.sign).to_le_bytes());
            }
        }
        // What the last ones spilled into the sections behind.
        if let Some(spilled) = record.get_mut(self.raw_end..self.raw_end + 8) {
            spilled.fill(0);
        }
    }
}

/// Numbers of `N` whole bytes, reversed or not.
#[derive(Debug)]
pub(super) struct Moves<const N: usize, const REVERSE: bool>(pub(super) Vec<MoveOp>);

/// One number of whole bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct MoveOp {
    pub(super) source: u32,
    pub(super) slot: u32,
}

impl<const N: usize, const REVERSE: bool> Step for Moves<N, REVERSE> {
    fn run(&self, work: &mut Work<'_>) {
        for op in &self.0 {
            let mut bytes: [u8; N] = load(work.packet, op.source);
            if REVERSE {
                bytes.reverse();
            }
            store(work.record, op.slot, bytes);
        }
    }
}

/// Whole bytes one after the other, in groups of `N` bytes that are reversed.
#[derive(Debug)]
pub(super) struct Runs<const N: usize>(pub(super) Vec<RunOp>);

/// Where the bytes lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunOp {
    pub(super) source: u32,
    pub(super) slot: u32,
    pub(super) length: u32,
}

impl<const N: usize> Step for Runs<N> {
    fn run(&self, work: &mut Work<'_>) {
        for op in &self.0 {
            let (source, slot, length) = (op.source as usize, op.slot as usize, op.length as usize);
            if let (Some(from), Some(to)) =
                (work.packet.get(source..source + length), work.record.get_mut(slot..slot + length))
            {
                copy::<N>(from, to);
            }
        }
    }
}

#[inline(always)]
fn copy<const N: usize>(from: &[u8], to: &mut [u8]) {
    if N == 1 {
        to.copy_from_slice(from);
        return;
    }
    let (from, _) = from.as_chunks::<N>();
    let (to, _) = to.as_chunks_mut::<N>();
    for (from, to) in from.iter().zip(to) {
        let mut bytes = *from;
        bytes.reverse();
        *to = bytes;
    }
}
