//! The kinds of code that can be registered.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use indexmap::IndexMap;
use thiserror::Error;

use super::context::PacketContext;
use crate::access::PacketView;
use crate::command::BuiltCommand;
use crate::definition::DataType;
use crate::limits::LimitsColor;
use crate::value::Value;

/// Why code has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct CodeError(pub String);

impl From<&str> for CodeError {
    fn from(message: &str) -> Self {
        Self(message.to_owned())
    }
}

impl From<String> for CodeError {
    fn from(message: String) -> Self {
        Self(message)
    }
}

/// A read or write conversion. It must be deterministic (see [`crate::registry`]).
pub trait ConversionCode: Send + Sync {
    /// Converts a value: the raw one on reading, the one given on writing; element by element for
    /// arrays. Null is what a packet ended before.
    ///
    /// # Errors
    /// [`CodeError`] when there is no result: a value that is read is then absent, one that is
    /// written is refused with the message.
    fn convert(&self, value: &Value, packet: &PacketContext<'_>) -> Result<Value, CodeError>;

    /// Returns the type and the bits of the results, for tools.
    fn result(&self) -> Option<(DataType, i64)> {
        None
    }
}

/// A processor, which gathers something from packet to packet. It must be deterministic
/// (see [`crate::registry`]).
pub trait ProcessorCode: Send + Sync {
    /// Takes in one packet, before it is decoded.
    ///
    /// `gathered` is empty before the first packet and all that is kept until the next one: it is
    /// part of the fold's state and of its snapshots, so it should stay small. Its entries are the
    /// results, which the processor conversion finds by names in capitals.
    fn process(&self, gathered: &mut IndexMap<String, Value>, packet: &PacketContext<'_>);
}

/// What a limits response is told.
#[derive(Debug, Clone, Copy)]
pub struct LimitsChange<'a> {
    /// The packet with which the state changed.
    pub packet: &'a PacketView<'a>,
    /// Name of the item, in capitals.
    pub item: &'a str,
    /// The state before.
    pub old: Option<LimitsColor>,
    /// The state now.
    pub new: Option<LimitsColor>,
}

/// A limits response: acts on a change of an item's limits state.
pub trait LimitsResponseCode: Send + Sync {
    /// Acts. It is called outside the fold, on a thread of its own, one after the other.
    ///
    /// # Errors
    /// [`CodeError`] to be logged.
    fn respond(&self, change: &LimitsChange<'_>) -> Result<(), CodeError>;
}

/// What a validator says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Passed,
    /// Stop; why.
    Failed(String),
    /// Nothing can be said; why. It goes on.
    Unknown(String),
}

/// A validator of a command.
pub trait ValidatorCode: Send + Sync {
    /// Checks a command before it is sent; a failure stops it.
    fn before(&self, command: &BuiltCommand) -> Verdict;

    /// Checks a command after it was sent; a failure is reported.
    fn after(&self, _command: &BuiltCommand) -> Verdict {
        Verdict::Passed
    }
}

/// Registered code of one class with its arguments.
///
/// Code cannot be compared; class and arguments, which stand beside it in the definition, say which
/// it is.
pub struct Code<T: ?Sized>(pub(super) Arc<T>);

impl<T: ?Sized> Deref for Code<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Clone for Code<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> fmt::Debug for Code<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("registered")
    }
}

impl<T: ?Sized> PartialEq for Code<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T: ?Sized> Eq for Code<T> {}
