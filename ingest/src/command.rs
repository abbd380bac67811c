//! Commands as events, on their way out (design: requested → released → sent).
//!
//! The gateway appends *requested*; the process that owns the interface appends all that follows.
//! Ownership is the assignment of the interface's `control` partition; see `service`.
//!
//! Invariants
//! - A command's *released* is committed, fenced and durable, before its first byte goes out.
//! - After a crash, *released* without an outcome becomes *uncertain* and is never sent again.
//! - Of requests with one idempotency key the first in the log wins, the others are rejected.
//! - Every command that is released reaches exactly one end (C1).

mod book;
mod decision;
mod outbox;
mod release;
mod transition;

pub use self::{
    book::{Applied, CommandBook},
    transition::{
        Authorised, Command, Detail, Expired, Failed, LeadsTo, Queued, Rejected, Released,
        Requested, Sent, Stage, TimedOut, Uncertain, Verified, leads,
    },
};
pub(crate) use self::{
    decision::{Route, Routes},
    release::{Release, ReleaseSetup},
};
