//! Operations that look the states of numbers up and watch the limits that their colours set.

use super::compile::NO_ENTRY;
use super::lookup::{Found, Lookup};
use crate::limits::{LimitsState, Transition};
use crate::record::{Kind, load, store};

/// A state, and the limits entry that its colour sets, or [`NO_ENTRY`].
#[derive(Debug, Clone)]
pub(super) struct StateOp<L> {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) entry: u32,
    pub(super) lookup: L,
}

/// The state of a byte; every byte has an entry.
pub(super) type ByteState = StateOp<Box<[Found; 256]>>;

impl<L> StateOp<L> {
    #[inline(always)]
    fn put(&self, found: Found, record: &mut [u8]) {
        store(record, self.target, found.index.to_le_bytes());
    }

    /// Returns whether the colour of a state is another than the one before.
    #[inline(always)]
    fn differs(&self, found: Found, current: &[u8]) -> bool {
        // What has no limits has no entry.
        current.get(self.entry as usize).is_some_and(|color| *color != found.color)
    }

    /// Checks the state that was stored.
    pub(super) fn check(
        &self,
        record: &[u8],
        limits: &mut LimitsState,
        transitions: &mut Vec<Transition>,
    ) {
        if self.entry != NO_ENTRY {
            let index = u16::from_le_bytes(load(record, self.target));
            limits.check_state(self.entry as usize, index, transitions);
        }
    }
}

impl ByteState {
    #[inline(always)]
    fn find(&self, record: &[u8]) -> Found {
        let [byte] = load(record, self.slot);
        self.lookup[usize::from(byte)]
    }

    /// Stores the state.
    #[inline(always)]
    pub(super) fn run(&self, record: &mut [u8]) {
        self.put(self.find(record), record);
    }

    /// Stores the state; returns whether its colour is another than the one before.
    #[inline(always)]
    pub(super) fn watch(&self, record: &mut [u8], current: &[u8]) -> bool {
        let found = self.find(record);
        self.put(found, record);
        self.differs(found, current)
    }
}

impl StateOp<Lookup> {
    /// Stores the state; returns whether its colour is another than the one before.
    #[inline(always)]
    pub(super) fn watch(&self, kind: Kind, record: &mut [u8], current: &[u8]) -> bool {
        let found = self.lookup.find(kind.key(record, self.slot));
        self.put(found, record);
        self.differs(found, current)
    }
}
