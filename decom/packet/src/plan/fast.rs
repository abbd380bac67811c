//! The operations that decode a packet of full length, as steps that are loops of one kind each.
//!
//! The steps run in an order in which none overwrites what another has written: bit fields, then
//! whole bytes, then conversions, then states, then limits. A bit field stores eight bytes at its
//! slot and so spills over the slots behind it, which later operations of the same or a later
//! step overwrite.

use super::copy::{self, FieldOp, MoveOp, RunOp, Window};
use super::lookup::{Found, Lookup};
use super::values::{self, Linear};
use crate::limits::{LimitsState, Transition};
use crate::record::Kind;

/// A polynomial of any degree but one.
#[derive(Debug, Clone)]
pub(super) struct PolynomialOp {
    pub(super) kind: Kind,
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) coefficients: Box<[f64]>,
}

/// A state, and the limits entry that its colour sets, or `NO_ENTRY`.
#[derive(Debug, Clone, Copy)]
pub(super) struct StateOp {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) entry: u32,
    pub(super) lookup: Lookup,
}

/// One loop.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Bit fields, window by window.
    Fields(Vec<(Window, Vec<FieldOp>)>),
    /// Numbers of `1 << log` bytes, reversed or not.
    Moves {
        log: u8,
        reversed: bool,
        ops: Vec<MoveOp>,
    },
    /// Many bytes at once.
    Run(RunOp),
    /// Linear conversions and limits of numbers of one kind.
    Linear(Linear),
    /// Other polynomials.
    Polynomials(Vec<PolynomialOp>),
    /// States of numbers of one kind.
    States(Kind, Vec<StateOp>),
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
    pub(super) steps: Vec<Step>,
    /// Entries of all look-up tables.
    pub(super) tables: Vec<Found>,
}

/// What the steps work on.
pub(super) struct Work<'a> {
    pub(super) packet: &'a [u8],
    pub(super) record: &'a mut [u8],
    pub(super) limits: Option<&'a mut LimitsState>,
    pub(super) transitions: &'a mut Vec<Transition>,
}

/// Calls a function for the type of a kind of numbers.
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
pub(super) use by_kind;

impl Fast {
    /// Returns whether a packet of this length can be decoded this way.
    #[inline]
    pub(super) fn covers(&self, length: usize) -> bool {
        length == self.needed || (length > self.needed && !self.exact)
    }

    /// Decodes a packet that [`Fast::covers`] into a record that has [`Fast::spare`] bytes more
    /// than its fixed part.
    pub(super) fn run(&self, mut work: Work<'_>) {
        for step in &self.steps {
            match step {
                Step::Fields(windows) => {
                    copy::fields(windows, self.raw_end, work.packet, work.record);
                }
                Step::Moves { log, reversed, ops } => {
                    copy::moves(*log, *reversed, ops, work.packet, work.record);
                }
                Step::Run(op) => copy::run(op, work.packet, work.record),
                Step::Linear(linear) => values::linear(linear, &mut work),
                Step::Polynomials(ops) => values::polynomials(ops, work.record),
                Step::States(kind, ops) => values::states(*kind, ops, &self.tables, &mut work),
            }
        }
    }

    /// Returns how many bytes behind the fixed part bit fields may spill over.
    pub(super) fn spare(&self, fixed_length: usize) -> usize {
        let spills = self
            .steps
            .iter()
            .any(|step| matches!(step, Step::Fields(_)));
        if spills {
            (self.raw_end + 8).saturating_sub(fixed_length)
        } else {
            0
        }
    }
}
