//! Turns a packet's items into fast operations, as far as they go.

use super::fast::{Fast, Group, LimitsRun, LinearRun, PolynomialOp, StateOp};
use super::lookup::Lookup;
use super::places::{OnTheWay, Places, raw_ops};
use crate::definition::{Conversion, Item, Packet};
use crate::record::{ConvertedForm, Kind, Layout, NO_SLOT, PackedItem, RawForm};

/// Stands for "no limits entry".
pub(super) const NO_ENTRY: u32 = u32::MAX;

/// What became of a packet's items.
pub(super) struct Compiled {
    pub(super) fast: Fast,
    /// Indices of packed items that need the careful way.
    pub(super) slow: Vec<usize>,
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
    let mut places = Places::default();
    let mut values = Values::default();
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
        let whole = ops.is_whole_numbers();
        match values.add(&mut compiled.fast, packet, item, packed, whole) {
            Ok(on_the_way) => places.add(item, packed, ops, on_the_way),
            Err(NotFast) => compiled.slow.push(index),
        }
    }
    places.finish(packet, &mut compiled.fast);
    values.finish(&mut compiled.fast);
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

/// c0 + c1·x of one number.
#[derive(Clone, Copy)]
struct Linear {
    slot: u32,
    target: u32,
    pair: [f64; 2],
}

/// Limits of one number.
#[derive(Clone, Copy)]
struct Checked {
    slot: u32,
    entry: u32,
}

/// The item needs the careful way.
struct NotFast;

/// What follows from the raw values, before neighbours are joined.
#[derive(Default)]
struct Values {
    linear: Vec<Group<Linear>>,
    limits: Vec<Group<Checked>>,
}

impl Values {
    /// Compiles conversion, states and limits.
    ///
    /// Returns what is to be done while the numbers are copied: if they are whole bytes, linear
    /// conversions and limits of what has no states.
    fn add(
        &mut self,
        fast: &mut Fast,
        packet: &Packet,
        item: &Item,
        packed: &PackedItem,
        whole: bool,
    ) -> Result<Option<OnTheWay>, NotFast> {
        let Some(kind) = kind(packed) else {
            return Ok(None);
        };
        let states = item.states.as_ref().filter(|_| packed.state_at != NO_SLOT);
        let lookup = match states {
            None => None,
            Some(_) if packed.is_list() => return Err(NotFast),
            Some(states) => Some(Lookup::compile(states, &mut fast.tables).ok_or(NotFast)?),
        };
        let entry = match entry_of(packet, packed.place) {
            _ if packed.is_list() || packed.converted == ConvertedForm::Envelope => NO_ENTRY,
            entry => entry,
        };
        let coefficients = match item.read_conversion.as_ref().map(|c| &c.conversion) {
            Some(Conversion::Polynomial { coefficients }) => coefficients.as_slice(),
            _ => &[],
        };
        let linear = coefficients.len() == 2;
        if whole
            && lookup.is_none()
            && (linear || (packed.converted == ConvertedForm::Same && entry != NO_ENTRY))
        {
            let first = fast.coefficients.len() as u32;
            if let [c0, c1] = *coefficients {
                let count = packed.count().unwrap_or(0) as usize;
                fast.coefficients
                    .extend(std::iter::repeat_n(pair(c0, c1), count));
            }
            let target = if linear { packed.converted_at } else { NO_SLOT };
            return Ok(Some(OnTheWay {
                kind,
                target,
                first,
                entry,
            }));
        }
        let mut value = (kind, packed.raw_at);
        if packed.converted == ConvertedForm::Number {
            self.polynomial(fast, packed, kind, coefficients);
            value = (Kind::F64, packed.converted_at);
        }
        let (kind, slot) = value;
        if let Some(lookup) = lookup {
            let op = StateOp {
                slot,
                target: packed.state_at,
                entry,
                lookup,
            };
            add(&mut fast.states, kind, op);
        } else if entry != NO_ENTRY {
            add(&mut self.limits, kind, Checked { slot, entry });
        }
        Ok(None)
    }

    fn polynomial(
        &mut self,
        fast: &mut Fast,
        packed: &PackedItem,
        kind: Kind,
        coefficients: &[f64],
    ) {
        for index in 0..packed.count().unwrap_or(0) {
            let slot = packed.raw_at + index * kind.width();
            let target = packed.converted_at + index * 8;
            if let [c0, c1] = coefficients {
                add(
                    &mut self.linear,
                    kind,
                    Linear {
                        slot,
                        target,
                        pair: pair(*c0, *c1),
                    },
                );
            } else {
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

    /// Joins neighbours into runs.
    fn finish(self, fast: &mut Fast) {
        for Group { kind, ops } in self.linear {
            for op in ops {
                let first = fast.coefficients.len() as u32;
                fast.coefficients.push(op.pair);
                let run = LinearRun {
                    slot: op.slot,
                    target: op.target,
                    count: 1,
                    first,
                };
                let follows = |last: &&mut LinearRun| {
                    op.slot == last.slot + last.count * kind.width()
                        && op.target == last.target + last.count * 8
                };
                match last(&mut fast.linear, kind).filter(follows) {
                    Some(last) => last.count += 1,
                    None => add(&mut fast.linear, kind, run),
                }
            }
        }
        for Group { kind, ops } in self.limits {
            for op in ops {
                let follows = |last: &&mut LimitsRun| {
                    op.slot == last.slot + last.count * kind.width()
                        && op.entry == last.entry + last.count
                };
                match last(&mut fast.limits, kind).filter(follows) {
                    Some(last) => last.count += 1,
                    None => {
                        let run = LimitsRun {
                            slot: op.slot,
                            entry: op.entry,
                            count: 1,
                        };
                        add(&mut fast.limits, kind, run);
                    }
                }
            }
        }
    }
}

/// Returns coefficients as the general form uses them: 0.0 is where its sum begins.
fn pair(c0: f64, c1: f64) -> [f64; 2] {
    [0.0 + c0, c1]
}

/// Returns the last operation of a kind.
fn last<Op>(groups: &mut [Group<Op>], kind: Kind) -> Option<&mut Op> {
    groups
        .iter_mut()
        .find(|group| group.kind == kind)?
        .ops
        .last_mut()
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
