//! Blanking the values that must not be shown (cosmos-packets §7.7).

use super::buffer::PacketBuffer;
use super::error::AccessError;
use crate::definition::ValueType;
use crate::value::Value;

impl PacketBuffer {
    /// Replaces the raw value of every item marked `OBFUSCATE` by zeros of the same shape.
    ///
    /// # Errors
    /// [`AccessError`] when a marked item cannot be read or written.
    pub fn obfuscate(&mut self) -> Result<(), AccessError> {
        let packet = self.packet.clone();
        for item in packet.items.iter().filter(|item| item.obfuscate && !item.is_derived()) {
            let zero = zero_of(&self.read(&item.name, ValueType::Raw)?);
            if !zero.is_null() {
                self.write(&item.name, &zero, ValueType::Raw)?;
            }
        }
        Ok(())
    }
}

fn zero_of(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => Value::Bool(false),
        Value::Int(_) | Value::Time(_) => Value::Int(0),
        Value::Float(_) => Value::Float(0.0),
        Value::String(text) => Value::Bytes(vec![0; text.len()]),
        Value::Bytes(bytes) => Value::Bytes(vec![0; bytes.len()]),
        Value::Array(values) => Value::Array(values.iter().map(zero_of).collect()),
        Value::Object(_) => Value::Object(indexmap::IndexMap::new()),
    }
}
