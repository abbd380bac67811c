use std::{fmt, str::FromStr};

use crate::{error::OptionError, record::MAX_PACKET_BYTES, subseconds::SubsecondUnit};

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
}

impl FromStr for Format {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let fixed = |size: &str| size.parse().ok().filter(|n| (1..=MAX_PACKET_BYTES).contains(n));
        let format = match text.to_ascii_lowercase().as_str() {
            "ccsds" => Some(Self::Ccsds),
            "dump" => Some(Self::Dump),
            other => {
                other.strip_prefix("fixed:").and_then(fixed).map(|bytes| Self::Fixed { bytes })
            }
        };
        format.ok_or_else(|| OptionError {
            given: text.to_owned(),
            what: "file format",
            usage: "use ccsds, dump, or fixed:N for packets of N bytes (1 to 1000000)",
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ccsds => f.write_str("ccsds"),
            Self::Dump => f.write_str("dump"),
            Self::Fixed { bytes } => write!(f, "fixed:{bytes}"),
        }
    }
}

/// Everything needed to cut a file into packets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileLayout {
    /// How packets stand in the file.
    pub format: Format,
    /// Foreign bytes before every packet; in a dump they are the first of every record's message.
    pub skip_header_bytes: usize,
    /// Unit of a dump's TimeSubSeconds.
    pub subseconds: SubsecondUnit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_read_as_they_are_written() {
        for text in ["ccsds", "dump", "fixed:71"] {
            assert_eq!(text.parse::<Format>().expect(text).to_string(), text);
        }
        for text in ["", "fixed", "fixed:0", "fixed:-1", "fixed:9999999", "pcap"] {
            assert!(text.parse::<Format>().is_err(), "{text}");
        }
    }
}
