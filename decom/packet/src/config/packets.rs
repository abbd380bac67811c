//! Top-level keywords and those that describe a packet (cosmos-packets §2.1, §2.2).

use super::arguments::Arguments;
use super::parser::{FileParser, SYSTEM};
use crate::definition::{
    CommandScreen, Endianness, LimitsGroupItem, Packet, PacketKind, PacketReference, RelatedItem,
};

impl FileParser<'_> {
    pub(super) fn top_level(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        match arguments.keyword() {
            "COMMAND" => self.start_packet(PacketKind::Command, arguments),
            "TELEMETRY" => self.start_packet(PacketKind::Telemetry, arguments),
            "SELECT_COMMAND" => self.select_packet(PacketKind::Command, arguments),
            "SELECT_TELEMETRY" => self.select_packet(PacketKind::Telemetry, arguments),
            // Neither closes the packet at hand.
            "LIMITS_GROUP" => {
                let group = arguments.upper(0)?;
                self.draft.limits_groups.entry(group.clone()).or_default();
                self.draft.open_limits_group = Some(group);
                Ok(())
            }
            _ => {
                let item = LimitsGroupItem {
                    target: arguments.upper(0)?,
                    packet: arguments.upper(1)?,
                    item: arguments.upper(2)?,
                };
                let open = self.draft.open_limits_group.clone().unwrap_or_default();
                if let Some(group) = self.draft.limits_groups.get_mut(&open) {
                    group.push(item);
                }
                Ok(())
            }
        }
    }

    /// Returns the target that a packet belongs to: the one at hand, except within SYSTEM.
    fn owner(&self, arguments: Arguments<'_>) -> Result<String, String> {
        if self.target == SYSTEM { arguments.upper(0) } else { Ok(self.target.to_owned()) }
    }

    fn start_packet(&mut self, kind: PacketKind, arguments: Arguments<'_>) -> Result<(), String> {
        self.close_packet();
        let target = self.owner(arguments)?;
        let name = arguments.legal_name(1)?.to_uppercase();
        let endianness = endianness(arguments.text(2)?)?;
        let mut packet = Packet::new(kind, &target, &name, endianness, self.location());
        packet.description = arguments.optional(3).map(str::to_owned);
        packet.add_reserved_items();
        if self.draft.packet(kind, &target, &name).is_some() {
            let word = capitalised(kind);
            self.warn(format!("{word} Packet {target} {name} redefined."));
        }
        self.packet = Some(packet);
        self.packet_statement = Some(arguments.statement.clone());
        Ok(())
    }

    fn select_packet(&mut self, kind: PacketKind, arguments: Arguments<'_>) -> Result<(), String> {
        self.close_packet();
        let target = self.owner(arguments)?;
        let name = arguments.upper(1)?;
        let found = self.draft.packet(kind, &target, &name).cloned();
        self.packet = Some(found.ok_or_else(|| format!("Packet not found: {target} {name}"))?);
        self.packet_statement = Some(arguments.statement.clone());
        Ok(())
    }

    pub(super) fn packet_level(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let keyword = arguments.keyword();
        match keyword {
            "STRUCTURE" | "APPEND_STRUCTURE" => self.structure(arguments),
            "SELECT_ITEM" | "SELECT_PARAMETER" => self.select_item(arguments),
            "DELETE_ITEM" | "DELETE_PARAMETER" => self.delete_item(arguments),
            _ if keyword.ends_with("ITEM") && keyword != "RELATED_ITEM" => {
                self.define_item(arguments)
            }
            _ if keyword.ends_with("PARAMETER") => self.define_item(arguments),
            "META" => self.meta(arguments),
            "HIDDEN" if self.item.is_some() => {
                self.current_item()?.hidden = true;
                Ok(())
            }
            "TEMPLATE" | "TEMPLATE_BASE64" | "TEMPLATE_FILE" => self.template(arguments),
            "ACCESSOR" | "VALIDATOR" | "SUBPACKETIZER" | "PROCESSOR" => self.code(arguments),
            "RESPONSE" | "ERROR_RESPONSE" | "SCREEN" | "RELATED_ITEM" | "HAZARDOUS"
            | "RESTRICTED" => self.command_property(arguments),
            _ => self.flag(keyword),
        }
    }

    fn flag(&mut self, keyword: &str) -> Result<(), String> {
        let packet = self.current_packet()?;
        match keyword {
            "ALLOW_SHORT" => packet.short_buffer_allowed = true,
            "DISABLE_MESSAGES" => packet.messages_disabled = true,
            "HIDDEN" => packet.hidden = true,
            "DISABLED" => {
                packet.hidden = true;
                packet.disabled = true;
            }
            "VIRTUAL" => {
                packet.hidden = true;
                packet.disabled = true;
                packet.is_virtual = true;
            }
            "CATCHALL" => packet.catchall = true,
            "IGNORE_OVERLAP" => packet.ignore_overlap = true,
            _ => packet.subpacket = true,
        }
        Ok(())
    }

    fn meta(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let name = arguments.upper(0)?;
        let values = arguments.rest(1);
        let meta = if self.item.is_some() {
            &mut self.current_item()?.meta
        } else {
            &mut self.current_packet()?.meta
        };
        meta.insert(name, values);
        Ok(())
    }

    fn template(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let text = arguments.text(0)?;
        let bytes = match arguments.keyword() {
            "TEMPLATE" => text.as_bytes().to_vec(),
            "TEMPLATE_BASE64" => base64(text).ok_or("TEMPLATE_BASE64 is not valid base64")?,
            _ => self.template_file(text)?,
        };
        self.current_packet()?.template = Some(bytes);
        Ok(())
    }

    /// Finds a template file beside the configuration file; it must not leave the target.
    fn template_file(&self, path: &str) -> Result<Vec<u8>, String> {
        if path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..") {
            return Err(format!("TEMPLATE_FILE {path} must be relative, without '..'"));
        }
        let file = self.location().file;
        let beside =
            file.rsplit_once('/').map_or(path.to_owned(), |(dir, _)| format!("{dir}/{path}"));
        let found = self.draft.binary_files.get(&beside).or(self.draft.binary_files.get(path));
        found.cloned().ok_or_else(|| format!("TEMPLATE_FILE {path} was not found beside {file}"))
    }

    fn command_property(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let keyword = arguments.keyword();
        let packet = self.current_packet()?;
        // The two words that are accepted everywhere mean nothing in telemetry.
        let anywhere = ["HAZARDOUS", "RESTRICTED"].contains(&keyword);
        if packet.kind != PacketKind::Command && !anywhere {
            return Err(format!("{keyword} only applies to command packets"));
        }
        match keyword {
            "HAZARDOUS" => {
                packet.hazardous = Some(arguments.optional(0).unwrap_or_default().to_owned());
            }
            "RESTRICTED" => packet.restricted = true,
            "SCREEN" => {
                packet.screen = Some(CommandScreen {
                    target: arguments.upper(0)?,
                    screen: arguments.upper(1)?,
                });
            }
            "RELATED_ITEM" => packet.related_items.push(RelatedItem {
                target: arguments.upper(0)?,
                packet: arguments.upper(1)?,
                item: arguments.upper(2)?,
            }),
            _ => {
                let reference =
                    PacketReference { target: arguments.upper(0)?, packet: arguments.upper(1)? };
                if keyword == "RESPONSE" {
                    packet.response = Some(reference);
                } else {
                    packet.error_response = Some(reference);
                }
            }
        }
        Ok(())
    }
}

/// Reads a byte order word.
pub(super) fn endianness(word: &str) -> Result<Endianness, String> {
    Endianness::from_word(word)
        .ok_or_else(|| format!("Invalid endianness {word}. Must be BIG_ENDIAN or LITTLE_ENDIAN."))
}

pub(super) fn capitalised(kind: PacketKind) -> &'static str {
    match kind {
        PacketKind::Command => "Command",
        PacketKind::Telemetry => "Telemetry",
    }
}

/// Decodes base64 with or without padding; blanks and line ends are skipped.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes().filter(|b| !b.is_ascii_whitespace()) {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_text() {
        assert_eq!(base64("aGVsbG8="), Some(b"hello".to_vec()));
        assert_eq!(base64("aGVs\nbG8"), Some(b"hello".to_vec()));
        assert_eq!(base64("a*"), None);
    }
}
