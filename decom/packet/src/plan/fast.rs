//! The operations that decode a packet of full length, as steps that are loops of one kind each.
//!
//! The steps run in an order in which none overwrites what another has written: bit fields, then
//! whole bytes, then conversions, then states. A bit field stores eight bytes at its slot and so
//! spills over the slots behind it, which later operations of the same or a later step overwrite.
//! Each step is compiled for its type of number, so that running a plan is one call per step.

use std::fmt::Debug;
use std::sync::Arc;

use crate::limits::{LimitsState, Transition};

/// What the steps work on.
pub(super) struct Work<'a> {
    pub(super) packet: &'a [u8],
    pub(super) record: &'a mut [u8],
    pub(super) limits: Option<&'a mut LimitsState>,
    pub(super) transitions: &'a mut Vec<Transition>,
}

/// One loop over operations of one kind.
pub(super) trait Step: Debug + Send + Sync {
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
    /// How far bit fields may spill: eight bytes behind the raw section, if there are any.
    pub(super) spill_end: usize,
    pub(super) steps: Vec<Arc<dyn Step>>,
}

impl Fast {
    /// Returns whether a packet of this length can be decoded this way.
    #[inline]
    pub(super) fn covers(&self, length: usize) -> bool {
        length == self.needed || (length > self.needed && !self.exact)
    }

    /// Decodes a packet that [`Fast::covers`] into a record that reaches to `spill_end`.
    #[inline]
    pub(super) fn run(&self, mut work: Work<'_>) {
        for step in &self.steps {
            step.run(&mut work);
        }
    }

    pub(super) fn push(&mut self, step: impl Step + 'static) {
        self.steps.push(Arc::new(step));
    }
}

/// Adds a step that is compiled for the type of a kind of numbers.
macro_rules! push_of_kind {
    ($fast:expr, $kind:expr, $step:ident $(::<$big:literal>)? ($($argument:expr),*)) => {
        match $kind {
            Kind::U8 => $fast.push($step::<u8 $(, $big)?>::new($($argument),*)),
            Kind::I8 => $fast.push($step::<i8 $(, $big)?>::new($($argument),*)),
            Kind::U16 => $fast.push($step::<u16 $(, $big)?>::new($($argument),*)),
            Kind::I16 => $fast.push($step::<i16 $(, $big)?>::new($($argument),*)),
            Kind::U32 => $fast.push($step::<u32 $(, $big)?>::new($($argument),*)),
            Kind::I32 => $fast.push($step::<i32 $(, $big)?>::new($($argument),*)),
            Kind::U64 => $fast.push($step::<u64 $(, $big)?>::new($($argument),*)),
            Kind::I64 => $fast.push($step::<i64 $(, $big)?>::new($($argument),*)),
            Kind::F32 => $fast.push($step::<f32 $(, $big)?>::new($($argument),*)),
            Kind::F64 => $fast.push($step::<f64 $(, $big)?>::new($($argument),*)),
        }
    };
}
pub(super) use push_of_kind;
