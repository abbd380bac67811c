//! Turns a packet's items into fast operations, as far as they go.

use super::fast::{Fast, FieldOp, Group, LimitsOp, LinearOp, MoveOp, PolynomialOp, RunOp, StateOp};
use super::lookup::Lookup;
use super::raw::Kind;
use crate::bits::{Field, Placed, Spot, locate_integer};
use crate::definition::{Accessor, Conversion, DataType, Item, Packet};
use crate::record::{ConvertedForm, Element, Layout, NO_SLOT, PackedItem, RawForm};

/// Arrays of bit fields up to this length are compiled element by element.
const MAX_FIELD_ARRAY: u32 = 256;
/// As many neighbouring numbers as are worth a loop of their own.
const MIN_RUN: usize = 4;

/// Stands for "no limits entry".
pub(super) const NO_ENTRY: u32 = u32::MAX;

/// What became of a packet's items.
pub(super) struct Compiled {
    pub(super) fast: Fast,
    /// Indices of packed items that need the careful way.
    pub(super) slow: Vec<usize>,
}

/// The raw bytes of one item in fast form.
enum RawOps {
    /// No bytes.
    None,
    Fields(Vec<Pending>),
    /// Numbers one after the other.
    Numbers {
        source: u32,
        width: u32,
        count: u32,
        reversed: bool,
    },
    Bytes {
        source: u32,
        length: u32,
    },
}

/// A bit field whose window is chosen when the packet's needed length is known.
struct Pending {
    field: Field,
    signed: bool,
    width: u32,
}

/// Returns the place of an item in the order of limits checking.
pub(super) fn entry_of(packet: &Packet, place: usize) -> u32 {
    let found = packet.limits_items.iter().position(|item| *item == place);
    found
        .and_then(|index| u32::try_from(index).ok())
        .unwrap_or(NO_ENTRY)
}

/// Returns the place of the first item of variable size; what lies behind it may move.
pub(super) fn first_moving(packet: &Packet) -> usize {
    let found = packet
        .items
        .iter()
        .position(|item| item.variable_bit_size.is_some());
    found.unwrap_or(usize::MAX)
}

pub(super) fn compile(packet: &Packet, layout: &Layout) -> Compiled {
    let mut compiled = Compiled {
        fast: Fast::default(),
        slow: Vec::new(),
    };
    compiled.fast.raw_end = layout.raw_end;
    let first_moving = first_moving(packet);
    let mut fields = Vec::new();
    let mut moves = Vec::new();
    for (index, packed) in layout.items.iter().enumerate() {
        let Some(item) = packet.items.get(packed.place) else {
            continue;
        };
        let moved = packed.place >= first_moving && !item.is_derived();
        let ops = if moved {
            None
        } else {
            raw_ops(packet, item, packed)
        };
        let Some(ops) = ops.filter(|_| values_are_fast(item, packed)) else {
            compiled.slow.push(index);
            continue;
        };
        if !value_ops(&mut compiled.fast, packet, item, packed) {
            compiled.slow.push(index);
            continue;
        }
        compiled.fast.needed = compiled.fast.needed.max(end_of(&ops));
        compiled.fast.exact |= item.bit_offset < 0;
        place_ops(&mut compiled.fast, &mut fields, &mut moves, packed, ops);
    }
    if compiled.fast.exact {
        compiled.fast.needed = packet.defined_length();
    }
    let needed = compiled.fast.needed;
    compiled.fast.fields = fields
        .iter()
        .map(|(pending, slot)| field_op(pending, *slot, needed))
        .collect();
    gather(&mut compiled.fast, moves);
    compiled
}

/// Returns whether conversion, states and limits of an item can be compiled.
fn values_are_fast(item: &Item, packed: &PackedItem) -> bool {
    let polynomial = matches!(
        item.read_conversion
            .as_ref()
            .map(|definition| &definition.conversion),
        Some(Conversion::Polynomial { .. })
    );
    match packed.converted {
        ConvertedForm::Same => {}
        ConvertedForm::Number if polynomial => {}
        ConvertedForm::Envelope => return packed.state_at == NO_SLOT,
        _ => return false,
    }
    let plain = packed.converted == ConvertedForm::Same && packed.state_at == NO_SLOT;
    // Nothing follows from the value, or it is a number that the operations can load.
    (plain && packed.limits_at == NO_SLOT)
        || (packed.raw == RawForm::None && plain)
        || kind(packed).is_some()
}

/// Returns the kind of an item's numbers.
fn kind(packed: &PackedItem) -> Option<Kind> {
    match packed.raw {
        RawForm::One(element) | RawForm::List { element, .. } => Kind::of(element),
        _ => None,
    }
}

/// Compiles the bytes of an item; `None` if they need the careful way.
fn raw_ops(packet: &Packet, item: &Item, packed: &PackedItem) -> Option<RawOps> {
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
            let reversed = item.endianness == crate::definition::Endianness::Big;
            Some(RawOps::Numbers {
                source,
                width,
                count,
                reversed,
            })
        }
        Element::Bytes { length, .. } => {
            if item.bit_size % 8 != 0 {
                return None;
            }
            Some(RawOps::Bytes {
                source: whole_bytes(offset)?,
                length: length.checked_mul(count)?,
            })
        }
    }
}

fn whole_bytes(offset: i64) -> Option<u32> {
    if offset % 8 == 0 {
        u32::try_from(offset / 8).ok()
    } else {
        None
    }
}

fn integers(item: &Item, offset: i64, count: u32, width: u32, is_list: bool) -> Option<RawOps> {
    let little = item.endianness == crate::definition::Endianness::Little;
    if offset % 8 == 0 && matches!(item.bit_size, 8 | 16 | 32 | 64) {
        let source = whole_bytes(offset)?;
        return Some(RawOps::Numbers {
            source,
            width,
            count,
            reversed: !little && width > 1,
        });
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
        RawOps::Fields(fields) => fields
            .iter()
            .map(|p| p.field.first + p.field.count)
            .max()
            .unwrap_or(0),
        RawOps::Numbers {
            source,
            width,
            count,
            ..
        } => *source as usize + *width as usize * *count as usize,
        RawOps::Bytes { source, length } => *source as usize + *length as usize,
    }
}

/// One number that is moved as whole bytes.
struct Move {
    op: MoveOp,
    width: u32,
    reversed: bool,
}

fn place_ops(
    fast: &mut Fast,
    fields: &mut Vec<(Pending, u32)>,
    moves: &mut Vec<Move>,
    packed: &PackedItem,
    ops: RawOps,
) {
    match ops {
        RawOps::None => {}
        RawOps::Fields(list) => {
            for (pending, index) in list.into_iter().zip(0..) {
                let slot = packed.raw_at + index * pending.width;
                fields.push((pending, slot));
            }
        }
        RawOps::Numbers {
            source,
            width,
            count,
            reversed,
        } => {
            for index in 0..count {
                let op = MoveOp {
                    source: source + index * width,
                    slot: packed.raw_at + index * width,
                };
                moves.push(Move {
                    op,
                    width,
                    reversed,
                });
            }
        }
        RawOps::Bytes { source, length } => {
            fast.runs.push(RunOp {
                source,
                slot: packed.raw_at,
                length,
                group: 1,
            });
        }
    }
}

fn field_op(pending: &Pending, slot: u32, needed: usize) -> FieldOp {
    let Field {
        first,
        count,
        skip,
        size,
        reversed,
    } = pending.field;
    let last_window = needed.saturating_sub(8);
    // Little endian fields end with their window, so that all bytes before it may be loaded.
    let window = if reversed {
        (first + count).saturating_sub(8)
    } else {
        first.min(last_window)
    };
    let bytes_above = if reversed {
        window + 8 - (first + count)
    } else {
        first - window
    };
    FieldOp {
        window: window as u32,
        slot,
        mask: if pending.signed {
            u64::MAX
        } else {
            u64::MAX >> (64 - size)
        },
        left: (bytes_above * 8) as u8 + skip as u8,
        right: 64 - size as u8,
        little: reversed,
    }
}

/// Sorts moves into loops: long rows of neighbours each their own, the rest by width.
fn gather(fast: &mut Fast, moves: Vec<Move>) {
    let mut rest = moves.as_slice();
    while let Some(first) = rest.first() {
        let row = rest
            .iter()
            .zip(0..)
            .take_while(|(next, index)| {
                next.width == first.width
                    && next.reversed == first.reversed
                    && next.op.source == first.op.source + index * first.width
                    && next.op.slot == first.op.slot + index * first.width
            })
            .count();
        let (neighbours, others) = rest.split_at(row.max(1));
        rest = others;
        if neighbours.len() >= MIN_RUN {
            let MoveOp { source, slot } = first.op;
            let length = first.width * neighbours.len() as u32;
            let group = if first.reversed { first.width as u8 } else { 1 };
            fast.runs.push(RunOp {
                source,
                slot,
                length,
                group,
            });
            continue;
        }
        let log = first.width.trailing_zeros() as usize;
        let list = match first.reversed {
            true => fast.reversed.get_mut(log.saturating_sub(1)),
            false => fast.kept.get_mut(log),
        };
        if let Some(list) = list {
            list.extend(neighbours.iter().map(|neighbour| neighbour.op));
        }
    }
}

/// Compiles conversion, states and limits; returns false if they need the careful way.
fn value_ops(fast: &mut Fast, packet: &Packet, item: &Item, packed: &PackedItem) -> bool {
    let Some(kind) = kind(packed) else {
        return true;
    };
    let states = item.states.as_ref().filter(|_| packed.state_at != NO_SLOT);
    let lookup = match states {
        None => None,
        Some(_) if packed.is_list() => return false,
        Some(states) => match Lookup::compile(states) {
            Some(lookup) => Some(lookup),
            None => return false,
        },
    };
    let conversion = item
        .read_conversion
        .as_ref()
        .map(|definition| &definition.conversion);
    let mut value = (kind, packed.raw_at);
    if let Some(Conversion::Polynomial { coefficients }) = conversion {
        polynomial_ops(fast, packed, kind, coefficients);
        value = (Kind::F64, packed.converted_at);
    }
    let (kind, slot) = value;
    let entry = entry_of(packet, packed.place);
    let limits_at = if entry == NO_ENTRY {
        NO_SLOT
    } else {
        packed.limits_at
    };
    if let Some(lookup) = lookup {
        let op = StateOp {
            slot,
            target: packed.state_at,
            limits_at,
            entry,
            lookup: fast.lookups.len() as u32,
        };
        fast.lookups.push(lookup);
        add(&mut fast.states, kind, op);
    } else if limits_at != NO_SLOT
        && !packed.is_list()
        && packed.converted != ConvertedForm::Envelope
    {
        add(
            &mut fast.limits,
            kind,
            LimitsOp {
                slot,
                limits_at,
                entry,
            },
        );
    }
    true
}

fn polynomial_ops(fast: &mut Fast, packed: &PackedItem, kind: Kind, coefficients: &[f64]) {
    let width = match packed.raw {
        RawForm::One(element) | RawForm::List { element, .. } => element.width(),
        _ => return,
    };
    for index in 0..packed.count().unwrap_or(0) {
        let slot = packed.raw_at + index * width;
        let target = packed.converted_at + index * 8;
        match coefficients {
            // 0.0 is where the sum of the general form begins.
            [c0, c1] => {
                add(
                    &mut fast.linear,
                    kind,
                    LinearOp {
                        slot,
                        target,
                        c0: 0.0 + *c0,
                        c1: *c1,
                    },
                );
            }
            _ => {
                let coefficients = coefficients.into();
                add(
                    &mut fast.polynomials,
                    kind,
                    PolynomialOp {
                        slot,
                        target,
                        coefficients,
                    },
                );
            }
        }
    }
}

fn add<Op>(groups: &mut Vec<Group<Op>>, kind: Kind, op: Op) {
    match groups.iter_mut().find(|group| group.kind == kind) {
        Some(group) => group.ops.push(op),
        None => groups.push(Group {
            kind,
            ops: vec![op],
        }),
    }
}
