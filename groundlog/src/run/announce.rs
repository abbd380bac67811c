use std::net::SocketAddr;

use serde_json::json;

use super::system::Running;
use crate::output::announce;

/// Says what runs and where; ends with three commands to try.
pub(super) fn announce(running: &Running, as_json: bool) {
    if as_json {
        announce!("{}", document(running));
        return;
    }
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
        announce!("  interfaces  {}", interfaces(running).join(", "));
    }
    if let Some(address) = running.demo_address() {
        announce!("  spacecraft  simulated, on {address}");
    }
    if let Some(gateway) = running.gateway {
        announce!("\nTry, in another terminal (password of the demo: password):");
        for line in examples(running, gateway) {
            announce!("  {line}");
        }
    }
    announce!("\nCtrl-C stops it and loses nothing.");
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

/// Returns commands that work on what is loaded.
fn examples(running: &Running, gateway: SocketAddr) -> Vec<String> {
    let this = std::env::current_exe()
        .map_or_else(|_| "groundlog".into(), |path| path.display().to_string());
    let url =
        if gateway.port() == 2900 { String::new() } else { format!(" --url http://{gateway}") };
    let mut lines = Vec::new();
    if let Some((packet, item)) = running.plugin.as_ref().and_then(|it| it.example_item()) {
        lines.push(format!("{this} tlm {packet} {item} --type formatted{url}"));
    }
    if running.demo_address().is_some() {
        lines.push(format!("{this} cmd \"INST COLLECT with TYPE NORMAL, DURATION 5\"{url}"));
    } else {
        lines.push(format!("{this} status{url}"));
    }
    lines.push(format!("{this} log tail commands --data {}", running.data.display()));
    lines
}
