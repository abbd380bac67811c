use std::{io, sync::Arc};

use thiserror::Error;

/// Why a file could not be read further, or is not what it says it is.
///
/// Everything before the byte it names has been handed out.
#[derive(Debug, Error)]
#[error("{file}, byte {byte}, record {record}: {fault}")]
pub struct ReadError {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Offset of the byte that shows the fault, from 0; in a compressed file, of what it unpacks to.
    pub byte: u64,
    /// Number of the record that it belongs to, from 0; as many records were handed out before it.
    pub record: u64,
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
    /// There is nothing: most likely something went wrong when the file was written or fetched.
    #[error("the file is empty; get it again, or leave it out")]
    Empty,
    /// The bytes are no space packet (CCSDS 133.0-B-2 §4.1.3.2: the version number is 0).
    #[error(
        "no space packet starts here (packet version number {version}, expected 0); if something \
         stands before every packet, say how long it is with --skip-header-bytes; a file of another \
         layout needs --format"
    )]
    NoSpacePacket {
        /// The three bits found.
        version: u8,
    },
    /// The file ends inside something.
    #[error(
        "the file ends inside {what}: {announced} bytes are announced, {left} are left; get the \
         whole file, or see --format and --skip-header-bytes if it is whole"
    )]
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
    /// A length that does not even cover what comes before the packet.
    #[error(
        "the length field {value} makes a record of {total} bytes, of which {least} at least come \
         first; see the numbers of --format length:… and --skip-header-bytes"
    )]
    TooShort {
        /// Value of the field.
        value: u64,
        /// Bytes of the record by it.
        total: i128,
        /// Bytes up to the field's end, or that are to be skipped.
        least: usize,
    },
    /// The file is a COSMOS packet log, read as something else.
    #[error("this is a COSMOS packet log: say --format cosmos")]
    IsPacketLog,
    /// The file is no COSMOS packet log.
    #[error(
        "this is no COSMOS packet log: it begins with {found}, not with COSMOS5_; say with --format \
         what it is"
    )]
    NoPacketLog {
        /// The first bytes, printable or in hexadecimal.
        found: String,
    },
    /// A packet log of COSMOS 2 to 4.
    #[error(
        "this is a packet log of an older COSMOS ({found}); convert it with the tools of that \
         version first"
    )]
    OldPacketLog {
        /// The first bytes.
        found: String,
    },
    /// An entry of a packet log that says nothing; reading goes on behind it.
    #[error("entry of {bytes} bytes: {what}; it is left out")]
    Entry {
        /// Bytes of the entry.
        bytes: usize,
        /// What is wrong.
        what: String,
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
    #[error(
        "the file header announces {announced} records, the file has {found}; what is there is \
         used, get the whole file for the rest"
    )]
    RecordCount {
        /// RecordCount of the header.
        announced: u32,
        /// Records read.
        found: u64,
    },
    /// The dump's header gives another length than the file has.
    #[error(
        "the file header announces {announced} bytes, the file has {found}; what is there is used, \
         get the whole file for the rest"
    )]
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
    #[error(
        "records are missing: RecordNumber {found} follows {previous}; dump them again if they are \
         needed"
    )]
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
        matches!(
            self,
            Self::RecordGap { .. }
                | Self::RecordCount { .. }
                | Self::Length { .. }
                | Self::Entry { .. }
        )
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
