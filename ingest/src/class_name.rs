//! How COSMOS names a class by file (cosmos-packets §2.8).

/// Returns the class that a file or class name means: base name, cut at the first dot, split at
/// `_`, each part capitalised, joined. `openc3/interfaces/udp_interface.py` is `UdpInterface`.
pub(crate) fn class_name(text: &str) -> String {
    let base = text.rsplit(['/', '\\']).next().unwrap_or(text);
    let base = base.rsplit("::").next().unwrap_or(base);
    let base = base.split('.').next().unwrap_or(base);
    base.split('_').map(capitalised).collect()
}

fn capitalised(part: &str) -> String {
    let mut chars = part.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::class_name;

    #[test]
    fn all_ways_to_write_a_class_mean_the_same() {
        for text in [
            "tcpip_client_interface.rb",
            "tcpip_client_interface.py",
            "openc3/interfaces/tcpip_client_interface.py",
            "TcpipClientInterface",
            "OpenC3::TcpipClientInterface",
        ] {
            assert_eq!(class_name(text), "TcpipClientInterface", "{text}");
        }
        assert_eq!(class_name(""), "");
    }
}
