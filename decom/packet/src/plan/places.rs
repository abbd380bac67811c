//! Compiles where the raw values lie: which bytes of the packet go to which slot of the record.

use super::copy::{FieldOp, MoveOp, Moves, RunOp, Window};
use super::fast::{Fast, Step};
use super::values::Source;
use crate::bits::{Field, Placed, Spot, locate_integer};
use crate::definition::{Accessor, DataType, Endianness, Item, Packet};
use crate::record::{Element, PackedItem, RawForm};

/// Arrays of bit fields up to this length are compiled element by element.
const MAX_FIELD_ARRAY: u32 = 256;
/// As many neighbouring numbers as are worth being copied at once.
const MIN_RUN: usize = 3;

/// The raw bytes of one item in fast form.
pub(super) enum RawOps {
    /// No bytes.
    None,
    Fields(Vec<Pending>),
    /// Numbers one after the other.
    Numbers {
        source: u32,
        width: u32,
        count: u32,
        little: bool,
    },
    Bytes {
        source: u32,
        length: u32,
    },
}

/// A bit field whose window is chosen when the packet's needed length is known.
pub(super) struct Pending {
    field: Field,
    signed: bool,
    width: u32,
}

/// The raw values of a packet, gathered item by item in the order of their slots.
#[derive(Default)]
pub(super) struct Places {
    fields: Vec<(Pending, u32)>,
    moves: Vec<Move>,
    needed: usize,
    exact: bool,
}

impl RawOps {
    /// Returns where the item's numbers are read.
    pub(super) fn source(&self, packed: &PackedItem) -> (Source, u32) {
        match self {
            Self::Numbers { source, little: false, .. } => (Source::Big, *source),
            Self::Numbers { source, little: true, .. } => (Source::Little, *source),
            _ => (Source::Record, packed.raw_at),
        }
    }
}

impl Places {
    /// Adds an item whose operations [`raw_ops`] has found.
    pub(super) fn add(&mut self, item: &Item, packed: &PackedItem, ops: RawOps) {
        self.needed = self.needed.max(end_of(&ops));
        self.exact |= item.bit_offset < 0;
        let slot = packed.raw_at;
        match ops {
            RawOps::None => {}
            RawOps::Fields(list) => {
                for (pending, index) in list.into_iter().zip(0..) {
                    let slot = slot + index * pending.width;
                    self.fields.push((pending, slot));
                }
            }
            RawOps::Numbers { source, width, count, little } => {
                for index in 0..count {
                    let op = MoveOp { source: source + index * width, slot: slot + index * width };
                    self.moves.push(Move { op, width, reversed: little });
                }
            }
            RawOps::Bytes { source, length } => {
                let op = MoveOp { source, slot };
                self.moves.push(Move { op, width: length, reversed: false });
            }
        }
    }

    /// Turns what was gathered into operations.
    pub(super) fn finish(self, packet: &Packet, fast: &mut Fast, steps: &mut Vec<Step>) {
        fast.exact = self.exact;
        fast.needed = if self.exact { packet.defined_length() } else { self.needed };
        let windows = windows(fast.needed, &self.fields);
        if !windows.is_empty() {
            steps.push(Step::Fields(windows));
        }
        gather(steps, &self.moves);
    }
}

/// Compiles the bytes of an item; `None` if they need the careful way.
pub(super) fn raw_ops(packet: &Packet, item: &Item, packed: &PackedItem) -> Option<RawOps> {
    if packed.raw == RawForm::None {
        return Some(RawOps::None);
    }
    let counted_back = item.bit_offset < 0;
    if packet.accessor != Accessor::Binary
        || item.structure_child.is_some()
        || item.bit_size <= 0
        || (counted_back && (!packet.is_fixed_size() || packet.has_variable_items()))
    {
        return None;
    }
    let offset = if counted_back {
        i64::try_from(packet.defined_length()).ok()? * 8 + item.bit_offset
    } else {
        item.bit_offset
    };
    let (element, count) = match packed.raw {
        RawForm::One(element) => (element, 1),
        RawForm::List { element, count } => (element, count),
        _ => return None,
    };
    match element {
        Element::Int { width, .. } => {
            integers(item, offset, count, u32::from(width), packed.is_list())
        }
        Element::Single | Element::Double => {
            let source = whole_bytes(offset)?;
            let width = element.width();
            let little = item.endianness == Endianness::Little;
            Some(RawOps::Numbers { source, width, count, little })
        }
        Element::Bytes { length, .. } => {
            if item.bit_size % 8 != 0 {
                return None;
            }
            Some(RawOps::Bytes { source: whole_bytes(offset)?, length: length.checked_mul(count)? })
        }
    }
}

fn whole_bytes(offset: i64) -> Option<u32> {
    if offset % 8 == 0 { u32::try_from(offset / 8).ok() } else { None }
}

fn integers(item: &Item, offset: i64, count: u32, width: u32, is_list: bool) -> Option<RawOps> {
    let little = item.endianness == Endianness::Little;
    if offset % 8 == 0 && matches!(item.bit_size, 8 | 16 | 32 | 64) {
        let source = whole_bytes(offset)?;
        return Some(RawOps::Numbers { source, width, count, little: little && width > 1 });
    }
    // Arrays of wider little endian bit fields cannot be read at all.
    if count > MAX_FIELD_ARRAY || (is_list && little && item.bit_size > 1) {
        return None;
    }
    let mut fields = Vec::with_capacity(count as usize);
    for index in 0..i64::from(count) {
        let spot = Spot {
            bit_offset: offset.checked_add(index.checked_mul(item.bit_size)?)?,
            bit_size: item.bit_size,
            data_type: item.data_type,
            endianness: item.endianness,
        };
        // Whether the packet is long enough is asked once for all operations.
        match locate_integer(u32::MAX as usize, spot) {
            Ok(Placed::Inside(field)) if field.count <= 8 => fields.push(Pending {
                field,
                signed: item.data_type == DataType::Int && field.size > 1,
                width,
            }),
            _ => return None,
        }
    }
    Some(RawOps::Fields(fields))
}

/// Returns the number of bytes a packet must have for these operations.
fn end_of(ops: &RawOps) -> usize {
    match ops {
        RawOps::None => 0,
        RawOps::Fields(fields) => {
            fields.iter().map(|p| p.field.first + p.field.count).max().unwrap_or(0)
        }
        RawOps::Numbers { source, width, count, .. } => {
            *source as usize + *width as usize * *count as usize
        }
        RawOps::Bytes { source, length } => *source as usize + *length as usize,
    }
}

/// One number that is moved as whole bytes.
#[derive(Clone, Copy)]
struct Move {
    op: MoveOp,
    width: u32,
    reversed: bool,
}

impl Move {
    /// Returns whether the other number lies right behind this one at both ends.
    fn precedes(&self, other: &Self) -> bool {
        other.reversed == self.reversed
            && (other.width == self.width || !self.reversed)
            && other.op.source == self.op.source + self.width
            && other.op.slot == self.op.slot + self.width
    }
}

/// Chooses the windows of bit fields, as many fields in each as follow one another in it.
fn windows(needed: usize, fields: &[(Pending, u32)]) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for (pending, slot) in fields {
        let Field { first, count, reversed, .. } = pending.field;
        let fits = |window: &&mut Window| {
            let at = window.at as usize;
            window.little == reversed && at <= first && first + count <= at + 8
        };
        match windows.last_mut().filter(fits) {
            Some(window) => window.push(field_op(pending, window.at, *slot)),
            None => {
                // Shorter packets are padded to one window.
                let at = first.min(needed.saturating_sub(8)) as u32;
                let mut window = Window::new(at, reversed);
                window.push(field_op(pending, at, *slot));
                windows.push(window);
            }
        }
    }
    windows
}

fn field_op(pending: &Pending, window: u32, slot: u32) -> FieldOp {
    let Field { first, count, skip, size, reversed } = pending.field;
    let bytes_before = first - window as usize;
    let bytes_behind = window as usize + 8 - (first + count);
    let bytes_below = if reversed { bytes_before } else { bytes_behind };
    let bits_below = count * 8 - (skip + size) as usize;
    FieldOp {
        mask: u64::MAX >> (64 - size),
        sign: if pending.signed { 1 << (size - 1) } else { 0 },
        slot,
        shift: (bytes_below * 8 + bits_below) as u8,
        width: pending.width as u8,
    }
}

/// Sorts moves into loops: rows of neighbours as runs, the rest by width and order.
fn gather(steps: &mut Vec<Step>, moves: &[Move]) {
    let (mut single, mut runs) = (Moves::default(), Vec::new());
    let mut any = false;
    for row in moves.chunk_by(Move::precedes) {
        let Move { op, width, reversed } = row[0];
        let length: u32 = row.iter().map(|next| next.width).sum();
        if row.len() >= MIN_RUN || !matches!(width, 1 | 2 | 4 | 8) {
            let group = if reversed { width as u8 } else { 1 };
            runs.push(RunOp { source: op.source, slot: op.slot, length, group });
            continue;
        }
        any = true;
        for Move { op, width, .. } in row {
            let log = width.trailing_zeros() as usize;
            let list = match reversed {
                true => single.reversed.get_mut(log.wrapping_sub(1)),
                false => single.kept.get_mut(log),
            };
            match list {
                Some(list) if width.is_power_of_two() => list.push(*op),
                _ => {
                    runs.push(RunOp { source: op.source, slot: op.slot, length: *width, group: 1 })
                }
            }
        }
    }
    if any {
        steps.push(Step::Moves(single));
    }
    if !runs.is_empty() {
        steps.push(Step::Runs(runs));
    }
}
