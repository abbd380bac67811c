//! Why bytes are not a record of a packet.

/// Why bytes are not a record of a packet. Always poison: the bytes do not change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The bytes end before their header and fixed part do.
    #[error("record of {length} bytes is shorter than the {needed} bytes of its layout")]
    Short {
        /// Length of the record.
        length: usize,
        /// Length of header, fixed part and status.
        needed: usize,
    },
    /// The layout is not one this program knows.
    #[error("record has layout version {0}, but only version 1 is known; upgrade the reader")]
    Version(u8),
    /// The record was packed with another definition.
    #[error(
        "record of {found_items} items (layout {found:08x}) does not fit packet {target} \
         {packet} of {items} items (layout {expected:08x}); read it with the definitions that \
         its envelope names"
    )]
    OtherDefinition {
        /// Target of the definition.
        target: String,
        /// Packet of the definition.
        packet: String,
        /// Number of items in the record.
        found_items: u16,
        /// Fingerprint in the record.
        found: u32,
        /// Number of items of the definition.
        items: usize,
        /// Fingerprint of the definition.
        expected: u32,
    },
    /// A reference points outside the variable part, or at bytes that make no sense.
    #[error("record is damaged: {part} of item {item} lies outside its variable part")]
    Reference {
        /// Name of the item.
        item: String,
        /// `raw value`, `converted value` or `states`.
        part: &'static str,
    },
    /// There are bytes that nothing accounts for.
    #[error("record of {length} bytes has {excess} bytes more than its layout")]
    Excess {
        /// Length of the record.
        length: usize,
        /// How many bytes are too many.
        excess: usize,
    },
}
