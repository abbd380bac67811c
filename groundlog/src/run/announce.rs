use serde_json::json;

use super::system::Running;

/// Says what runs and where; ends with three commands to try.
pub(super) fn announce(running: &Running, as_json: bool) {
    let gateway = running.gateway;
    if as_json {
        println!(
            "{}",
            json!({
                "gateway": gateway.to_string(),
                "data": running.data.display().to_string(),
                "plugin": running.plugin,
                "definitions": running.definitions.to_string(),
                "interfaces": running.interfaces,
                "simulator": running.demo_address().map(|address| address.to_string()),
            })
        );
        return;
    }
    let this = std::env::current_exe()
        .map_or_else(|_| "groundlog".into(), |path| path.display().to_string());
    println!("groundlog {} is up", env!("CARGO_PKG_VERSION"));
    println!("  API         http://{gateway}/openc3-api/api");
    println!("  health      http://{gateway}/health   metrics http://{gateway}/metrics");
    println!("  data        {} (log, current values, settings)", running.data.display());
    println!("  plug-in     {} (definitions {})", running.plugin, running.definitions);
    println!("  interfaces  {}", running.interfaces.join(", "));
    if let Some(address) = running.demo_address() {
        println!("  spacecraft  simulated, on {address}");
    }
    let url =
        if gateway.port() == 2900 { String::new() } else { format!(" --url http://{gateway}") };
    println!("\nTry, in another terminal (password of the demo: password):");
    for line in running.examples(&this, &url) {
        println!("  {line}");
    }
    println!("\nCtrl-C stops it and loses nothing.");
}
