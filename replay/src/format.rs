use std::{fmt, str::FromStr};

use crate::{
    error::OptionError, length::LengthField, record::MAX_PACKET_BYTES, subseconds::SubsecondUnit,
};

/// How packets stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Space packets, one after the other; the length lies in the primary header.
    #[default]
    Ccsds,
    /// A file header and records with headers, both of 20 bytes.
    Dump,
    /// Packets of one size.
    Fixed {
        /// Bytes of each packet.
        bytes: usize,
    },
    /// Packets with their length in a field.
    Length(LengthField),
    /// A packet log of COSMOS 5 or later, raw or decommutated.
    Cosmos,
}

impl Format {
    /// Returns whether every record has a header with a time.
    pub fn has_record_times(self) -> bool {
        matches!(self, Self::Dump | Self::Cosmos)
    }
}

impl FromStr for Format {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let fixed = |size: &str| size.parse().ok().filter(|n| (1..=MAX_PACKET_BYTES).contains(n));
        let lower = text.to_ascii_lowercase();
        let format = match lower.split_once(':') {
            None if lower == "ccsds" => Some(Self::Ccsds),
            None if lower == "dump" => Some(Self::Dump),
            None if lower == "cosmos" => Some(Self::Cosmos),
            Some(("fixed", size)) => fixed(size).map(|bytes| Self::Fixed { bytes }),
            Some(("length", field)) => return field.parse().map(Self::Length),
            _ => None,
        };
        format.ok_or_else(|| OptionError {
            given: text.to_owned(),
            what: "file format",
            usage: "use ccsds, cosmos (a packet log of COSMOS 5 or later), dump, fixed:N for packets \
                    of N bytes (1 to 1000000), or length:BIT_OFFSET,BIT_SIZE,VALUE_OFFSET",
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ccsds => f.write_str("ccsds"),
            Self::Dump => f.write_str("dump"),
            Self::Fixed { bytes } => write!(f, "fixed:{bytes}"),
            Self::Length(field) => write!(f, "length:{field}"),
            Self::Cosmos => f.write_str("cosmos"),
        }
    }
}

/// Everything needed to cut a file into packets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileLayout {
    /// How packets stand in the file.
    pub format: Format,
    /// Foreign bytes before every packet; in a dump they are the first of every record's message, in
    /// a packet log of every entry's packet.
    pub skip_header_bytes: usize,
    /// Unit of a dump's TimeSubSeconds.
    pub subseconds: SubsecondUnit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_read_as_they_are_written() {
        let length = ["length:32,16,7,1", "length:15,5,0,2,little"];
        for text in ["ccsds", "cosmos", "dump", "fixed:71"].into_iter().chain(length) {
            assert_eq!(text.parse::<Format>().expect(text).to_string(), text);
        }
        for text in ["", "fixed", "fixed:0", "fixed:-1", "fixed:9999999", "pcap", "length:0,16,x"] {
            assert!(text.parse::<Format>().is_err(), "{text}");
        }
        // The little endian bitfield would begin before the record.
        for text in
            ["length:", "length:0", "length:0,65", "length:0,16,0,0", "length:3,9,0,1,little"]
        {
            let error = text.parse::<Format>().expect_err(text).to_string();
            assert!(error.contains("BIT_OFFSET,BIT_SIZE"), "{error}");
        }
        assert_eq!("length: 0,16".parse::<Format>(), "length:0,16,0,1,BIG".parse());
    }
}
