//! The operations that decode a packet of full length, grouped so that each loop is of one kind.
//!
//! They run in phases over one record: bit fields, then whole bytes, then conversions out of the
//! record's own raw section, then states, then limits. A bit field stores eight bytes at its slot
//! and so spills over the slots behind it, which later operations of the same or a later phase
//! overwrite.

use super::lookup::Lookup;
use super::raw::{Kind, Raw, load, store};
use crate::definition::polynomial;
use crate::limits::{LimitsState, Transition};
use crate::record::NO_SLOT;

/// A bit field: eight bytes of the packet, shifted left and right again.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldOp {
    pub(super) window: u32,
    pub(super) slot: u32,
    pub(super) mask: u64,
    pub(super) left: u8,
    pub(super) right: u8,
    pub(super) little: bool,
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

/// c0 + c1·x.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinearOp {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) c0: f64,
    pub(super) c1: f64,
}

/// A polynomial of any other degree.
#[derive(Debug, Clone)]
pub(super) struct PolynomialOp {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) coefficients: Box<[f64]>,
}

/// A state, and the limits that its colour gives.
#[derive(Debug, Clone)]
pub(super) struct StateOp {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) limits_at: u32,
    pub(super) entry: u32,
    pub(super) lookup: u32,
}

/// Limits of a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct LimitsOp {
    pub(super) slot: u32,
    pub(super) limits_at: u32,
    pub(super) entry: u32,
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
    pub(super) fields: Vec<FieldOp>,
    /// End of the record's raw section.
    pub(super) raw_end: usize,
    /// Numbers of 1, 2, 4 and 8 bytes that keep their order.
    pub(super) kept: [Vec<MoveOp>; 4],
    /// Numbers of 2, 4 and 8 bytes that are reversed.
    pub(super) reversed: [Vec<MoveOp>; 3],
    pub(super) runs: Vec<RunOp>,
    pub(super) linear: Vec<Group<LinearOp>>,
    pub(super) polynomials: Vec<Group<PolynomialOp>>,
    pub(super) states: Vec<Group<StateOp>>,
    pub(super) lookups: Vec<Lookup>,
    pub(super) limits: Vec<Group<LimitsOp>>,
}

macro_rules! by_kind {
    ($kind:expr, $run:ident($($argument:expr),*)) => {
        match $kind {
            Kind::U8 => $run::<u8>($($argument),*),
            Kind::I8 => $run::<i8>($($argument),*),
            Kind::U16 => $run::<u16>($($argument),*),
            Kind::I16 => $run::<i16>($($argument),*),
            Kind::U32 => $run::<u32>($($argument),*),
            Kind::I32 => $run::<i32>($($argument),*),
            Kind::U64 => $run::<u64>($($argument),*),
            Kind::I64 => $run::<i64>($($argument),*),
            Kind::F32 => $run::<f32>($($argument),*),
            Kind::F64 => $run::<f64>($($argument),*),
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
        limits: Option<&mut LimitsState>,
        transitions: &mut Vec<Transition>,
    ) {
        if packet.len() < 8 {
            // Bit fields load eight bytes.
            let mut padded = [0; 8];
            padded[..packet.len()].copy_from_slice(packet);
            self.raw(&padded, record);
        } else {
            self.raw(packet, record);
        }
        for group in &self.linear {
            by_kind!(group.kind, linear(&group.ops, record));
        }
        for group in &self.polynomials {
            by_kind!(group.kind, polynomials(&group.ops, record));
        }
        let mut limits = limits;
        for group in &self.states {
            let limits = limits.as_deref_mut();
            by_kind!(
                group.kind,
                states(&group.ops, &self.lookups, record, limits, transitions)
            );
        }
        if let Some(limits) = limits {
            for group in &self.limits {
                by_kind!(group.kind, check(&group.ops, record, limits, transitions));
            }
        }
    }

    fn raw(&self, packet: &[u8], record: &mut [u8]) {
        for op in &self.fields {
            let bytes = load(packet, op.window);
            let big = u64::from_be_bytes(bytes);
            let window = if op.little { big.swap_bytes() } else { big };
            let value = ((window << (op.left & 63)) as i64 >> (op.right & 63)) as u64 & op.mask;
            store(record, op.slot, value.to_le_bytes());
        }
        if let Some(spilled) = record.get_mut(self.raw_end..self.raw_end + 8) {
            spilled.fill(0);
        }
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

fn run(op: &RunOp, packet: &[u8], record: &mut [u8]) {
    let (source, slot, length) = (op.source as usize, op.slot as usize, op.length as usize);
    let Some(from) = packet.get(source..source + length) else {
        return;
    };
    let Some(to) = record.get_mut(slot..slot + length) else {
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
        *to = *from;
        to.reverse();
    }
}

fn linear<T: Raw>(ops: &[LinearOp], record: &mut [u8]) {
    for op in ops {
        let value = op.c0 + op.c1 * T::load(record, op.slot).number();
        store(record, op.target, value.to_le_bytes());
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
    lookups: &[Lookup],
    record: &mut [u8],
    limits: Option<&mut LimitsState>,
    transitions: &mut Vec<Transition>,
) {
    let mut entries = limits.map(|limits| limits.entries.as_mut_slice());
    for op in ops {
        let Some(lookup) = lookups.get(op.lookup as usize) else {
            continue;
        };
        let index = lookup.index(T::load(record, op.slot).key());
        store(record, op.target, index.to_le_bytes());
        if op.limits_at != NO_SLOT
            && let Some(entries) = entries.as_deref_mut()
            && let Some(entry) = entries.get_mut(op.entry as usize)
        {
            store(
                record,
                op.limits_at,
                [entry.check_state(index, transitions)],
            );
        }
    }
}

fn check<T: Raw>(
    ops: &[LimitsOp],
    record: &mut [u8],
    limits: &mut LimitsState,
    transitions: &mut Vec<Transition>,
) {
    let entries = limits.entries.as_mut_slice();
    for op in ops {
        let Some(entry) = entries.get_mut(op.entry as usize) else {
            continue;
        };
        let value = T::load(record, op.slot).number();
        store(
            record,
            op.limits_at,
            [entry.check_number(value, transitions)],
        );
    }
}
