//! Dumps and recordings back into the log, and out of their files as tables.
//!
//! - [`Records`] cuts a file into packets, after a [`FileLayout`]; nothing looks inside them. Files
//!   compressed with gzip are unpacked on the way.
//! - [`TimeSource`] says where a packet's time lies, [`RecordClock`] finds it.
//! - [`Importer`] sends the packets of a file to an [`ImportSink`] in batches, once: an
//!   [`ImportId`] and the index of a packet in its file identify it for ever. An interrupted
//!   import goes on where the log says it stopped, and a file that is another one cut short, or
//!   grown, is told by its [`Content`] (docs/imports.md).
//!
//! - [`PacketDecoder`] and [`RowWriter`] make JSON lines or CSV of them, without a log.
//!
//! Imported records are flagged stored and keep their own times (invariant R1).

mod batch;
mod ccsds;
mod cds;
mod content;
mod cosmos;
mod decode;
mod dump;
mod error;
mod first_times;
mod fixed;
mod format;
mod import;
mod import_id;
mod importable;
mod input;
mod length;
mod pace;
mod record;
mod resume;
mod sink;
mod subseconds;
mod time;
mod unpack;

pub use batch::{Batch, BatchLimits};
pub use cds::CdsField;
pub use content::Content;
pub use decode::{
    Counts, DecodeError, DecodeOptions, DefinedTimes, PacketDecoder, RowFormat, RowWriter,
};
pub use error::{OptionError, ReadError, ReadFault};
pub use first_times::{NoTime, ReadAhead};
pub use format::{FileLayout, Format};
pub use import::{FileReport, ImportError, ImportOptions, Importer, Progress};
pub use import_id::ImportId;
pub use length::LengthField;
pub use pace::Pace;
pub use record::{ImportRecord, LoggedPacket, MAX_PACKET_BYTES, Records};
pub use sink::{Appended, ImportSink, KnownImport};
pub use subseconds::SubsecondUnit;
pub use time::{ItemTimes, RecordClock, RecordTimes, TimeSource};
