//! Steps that turn raw numbers into converted values, states and limits.

use std::marker::PhantomData;

use super::compile::NO_ENTRY;
use super::fast::{Step, Work};
use super::lookup::{Found, Lookup};
use crate::definition::polynomial;
use crate::record::{Kind, NO_SLOT, Raw, load, store};

/// Four numbers that lie one after the other where they are read, among the converted values and
/// among the limits entries: converted by c0 + c1·x and checked without a branch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub(super) constants: [f64; 4],
    pub(super) slopes: [f64; 4],
    /// First byte of the numbers: of the packet or, for little endian rows, of the record.
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
    /// The slots in the record.
    Record,
    /// Bytes of the packet, most significant first.
    Big,
    /// Bytes of the packet, least significant first.
    Little,
}

/// Linear conversions and limits of numbers of one type.
#[derive(Debug)]
pub(super) struct Linear<T, const BIG: bool> {
    in_record: bool,
    blocks: Vec<Block>,
    singles: Vec<Single>,
    number: PhantomData<T>,
}

impl<T: Raw, const BIG: bool> Linear<T, BIG> {
    pub(super) fn new(in_record: bool, blocks: Vec<Block>, singles: Vec<Single>) -> Self {
        Self { in_record, blocks, singles, number: PhantomData }
    }
}

/// Bounds of numbers that have no limits.
const LOWEST: [f64; 4] = [f64::NEG_INFINITY; 4];
const HIGHEST: [f64; 4] = [f64::INFINITY; 4];

impl<T: Raw, const BIG: bool> Step for Linear<T, BIG> {
    fn run(&self, work: &mut Work<'_>) {
        for op in &self.blocks {
            let from = if self.in_record { &*work.record } else { work.packet };
            let numbers = T::load_four::<BIG>(from, op.source);
            let values: [f64; 4] =
                std::array::from_fn(|i| op.constants[i] + op.slopes[i] * numbers[i]);
            let (low, high) = bounds(work, op.entry).unwrap_or((&LOWEST, &HIGHEST));
            let unchanged = T::all_within(&values, low, high);
            store(work.record, op.target, bytes(values));
            if !unchanged {
                recheck(op, work);
            }
        }
        for op in &self.singles {
            let from = if self.in_record { &*work.record } else { work.packet };
            let mut value = T::load_from::<BIG>(from, op.source).number();
            if op.target != NO_SLOT {
                value = op.constant + op.slope * value;
                store(work.record, op.target, value.to_le_bytes());
            }
            if op.entry != NO_ENTRY
                && let Some(limits) = work.limits.as_deref_mut()
            {
                limits.check_number(op.entry as usize, value, work.transitions);
            }
        }
    }
}

/// Returns the bounds within which four numbers leave their limits as they are.
#[inline(always)]
fn bounds<'a>(work: &'a Work<'_>, entry: u32) -> Option<(&'a [f64; 4], &'a [f64; 4])> {
    let limits = work.limits.as_deref()?;
    let entry = entry as usize;
    let low = limits.stay_low.get(entry..entry + 4)?.first_chunk()?;
    Some((low, limits.stay_high.get(entry..entry + 4)?.first_chunk()?))
}

#[inline(always)]
fn bytes(values: [f64; 4]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
    bytes
}

/// Checks a block of which at least one number may change a limits state.
#[cold]
#[inline(never)]
fn recheck(op: &Block, work: &mut Work<'_>) {
    if let (true, Some(limits)) = (op.entry != NO_ENTRY, work.limits.as_deref_mut()) {
        for index in op.known..4 {
            let value = f64::from_le_bytes(load(work.record, op.target + index * 8));
            limits.check_number((op.entry + index) as usize, value, work.transitions);
        }
    }
}

/// Polynomials of any degree but one.
#[derive(Debug)]
pub(super) struct Polynomials(pub(super) Vec<PolynomialOp>);

/// One polynomial.
#[derive(Debug)]
pub(super) struct PolynomialOp {
    pub(super) kind: Kind,
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) coefficients: Box<[f64]>,
}

impl Step for Polynomials {
    fn run(&self, work: &mut Work<'_>) {
        for op in &self.0 {
            let value = polynomial(&op.coefficients, op.kind.number(work.record, op.slot));
            store(work.record, op.target, value.to_le_bytes());
        }
    }
}

/// States of numbers of one type.
#[derive(Debug)]
pub(super) struct NumberStates<T> {
    ops: Vec<StateOp<Lookup>>,
    number: PhantomData<T>,
}

/// States of bytes, which are most of all states: every byte has an entry.
#[derive(Debug)]
pub(super) struct ByteStates(pub(super) Vec<StateOp<Box<[Found; 256]>>>);

/// A state, and the limits entry that its colour sets, or [`NO_ENTRY`].
#[derive(Debug, Clone)]
pub(super) struct StateOp<L> {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) entry: u32,
    pub(super) lookup: L,
}

impl<L> StateOp<L> {
    #[inline(always)]
    fn put(&self, found: Found, work: &mut Work<'_>) {
        store(work.record, self.target, found.index.to_le_bytes());
        if self.entry != NO_ENTRY
            && let Some(limits) = work.limits.as_deref_mut()
            && !limits.has_color(self.entry as usize, found.color)
        {
            limits.check_state(self.entry as usize, found.index, work.transitions);
        }
    }
}

impl<T: Raw> NumberStates<T> {
    pub(super) fn new(ops: Vec<StateOp<Lookup>>) -> Self {
        Self { ops, number: PhantomData }
    }
}

impl<T: Raw> Step for NumberStates<T> {
    fn run(&self, work: &mut Work<'_>) {
        for op in &self.ops {
            op.put(op.lookup.find(T::load(work.record, op.slot).key()), work);
        }
    }
}

impl Step for ByteStates {
    fn run(&self, work: &mut Work<'_>) {
        for op in &self.0 {
            let [byte] = load(work.record, op.slot);
            op.put(op.lookup[usize::from(byte)], work);
        }
    }
}
