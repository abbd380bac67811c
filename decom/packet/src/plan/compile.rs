//! Turns a packet's items into fast operations, as far as they go.

use std::sync::Arc;

use super::fast::{Fast, Step, push_of_kind};
use super::lookup::Lookup;
use super::places::{Places, raw_ops};
use super::values::{
    BIG, Block, LITTLE, Linear, NumberStates, PolynomialOp, RECORD, Single, Source, StateOp,
};
use crate::definition::{Conversion, Item, Packet};
use crate::record::{Converted, ConvertedForm, Kind, Layout, NO_SLOT, PackedItem, RawForm};

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
        let ops = if moved { None } else { raw_ops(packet, item, packed) };
        let Some(ops) = ops.filter(|_| values_are_fast(item, packed)) else {
            compiled.slow.push(index);
            continue;
        };
        match values.add(packet, item, packed, ops.source(packed)) {
            Ok(()) => places.add(item, packed, ops),
            Err(NotFast) => compiled.slow.push(index),
        }
    }
    let mut steps = Vec::new();
    places.finish(packet, &mut compiled.fast, &mut steps);
    values.finish(&mut steps);
    compiled.fast.steps = Arc::new(steps);
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

/// Numbers of one kind, before neighbours are joined.
struct Numbers {
    kind: Kind,
    source: Source,
    list: Vec<Number>,
}

/// What follows from the raw values.
#[derive(Default)]
struct Values {
    numbers: Vec<Numbers>,
    polynomials: Vec<PolynomialOp>,
    /// Checks of what polynomials give.
    late: Vec<Numbers>,
    states: Vec<(Kind, Vec<StateOp<Lookup>>)>,
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
            let op = StateOp { slot, target: packed.state_at, entry, lookup };
            match self.states.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, ops)) => ops.push(op),
                None => self.states.push((kind, vec![op])),
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
                add(&mut self.numbers, kind, source, checked);
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
                add(&mut self.numbers, kind, source, number);
            } else {
                let slot = packed.raw_at + index * kind.width();
                let coefficients = coefficients.into();
                self.polynomials.push(PolynomialOp { kind, slot, target, coefficients });
            }
        }
        if linear.is_none() && entry != NO_ENTRY {
            let number = Number { source: target, ..checked };
            add(&mut self.late, Kind::Converted, Source::Record, number);
        }
        (Kind::Converted, target)
    }

    /// Adds the steps, which come after those that bring the raw values.
    fn finish(self, steps: &mut Vec<Step>) {
        self.numbers.iter().for_each(|numbers| join(numbers, steps));
        if !self.polynomials.is_empty() {
            steps.push(Step::Polynomials(self.polynomials));
        }
        self.late.iter().for_each(|numbers| join(numbers, steps));
        for (kind, ops) in self.states {
            if kind == Kind::U8 {
                let of_bytes = |op: &StateOp<Lookup>| StateOp {
                    slot: op.slot,
                    target: op.target,
                    entry: op.entry,
                    lookup: op.lookup.of_bytes(),
                };
                steps.push(Step::ByteStates(ops.iter().map(of_bytes).collect()));
            } else {
                push_of_kind!(steps, kind, NumberStates(ops));
            }
        }
    }
}

fn add(groups: &mut Vec<Numbers>, kind: Kind, source: Source, number: Number) {
    match groups.iter_mut().find(|group| group.kind == kind && group.source == source) {
        Some(group) => group.list.push(number),
        None => groups.push(Numbers { kind, source, list: vec![number] }),
    }
}

/// Joins rows of four and more neighbours into blocks; the last block of a row that is no
/// multiple of four overlaps the one before it.
fn join(numbers: &Numbers, steps: &mut Vec<Step>) {
    let Numbers { kind, source, list } = numbers;
    let (mut blocks, mut singles) = (Vec::new(), Vec::new());
    for row in list.chunk_by(|a, b| follows(*kind, a, b)) {
        if row.len() < 4 {
            singles.extend(row.iter().map(|number| Single {
                constant: number.pair[0],
                slope: number.pair[1],
                source: number.source,
                target: number.target,
                entry: number.entry,
            }));
            continue;
        }
        for start in (0..row.len()).step_by(4) {
            let known = (start + 4).saturating_sub(row.len());
            let four = &row[start - known..start - known + 4];
            blocks.push(Block {
                constants: std::array::from_fn(|index| four[index].pair[0]),
                slopes: std::array::from_fn(|index| four[index].pair[1]),
                source: four[0].source,
                target: four[0].target,
                entry: four[0].entry,
                known: known as u32,
            });
        }
    }
    match source {
        Source::Record => push_of_kind!(steps, *kind, Linear::<RECORD>(blocks, singles)),
        Source::Big => push_of_kind!(steps, *kind, Linear::<BIG>(blocks, singles)),
        Source::Little => push_of_kind!(steps, *kind, Linear::<LITTLE>(blocks, singles)),
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
