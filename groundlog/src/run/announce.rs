use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use serde_json::json;

use super::system::Running;
use crate::{
    client::{DEFAULT_URL, PASSWORD_VARIABLE},
    config::{Config, GatewayConfig},
    output::announce,
};

/// Says what runs and where; ends with three commands to try.
pub(super) fn announce(running: &Running, config: &Config, file: Option<&Path>) {
    announce!("groundlog {} is up", env!("CARGO_PKG_VERSION"));
    announce!("  process     {} ({})", running.process, running.role_set.words().join(", "));
    if let Some(gateway) = running.gateway {
        announce!("  API         http://{gateway}/openc3-api/api");
        announce!("  health      http://{gateway}/health   metrics http://{gateway}/metrics");
    }
    if let Some(metrics) = running.metrics {
        announce!("  this one    http://{metrics}/health   metrics http://{metrics}/metrics");
    }
    announce!("  log         {}", running.log);
    announce!("  data        {} (log, current values, settings)", running.data.display());
    if let (Some(plugin), Some(definitions)) = (&running.plugin, running.definitions) {
        announce!("  plug-in     {} (definitions {definitions})", plugin.name);
        match interfaces(running).as_slice() {
            [] => announce!("  interfaces  none; `groundlog replay FILE` imports recorded packets"),
            names => announce!("  interfaces  {}", names.join(", ")),
        }
    }
    if let Some(address) = running.demo_address() {
        announce!("  spacecraft  simulated, on {address}");
    }
    if let Some(gateway) = running.gateway {
        announce!("\nTry, in another terminal ({}):", password(&config.gateway));
        for line in examples(running, gateway, config, file) {
            announce!("  {line}");
        }
    }
    announce!("\nCtrl-C stops it and loses nothing.");
}

/// Says the same as one JSON line.
pub(super) fn announce_json(running: &Running) {
    announce!("{}", document(running));
}

fn document(running: &Running) -> serde_json::Value {
    let text = |address: Option<SocketAddr>| address.map(|address| address.to_string());
    json!({
        "process": running.process,
        "roles": running.role_set.words(),
        "gateway": text(running.gateway),
        "metrics": text(running.metrics),
        "log": running.log,
        "data": running.data.display().to_string(),
        "plugin": running.plugin.as_ref().map(|plugin| &plugin.name),
        "definitions": running.definitions.map(|hash| hash.to_string()),
        "interfaces": interfaces(running),
        "simulator": text(running.demo_address()),
    })
}

fn interfaces(running: &Running) -> Vec<&str> {
    let interfaces = running.plugin.iter().flat_map(|plugin| &plugin.interfaces);
    interfaces.map(|interface| interface.name.as_str()).collect()
}

/// Says where the password is; itself only where it is everybody's.
fn password(config: &GatewayConfig) -> String {
    match &config.password_file {
        Some(file) => format!("the password is in {}", file.display()),
        None if GatewayConfig::first_password().is_some() => {
            format!("with the password in {PASSWORD_VARIABLE}, as here")
        }
        None => "password of the demo, unless it was changed: password".to_owned(),
    }
}

/// Returns commands that work on what is loaded.
fn examples(
    running: &Running,
    gateway: SocketAddr,
    config: &Config,
    file: Option<&Path>,
) -> [String; 3] {
    let this = std::env::current_exe().map_or_else(|_| "groundlog".into(), |path| quoted(&path));
    let url = url(gateway).map_or_else(String::new, |url| format!(" --url {url}"));
    let mut to_gateway = url.clone();
    if let Some(file) = &config.gateway.password_file {
        to_gateway.push_str(&format!(" --password-file {}", quoted(file)));
    }
    let item = running.plugin.as_ref().and_then(|plugin| plugin.example_item());
    let first = match item.filter(|_| !interfaces(running).is_empty()) {
        Some((packet, item)) => format!("tlm {packet} {item} --type formatted{to_gateway}"),
        // Without an interface no value ever comes.
        None => format!("health{url}"),
    };
    let second = match running.demo_address() {
        Some(_) => format!("cmd \"INST COLLECT with TYPE NORMAL, DURATION 5\"{to_gateway}"),
        None => format!("status{to_gateway}"),
    };
    let third = match config.log.url.as_str() {
        // Nobody else can look into it.
        "memory:" => format!("rebuild cvt --verify{to_gateway}"),
        _ => look_into_log(running, config, file),
    };
    [first, second, third].map(|words| format!("{this} {words}"))
}

/// Follows the commands in the log, wherever it lies.
fn look_into_log(running: &Running, config: &Config, file: Option<&Path>) -> String {
    let mut words = "log tail commands".to_owned();
    if let Some(file) = file {
        words.push_str(&format!(" --config {}", quoted(file)));
    }
    if config.log.url == "embedded:" {
        words.push_str(&format!(" --data {}", quoted(&running.data)));
    }
    words
}

/// Returns the address for `--url`, unless it is the one that commands take by themselves.
fn url(gateway: SocketAddr) -> Option<String> {
    let ip = match gateway.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    let url = format!("http://{}", SocketAddr::new(ip, gateway.port()));
    (url != DEFAULT_URL).then_some(url)
}

/// Writes a path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_reach_the_gateway() {
        let url = |text: &str| url(text.parse().expect("an address"));
        assert_eq!([url("127.0.0.1:2900"), url("0.0.0.0:2900")], [None, None]);
        assert_eq!(url("0.0.0.0:80").as_deref(), Some("http://127.0.0.1:80"));
        assert_eq!(url("[::1]:2900").as_deref(), Some("http://[::1]:2900"));
    }

    #[test]
    fn paths_survive_a_shell() {
        assert_eq!(quoted(Path::new("/a/b-1.0")), "/a/b-1.0");
        assert_eq!(quoted(Path::new("my plug-in's")), r"'my plug-in'\''s'");
    }

    #[test]
    fn only_the_demos_password_is_told() {
        let own = GatewayConfig { password_file: Some("secret".into()), ..Default::default() };
        assert_eq!(password(&own), "the password is in secret");
    }
}
