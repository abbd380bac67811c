//! Steps that turn raw numbers into converted values, states and limits.

use std::marker::PhantomData;

use super::compile::NO_ENTRY;
use super::fast::{TypedStep, Work};
use super::lookup::{Found, Lookup};
use crate::definition::polynomial;
use crate::record::{Converted, Kind, NO_SLOT, Raw, load, store};

/// Four numbers that lie one after the other where they are read, among the converted values and
/// among the limits entries: converted by c0 + c1·x and checked without a branch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) constants: [f64; 4],
    pub(super) slopes: [f64; 4],
    /// First byte of the numbers, in the packet or in the record.
    pub(super) source: u32,
    /// Slot of the first converted value.
    pub(super) target: u32,
    /// First limits entry, or [`NO_ENTRY`].
    pub(super) entry: u32,
    /// How many of the four were in the block before as well and have been checked there.
    pub(super) known: u32,
}

/// One number that is converted and checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Single {
    pub(super) constant: f64,
    pub(super) slope: f64,
    pub(super) source: u32,
    /// Slot of the converted value, or [`NO_SLOT`] if the number is only checked.
    pub(super) target: u32,
    /// Limits entry, or [`NO_ENTRY`].
    pub(super) entry: u32,
}

/// Where numbers are read: in the packet, if they are whole bytes there, because reading back
/// what was just written in pieces would wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// They are in their slots already.
    Record,
    /// Whole bytes of the packet, most significant first.
    Big,
    /// Whole bytes of the packet, least significant first.
    Little,
}

/// Linear conversions and limits of numbers of one type; `FROM` is a [`Source`].
#[derive(Debug)]
pub(super) struct Linear<T, const FROM: u8> {
    blocks: Vec<Block>,
    singles: Vec<Single>,
    number: PhantomData<T>,
}

/// [`Source::Record`], as a parameter of types.
pub(super) const RECORD: u8 = 0;
/// [`Source::Big`], as a parameter of types.
pub(super) const BIG: u8 = 1;
/// [`Source::Little`], as a parameter of types.
pub(super) const LITTLE: u8 = 2;

impl<T: Raw, const FROM: u8> Linear<T, FROM> {
    pub(super) fn new(blocks: Vec<Block>, singles: Vec<Single>) -> Self {
        Self { blocks, singles, number: PhantomData }
    }
}

/// Bounds of numbers that have no limits.
const LOWEST: [f64; 4] = [f64::NEG_INFINITY; 4];
const HIGHEST: [f64; 4] = [f64::INFINITY; 4];

impl<T: Raw, const FROM: u8> TypedStep for Linear<T, FROM> {
    fn run(&self, work: &mut Work<'_>) {
        // Locals, because what is stored in the record might be the references themselves for
        // all that the compiler knows.
        let (packet, record) = (work.packet, &mut *work.record);
        let (low, high) = work.limits.as_deref().map_or((&[][..], &[][..]), |limits| {
            (limits.stay_low.as_slice(), limits.stay_high.as_slice())
        });
        let mut changed = false;
        for op in &self.blocks {
            let numbers = match FROM {
                RECORD => T::load_four::<true>(record, op.source),
                BIG => T::load_four::<true>(packet, op.source),
                _ => T::load_four::<false>(packet, op.source),
            };
            let values: [f64; 4] =
                std::array::from_fn(|i| op.constants[i] + op.slopes[i] * numbers[i]);
            store(record, op.target, bytes(values));
            let (low, high) = (four(low, op.entry, &LOWEST), four(high, op.entry, &HIGHEST));
            changed |= !T::all_within(&values, low, high);
        }
        for op in &self.singles {
            let mut value = Self::number_of(op, packet, record);
            if op.target != NO_SLOT {
                value = op.constant + op.slope * value;
                store(record, op.target, value.to_le_bytes());
            }
            let entry = op.entry as usize;
            if let (Some(low), Some(high)) = (low.get(entry), high.get(entry)) {
                changed |= !((*low <= value) & (value <= *high));
            }
        }
        if changed {
            self.recheck(work);
        }
    }
}

/// Returns the bounds of four numbers, or those of numbers without limits.
#[inline(always)]
fn four<'a>(bounds: &'a [f64], entry: u32, without: &'a [f64; 4]) -> &'a [f64; 4] {
    let entry = entry as usize;
    match bounds.get(entry..entry + 4).and_then(|bounds| bounds.first_chunk()) {
        Some(bounds) => bounds,
        None => without,
    }
}

#[inline(always)]
fn bytes(values: [f64; 4]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
    bytes
}

impl<T: Raw, const FROM: u8> Linear<T, FROM> {
    #[inline(always)]
    fn number_of(op: &Single, packet: &[u8], record: &[u8]) -> f64 {
        match FROM {
            RECORD => T::load::<true>(record, op.source),
            BIG => T::load::<true>(packet, op.source),
            _ => T::load::<false>(packet, op.source),
        }
        .number()
    }

    /// Checks all numbers, of which at least one may change a limits state.
    #[cold]
    fn recheck(&self, work: &mut Work<'_>) {
        let Some(limits) = work.limits.as_deref_mut() else {
            return;
        };
        for op in self.blocks.iter().filter(|op| op.entry != NO_ENTRY) {
            for index in op.known..4 {
                let value = Converted::load::<false>(work.record, op.target + index * 8).number();
                limits.check_number((op.entry + index) as usize, value, work.transitions);
            }
        }
        for op in self.singles.iter().filter(|op| op.entry != NO_ENTRY) {
            let value = match op.target {
                NO_SLOT => Self::number_of(op, work.packet, work.record),
                target => Converted::load::<false>(work.record, target).number(),
            };
            limits.check_number(op.entry as usize, value, work.transitions);
        }
    }
}

/// A polynomial of any degree but one.
#[derive(Debug)]
pub(super) struct PolynomialOp {
    pub(super) kind: Kind,
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) coefficients: Box<[f64]>,
}

pub(super) fn polynomials(ops: &[PolynomialOp], work: &mut Work<'_>) {
    let record = &mut *work.record;
    for op in ops {
        let value = polynomial(&op.coefficients, op.kind.number(record, op.slot));
        store(record, op.target, value.to_le_bytes());
    }
}

/// States of numbers of one type.
#[derive(Debug)]
pub(super) struct NumberStates<T> {
    ops: Vec<StateOp<Lookup>>,
    number: PhantomData<T>,
}

/// A state, and the limits entry that its colour sets, or [`NO_ENTRY`].
#[derive(Debug, Clone)]
pub(super) struct StateOp<L> {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) entry: u32,
    pub(super) lookup: L,
}

/// Stores states and checks the limits that their colours set.
#[inline(always)]
fn put_states<L>(ops: &[StateOp<L>], work: &mut Work<'_>, find: impl Fn(&L, &[u8], u32) -> Found) {
    let record = &mut *work.record;
    let current = work.limits.as_deref().map_or(&[][..], |limits| limits.current.as_slice());
    let mut changed = false;
    for op in ops {
        let found = find(&op.lookup, record, op.slot);
        store(record, op.target, found.index.to_le_bytes());
        // What has no limits has no entry.
        changed |= current.get(op.entry as usize).is_some_and(|color| *color != found.color);
    }
    if changed {
        recheck_states(ops, work);
    }
}

/// Checks states of which at least one has another colour than the one before.
#[cold]
fn recheck_states<L>(ops: &[StateOp<L>], work: &mut Work<'_>) {
    let Some(limits) = work.limits.as_deref_mut() else {
        return;
    };
    for op in ops.iter().filter(|op| op.entry != NO_ENTRY) {
        let index = u16::from_le_bytes(load(work.record, op.target));
        limits.check_state(op.entry as usize, index, work.transitions);
    }
}

impl<T: Raw> NumberStates<T> {
    pub(super) fn new(ops: Vec<StateOp<Lookup>>) -> Self {
        Self { ops, number: PhantomData }
    }
}

impl<T: Raw> TypedStep for NumberStates<T> {
    fn run(&self, work: &mut Work<'_>) {
        put_states(&self.ops, work, |lookup, record, slot| {
            lookup.find(T::load::<true>(record, slot).key())
        });
    }
}

/// Looks the states of bytes up; every byte has an entry.
pub(super) fn byte_states(ops: &[StateOp<Box<[Found; 256]>>], work: &mut Work<'_>) {
    put_states(ops, work, |lookup, record, slot| {
        let [byte] = load(record, slot);
        lookup[usize::from(byte)]
    });
}
