//! Writing items (cosmos-packets §5.2).

use super::buffer::PacketBuffer;
use super::error::AccessError;
use super::http;
use super::view::in_document;
use crate::bits;
use crate::definition::{DocumentFormat, Item, ValueType};
use crate::document;
use crate::value::Value;

impl PacketBuffer {
    /// Writes an item by name, any case.
    ///
    /// # Errors
    /// [`AccessError`] when there is no such item, the value does not fit, or the item cannot be
    /// written this way. The buffer is then unchanged, except that the length item of an item of
    /// variable size may have been written.
    pub fn write(
        &mut self,
        name: &str,
        value: &Value,
        value_type: ValueType,
    ) -> Result<(), AccessError> {
        let index = self
            .packet
            .item_index(name)
            .or_else(|| self.packet.item_index(&name.to_uppercase()))
            .ok_or_else(|| self.view().unknown_item(name))?;
        let packet = self.packet.clone();
        let item = &packet.items[index];
        match value_type {
            ValueType::Raw => self.write_raw(index, item, value),
            ValueType::Converted => {
                let value = self.to_raw(item, value)?;
                self.write_raw(index, item, &value).map_err(|e| state_error(item, &value, e))
            }
            ValueType::Formatted => Err(AccessError::FormattedWrite { item: item.name.clone() }),
        }
    }

    /// Replaces state names by values and applies the write conversion.
    fn to_raw(&self, item: &Item, value: &Value) -> Result<Value, AccessError> {
        let value = match value {
            Value::Array(values) if item.array_size.is_some() => {
                Value::Array(values.iter().map(|element| state_replaced(item, element)).collect())
            }
            single => state_replaced(item, single),
        };
        match item.write_conversion.as_deref() {
            Some(conversion) => self.view().convert(item, conversion, value),
            None if item.is_derived() && self.packet.accessor.http_part(item).is_none() => {
                Err(AccessError::DerivedWrite { item: item.name.clone() })
            }
            None => Ok(value),
        }
    }

    pub(super) fn write_raw(
        &mut self,
        index: usize,
        item: &Item,
        value: &Value,
    ) -> Result<(), AccessError> {
        if let Some(part) = self.packet.accessor.http_part(item) {
            return http::write(&part, value, &mut self.extra)
                .map_err(|message| in_document(item, message));
        }
        if item.is_derived() {
            return Ok(());
        }
        self.view().check_accessor()?;
        if let Some(child) = &item.structure_child {
            return self.write_child(&child.parent, &child.child, value);
        }
        if let Some(format) = self.packet.accessor.format() {
            let written = self.document_with(format, item, value);
            self.buffer = written.map_err(|message| in_document(item, message))?;
            self.refresh();
            return Ok(());
        }
        if item.variable_bit_size.is_some() {
            return self.write_variable(index, item, value);
        }
        let place = self.layout.place(index, item);
        bits::write(
            value,
            &mut self.buffer,
            place.offset,
            item.bit_size,
            item.data_type,
            item.endianness,
            item.array_size,
            item.overflow,
        )
        .map_err(|source| AccessError::Bits { item: item.name.clone(), source })?;
        self.refresh();
        Ok(())
    }

    /// Returns the bytes of the packet's document with a value in an item's place.
    fn document_with(
        &self,
        format: DocumentFormat,
        item: &Item,
        value: &Value,
    ) -> Result<Vec<u8>, String> {
        if let DocumentFormat::Template { left, right } = format {
            return document::filled_in(&self.buffer, (left, right), item, value);
        }
        match self.layout.document() {
            Some(document) => document?.written(item, value),
            None => Ok(self.buffer.clone()),
        }
    }

    /// Writes into the bytes of a structure and writes those back.
    fn write_child(&mut self, parent: &str, child: &str, value: &Value) -> Result<(), AccessError> {
        let packet = self.packet.clone();
        let missing = || self.view().unknown_item(parent);
        let index = packet.item_index(parent).ok_or_else(missing)?;
        let item = &packet.items[index];
        let inner = item.structure.clone().ok_or_else(missing)?;
        let bytes = self.view().raw(index, item)?.as_bytes().map(<[u8]>::to_vec);
        let mut structure = PacketBuffer::new(inner);
        if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
            // A structure of another length than defined is no error of the outer packet.
            let _ = structure.set_buffer(bytes);
        }
        structure.write(child, value, ValueType::Raw)?;
        self.write_raw(index, item, &Value::Bytes(structure.into_buffer()))
    }
}

/// Replaces the name of a state, in any case, by its value; `ANY` has none.
pub(crate) fn state_replaced(item: &Item, value: &Value) -> Value {
    let Some(states) = &item.states else {
        return value.clone();
    };
    states.get(&value.to_string()).map_or_else(|| value.clone(), |state| state.value.clone())
}

/// Names the states where a text is neither a state nor a number.
fn state_error(item: &Item, value: &Value, error: AccessError) -> AccessError {
    match (&item.states, value) {
        (Some(states), Value::String(text)) => AccessError::UnknownState {
            item: item.name.clone(),
            value: text.clone(),
            states: states.names().collect::<Vec<_>>().join(", "),
        },
        _ => error,
    }
}
