//! Turns a packet's items into fast operations, as far as they go.

use std::sync::Arc;

use super::clock::TimeOp;
use super::fast::{Fast, Op};
use super::linear::{Block, Check, Form, Polynomial, Single, Source};
use super::lookup::Lookup;
use super::places::{Places, raw_ops};
use super::states::{ByteState, StateOp};
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
    found.and_then(|index| u32::try_from(index).ok()).unwrap_or(NO_ENTRY)
}

/// Returns the place of the first item of variable size; what lies behind it may move.
pub(super) fn first_moving(packet: &Packet) -> usize {
    let found = packet.items.iter().position(|item| item.variable_bit_size.is_some());
    found.unwrap_or(usize::MAX)
}

pub(super) fn compile(packet: &Packet, layout: &Layout) -> Compiled {
    let mut compiled = Compiled { fast: Fast::default(), slow: Vec::new() };
    let first_moving = first_moving(packet);
    let mut places = Places::default();
    let mut values = Values::default();
    for (index, packed) in layout.items.iter().enumerate() {
        let Some(item) = packet.items.get(packed.place) else {
            continue;
        };
        let moved = packed.place >= first_moving && !item.is_derived();
        let Some(ops) = (if moved { None } else { raw_ops(packet, item, packed) }) else {
            compiled.slow.push(index);
            continue;
        };
        let added = match TimeOp::of(packet, item, packed) {
            Some(time) => {
                places.need(time.needed());
                values.times.push(Op::Time(time));
                Ok(())
            }
            None => values.add(packet, item, packed, ops.source(packed)),
        };
        match added {
            Ok(()) => places.add(item, packed, ops),
            Err(NotFast) => compiled.slow.push(index),
        }
    }
    let mut ops = Vec::new();
    places.finish(packet, &mut compiled.fast, &mut ops);
    values.finish(&mut ops);
    compiled.fast.ops = Arc::new(ops);
    compiled
}

/// Returns whether conversion, states and limits of an item can be compiled.
fn values_are_fast(item: &Item, packed: &PackedItem) -> bool {
    let polynomial = matches!(
        item.read_conversion.as_ref().map(|definition| &definition.conversion),
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
    let nothing_follows = packed.limits_at == NO_SLOT || packed.raw == RawForm::None;
    (plain && nothing_follows) || kind(packed).is_some()
}

/// Returns the kind of an item's numbers.
fn kind(packed: &PackedItem) -> Option<Kind> {
    match packed.raw {
        RawForm::One(element) | RawForm::List { element, .. } => Kind::of(element),
        _ => None,
    }
}

/// The item needs the careful way.
struct NotFast;

/// One number that is converted and checked, or only one of the two.
#[derive(Clone, Copy)]
struct Number {
    pair: [f64; 2],
    source: u32,
    target: u32,
    entry: u32,
}

/// Numbers of one form, before neighbours are joined.
struct Numbers {
    form: Form,
    list: Vec<Number>,
}

/// What follows from the raw values.
#[derive(Default)]
struct Values {
    numbers: Vec<Numbers>,
    polynomials: Vec<Op>,
    times: Vec<Op>,
    /// Checks of what polynomials give.
    late: Vec<Op>,
    states: Vec<Op>,
    bytes: Vec<ByteState>,
    watched_bytes: Vec<ByteState>,
}

impl Values {
    /// Compiles conversion, states and limits of an item whose numbers are read at `source`.
    fn add(
        &mut self,
        packet: &Packet,
        item: &Item,
        packed: &PackedItem,
        source: (Source, u32),
    ) -> Result<(), NotFast> {
        if !values_are_fast(item, packed) {
            return Err(NotFast);
        }
        let Some(kind) = kind(packed) else {
            return Ok(());
        };
        let states = item.states.as_ref().filter(|_| packed.state_at != NO_SLOT);
        let lookup = match states {
            None => None,
            Some(_) if packed.is_list() => return Err(NotFast),
            Some(states) => Some(Lookup::compile(states).ok_or(NotFast)?),
        };
        let entry = match entry_of(packet, packed.place) {
            _ if packed.is_list() || packed.converted == ConvertedForm::Envelope => NO_ENTRY,
            entry => entry,
        };
        let checked = if lookup.is_some() { NO_ENTRY } else { entry };
        let value = self.convert(item, packed, kind, source, checked);
        if let Some(lookup) = lookup {
            let (kind, slot) = value;
            let target = packed.state_at;
            if kind == Kind::U8 {
                let op = StateOp { slot, target, entry, lookup: lookup.of_bytes() };
                let watched = entry != NO_ENTRY;
                if watched { &mut self.watched_bytes } else { &mut self.bytes }.push(op);
            } else {
                let op = StateOp { slot, target, entry, lookup };
                self.states.push(Op::NumberState(kind, op));
            }
        }
        Ok(())
    }

    /// Compiles the conversion and the limits of numbers; returns where the value is then.
    fn convert(
        &mut self,
        item: &Item,
        packed: &PackedItem,
        kind: Kind,
        (source, at): (Source, u32),
        entry: u32,
    ) -> (Kind, u32) {
        let coefficients = match item.read_conversion.as_ref().map(|c| &c.conversion) {
            Some(Conversion::Polynomial { coefficients }) => coefficients.as_slice(),
            _ => &[],
        };
        // The checks of linear conversions rely on results that are numbers.
        let linear = match coefficients {
            [c0, c1] if c0.is_finite() && c1.is_finite() => Some([*c0, *c1]),
            _ => None,
        };
        let count = packed.count().unwrap_or(0);
        let checked = Number { pair: [0.0, 1.0], source: at, target: NO_SLOT, entry };
        if packed.converted != ConvertedForm::Number {
            if entry != NO_ENTRY {
                self.number(Form { kind, source }, checked);
            }
            return (kind, packed.raw_at);
        }
        let target = packed.converted_at;
        for index in 0..count {
            let target = target + index * 8;
            if let Some([c0, c1]) = linear {
                // 0.0 is where the sum of the general form begins.
                let pair = [0.0 + c0, c1];
                let source_at = at + index * kind.width();
                let number = Number { pair, source: source_at, target, entry };
                self.number(Form { kind, source }, number);
            } else {
                let slot = packed.raw_at + index * kind.width();
                let coefficients = coefficients.into();
                let op = Polynomial { slot, target, coefficients };
                self.polynomials.push(Op::Polynomial(kind, op));
            }
        }
        if linear.is_none() && entry != NO_ENTRY {
            let form = Form { kind: Kind::Converted, source: Source::Record };
            self.late.push(Op::Check(form, Check { at: target, entry }));
        }
        (Kind::Converted, target)
    }

    fn number(&mut self, form: Form, number: Number) {
        match self.numbers.iter_mut().find(|numbers| numbers.form == form) {
            Some(numbers) => numbers.list.push(number),
            None => self.numbers.push(Numbers { form, list: vec![number] }),
        }
    }

    /// Adds the operations, which come after those that bring the raw values.
    fn finish(self, ops: &mut Vec<Op>) {
        for Numbers { form, list } in &self.numbers {
            list.chunk_by(|a, b| follows(form.kind, a, b)).for_each(|row| join(*form, row, ops));
        }
        ops.extend(self.polynomials);
        ops.extend(self.times);
        ops.extend(self.late);
        ops.extend(self.states);
        for (states, op) in [
            (self.bytes, Op::ByteStates as fn(_) -> _),
            (self.watched_bytes, Op::WatchedByteStates),
        ] {
            if !states.is_empty() {
                ops.push(op(states));
            }
        }
    }
}

/// Joins a row of neighbours into blocks; the last one of a row that does not come out even
/// overlaps the one before it.
fn join(form: Form, row: &[Number], ops: &mut Vec<Op>) {
    let eights = row.len() - row.len() % 8;
    let whole = (0..eights).step_by(8).map(|start| Op::Linear8(form, block(&row[start..], 0)));
    ops.extend(whole);
    let rest = row.len() - eights;
    let known = |length: usize| length - rest.min(length);
    match rest {
        0 => {}
        1..=4 if row.len() >= 4 => {
            ops.push(Op::Linear4(form, block(&row[row.len() - 4..], known(4))));
        }
        5.. if row.len() >= 8 => {
            ops.push(Op::Linear8(form, block(&row[row.len() - 8..], known(8))));
        }
        5.. => {
            ops.push(Op::Linear4(form, block(row, 0)));
            ops.push(Op::Linear4(form, block(&row[row.len() - 4..], 8 - row.len())));
        }
        _ => ops.extend(row.iter().map(|number| single(form, number))),
    }
}

fn single(form: Form, number: &Number) -> Op {
    let check = Check { at: number.source, entry: number.entry };
    let [constant, slope] = number.pair;
    match number.target {
        NO_SLOT => Op::Check(form, check),
        target => Op::Linear1(form, Single { constant, slope, target, check }),
    }
}

/// Makes a block of the first numbers, the first `known` of which are in the block before, too.
fn block<const N: usize>(numbers: &[Number], known: usize) -> Block<N> {
    Block {
        constants: std::array::from_fn(|index| numbers[index].pair[0]),
        slopes: std::array::from_fn(|index| numbers[index].pair[1]),
        at: numbers[0].source,
        target: numbers[0].target,
        entry: numbers[0].entry,
        known: known as u32,
    }
}

/// Returns whether b lies behind a in every respect, so that both may be in one block.
fn follows(kind: Kind, a: &Number, b: &Number) -> bool {
    a.target != NO_SLOT
        && b.target == a.target.wrapping_add(8)
        && b.source == a.source + kind.width()
        && (b.entry == NO_ENTRY) == (a.entry == NO_ENTRY)
        && (a.entry == NO_ENTRY || b.entry == a.entry + 1)
}
