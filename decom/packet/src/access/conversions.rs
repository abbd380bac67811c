//! Evaluating conversions, which may read other items and the times of the packet.

use super::error::AccessError;
use super::object;
use super::view::PacketView;
use crate::definition::{
    Conversion, ConversionDefinition, ConversionError, Item, MAX_CONVERSION_DEPTH, SelectedItem,
    Surroundings, ValueType, formatted_time, unix_nanos,
};
use crate::process::ProcessorStates;
use crate::registry::{CodeError, PacketContext};
use crate::time;
use crate::value::Value;

/// Item whose converted value is the packet's time.
const PACKET_TIME: &str = "PACKET_TIME";

impl PacketView<'_> {
    /// Applies the read conversion, element by element for arrays.
    pub(super) fn converted(&self, item: &Item, raw: Value) -> Result<Value, AccessError> {
        let Some(conversion) = item.read_conversion.as_deref() else {
            return Ok(raw);
        };
        self.convert(item, conversion, raw)
    }

    /// Applies a conversion, element by element for arrays.
    pub(super) fn convert(
        &self,
        item: &Item,
        conversion: &ConversionDefinition,
        value: Value,
    ) -> Result<Value, AccessError> {
        match value {
            Value::Array(values) if item.array_size.is_some() => values
                .iter()
                .map(|element| self.evaluate(item, conversion, element))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            single => self.evaluate(item, conversion, &single),
        }
    }

    fn evaluate(
        &self,
        item: &Item,
        definition: &ConversionDefinition,
        value: &Value,
    ) -> Result<Value, AccessError> {
        if self.depth > MAX_CONVERSION_DEPTH {
            return Err(AccessError::Circle { item: item.name.clone() });
        }
        let failed = |source| AccessError::Conversion { item: item.name.clone(), source };
        match &definition.conversion {
            Conversion::UnixTime { seconds, microseconds } => {
                let nanos = self.unix_time(item, definition, seconds, microseconds.as_ref())?;
                Ok(nanos.map_or(Value::Null, Value::Time))
            }
            Conversion::UnixTimeFormatted { seconds, microseconds } => {
                let nanos = self.unix_time(item, definition, seconds, microseconds.as_ref())?;
                Ok(nanos.map_or(Value::Null, |nanos| Value::String(time::formatted(nanos))))
            }
            Conversion::UnixTimeSeconds { seconds, microseconds } => {
                let nanos = self.unix_time(item, definition, seconds, microseconds.as_ref())?;
                Ok(nanos.map_or(Value::Null, |nanos| Value::Float(time::seconds(nanos))))
            }
            Conversion::PacketTimeSeconds => {
                Ok(Value::Float(self.packet_time()?.map_or(0.0, time::seconds)))
            }
            Conversion::PacketTimeFormatted => {
                Ok(formatted_time(self.packet_time()?, "No Packet Time"))
            }
            Conversion::ReceivedTimeSeconds => {
                Ok(Value::Float(self.times.received.map_or(0.0, time::seconds)))
            }
            Conversion::ReceivedTimeFormatted => {
                Ok(formatted_time(self.times.received, "No Packet Received Time"))
            }
            Conversion::ReceivedCount => Ok(Value::from(self.times.received_count)),
            Conversion::Generic { expression } => {
                let mut read = |name: &str, value_type| self.deeper().read(name, value_type);
                let packet = Surroundings { buffer: self.buffer, read: &mut read };
                expression
                    .evaluate(value, packet)?
                    .ok_or_else(|| AccessError::Expression { item: item.name.clone() })
            }
            Conversion::Processor { processor, result } => {
                let found = match self.processors {
                    Some(states) => states.result(processor, result),
                    None => ProcessorStates::new(self.packet).result(processor, result),
                };
                found.ok_or_else(|| AccessError::UnknownProcessor {
                    item: item.name.clone(),
                    processor: processor.clone(),
                })
            }
            Conversion::CountedTime(time) if !definition.is_pure() => {
                let base = match time.base() {
                    Some(base) => Some(self.deeper().read(&base.name, base.value_type)?),
                    None => None,
                };
                definition.time(time, value, base.as_ref()).map_err(failed)
            }
            Conversion::ObjectRead(packet) => {
                object::read(packet, value).map_err(|message| failed(definition.refused(message)))
            }
            Conversion::ObjectWrite(packet) => {
                object::write(packet, value).map_err(|message| failed(definition.refused(message)))
            }
            Conversion::Registered(code) => self
                .deeper()
                .with_context(|context| code.convert(value, context))
                .map_err(|CodeError(message)| failed(definition.refused(message))),
            _ => definition.apply(value).map_err(failed),
        }
    }

    /// Lets registered code look at the packet.
    pub(crate) fn with_context<T>(&self, look: impl FnOnce(&PacketContext<'_>) -> T) -> T {
        let read = |name: &str, value_type| self.read(name, value_type).ok();
        let given = self.given.map_or(&[][..], |given| &given.values);
        look(&PacketContext { buffer: self.buffer, given, read: &read })
    }

    /// Returns the same view for a read on behalf of a conversion.
    fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..self.clone() }
    }

    fn unix_time(
        &self,
        item: &Item,
        definition: &ConversionDefinition,
        seconds: &SelectedItem,
        microseconds: Option<&SelectedItem>,
    ) -> Result<Option<i64>, AccessError> {
        let view = self.deeper();
        let whole = view.read(&seconds.name, seconds.value_type)?;
        let rest = microseconds.map(|m| view.read(&m.name, m.value_type)).transpose()?;
        if whole.is_null() || rest.as_ref().is_some_and(Value::is_null) {
            return Ok(None);
        }
        unix_nanos(&whole, rest.as_ref()).map(Some).ok_or_else(|| AccessError::Conversion {
            item: item.name.clone(),
            source: ConversionError::OutOfRange {
                class: definition.class.clone(),
                value: whole.to_string(),
            },
        })
    }

    /// Returns the packet's time: its `PACKET_TIME` item, else the explicit one, else the
    /// received time (cosmos-packets §8).
    fn packet_time(&self) -> Result<Option<i64>, AccessError> {
        if let Some(index) = self.packet.item_index(PACKET_TIME) {
            let value = self.deeper().read_item(index, ValueType::Converted)?;
            let nanos = match &value {
                Value::Time(nanos) => Some(*nanos),
                other if other.is_number() => unix_nanos(other, None),
                _ => None,
            };
            if nanos.is_some() {
                return Ok(nanos);
            }
        }
        Ok(self.times.packet.or(self.times.received))
    }

    /// Returns the packet's time in nanoseconds since 1970 UTC, if it has one.
    ///
    /// # Errors
    /// [`AccessError`] when the `PACKET_TIME` item cannot be read.
    pub fn time(&self) -> Result<Option<i64>, AccessError> {
        self.packet_time()
    }
}
