//! Steps that turn raw numbers into converted values, states and limits.

use super::compile::NO_ENTRY;
use super::fast::{PolynomialOp, StateOp, Work, by_kind};
use super::lookup::Found;
use crate::definition::polynomial;
use crate::record::{Kind, NO_SLOT, Raw, store};

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

/// Linear conversions and limits of numbers of one kind.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    pub(super) kind: Kind,
    pub(super) source: Source,
    pub(super) blocks: Vec<Block>,
    pub(super) singles: Vec<Single>,
}

/// Bounds of numbers that have no limits.
const LOWEST: [f64; 4] = [f64::NEG_INFINITY; 4];
const HIGHEST: [f64; 4] = [f64::INFINITY; 4];

/// Converts and checks numbers of one kind.
pub(super) fn linear(linear: &Linear, work: &mut Work<'_>) {
    if linear.source == Source::Big {
        by_kind!(linear.kind, linear_of::<true>(linear, work));
    } else {
        by_kind!(linear.kind, linear_of::<false>(linear, work));
    }
}

fn linear_of<T: Raw, const BIG: bool>(linear: &Linear, work: &mut Work<'_>) {
    let in_record = linear.source == Source::Record;
    for op in &linear.blocks {
        let from = if in_record {
            &*work.record
        } else {
            work.packet
        };
        let values = T::load_four::<BIG>(from, op.source);
        let (low, high) = bounds(work, op.entry).unwrap_or((&LOWEST, &HIGHEST));
        let mut converted = [0.0; 4];
        let mut unchanged = true;
        for index in 0..4 {
            let value = op.constants[index] + op.slopes[index] * values[index];
            converted[index] = value;
            unchanged &= (low[index] <= value) & (value <= high[index]);
        }
        store(work.record, op.target, bytes(&converted));
        if !unchanged {
            recheck(op, &converted, work);
        }
    }
    for op in &linear.singles {
        let from = if in_record {
            &*work.record
        } else {
            work.packet
        };
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

/// Returns the bounds within which four numbers leave their limits as they are.
#[inline(always)]
fn bounds<'a>(work: &'a Work<'_>, entry: u32) -> Option<(&'a [f64; 4], &'a [f64; 4])> {
    let limits = work.limits.as_deref()?;
    let entry = entry as usize;
    let low = limits.stay_low.get(entry..entry + 4)?.first_chunk()?;
    Some((low, limits.stay_high.get(entry..entry + 4)?.first_chunk()?))
}

#[inline(always)]
fn bytes(values: &[f64; 4]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
    bytes
}

/// Checks a block of which at least one number may change a limits state.
#[cold]
fn recheck(op: &Block, values: &[f64; 4], work: &mut Work<'_>) {
    if let (true, Some(limits)) = (op.entry != NO_ENTRY, work.limits.as_deref_mut()) {
        for (value, index) in values.iter().zip(0..).skip(op.known as usize) {
            limits.check_number((op.entry + index) as usize, *value, work.transitions);
        }
    }
}

pub(super) fn polynomials(ops: &[PolynomialOp], record: &mut [u8]) {
    for op in ops {
        let value = polynomial(&op.coefficients, op.kind.number(record, op.slot));
        store(record, op.target, value.to_le_bytes());
    }
}

/// Looks the states of numbers of one kind up.
pub(super) fn states(kind: Kind, ops: &[StateOp], tables: &[Found], work: &mut Work<'_>) {
    by_kind!(kind, states_of(ops, tables, work));
}

fn states_of<T: Raw>(ops: &[StateOp], tables: &[Found], work: &mut Work<'_>) {
    for op in ops {
        let found = op.lookup.find(tables, T::load(work.record, op.slot).key());
        store(work.record, op.target, found.index.to_le_bytes());
        if op.entry != NO_ENTRY
            && let Some(limits) = work.limits.as_deref_mut()
            && !limits.has_color(op.entry as usize, found.color)
        {
            limits.check_state(op.entry as usize, found.index, work.transitions);
        }
    }
}
