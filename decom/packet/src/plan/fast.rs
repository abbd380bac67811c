//! The operations that decode a packet of full length, as steps that are loops of one kind each.
//!
//! The steps run in an order in which each finds what it needs: raw values first, then
//! conversions, then states. No two of them write the same byte.

use std::fmt::Debug;
use std::sync::Arc;

use super::copy::{self, Moves, RunOp, Window};
use super::lookup::Found;
use super::values::{self, PolynomialOp, StateOp};
use crate::limits::{LimitsState, Transition};

/// What the steps work on.
pub(super) struct Work<'a> {
    pub(super) packet: &'a [u8],
    pub(super) record: &'a mut [u8],
    pub(super) limits: Option<&'a mut LimitsState>,
    pub(super) transitions: &'a mut Vec<Transition>,
}

/// Loops over operations of one kind.
#[derive(Debug)]
pub(super) enum Step {
    /// Bit fields, window by window.
    Fields(Vec<Window>),
    /// Numbers of whole bytes.
    Moves(Moves),
    /// Many bytes at once.
    Runs(Vec<RunOp>),
    /// Polynomials of any degree but one.
    Polynomials(Vec<PolynomialOp>),
    /// States of bytes, which are most of all states.
    ByteStates(Vec<StateOp<Box<[Found; 256]>>>),
    /// Operations compiled for a type of number.
    Typed(Box<dyn TypedStep>),
}

/// A loop over operations on numbers of one type.
pub(super) trait TypedStep: Debug + Send + Sync {
    /// Runs all operations; the packet is long enough for them.
    fn run(&self, work: &mut Work<'_>);
}

/// Everything that is decoded without looking at a definition.
#[derive(Debug, Clone, Default)]
pub(super) struct Fast {
    /// Bytes that a packet must have for these operations to stay inside it.
    pub(super) needed: usize,
    /// Whether places were counted from the end, so that the length must be exactly `needed`.
    pub(super) exact: bool,
    pub(super) steps: Arc<Vec<Step>>,
}

impl Fast {
    /// Returns whether a packet of this length can be decoded this way.
    #[inline]
    pub(super) fn covers(&self, length: usize) -> bool {
        length == self.needed || (length > self.needed && !self.exact)
    }

    /// Decodes a packet that [`Fast::covers`] into the fixed part of a record.
    #[inline]
    pub(super) fn run(&self, mut work: Work<'_>) {
        for step in self.steps.iter() {
            match step {
                Step::Fields(windows) => copy::fields(windows, &mut work),
                Step::Moves(moves) => moves.run(&mut work),
                Step::Runs(ops) => copy::runs(ops, &mut work),
                Step::Polynomials(ops) => values::polynomials(ops, &mut work),
                Step::ByteStates(ops) => values::byte_states(ops, &mut work),
                Step::Typed(step) => step.run(&mut work),
            }
        }
    }
}

/// Adds a step that is compiled for the type of a kind of numbers.
macro_rules! push_of_kind {
    ($steps:expr, $kind:expr, $step:ident $(::<$big:ident>)? ($($argument:expr),*)) => {
        match $kind {
            Kind::U8 => $steps.push(Step::Typed(Box::new($step::<u8 $(, $big)?>::new($($argument),*)))),
            Kind::I8 => $steps.push(Step::Typed(Box::new($step::<i8 $(, $big)?>::new($($argument),*)))),
            Kind::U16 => $steps.push(Step::Typed(Box::new($step::<u16 $(, $big)?>::new($($argument),*)))),
            Kind::I16 => $steps.push(Step::Typed(Box::new($step::<i16 $(, $big)?>::new($($argument),*)))),
            Kind::U32 => $steps.push(Step::Typed(Box::new($step::<u32 $(, $big)?>::new($($argument),*)))),
            Kind::I32 => $steps.push(Step::Typed(Box::new($step::<i32 $(, $big)?>::new($($argument),*)))),
            Kind::U64 => $steps.push(Step::Typed(Box::new($step::<u64 $(, $big)?>::new($($argument),*)))),
            Kind::I64 => $steps.push(Step::Typed(Box::new($step::<i64 $(, $big)?>::new($($argument),*)))),
            Kind::F32 => $steps.push(Step::Typed(Box::new($step::<f32 $(, $big)?>::new($($argument),*)))),
            Kind::F64 => $steps.push(Step::Typed(Box::new($step::<f64 $(, $big)?>::new($($argument),*)))),
            Kind::Converted => $steps.push(Step::Typed(Box::new($step::<Converted $(, $big)?>::new($($argument),*)))),
        }
    };
}
pub(super) use push_of_kind;
