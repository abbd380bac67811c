//! What registered code sees of a packet.

use crate::definition::ValueType;
use crate::value::Value;

/// Reads an item by its name in capitals; `None` where it cannot be read.
pub(crate) type ReadItem<'a> = &'a dyn Fn(&str, ValueType) -> Option<Value>;

/// The packet around a value.
#[derive(Clone, Copy)]
pub struct PacketContext<'a> {
    pub(crate) buffer: &'a [u8],
    pub(crate) given: &'a [(String, Value)],
    pub(crate) read: ReadItem<'a>,
}

impl<'a> PacketContext<'a> {
    /// Reads another item of the packet, by its name in any case; `None` when there is no such item
    /// or it cannot be read, null when it is absent.
    #[must_use]
    pub fn read(&self, item: &str, value_type: ValueType) -> Option<Value> {
        (self.read)(&item.to_uppercase(), value_type)
    }

    /// Returns the bytes of the packet.
    #[must_use]
    pub fn buffer(&self) -> &'a [u8] {
        self.buffer
    }

    /// Returns what the caller gave for a parameter of the command that is being built, by its name
    /// in any case.
    ///
    /// Defaults are written before what is given, so that a write conversion may run twice.
    #[must_use]
    pub fn given(&self, parameter: &str) -> Option<&'a Value> {
        let found = self.given.iter().find(|(name, _)| name.eq_ignore_ascii_case(parameter));
        found.map(|(_, value)| value)
    }
}
