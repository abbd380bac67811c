//! Times out of fields that count seconds and microseconds since 1970, without values in between.

use super::compile::first_moving;
use super::reader::TimeSource;
use crate::bits::Field;
use crate::bits::window::{Load, plain_field};
use crate::definition::{Conversion, DataType, Item, Packet, ValueType};
use crate::record::{ConvertedForm, NO_SLOT, PackedItem, store, write_tagged_text};
use crate::time::{self, NANOS_PER_SECOND};

/// Nanoseconds in one microsecond.
const NANOS_PER_MICROSECOND: i64 = 1_000;
/// Seconds of more bits may lie beyond what nanoseconds in 64 bits can say.
const MAX_BITS: u32 = 32;

/// The fields that give a time.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    seconds: Load,
    microseconds: Option<Load>,
    /// Bytes that a packet must have.
    needed: usize,
}

impl Clock {
    /// Compiles the time conversion of an item; `None` if it has none or its fields need the
    /// careful way.
    pub(super) fn of(packet: &Packet, item: &Item) -> Option<Self> {
        let source = TimeSource::of(packet, item)?;
        let seconds = field_of(packet, source.seconds)?;
        let microseconds = match source.microseconds {
            Some(selected) => Some(field_of(packet, selected)?),
            None => None,
        };
        let end = |(field, _): &(Field, bool)| field.first + field.count;
        let needed = end(&seconds).max(microseconds.as_ref().map_or(0, end));
        let load = |(field, signed): (Field, bool)| Load::of(needed, &field, signed);
        Some(Self { seconds: load(seconds), microseconds: microseconds.map(load), needed })
    }

    /// Compiles the fields of a packet's own time, if nothing else can decide whether it is there.
    pub(super) fn of_packet(packet: &Packet, item: &Item) -> Option<Self> {
        let conversion = &item.read_conversion.as_ref()?.conversion;
        let is_time = item.is_derived() && matches!(conversion, Conversion::UnixTime { .. });
        if is_time { Self::of(packet, item) } else { None }
    }

    /// Returns the bytes that a packet must have.
    pub(super) fn needed(&self) -> usize {
        self.needed
    }

    /// Returns nanoseconds since 1970 UTC; the packet has the bytes needed.
    #[inline(always)]
    pub(super) fn nanos(&self, packet: &[u8]) -> i64 {
        let seconds = self.seconds.value(packet) as i64;
        let microseconds = self.microseconds.map_or(0, |load| load.value(packet) as i64);
        seconds * NANOS_PER_SECOND + microseconds * NANOS_PER_MICROSECOND
    }
}

/// Finds the field of a plain integer, and whether it has a sign.
fn field_of(packet: &Packet, (place, value_type): (usize, ValueType)) -> Option<(Field, bool)> {
    let item = packet.items.get(place)?;
    let is_raw =
        value_type == ValueType::Raw || (item.read_conversion.is_none() && item.states.is_none());
    if !is_raw || place >= first_moving(packet) {
        return None;
    }
    let field = plain_field(packet, item).filter(|field| field.size <= MAX_BITS)?;
    Some((field, item.data_type == DataType::Int && field.size > 1))
}

/// A time on its way to its slot.
#[derive(Debug)]
pub(super) struct TimeOp {
    clock: Clock,
    target: u32,
    /// As seconds in a double instead of nanoseconds.
    as_seconds: bool,
}

impl TimeOp {
    /// Compiles the time conversion of an item from which nothing else follows.
    pub(super) fn of(packet: &Packet, item: &Item, packed: &PackedItem) -> Option<Self> {
        let as_seconds = match packed.converted {
            ConvertedForm::Time => false,
            ConvertedForm::Number => true,
            _ => return None,
        };
        let clock = if stands_alone(packed) { Clock::of(packet, item)? } else { return None };
        Some(Self { clock, target: packed.converted_at, as_seconds })
    }

    /// Returns the bytes that a packet must have.
    pub(super) fn needed(&self) -> usize {
        self.clock.needed
    }

    #[inline(always)]
    pub(super) fn run(&self, packet: &[u8], record: &mut [u8]) {
        let nanos = self.clock.nanos(packet);
        let slot =
            if self.as_seconds { time::seconds(nanos).to_le_bytes() } else { nanos.to_le_bytes() };
        store(record, self.target, slot);
    }
}

/// A time as text, which goes to the variable part of the record.
#[derive(Debug, Clone)]
pub(super) struct TimeText(Clock);

impl TimeText {
    /// Compiles the conversion of a derived item to a text of a time.
    pub(super) fn of(packet: &Packet, item: &Item, packed: &PackedItem) -> Option<Self> {
        let is_text = packed.converted == ConvertedForm::Tagged && item.is_derived();
        if is_text && stands_alone(packed) { Clock::of(packet, item).map(Self) } else { None }
    }

    /// Returns whether a packet of so many bytes has the fields.
    pub(super) fn covers(&self, length: usize) -> bool {
        self.0.needed <= length
    }

    /// Appends the text of the time.
    pub(super) fn write(&self, packet: &[u8], out: &mut Vec<u8>) {
        write_tagged_text(&time::text(self.0.nanos(packet)), out);
    }
}

/// Returns whether neither states nor limits follow from an item's single value.
fn stands_alone(packed: &PackedItem) -> bool {
    packed.state_at == NO_SLOT && packed.limits_at == NO_SLOT && !packed.is_list()
}
