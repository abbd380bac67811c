//! The operations that decode a packet of full length, one after the other in one flat list.
//!
//! They are in an order in which each finds what it needs: raw values first, then conversions,
//! then states. Limits are watched on the way; only if some value may change a limits state are
//! they all checked, at the end.

use std::sync::Arc;

use super::clock::TimeOp;
use super::copy::{Piece, Row};
use super::fields::{FieldOp, Group};
use super::linear::{Block, Bounds, Check, Form, Polynomial, Single};
use super::lookup::Lookup;
use super::states::{ByteState, StateOp};
use crate::limits::{LimitsState, Transition};
use crate::record::{Kind, store};

/// One operation. Its place in the packet was found to be inside when it was compiled.
#[derive(Debug)]
pub(super) enum Op {
    Fields8(Group<8>),
    Fields4(Group<4>),
    Fields2(Group<2>),
    Fields1(Group<1>),
    Field(FieldOp),
    Copy32(Piece),
    Copy16(Piece),
    Copy8(Piece),
    Copy4(Piece),
    Copy2(Piece),
    Copy1(Piece),
    Reverse8(Piece),
    Reverse4(Piece),
    Reverse2(Piece),
    Run(Row),
    Linear8(Form, Block<8>),
    Linear4(Form, Block<4>),
    Linear1(Form, Single),
    Check(Form, Check),
    Polynomial(Kind, Polynomial),
    Time(TimeOp),
    /// States of bytes, which are most of all states.
    ByteStates(Vec<ByteState>),
    /// States of bytes whose colours set limits.
    WatchedByteStates(Vec<ByteState>),
    NumberState(Kind, StateOp<Lookup>),
}

/// What the operations work on.
pub(super) struct Work<'a> {
    pub(super) packet: &'a [u8],
    pub(super) record: &'a mut [u8],
    pub(super) limits: Option<&'a mut LimitsState>,
    pub(super) transitions: &'a mut Vec<Transition>,
}

/// Everything that is decoded without looking at a definition.
#[derive(Debug, Clone, Default)]
pub(super) struct Fast {
    /// Bytes that a packet must have for these operations to stay inside it.
    pub(super) needed: usize,
    /// Whether places were counted from the end, so that the length must be exactly `needed`.
    pub(super) exact: bool,
    pub(super) ops: Arc<Vec<Op>>,
}

impl Fast {
    /// Returns whether a packet of this length can be decoded this way.
    #[inline]
    pub(super) fn covers(&self, length: usize) -> bool {
        length == self.needed || (length > self.needed && !self.exact)
    }

    /// Decodes a packet that [`Fast::covers`] into the fixed part of a record.
    // Into its only caller.
    #[inline(always)]
    pub(super) fn run(&self, work: Work<'_>) {
        let Work { packet, record, limits, transitions } = work;
        let (bounds, current) = match limits.as_deref() {
            Some(limits) => (
                Bounds { low: &limits.stay_low, high: &limits.stay_high },
                limits.current.as_slice(),
            ),
            None => (Bounds { low: &[], high: &[] }, &[][..]),
        };
        let mut changed = false;
        for op in self.ops.iter() {
            match op {
                Op::Fields8(group) => group.run(packet, record),
                Op::Fields4(group) => group.run(packet, record),
                Op::Fields2(group) => group.run(packet, record),
                Op::Fields1(group) => group.run(packet, record),
                Op::Field(field) => field.run(packet, record),
                Op::Copy32(piece) => piece.copy::<32>(packet, record),
                Op::Copy16(piece) => piece.copy::<16>(packet, record),
                Op::Copy8(piece) => piece.copy::<8>(packet, record),
                Op::Copy4(piece) => piece.copy::<4>(packet, record),
                Op::Copy2(piece) => piece.copy::<2>(packet, record),
                Op::Copy1(piece) => piece.copy::<1>(packet, record),
                Op::Reverse8(piece) => piece.reverse::<8>(packet, record),
                Op::Reverse4(piece) => piece.reverse::<4>(packet, record),
                Op::Reverse2(piece) => piece.reverse::<2>(packet, record),
                Op::Run(row) => row.copy(packet, record),
                Op::Linear8(form, block) => changed |= block.run(*form, packet, record, bounds),
                Op::Linear4(form, block) => changed |= block.run(*form, packet, record, bounds),
                Op::Linear1(form, single) => {
                    let value = single.run(*form, packet, record);
                    changed |= bounds.may_change(single.check.entry, value);
                }
                Op::Check(form, check) => {
                    changed |= bounds.may_change(check.entry, check.number(*form, packet, record));
                }
                Op::Polynomial(kind, op) => {
                    let value = op.value(kind.number(record, op.slot));
                    store(record, op.target, value.to_le_bytes());
                }
                Op::Time(op) => op.run(packet, record),
                Op::ByteStates(ops) => ops.iter().for_each(|op| op.run(record)),
                Op::WatchedByteStates(ops) => {
                    ops.iter().for_each(|op| changed |= op.watch(record, current));
                }
                Op::NumberState(kind, op) => changed |= op.watch(*kind, record, current),
            }
        }
        if let (true, Some(limits)) = (changed, limits) {
            self.check(packet, record, limits, transitions);
        }
    }

    /// Checks all limits, of which at least one may change its state.
    #[cold]
    fn check(
        &self,
        packet: &[u8],
        record: &[u8],
        limits: &mut LimitsState,
        transitions: &mut Vec<Transition>,
    ) {
        for op in self.ops.iter() {
            match op {
                Op::Linear8(_, block) => block.check(record, limits, transitions),
                Op::Linear4(_, block) => block.check(record, limits, transitions),
                Op::Linear1(_, single) => single.check(record, limits, transitions),
                Op::Check(form, check) => {
                    let value = check.number(*form, packet, record);
                    limits.check_number(check.entry as usize, value, transitions);
                }
                Op::WatchedByteStates(ops) => {
                    ops.iter().for_each(|op| op.check(record, limits, transitions));
                }
                Op::NumberState(_, op) => op.check(record, limits, transitions),
                _ => {}
            }
        }
    }
}
