//! The packed values of one decommutated packet, as a log record carries them.
//!
//! Packing is positional: names, types and states live in the definition, which the record's
//! envelope names by its hash and which is published ([`DecodePlan::published_items`]). Raw
//! numbers are big endian, as in most packets, whose bytes are then copied as they lie; everything
//! else is little endian. Nothing is aligned. `docs/decom-record.md` explains the same to outsiders,
//! with an example in bytes.
//!
//! # Layout
//!
//! The *items* of a record are those of the packet in the order of its definition (derived, then
//! by bit offset, then by negative bit offset), without hidden items and without the five reserved
//! ones (`PACKET_TIMESECONDS` …), whose values follow from the envelope ([`PacketMeta`]).
//!
//! | section | bytes |
//! |---|---|
//! | header | 8: version `1` (u8), flags (u8), number of items (u16), fingerprint of the layout (u32) |
//! | raw | every item's raw value at its natural width |
//! | converted | converted values that differ from raw, and state indices |
//! | limits | one byte per item that has limits |
//! | variable | what references point to |
//! | status | one byte per item, present if flag 1 is set |
//!
//! Flags: 1 a status section is there, 2 limits were checked.
//!
//! **Raw.** INT and UINT of up to 8, 16, 32, 64 and more bits take 1, 2, 4, 8 and 16 bytes, sign-
//! or zero-extended; FLOAT 4 or 8 bytes as in the packet; STRING and BLOCK of a fixed size all
//! bytes of their field; arrays of a fixed size their elements one after the other. A text or
//! block of variable size takes a reference (offset from the record's start, length; u32 each), an
//! array of variable size a reference (offset, number of elements). DERIVED items take nothing.
//! Items of the types BOOL, OBJECT, ARRAY and ANY take a reference to a tagged value.
//!
//! **Converted.** Per item, in order: code `f64` (polynomials, seconds) one double, for arrays one
//! per element (a reference with the number of elements where the array's size varies); `time` nanoseconds since 1970-01-01 UTC (i64);
//! `value` a reference to a tagged value; empty and `envelope` nothing. An item with states has
//! behind it the index of the state that its value has (u16, `0xffff` for none; per element for
//! arrays), and the name of that state is then its converted value. Items of the code `envelope`
//! have no state index.
//!
//! **Limits.** 0 none, else the code of [`LimitsColor`].
//!
//! **Status.** Bits 0–1 for the raw value, bits 2–3 for the converted value: 0 there, 1 null (the
//! packet ended before it), 2 unreadable (its size or a conversion made no sense). Slots without a
//! value hold zeros, state slots `0xffff` (or the index of the ANY state, which stands for null
//! too).
//!
//! **Tagged value.** One byte: 0 null, 1 bool (u8), 2 integer (16 bytes, two's complement),
//! 3 double, 4 text and 5 bytes (length u32, content), 6 list (count u32, values), 7 map (count
//! u32, per entry key length u32, key, value), 8 time (i64 nanoseconds).
//!
//! **Fingerprint.** FNV-1a (32 bits) over one line per item: name, type, bit size, array bit size,
//! converted code, `1` or `0` for limits, then the state names, separated by tabs, ended by a
//! newline. It only guards against reading a record with the wrong definition.

mod check;
mod columns;
mod error;
mod form;
mod formatted;
mod item;
mod layout;
mod meta;
// One text serves numbers of all widths; conversions that the widest needs are useless elsewhere.
#[allow(clippy::unnecessary_fallible_conversions, clippy::useless_conversion)]
mod number;
mod published;
mod tagged;
mod view;

pub use columns::Columns;
pub use error::RecordError;
pub use item::ItemView;
pub use meta::PacketMeta;
pub use published::PublishedItem;
pub use view::RecordView;

pub(crate) use form::{ConvertedForm, Element, RawForm};
pub(crate) use layout::{Layout, NO_SLOT, NO_STATE, PackedItem};
pub(crate) use number::{Converted, Kind, Raw, load, store};
pub(crate) use tagged::{
    can_be_read, read as read_tagged, write as write_tagged, write_text as write_tagged_text,
};

#[expect(unused_imports, reason = "named by the documentation")]
use crate::{limits::LimitsColor, plan::DecodePlan};

/// Version of the layout.
pub(crate) const VERSION: u8 = 1;
/// Flag: a status section ends the record.
pub(crate) const FLAG_STATUS: u8 = 1;
/// Flag: limits were checked.
pub(crate) const FLAG_LIMITS: u8 = 2;

/// Status of a value: the packet ended before it.
pub(crate) const STATUS_NULL: u8 = 1;
/// Status of a value: its size or conversion made no sense.
pub(crate) const STATUS_UNREADABLE: u8 = 2;
/// Bits by which the status of a converted value is shifted.
pub(crate) const STATUS_CONVERTED_SHIFT: u32 = 2;
