use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use groundlog_proto::{Generation, TopicName};

use super::disk;
use crate::{Durability, LogError, Retention};

/// What is written about a topic when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicFile {
    pub(super) name: TopicName,
    pub(super) generation: Generation,
    pub(super) partitions: u32,
    pub(super) durability: Durability,
    pub(super) retention: Retention,
}

const FIRST_LINE: &str = "groundlog topic 1";

impl TopicFile {
    /// Returns where the description of a topic lies in its folder.
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("topic")
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), LogError> {
        disk::replace(&Self::path(folder), self.encode().as_bytes())
    }

    /// Reads a description; `None` where there is none (the topic was never finished).
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, LogError> {
        let path = Self::path(folder);
        match fs::read(&path) {
            Ok(bytes) => {
                let file = std::str::from_utf8(&bytes).ok().and_then(Self::decode);
                file.map(Some).ok_or_else(|| LogError::JournalCorrupt {
                    path,
                    byte: 0,
                    what: "the topic's description does not match its checksum".to_owned(),
                })
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(disk::error("cannot read", &path, e)),
        }
    }

    fn encode(&self) -> String {
        let durability = match self.durability {
            Durability::Synced => "synced",
            Durability::Unsynced => "unsynced",
        };
        let retention = match self.retention {
            Retention::Forever => "forever".to_owned(),
            Retention::Age(age) => format!("age_ns {}", age.as_nanos()),
            Retention::Bytes(bytes) => format!("bytes {bytes}"),
            Retention::Compact => "compact".to_owned(),
        };
        let text = format!(
            "{FIRST_LINE}\nname {}\ngeneration {}\npartitions {}\ndurability {durability}\n\
             retention {retention}\n",
            folder_name(&self.name),
            self.generation,
            self.partitions
        );
        let crc = crc32c::crc32c(text.as_bytes());
        format!("{text}crc {crc:08x}\n")
    }

    fn decode(text: &str) -> Option<Self> {
        let at = text.rfind("crc ")?;
        let crc = u32::from_str_radix(text[at + 4..].trim_end(), 16).ok()?;
        let text = &text[..at];
        if crc32c::crc32c(text.as_bytes()) != crc {
            return None;
        }
        let mut lines = text.lines();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let name = unescape(lines.next()?.strip_prefix("name ")?)?;
        let generation = lines.next()?.strip_prefix("generation ")?;
        let generation = Generation(u64::from_str_radix(generation, 16).ok()?);
        let partitions = lines.next()?.strip_prefix("partitions ")?.parse().ok()?;
        let durability = match lines.next()?.strip_prefix("durability ")? {
            "synced" => Durability::Synced,
            "unsynced" => Durability::Unsynced,
            _ => return None,
        };
        let retention = lines.next()?.strip_prefix("retention ")?;
        let retention = match retention.split_once(' ') {
            None if retention == "forever" => Retention::Forever,
            None if retention == "compact" => Retention::Compact,
            Some(("age_ns", age)) => Retention::Age(Duration::from_nanos(age.parse().ok()?)),
            Some(("bytes", bytes)) => Retention::Bytes(bytes.parse().ok()?),
            _ => return None,
        };
        Some(Self { name, generation, partitions, durability, retention })
    }
}

/// Returns the folder name of a topic: the name itself, with everything that a file system might
/// take amiss as `%` and two hexadecimal digits.
pub(super) fn folder_name(topic: &TopicName) -> String {
    let mut name = String::new();
    for byte in topic.as_str().bytes() {
        match byte {
            b'.' if name.is_empty() => name.push_str("%2e"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                name.push(char::from(byte));
            }
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    name
}

/// Returns the topic that a folder name stands for.
fn unescape(name: &str) -> Option<TopicName> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok().map(|name| TopicName::new(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_survives_and_damage_is_noticed() {
        for retention in [
            Retention::Forever,
            Retention::Compact,
            Retention::Bytes(5),
            Retention::Age(Duration::from_secs(86_400)),
        ] {
            let topic = TopicFile {
                name: TopicName::new("groundlog.raw.stored"),
                generation: Generation(0xfeed),
                partitions: 4,
                durability: Durability::Unsynced,
                retention,
            };
            let text = topic.encode();
            assert_eq!(TopicFile::decode(&text), Some(topic));
            assert_eq!(TopicFile::decode(&text.replace("partitions 4", "partitions 5")), None);
        }
    }

    #[test]
    fn folder_names_are_harmless() {
        assert_eq!(folder_name(&TopicName::new("groundlog.raw")), "groundlog.raw");
        let odd = TopicName::new("../a b\nä%");
        assert_eq!(folder_name(&odd), "%2e.%2fa%20b%0a%c3%a4%25");
        assert_eq!(unescape(&folder_name(&odd)), Some(odd));
    }
}
