//! Raw and decommutated records read and written in place: no allocation per record.
//!
//! The bytes are the ones that [`crate::wire`] reads and writes; where a hundred thousand records
//! a second pass through, a message with five strings and a map each is too dear.

mod decom;
mod extra;
mod field;
mod raw;

pub use decom::{DecomBodyRef, DecomRecordRef, PositionRef};
pub use extra::ExtraRef;
pub use field::WireError;
pub use raw::{RawBodyRef, RawPacketRef, RawRecordRef};
