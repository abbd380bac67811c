use std::fmt::Write as _;

use groundlog_packet::{Definitions, PacketKind, definition::DataType, template::Variables};

use super::{
    Use,
    assemble::{Assembled, Origin, assemble as assemble_text},
    files::PluginFiles,
    finish,
};
use crate::usage::wrong_usage;

/// Frames space packets: their length lies at bit 32 in 16 bits and counts what follows the
/// primary header, less one (CCSDS 133.0-B-2 §4.1.3.5.3).
const SPACE_PACKETS: &str = "LENGTH 32 16 7 1 BIG_ENDIAN";
/// The same, with the length of commands filled in.
const SPACE_PACKETS_FILLED: &str = "LENGTH 32 16 7 1 BIG_ENDIAN 0 nil nil true";

/// Makes a plug-in of a bare target folder: the target under its folder's name, and one interface
/// if it is said where to connect.
///
/// # Errors
/// What the command line says wrong; errors of the folder's files where the framing is chosen by
/// them, else they are part of the result.
pub(super) fn assemble(
    files: &PluginFiles,
    given: &Variables,
    scope: &str,
    connect: Option<&str>,
    protocol: Option<&str>,
) -> anyhow::Result<Assembled> {
    let mut text = String::new();
    for (name, value) in given {
        writeln!(text, "VARIABLE {name} \"{value}\"")?;
    }
    let name = files.name.to_uppercase();
    writeln!(text, "TARGET \"{}\" \"{name}\"", files.name)?;
    let without = assemble_text(files, Origin::CommandLine(&text), given, scope);
    let Some(connect) = connect else {
        return Ok(without);
    };
    let (host, port) = address(connect)
        .ok_or_else(|| wrong_usage(format!("--connect {connect}: write tcp://HOST:PORT")))?;
    let framing = match protocol {
        Some(protocol) => protocol,
        None => framing(&finish(vec![without], Use::Definitions)?.definitions),
    };
    if framing.contains(['\n', '\r']) || framing.contains("<%") {
        let text = format!("--protocol {framing:?}: one line, such as \"{SPACE_PACKETS}\"");
        return Err(wrong_usage(text));
    }
    writeln!(
        text,
        "INTERFACE \"{name}_INT\" tcpip_client_interface.rb {host} {port} {port} 10.0 nil"
    )?;
    writeln!(text, "  PROTOCOL READ_WRITE {framing}")?;
    writeln!(text, "  MAP_TARGET \"{name}\"\n  RECONNECT_DELAY 1")?;
    let mut assembled = assemble_text(files, Origin::CommandLine(&text), given, scope);
    if protocol.is_none() {
        assembled.warnings.push(format!(
            "{name}_INT: packets are framed by {framing}, from what the definitions look like; \
             say otherwise with --protocol"
        ));
    }
    Ok(assembled)
}

fn address(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.strip_prefix("tcp://")?.trim_end_matches('/').rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:%".contains(c);
    (!host.is_empty() && host.chars().all(plain)).then_some((host, port.parse().ok()?))
}

/// Chooses a framing: LENGTH where every packet has the length field of a space packet, else BURST.
fn framing(definitions: &Definitions) -> &'static str {
    let all_have_length = |kind| {
        let mut packets = definitions
            .packets()
            .iter()
            .filter(|packet| packet.kind == kind && packet.target_name != "UNKNOWN")
            .filter(|packet| !packet.is_virtual)
            .peekable();
        packets.peek().is_some()
            && packets.all(|packet| {
                packet.items.iter().any(|item| {
                    (item.bit_offset, item.bit_size) == (32, 16) && item.data_type == DataType::Uint
                })
            })
    };
    match (all_have_length(PacketKind::Telemetry), all_have_length(PacketKind::Command)) {
        (true, true) => SPACE_PACKETS_FILLED,
        (true, false) => SPACE_PACKETS,
        (false, _) => "BURST",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(address("tcp://10.0.0.5:8081"), Some(("10.0.0.5", 8081)));
        assert_eq!(address("tcp://[::1]:80/"), Some(("::1", 80)));
        for text in ["10.0.0.5:8081", "tcp://:1", "tcp://host", "tcp://host:99999", "tcp://a b:1"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
