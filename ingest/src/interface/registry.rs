//! Which interface classes there are, by the names that plug-ins use for them.

use super::{Interface, tcp_client};
use crate::{
    ConfigError, InterfaceOptions,
    class_name::class_name,
    params::Params,
    protocol::{ReadChain, WriteChain, build_chains},
};

const SUPPORTED: &str = "tcpip_client_interface";

/// Stock classes of COSMOS that are not here yet (cosmos-runtime §1.7).
const NOT_YET: [&str; 16] = [
    "TcpipServerInterface",
    "UdpInterface",
    "SerialInterface",
    "HttpClientInterface",
    "HttpServerInterface",
    "MqttInterface",
    "MqttStreamInterface",
    "FileInterface",
    "SimulatedTargetInterface",
    "StreamInterface",
    "BridgeInterface",
    "SnmpInterface",
    "SnmpTrapInterface",
    "GrpcInterface",
    "InfluxdbInterface",
    "LincInterface",
];

/// An interface with its protocols, ready to connect.
pub(crate) struct Built {
    pub(crate) interface: Box<dyn Interface>,
    pub(crate) read: ReadChain,
    pub(crate) write: WriteChain,
    pub(crate) writable: bool,
}

/// Builds an interface and its protocols from its declaration.
pub(crate) fn build(
    options: &InterfaceOptions,
    packet_bytes_max: usize,
) -> Result<Built, ConfigError> {
    let params =
        Params { class: &options.class, location: &options.location, values: &options.params };
    match class_name(&options.class).as_str() {
        "TcpipClientInterface" => {
            let client = tcp_client::TcpClient::from_params(&params, &options.options)?;
            let inline =
                crate::protocol::build_inline(&params, tcp_client::PARAMETERS, packet_bytes_max)?;
            let (read, write) = build_chains(inline, options, packet_bytes_max)?;
            Ok(Built { writable: client.writable(), interface: Box::new(client), read, write })
        }
        class if NOT_YET.contains(&class) => Err(ConfigError::NotSupportedYet {
            location: options.location.clone(),
            kind: "interface",
            class: options.class.clone(),
            supported: SUPPORTED.to_owned(),
        }),
        _ => Err(ConfigError::UnknownClass {
            location: options.location.clone(),
            kind: "interface",
            class: options.class.clone(),
            supported: SUPPORTED.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(class: &str, params: &[&str]) -> String {
        let options = InterfaceOptions {
            location: "plugin.txt:9".to_owned(),
            ..InterfaceOptions::new("INST_INT", class, params)
        };
        build(&options, 1000).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn tcp_client_takes_the_parameters_of_the_clause() {
        let length = ["127.0.0.1", "8080", "8081", "10.0", "nil", "LENGTH", "32", "16", "7"];
        for class in ["tcpip_client_interface.rb", "TcpipClientInterface"] {
            assert_eq!(error(class, &length), "");
            assert_eq!(error(class, &length[..5]), "");
            let built = build(&InterfaceOptions::new("I", class, &length), 1000).unwrap();
            assert!(built.writable);
            assert_eq!(built.read.classes(), ["LengthProtocol"]);
        }
        let read_only = ["localhost", "nil", "8081", "nil", "nil"];
        let built = build(&InterfaceOptions::new("I", "TcpipClientInterface", &read_only), 1000);
        let built = built.unwrap();
        assert!(!built.writable);
    }

    #[test]
    fn mistakes_name_file_line_and_parameter() {
        let tcp = "tcpip_client_interface.rb";
        for (class, params, part) in [
            (tcp, vec!["h", "1"], "read port"),
            (tcp, vec!["h", "x", "1", "10", "nil"], "write port"),
            (tcp, vec!["h", "1", "1", "fast", "nil"], "write timeout"),
            (tcp, vec!["nil", "1", "1", "10", "nil"], "host"),
            (tcp, vec!["h", "1", "1", "10", "nil", "CRC"], "not supported yet"),
            (tcp, vec!["h", "1", "1", "10", "nil", "LENGTH", "x"], "length bit offset"),
            ("udp_interface.rb", vec![], "not supported yet"),
            ("my_interface.py", vec![], "unknown"),
        ] {
            let text = error(class, &params);
            assert!(text.starts_with("plugin.txt:9: ") && text.contains(part), "{text}");
        }
    }
}
