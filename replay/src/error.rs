use std::{io, sync::Arc};

use thiserror::Error;

/// Why a file could not be read further, or is not what it says it is.
///
/// Everything before the byte it names has been handed out.
#[derive(Debug, Error)]
#[error("{file}, byte {byte}: {fault}")]
pub struct ReadError {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Offset of the byte that shows the fault, from 0.
    pub byte: u64,
    /// What is wrong.
    #[source]
    pub fault: ReadFault,
}

/// What is wrong at a byte of a file.
#[derive(Debug, Error)]
pub enum ReadFault {
    /// The operating system could not read the file.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The bytes are no space packet (CCSDS 133.0-B-2 §4.1.3.2: the version number is 0).
    #[error(
        "no space packet starts here (packet version number {version}, expected 0); if something \
         stands before every packet, say how long it is with --skip-header-bytes"
    )]
    NoSpacePacket {
        /// The three bits found.
        version: u8,
    },
    /// The file ends inside something.
    #[error("the file ends inside {what}: {announced} bytes are announced, {left} are left")]
    Truncated {
        /// What is incomplete.
        what: &'static str,
        /// Bytes it should have.
        announced: u64,
        /// Bytes that are there.
        left: u64,
    },
    /// A packet beyond what one record of the log holds.
    #[error(
        "a packet of {announced} bytes is announced, more than the {limit} a record holds; the \
         length before it is wrong, or the file has another layout"
    )]
    TooLong {
        /// Bytes announced.
        announced: u64,
        /// Bytes allowed.
        limit: usize,
    },
    /// `--skip-header-bytes` exceeds a record of a dump.
    #[error("the record has {size} bytes, fewer than the {skip} of --skip-header-bytes")]
    ShorterThanSkip {
        /// MsgSize of the record.
        size: u64,
        /// Bytes to skip.
        skip: usize,
    },
    /// The dump's header counts other records than the file has.
    #[error("the file header announces {announced} records, the file has {found}")]
    RecordCount {
        /// RecordCount of the header.
        announced: u32,
        /// Records read.
        found: u64,
    },
    /// The dump's header gives another length than the file has.
    #[error("the file header announces {announced} bytes, the file has {found}")]
    Length {
        /// Length of the header.
        announced: u32,
        /// Bytes of the file.
        found: u64,
    },
    /// The record numbers of a dump do not grow: the framing is lost.
    #[error(
        "no record header starts here: RecordNumber {found} follows {previous}; the MsgSize of \
         the record before is wrong, or the file has another layout"
    )]
    RecordNumber {
        /// Number of the record before.
        previous: u32,
        /// Number found.
        found: u32,
    },
    /// Records of a dump are missing; reading goes on.
    #[error("records are missing: RecordNumber {found} follows {previous}")]
    RecordGap {
        /// Number of the record before.
        previous: u32,
        /// Number found.
        found: u32,
    },
    /// The subseconds of a record make more than a second.
    #[error(
        "TimeSubSeconds {subseconds} is a second or more in units of {unit}; say which unit \
             the file uses with --subseconds"
    )]
    Subseconds {
        /// Value of the field.
        subseconds: u32,
        /// Unit chosen.
        unit: String,
    },
}

impl ReadFault {
    /// Returns whether reading goes on after it.
    pub fn is_recoverable(&self) -> bool {
        matches!(self, Self::RecordGap { .. } | Self::RecordCount { .. } | Self::Length { .. })
    }
}

/// A word of the command line that says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("'{given}' is no {what}; {usage}")]
pub struct OptionError {
    /// What was given.
    pub given: String,
    /// What it should be.
    pub what: &'static str,
    /// What is understood.
    pub usage: &'static str,
}
