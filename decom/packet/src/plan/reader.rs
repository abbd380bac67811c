//! Reads any item of a packet by its definition: the careful way, for what the fast operations
//! do not cover.

use crate::bits;
use crate::definition::{
    Accessor, Conversion, Item, Packet, SelectedItem, ValueType, unix_nanos,
};
use crate::time;
use crate::value::Value;

/// Conversions may read items with conversions; deeper than this they can only be circular.
const MAX_DEPTH: u32 = 4;

/// The value cannot be had: its place, type or conversion makes no sense for these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Items that a time conversion reads, by place.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeSource {
    seconds: (usize, ValueType),
    microseconds: Option<(usize, ValueType)>,
}

impl TimeSource {
    /// Resolves the names of an item's time conversion; `None` if it has none or a name is unknown.
    pub(super) fn of(packet: &Packet, item: &Item) -> Option<Self> {
        use Conversion as C;
        let find = |selected: &SelectedItem| {
            Some((packet.item_index(&selected.name)?, selected.value_type))
        };
        match &item.read_conversion.as_ref()?.conversion {
            C::UnixTime { seconds, microseconds }
            | C::UnixTimeFormatted { seconds, microseconds }
            | C::UnixTimeSeconds { seconds, microseconds } => Some(Self {
                seconds: find(seconds)?,
                microseconds: match microseconds {
                    Some(selected) => Some(find(selected)?),
                    None => None,
                },
            }),
            _ => None,
        }
    }
}

/// A packet's bytes with its definition.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) packet: &'a Packet,
    /// By place in the packet's items.
    pub(super) times: &'a [Option<TimeSource>],
    pub(super) bytes: &'a [u8],
}

impl Reader<'_> {
    /// Reads the raw value; derived items have none.
    pub(super) fn raw(&self, item: &Item) -> Result<Value, Unreadable> {
        if item.is_derived() {
            return Ok(Value::Null);
        }
        if self.packet.accessor != Accessor::Binary {
            return Err(Unreadable);
        }
        let Item { bit_offset, bit_size, data_type, endianness, array_size, .. } = *item;
        match bits::read(self.bytes, bit_offset, bit_size, data_type, endianness, array_size) {
            Ok(value) => Ok(value),
            // What is missing is null where short packets are expected (§3.5).
            Err(bits::BitsError::Insufficient { .. }) if self.packet.short_buffer_allowed => {
                Ok(Value::Null)
            }
            Err(_) => Err(Unreadable),
        }
    }

    /// Applies the read conversion, but not the states, to a raw value.
    pub(super) fn before_states(&self, place: usize, raw: &Value) -> Result<Value, Unreadable> {
        self.convert(place, raw, 0)
    }

    fn convert(&self, place: usize, raw: &Value, depth: u32) -> Result<Value, Unreadable> {
        use Conversion as C;
        let item = self.packet.items.get(place).ok_or(Unreadable)?;
        let Some(definition) = &item.read_conversion else { return Ok(raw.clone()) };
        let missing = raw.is_null() && !item.is_derived();
        if missing && self.packet.short_buffer_allowed {
            return Ok(Value::Null);
        }
        match &definition.conversion {
            C::UnixTime { .. } => {
                Ok(self.nanos(place, depth)?.map_or(Value::Null, Value::Time))
            }
            C::UnixTimeFormatted { .. } => Ok(self
                .nanos(place, depth)?
                .map_or(Value::Null, |nanos| Value::String(time::formatted(nanos)))),
            C::UnixTimeSeconds { .. } => Ok(self
                .nanos(place, depth)?
                .map_or(Value::Null, |nanos| Value::Float(time::seconds(nanos)))),
            C::PacketTimeSeconds
            | C::PacketTimeFormatted
            | C::ReceivedTimeSeconds
            | C::ReceivedTimeFormatted
            | C::ReceivedCount => Ok(Value::Null),
            _ => match raw {
                Value::Array(values) => values
                    .iter()
                    .map(|value| definition.apply(value))
                    .collect::<Result<_, _>>()
                    .map(Value::Array)
                    .map_err(|_| Unreadable),
                single => definition.apply(single).map_err(|_| Unreadable),
            },
        }
    }

    /// Returns the time of an item's time conversion; `None` where an item it reads is null.
    fn nanos(&self, place: usize, depth: u32) -> Result<Option<i64>, Unreadable> {
        let source = self.times.get(place).copied().flatten().ok_or(Unreadable)?;
        let seconds = self.selected(source.seconds, depth)?;
        let microseconds = match source.microseconds {
            Some(selected) => Some(self.selected(selected, depth)?),
            None => None,
        };
        if seconds.is_null() || microseconds.as_ref().is_some_and(Value::is_null) {
            return Ok(None);
        }
        unix_nanos(&seconds, microseconds.as_ref()).map(Some).ok_or(Unreadable)
    }

    fn selected(&self, selected: (usize, ValueType), depth: u32) -> Result<Value, Unreadable> {
        let (place, value_type) = selected;
        let item = self.packet.items.get(place).ok_or(Unreadable)?;
        let raw = self.raw(item)?;
        if value_type == ValueType::Raw && !item.is_derived() {
            return Ok(raw);
        }
        if depth >= MAX_DEPTH {
            return Err(Unreadable);
        }
        self.convert(place, &raw, depth + 1)
    }

    /// Returns the packet time that an item gives: a time, or a number of unix seconds.
    pub(super) fn time(&self, place: usize) -> Option<i64> {
        let item = self.packet.items.get(place)?;
        let raw = self.raw(item).ok()?;
        match self.convert(place, &raw, 0).ok()? {
            Value::Time(nanos) => Some(nanos),
            number @ (Value::Int(_) | Value::Float(_)) => unix_nanos(&number, None),
            _ => None,
        }
    }
}
