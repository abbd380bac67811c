//! The operations that decode a packet of full length, grouped so that each loop is of one kind.
//!
//! They run in phases over one record: bit fields, then whole bytes, then conversions out of the
//! record's own raw section, then states, then limits. A bit field stores eight bytes at its slot
//! and so spills over the slots behind it, which later operations of the same or a later phase
//! overwrite.

use super::compile::NO_ENTRY;
use super::lookup::{Found, Lookup};
use crate::definition::polynomial;
use crate::limits::{LimitsState, Transition};
use crate::record::{Kind, NO_SLOT, Raw, load, store};

/// Eight bytes of the packet that hold the next `count` bit fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) at: u32,
    pub(super) count: u32,
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

/// One number of whole bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct MoveOp {
    pub(super) source: u32,
    pub(super) slot: u32,
}

/// Whole bytes one after the other, in groups of `group` bytes that are reversed.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunOp {
    pub(super) source: u32,
    pub(super) slot: u32,
    pub(super) length: u32,
    pub(super) group: u8,
}

/// Numbers of whole bytes one after the other in the packet, in the record, among the converted
/// values and among the limits entries: copied, converted by c0 + c1·x and checked in one loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) big: bool,
    pub(super) source: u32,
    pub(super) slot: u32,
    /// Slot of the first converted value, or [`NO_SLOT`].
    pub(super) target: u32,
    /// Place of the first pair of coefficients.
    pub(super) first: u32,
    /// First limits entry, or [`NO_ENTRY`].
    pub(super) entry: u32,
    pub(super) count: u32,
}

/// c0 + c1·x of numbers one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinearRun {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) count: u32,
    /// Place of the first pair of coefficients.
    pub(super) first: u32,
}

/// A polynomial of any other degree.
#[derive(Debug, Clone)]
pub(super) struct PolynomialOp {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) coefficients: Box<[f64]>,
}

/// A state, and the limits entry that its colour sets, or [`NO_ENTRY`].
#[derive(Debug, Clone, Copy)]
pub(super) struct StateOp {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) entry: u32,
    pub(super) lookup: Lookup,
}

/// Limits of numbers one after the other, with entries one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct LimitsRun {
    pub(super) slot: u32,
    pub(super) entry: u32,
    pub(super) count: u32,
}

/// Operations on numbers of one kind.
#[derive(Debug, Clone)]
pub(super) struct Group<Op> {
    pub(super) kind: Kind,
    pub(super) ops: Vec<Op>,
}

/// Everything that is decoded without looking at a definition.
#[derive(Debug, Clone, Default)]
pub(super) struct Fast {
    /// Bytes that a packet must have for these operations to stay inside it.
    pub(super) needed: usize,
    /// Whether places were counted from the end, so that the length must be exactly `needed`.
    pub(super) exact: bool,
    /// End of the record's raw section.
    pub(super) raw_end: usize,
    pub(super) windows: Vec<Window>,
    pub(super) fields: Vec<FieldOp>,
    /// Numbers of 1, 2, 4 and 8 bytes that keep their order.
    pub(super) kept: [Vec<MoveOp>; 4],
    /// Numbers of 2, 4 and 8 bytes that are reversed.
    pub(super) reversed: [Vec<MoveOp>; 3],
    pub(super) runs: Vec<RunOp>,
    pub(super) rows: Vec<Row>,
    pub(super) linear: Vec<Group<LinearRun>>,
    /// Pairs c0, c1.
    pub(super) coefficients: Vec<[f64; 2]>,
    pub(super) polynomials: Vec<Group<PolynomialOp>>,
    pub(super) states: Vec<Group<StateOp>>,
    /// Entries of all look-up tables.
    pub(super) tables: Vec<Found>,
    pub(super) limits: Vec<Group<LimitsRun>>,
}

macro_rules! by_kind {
    ($kind:expr, $run:ident $(::<$big:literal>)? ($($argument:expr),*)) => {
        match $kind {
            Kind::U8 => $run::<u8 $(, $big)?>($($argument),*),
            Kind::I8 => $run::<i8 $(, $big)?>($($argument),*),
            Kind::U16 => $run::<u16 $(, $big)?>($($argument),*),
            Kind::I16 => $run::<i16 $(, $big)?>($($argument),*),
            Kind::U32 => $run::<u32 $(, $big)?>($($argument),*),
            Kind::I32 => $run::<i32 $(, $big)?>($($argument),*),
            Kind::U64 => $run::<u64 $(, $big)?>($($argument),*),
            Kind::I64 => $run::<i64 $(, $big)?>($($argument),*),
            Kind::F32 => $run::<f32 $(, $big)?>($($argument),*),
            Kind::F64 => $run::<f64 $(, $big)?>($($argument),*),
        }
    };
}

impl Fast {
    /// Returns whether a packet of this length can be decoded this way.
    #[inline]
    pub(super) fn covers(&self, length: usize) -> bool {
        length == self.needed || (length > self.needed && !self.exact)
    }

    /// Decodes a packet that [`Fast::covers`] into a record that has eight bytes to spare.
    pub(super) fn run(
        &self,
        packet: &[u8],
        record: &mut [u8],
        mut limits: Option<&mut LimitsState>,
        transitions: &mut Vec<Transition>,
    ) {
        let mut padded = [0; 8];
        let windows = if packet.len() < 8 {
            // Bit fields load eight bytes.
            padded[..packet.len()].copy_from_slice(packet);
            &padded
        } else {
            packet
        };
        self.bit_fields(windows, record);
        self.whole_bytes(packet, record);
        for row in &self.rows {
            let limits = limits.as_deref_mut();
            if row.big {
                by_kind!(
                    row.kind,
                    copy_row::<true>(row, self, packet, record, limits, transitions)
                );
            } else {
                by_kind!(
                    row.kind,
                    copy_row::<false>(row, self, packet, record, limits, transitions)
                );
            }
        }
        for group in &self.linear {
            by_kind!(group.kind, linear(&group.ops, self, record));
        }
        for group in &self.polynomials {
            by_kind!(group.kind, polynomials(&group.ops, record));
        }
        for group in &self.states {
            let limits = limits.as_deref_mut();
            by_kind!(
                group.kind,
                states(&group.ops, &self.tables, record, limits, transitions)
            );
        }
        if let Some(limits) = limits {
            for group in &self.limits {
                by_kind!(group.kind, check(&group.ops, record, limits, transitions));
            }
        }
    }

    fn bit_fields(&self, packet: &[u8], record: &mut [u8]) {
        let mut fields = self.fields.as_slice();
        for window in &self.windows {
            let big = u64::from_be_bytes(load(packet, window.at));
            let bits = if window.little { big.swap_bytes() } else { big };
            let Some((these, rest)) = fields.split_at_checked(window.count as usize) else {
                break;
            };
            fields = rest;
            for op in these {
                let value = (bits >> (op.shift & 63)) & op.mask;
                store(
                    record,
                    op.slot,
                    (value ^ op.sign).wrapping_sub(op.sign).to_le_bytes(),
                );
            }
        }
        if let Some(spilled) = record.get_mut(self.raw_end..self.raw_end + 8) {
            spilled.fill(0);
        }
    }

    fn whole_bytes(&self, packet: &[u8], record: &mut [u8]) {
        let [bytes, halves, words, doubles] = &self.kept;
        moves::<1, false>(bytes, packet, record);
        moves::<2, false>(halves, packet, record);
        moves::<4, false>(words, packet, record);
        moves::<8, false>(doubles, packet, record);
        let [halves, words, doubles] = &self.reversed;
        moves::<2, true>(halves, packet, record);
        moves::<4, true>(words, packet, record);
        moves::<8, true>(doubles, packet, record);
        for op in &self.runs {
            run(op, packet, record);
        }
    }
}

#[inline]
fn moves<const N: usize, const REVERSE: bool>(ops: &[MoveOp], packet: &[u8], record: &mut [u8]) {
    for op in ops {
        let mut bytes: [u8; N] = load(packet, op.source);
        if REVERSE {
            bytes.reverse();
        }
        store(record, op.slot, bytes);
    }
}

#[inline]
fn run(op: &RunOp, packet: &[u8], record: &mut [u8]) {
    let (source, slot, length) = (op.source as usize, op.slot as usize, op.length as usize);
    let (Some(from), Some(to)) = (
        packet.get(source..source + length),
        record.get_mut(slot..slot + length),
    ) else {
        return;
    };
    match op.group {
        2 => reverse_groups::<2>(from, to),
        4 => reverse_groups::<4>(from, to),
        8 => reverse_groups::<8>(from, to),
        _ => to.copy_from_slice(from),
    }
}

#[inline]
fn reverse_groups<const N: usize>(from: &[u8], to: &mut [u8]) {
    let (from, _) = from.as_chunks::<N>();
    let (to, _) = to.as_chunks_mut::<N>();
    for (from, to) in from.iter().zip(to) {
        let mut bytes = *from;
        bytes.reverse();
        *to = bytes;
    }
}

/// Copies, converts and checks one row.
fn copy_row<T: Raw, const BIG: bool>(
    row: &Row,
    fast: &Fast,
    packet: &[u8],
    record: &mut [u8],
    limits: Option<&mut LimitsState>,
    transitions: &mut Vec<Transition>,
) {
    let (source, slot, count) = (row.source as usize, row.slot as usize, row.count as usize);
    let (entry, length) = (row.entry as usize, count * size_of::<T>());
    let Some((raw, converted)) = record.split_at_mut_checked(fast.raw_end) else {
        return;
    };
    let (Some(from), Some(to)) = (
        packet.get(source..source + length),
        raw.get_mut(slot..slot + length),
    ) else {
        return;
    };
    let numbers = T::copied::<BIG>(from, to);
    let stays = limits
        .as_ref()
        .and_then(|limits| limits.stays.get(entry..entry + count));
    let unchanged = if row.target == NO_SLOT {
        match stays {
            Some(stays) => numbers.zip(stays).fold(true, |all, (number, stay)| {
                all & stay.holds(number.number())
            }),
            None => numbers.fold(true, |all, _| all),
        }
    } else {
        let (first, target) = (row.first as usize, row.target as usize - fast.raw_end);
        let (Some(out), Some(coefficients)) = (
            converted.get_mut(target..target + count * 8),
            fast.coefficients.get(first..first + count),
        ) else {
            return;
        };
        let converted =
            numbers
                .zip(coefficients)
                .zip(out.as_chunks_mut().0)
                .map(|((x, [c0, c1]), out)| {
                    let value = c0 + c1 * x.number();
                    *out = value.to_le_bytes();
                    value
                });
        match stays {
            Some(stays) => converted
                .zip(stays)
                .fold(true, |all, (value, stay)| all & stay.holds(value)),
            None => converted.fold(true, |all, _| all),
        }
    };
    if let (false, Some(limits)) = (unchanged, limits) {
        recheck::<T>(row, record, limits, transitions);
    }
}

/// Checks a row of which at least one number may change a limits state.
#[cold]
fn recheck<T: Raw>(
    row: &Row,
    record: &[u8],
    limits: &mut LimitsState,
    transitions: &mut Vec<Transition>,
) {
    for index in 0..row.count {
        let value = if row.target == NO_SLOT {
            T::load(record, row.slot + index * size_of::<T>() as u32).number()
        } else {
            f64::load(record, row.target + index * 8)
        };
        limits.check_number((row.entry + index) as usize, value, transitions);
    }
}

fn linear<T: Raw>(runs: &[LinearRun], fast: &Fast, record: &mut [u8]) {
    // What is converted lies in front of where it goes.
    let Some((raw, converted)) = record.split_at_mut_checked(fast.raw_end) else {
        return;
    };
    for run in runs {
        let (slot, first, count) = (run.slot as usize, run.first as usize, run.count as usize);
        let target = run.target as usize - fast.raw_end;
        let (Some(raw), Some(out), Some(coefficients)) = (
            raw.get(slot..slot + count * size_of::<T>()),
            converted.get_mut(target..target + count * 8),
            fast.coefficients.get(first..first + count),
        ) else {
            return;
        };
        let (out, _) = out.as_chunks_mut::<8>();
        for ((x, out), [c0, c1]) in T::all(raw).zip(out).zip(coefficients) {
            *out = (c0 + c1 * x.number()).to_le_bytes();
        }
    }
}

fn polynomials<T: Raw>(ops: &[PolynomialOp], record: &mut [u8]) {
    for op in ops {
        let value = polynomial(&op.coefficients, T::load(record, op.slot).number());
        store(record, op.target, value.to_le_bytes());
    }
}

fn states<T: Raw>(
    ops: &[StateOp],
    tables: &[Found],
    record: &mut [u8],
    mut limits: Option<&mut LimitsState>,
    transitions: &mut Vec<Transition>,
) {
    for op in ops {
        let found = op.lookup.find(tables, T::load(record, op.slot).key());
        store(record, op.target, found.index.to_le_bytes());
        if op.entry != NO_ENTRY
            && let Some(limits) = limits.as_deref_mut()
            && !limits.has_color(op.entry as usize, found.color)
        {
            limits.check_state(op.entry as usize, found.index, transitions);
        }
    }
}

fn check<T: Raw>(
    runs: &[LimitsRun],
    record: &[u8],
    limits: &mut LimitsState,
    transitions: &mut Vec<Transition>,
) {
    for run in runs {
        let (slot, entry, count) = (run.slot as usize, run.entry as usize, run.count as usize);
        let (Some(values), Some(stays)) = (
            record.get(slot..slot + count * size_of::<T>()),
            limits.stays.get(entry..entry + count),
        ) else {
            return;
        };
        let pairs = T::all(values).zip(stays);
        if pairs.fold(true, |all, (value, stay)| all & stay.holds(value.number())) {
            continue;
        }
        for (value, entry) in T::all(values).zip(entry..) {
            limits.check_number(entry, value.number(), transitions);
        }
    }
}
