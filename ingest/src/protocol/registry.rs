//! Which protocol classes there are, by the names that plug-ins use for them.

use super::{
    ProtocolPair, burst,
    chain::{ReadChain, WriteChain, declare},
    length,
};
use crate::{
    ConfigError, InterfaceOptions, ProtocolDirection, class_name::class_name, params::Params,
};

const SUPPORTED: &str = "BurstProtocol, LengthProtocol";

/// Stock classes of COSMOS that are not here yet (cosmos-runtime §2.5 to §2.14).
const NOT_YET: [&str; 15] = [
    "CmdResponseProtocol",
    "CobsProtocol",
    "CrcProtocol",
    "CltuProtocol",
    "FixedProtocol",
    "GemsProtocol",
    "IgnorePacketProtocol",
    "IgnoreProtocol",
    "PreidentifiedProtocol",
    "SlipProtocol",
    "StreamProtocol",
    "TcTransferFrameProtocol",
    "TemplateProtocol",
    "TerminatedProtocol",
    "TmTransferFrameProtocol",
];

/// Builds the chains of an interface: the inline protocol first, then its `PROTOCOL` lines.
pub(crate) fn build_chains(
    inline: Option<ProtocolPair>,
    options: &InterfaceOptions,
    packet_bytes_max: usize,
) -> Result<(ReadChain, WriteChain), ConfigError> {
    let mut read = ReadChain::new(packet_bytes_max);
    let mut write = WriteChain::default();
    if let Some(pair) = inline {
        declare(pair, ProtocolDirection::ReadWrite, &mut read, &mut write);
    }
    for protocol in &options.protocols {
        let params = Params {
            class: &protocol.class,
            location: &protocol.location,
            values: &protocol.params,
        };
        let pair = build(&class_name(&protocol.class), &params, packet_bytes_max)?;
        declare(pair, protocol.direction, &mut read, &mut write);
    }
    Ok((read, write))
}

/// Builds the protocol that an INTERFACE line names after its own parameters: a single word, as
/// in `LENGTH`, and the protocol's parameters. `None` where the word is left out or nil.
pub(crate) fn build_inline(
    interface: &Params<'_>,
    own_parameters: usize,
    packet_bytes_max: usize,
) -> Result<Option<ProtocolPair>, ConfigError> {
    let Some(word) = interface.text((own_parameters, "protocol type")) else {
        return Ok(None);
    };
    let values = interface.values.get(own_parameters + 1..).unwrap_or_default();
    let params = Params { class: word, location: interface.location, values };
    let lower = word.to_ascii_lowercase();
    let class = format!("{}Protocol", class_name(&lower));
    // A class or file name is understood here too: it can mean nothing else.
    let class = if class_name(word).ends_with("Protocol") { class_name(word) } else { class };
    build(&class, &params, packet_bytes_max).map(Some)
}

fn build(
    class: &str,
    params: &Params<'_>,
    packet_bytes_max: usize,
) -> Result<ProtocolPair, ConfigError> {
    match class {
        "BurstProtocol" => burst::build(params),
        "LengthProtocol" => length::build(params, packet_bytes_max),
        _ if NOT_YET.contains(&class) => Err(ConfigError::NotSupportedYet {
            location: params.location.to_owned(),
            kind: "protocol",
            class: params.class.to_owned(),
            supported: SUPPORTED.to_owned(),
        }),
        _ => Err(ConfigError::UnknownClass {
            location: params.location.to_owned(),
            kind: "protocol",
            class: params.class.to_owned(),
            supported: SUPPORTED.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ProtocolOptions, protocol::testing::Collected};

    fn protocol(direction: ProtocolDirection, class: &str, params: &[&str]) -> ProtocolOptions {
        ProtocolOptions {
            direction,
            class: class.to_owned(),
            params: params.iter().map(|&text| text.to_owned()).collect(),
            location: "plugin.txt:3".to_owned(),
        }
    }

    fn options(protocols: Vec<ProtocolOptions>) -> InterfaceOptions {
        InterfaceOptions { protocols, ..InterfaceOptions::new("I", "x", &[]) }
    }

    #[test]
    fn write_protocols_run_in_reverse() {
        use ProtocolDirection::{Read, ReadWrite, Write};
        // A=WRITE, B=READ_WRITE, C=READ gives read B, C and write B, A.
        let chains = build_chains(
            None,
            &options(vec![
                protocol(Write, "burst_protocol.rb", &[]),
                protocol(ReadWrite, "LengthProtocol", &[]),
                protocol(Read, "openc3/interfaces/protocols/burst_protocol.py", &[]),
            ]),
            1000,
        );
        let (read, write) = chains.unwrap();
        assert_eq!(read.classes(), ["LengthProtocol", "BurstProtocol"]);
        assert_eq!(write.classes(), ["LengthProtocol", "BurstProtocol"]);
    }

    #[test]
    fn a_later_framer_collects_what_an_earlier_one_hands_out() {
        use ProtocolDirection::ReadWrite;
        // The outer LENGTH strips its length byte; the inner one frames what is left, across the
        // borders of the outer packets.
        let (mut read, _) = build_chains(
            None,
            &options(vec![
                protocol(ReadWrite, "length_protocol", &["0", "8", "1", "1", "nil", "1"]),
                protocol(ReadWrite, "length_protocol", &["0", "8", "1"]),
            ]),
            1000,
        )
        .unwrap();
        let mut out = Collected::default();
        let mut input: &[u8] = &[3, 4, 10, 11, 2, 12, 13, 1, 0, 2, 9, 9, 5, 1];
        read.read(&mut input, &mut out).unwrap();
        assert_eq!(input, [5, 1], "what has not arrived whole stays");
        assert_eq!(out.frames, [vec![4, 10, 11, 12, 13], vec![0]]);
        read.reset(&mut out);
        assert_eq!(out.discarded, [(vec![9, 9], "connection closed inside a packet".to_owned())]);
    }

    #[test]
    fn unsupported_classes_are_named_with_file_and_line() {
        for (class, text) in
            [("crc_protocol.rb", "not supported yet"), ("my_protocol.rb", "unknown")]
        {
            let one = options(vec![protocol(ProtocolDirection::Read, class, &[])]);
            let error = build_chains(None, &one, 1000).err().unwrap().to_string();
            assert!(error.starts_with("plugin.txt:3: ") && error.contains(class), "{error}");
            assert!(error.contains(text) && error.contains("LengthProtocol"), "{error}");
        }
    }
}
