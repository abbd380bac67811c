use std::collections::BTreeMap;

use super::field::{Fields, WireError, bytes_len, put_bytes, put_head, put_present_bytes};

/// The free map that travels with a packet, where it lies.
#[derive(Debug, Clone, Copy, Default)]
pub enum ExtraRef<'a> {
    /// Nothing.
    #[default]
    Empty,
    /// Entries of a map.
    Map(&'a BTreeMap<String, String>),
    /// Entries of a message that was read: its bytes and the number of the map's field in it.
    Message {
        /// The whole message.
        bytes: &'a [u8],
        /// The map's field.
        field: u32,
    },
}

impl ExtraRef<'_> {
    /// Returns the entries as a map.
    ///
    /// # Errors
    /// [`WireError`] when the entries are no texts.
    pub fn to_map(&self) -> Result<BTreeMap<String, String>, WireError> {
        match self {
            Self::Empty => Ok(BTreeMap::new()),
            Self::Map(map) => Ok((*map).clone()),
            Self::Message { bytes, field } => {
                let mut map = BTreeMap::new();
                let mut fields = Fields(bytes);
                while let Some(found) = fields.next()? {
                    if found.number == *field {
                        let (key, value) = entry(found.bytes()?)?;
                        map.insert(key.to_owned(), value.to_owned());
                    }
                }
                Ok(map)
            }
        }
    }

    pub(super) fn put(&self, out: &mut Vec<u8>, number: u32) {
        match self {
            Self::Empty => {}
            Self::Map(map) => {
                for (key, value) in *map {
                    put_head(out, number, bytes_len(key.len()) + bytes_len(value.len()));
                    put_bytes(out, 1, key.as_bytes());
                    put_bytes(out, 2, value.as_bytes());
                }
            }
            Self::Message { bytes, field } => {
                let mut fields = Fields(bytes);
                // The message was read before, so its fields are whole.
                while let Ok(Some(found)) = fields.next() {
                    if let (true, Ok(entry)) = (found.number == *field, found.bytes()) {
                        put_present_bytes(out, number, entry);
                    }
                }
            }
        }
    }
}

/// Reads an entry of a map of texts.
pub(super) fn entry(bytes: &[u8]) -> Result<(&str, &str), WireError> {
    let (mut key, mut value) = ("", "");
    let mut fields = Fields(bytes);
    while let Some(field) = fields.next()? {
        match field.number {
            1 => key = field.text()?,
            2 => value = field.text()?,
            _ => {}
        }
    }
    Ok((key, value))
}
