//! Small words of the packet language.

use std::fmt;
use std::sync::Arc;

/// Names over this many bytes are refused: a column of the time-series store holds no more.
pub const MAX_NAME_LENGTH: usize = 127;

/// Items that every packet starts with, in their order (cosmos-packets §8).
pub const RESERVED_ITEM_NAMES: [&str; 5] = [
    "PACKET_TIMESECONDS",
    "PACKET_TIMEFORMATTED",
    "RECEIVED_TIMESECONDS",
    "RECEIVED_TIMEFORMATTED",
    "RECEIVED_COUNT",
];

/// Returns whether an upper-cased item name is one of the reserved derived items.
#[must_use]
pub fn is_reserved_item(name: &str) -> bool {
    RESERVED_ITEM_NAMES.contains(&name)
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Reads the configuration word; any case.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                $(if word.eq_ignore_ascii_case($word) {
                    return Some(Self::$variant);
                })+
                None
            }

            /// Returns the configuration word, in capitals.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// The data types of items (cosmos-packets §2.4).
    DataType {
        /// Two's complement integer.
        Int = "INT",
        /// Unsigned integer.
        Uint = "UINT",
        /// IEEE 754 single or double.
        Float = "FLOAT",
        /// Text up to the first zero byte.
        String = "STRING",
        /// All bytes of the field.
        Block = "BLOCK",
        /// True or false; not for binary packets.
        Bool = "BOOL",
        /// A map; not for binary packets.
        Object = "OBJECT",
        /// A list; not for binary packets.
        Array = "ARRAY",
        /// Whatever the accessor finds; not for binary packets.
        Any = "ANY",
        /// No bytes of its own: the value comes from a conversion.
        Derived = "DERIVED",
        /// A moment; the type of some conversions' results, never of an item.
        Time = "TIME",
    }
}

impl DataType {
    /// Returns whether the type is a whole number.
    #[must_use]
    pub fn is_integer(self) -> bool {
        matches!(self, Self::Int | Self::Uint)
    }
}

words! {
    /// Byte order of an item.
    Endianness {
        /// Most significant byte first.
        Big = "BIG_ENDIAN",
        /// Least significant byte first.
        Little = "LITTLE_ENDIAN",
    }
}

words! {
    /// What happens to an integer that does not fit its field (cosmos-packets §3.7).
    Overflow {
        /// The write fails.
        Error = "ERROR",
        /// The write fails, except that a bit pattern of the field's width is stored.
        ErrorAllowHex = "ERROR_ALLOW_HEX",
        /// The low bits are kept.
        Truncate = "TRUNCATE",
        /// The nearest value that fits is stored.
        Saturate = "SATURATE",
    }
}

words! {
    /// The form in which a value is asked for or given (cosmos-packets §5).
    ValueType {
        /// As in the packet's bytes.
        Raw = "RAW",
        /// After read conversion and states.
        Converted = "CONVERTED",
        /// Text with format string and units.
        Formatted = "FORMATTED",
    }
}

impl ValueType {
    /// Reads a request word; `WITH_UNITS` is a synonym of `FORMATTED`.
    #[must_use]
    pub fn from_request(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("WITH_UNITS") {
            return Some(Self::Formatted);
        }
        Self::from_word(word)
    }
}

/// The file and line that a definition came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceLocation {
    /// Path of the file as it was given to the parser.
    pub file: Arc<str>,
    /// Line of the statement's end, counted from 1.
    pub line: u32,
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
