//! Reads any item of a packet by its definition: the careful way, for what the fast operations
//! do not cover.

use std::cell::OnceCell;

use super::DecodePlan;
use crate::access::{PacketTimes, PacketView, object};
use crate::bits;
use crate::definition::{
    Conversion, DataType, Expression, Item, MAX_CONVERSION_DEPTH, Packet, SelectedItem,
    Surroundings, ValueType, unix_nanos,
};
use crate::process::ProcessorStates;
use crate::record::{PacketMeta, can_be_read};
use crate::registry::{ConversionCode, PacketContext};
use crate::time;
use crate::value::Value;

/// The value cannot be had: its place, type or conversion makes no sense for these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Items that a time conversion reads, by place.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeSource {
    pub(super) seconds: (usize, ValueType),
    pub(super) microseconds: Option<(usize, ValueType)>,
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
pub(super) struct Reader<'a> {
    packet: &'a Packet,
    /// By place in the packet's items.
    times: &'a [Option<TimeSource>],
    bytes: &'a [u8],
    meta: PacketMeta,
    processors: Option<&'a ProcessorStates>,
    /// First place that an item of variable size moves or sizes.
    first_moving: usize,
    /// Finds items that others move or contain; made when the first of them is read.
    view: OnceCell<PacketView<'a>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        plan: &'a DecodePlan,
        bytes: &'a [u8],
        meta: PacketMeta,
        processors: Option<&'a ProcessorStates>,
    ) -> Self {
        Self {
            packet: &plan.packet,
            times: &plan.times,
            bytes,
            meta,
            processors,
            first_moving: plan.first_moving,
            view: OnceCell::new(),
        }
    }

    pub(super) fn packet(&self) -> &'a Packet {
        self.packet
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Reads the raw value; derived items have none.
    pub(super) fn raw(&self, place: usize, item: &Item) -> Result<Value, Unreadable> {
        self.field(place, item).map(|field| Self::value_of_field(item, field))
    }

    /// Makes the raw value out of what the field holds: texts end at their first zero byte.
    pub(super) fn value_of_field(item: &Item, field: Value) -> Value {
        match field {
            Value::Bytes(bytes) => bits::text_value(&bytes, item.data_type),
            Value::Array(values) => Value::Array(
                values.into_iter().map(|value| Self::value_of_field(item, value)).collect(),
            ),
            value => value,
        }
    }

    /// Reads the field: the raw value, except that texts are all bytes of their field where the
    /// item has a place of its own.
    pub(super) fn field(&self, place: usize, item: &Item) -> Result<Value, Unreadable> {
        if item.is_derived() {
            return Ok(Value::Null);
        }
        let moves = item.structure_child.is_some() || place >= self.first_moving;
        if moves || !self.packet.has_place(item) {
            return self.view().read_item(place, ValueType::Raw).map_err(|_| Unreadable);
        }
        let Item { bit_offset, bit_size, data_type, endianness, array_size, .. } = *item;
        let data_type = if data_type == DataType::String { DataType::Block } else { data_type };
        match bits::read(self.bytes, bit_offset, bit_size, data_type, endianness, array_size) {
            Ok(value) => Ok(value),
            // What a short packet leaves of an item of open size may be less than nothing (P01B).
            Err(_) if self.packet.short_buffer_allowed && bit_offset >= 0 && bit_size <= 0 => {
                Ok(Value::Null)
            }
            Err(_) => Err(Unreadable),
        }
    }

    /// Returns what finds items that others move or contain.
    fn view(&self) -> &PacketView<'a> {
        self.view.get_or_init(|| {
            let view = PacketView::new(self.packet, self.bytes, PacketTimes::from(self.meta));
            match self.processors {
                Some(processors) => view.with_processors(processors),
                None => view,
            }
        })
    }

    /// Applies the read conversion, but not the states, to a raw value.
    pub(super) fn before_states(&self, place: usize, raw: &Value) -> Result<Value, Unreadable> {
        self.convert(place, raw, 0)
    }

    fn convert(&self, place: usize, raw: &Value, depth: usize) -> Result<Value, Unreadable> {
        use Conversion as C;
        let item = self.packet.items.get(place).ok_or(Unreadable)?;
        let Some(definition) = &item.read_conversion else {
            return Ok(raw.clone());
        };
        let missing = raw.is_null() && !item.is_derived();
        if missing && self.packet.short_buffer_allowed {
            return Ok(Value::Null);
        }
        if let (Value::Array(values), Some(_)) = (raw, item.array_size) {
            // Once per element (§5.1), even where all of them come out alike.
            let each = values.iter().map(|value| self.convert(place, value, depth));
            return each.collect::<Result<_, _>>().map(Value::Array);
        }
        match &definition.conversion {
            C::UnixTime { .. } => Ok(self.nanos(place, depth)?.map_or(Value::Null, Value::Time)),
            C::UnixTimeFormatted { .. } => Ok(self
                .nanos(place, depth)?
                .map_or(Value::Null, |nanos| Value::String(time::formatted(nanos)))),
            C::UnixTimeSeconds { .. } => Ok(self
                .nanos(place, depth)?
                .map_or(Value::Null, |nanos| Value::Float(time::seconds(nanos)))),
            conversion @ (C::PacketTimeSeconds
            | C::PacketTimeFormatted
            | C::ReceivedTimeSeconds
            | C::ReceivedTimeFormatted
            | C::ReceivedCount) => Ok(self.meta.value(conversion).unwrap_or(Value::Null)),
            C::Processor { processor, result } => {
                let found = match self.processors {
                    Some(states) => states.result(processor, result),
                    None => ProcessorStates::new(self.packet).result(processor, result),
                };
                found.ok_or(Unreadable)
            }
            C::Generic { expression } => self.generic(expression, raw, depth),
            C::CountedTime(time) if !definition.is_pure() => {
                let base = time.base().ok_or(Unreadable)?;
                let place = self.packet.item_index(&base.name).ok_or(Unreadable)?;
                let base = self.selected((place, base.value_type), depth)?;
                definition.time(time, raw, Some(&base)).map_err(|_| Unreadable)
            }
            C::ObjectRead(packet) => each(raw, |value| object::read(packet, value).ok()),
            C::ObjectWrite(packet) => each(raw, |value| object::write(packet, value).ok()),
            C::Registered(code) => each(raw, |value| self.registered(&**code, value, depth)),
            _ => each(raw, |value| definition.apply(value).ok()),
        }
    }

    /// Lets registered code convert a value.
    fn registered(&self, code: &dyn ConversionCode, value: &Value, depth: usize) -> Option<Value> {
        let read = |name: &str, value_type| {
            let place = self.packet.item_index(name)?;
            match value_type {
                ValueType::Formatted => self.view().read_item(place, value_type).ok(),
                _ => self.selected((place, value_type), depth).ok(),
            }
        };
        let context = PacketContext { buffer: self.bytes, given: &[], read: &read };
        code.convert(value, &context).ok()
    }

    /// Evaluates an expression, for arrays once per element.
    fn generic(
        &self,
        expression: &Expression,
        raw: &Value,
        depth: usize,
    ) -> Result<Value, Unreadable> {
        if let Value::Array(values) = raw {
            let each = values.iter().map(|value| self.generic(expression, value, depth));
            return each.collect::<Result<_, _>>().map(Value::Array);
        }
        let mut read = |name: &str, value_type| {
            let place = self.packet.item_index(name).ok_or(Unreadable)?;
            self.selected((place, value_type), depth)
        };
        let packet = Surroundings { buffer: self.bytes, read: &mut read };
        expression.evaluate(raw, packet)?.ok_or(Unreadable)
    }

    /// Returns the time of an item's time conversion; `None` where an item it reads is null.
    fn nanos(&self, place: usize, depth: usize) -> Result<Option<i64>, Unreadable> {
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

    fn selected(&self, selected: (usize, ValueType), depth: usize) -> Result<Value, Unreadable> {
        let (place, value_type) = selected;
        let item = self.packet.items.get(place).ok_or(Unreadable)?;
        let raw = self.raw(place, item)?;
        if value_type == ValueType::Raw && !item.is_derived() {
            return Ok(raw);
        }
        if depth >= MAX_CONVERSION_DEPTH && item.read_conversion.is_some() {
            return Err(Unreadable);
        }
        let value = self.convert(place, &raw, depth + 1)?;
        if value_type == ValueType::Raw {
            return Ok(value);
        }
        let name = item.states.as_ref().and_then(|states| states.name_of(&value));
        Ok(name.map_or(value, Value::from))
    }

    /// Returns the packet time that an item gives: a time, or a number of unix seconds.
    pub(super) fn time(&self, place: usize) -> Option<i64> {
        let item = self.packet.items.get(place)?;
        let raw = self.raw(place, item).ok()?;
        match self.convert(place, &raw, 0).ok()? {
            Value::Time(nanos) => Some(nanos),
            number @ (Value::Int(_) | Value::Float(_)) => unix_nanos(&number, None),
            _ => None,
        }
    }
}

/// Converts a value, or each one of a list; what could not be read back out of a record is refused.
fn each(raw: &Value, convert: impl Fn(&Value) -> Option<Value>) -> Result<Value, Unreadable> {
    let converted = match raw {
        Value::Array(values) => values.iter().map(convert).collect::<Option<_>>().map(Value::Array),
        single => convert(single),
    };
    converted.filter(|value| can_be_read(value, 0)).ok_or(Unreadable)
}
