//! Issue "the spine", point 2: a user's own plug-in folder, or a bare target folder.

use std::time::Duration;

use groundlog_tests::{
    Spacecraft, Stack, StackOptions, bare_target, groundlog, packet, receive, send, wait_for,
};
use serde_json::json;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_bare_target_folder_is_loaded_and_connected() {
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let stack = Stack::start(&StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        &format!("tcp://{}", spacecraft.address()),
        "--protocol",
        "LENGTH 0 16 2",
    ]));
    let mut stream = spacecraft.accept();
    let many: Vec<u8> = (0..1000).flat_map(packet).collect();
    assert!(send(&mut stream, &many));
    wait_for("all arrive", SOON, || {
        (stack.http.call("get_tlm_cnt", json!(["TEST", "DATA"])) == 1000).then_some(())
    });
    assert_eq!(stack.http.call("tlm", json!(["TEST DATA COUNTER"])), 999);
    assert_eq!(stack.http.call("get_interface_names", json!([])), json!(["TEST_INT"]));
}

#[test]
fn a_plugin_with_variables_maps_renamed_targets_to_interfaces() {
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    bare_target(&folder.path().join("targets"));
    let plugin = "\
VARIABLE name BIRD
VARIABLE host 10.255.255.1
VARIABLE port 1
TARGET TEST <%= name %>
INTERFACE <%= name %>_INT tcpip_client_interface.rb <%= host %> <%= port %> <%= port %> 10.0 nil BURST
  PROTOCOL READ LengthProtocol 0 16 2
  RECONNECT_DELAY 0.1
  MAP_CMD_TARGET <%= name %>
  MAP_TLM_TARGET <%= name %>
";
    std::fs::write(folder.path().join("plugin.txt"), plugin).expect("plugin.txt");
    let stack = Stack::start(&StackOptions::with(&[
        "--plugin",
        &folder.path().to_string_lossy(),
        "host=127.0.0.1",
        &format!("port={}", spacecraft.address().port()),
    ]));
    let mut stream = spacecraft.accept();
    assert!(send(&mut stream, &packet(41)));
    wait_for("the packet arrives", SOON, || {
        (stack.http.call("tlm", json!(["BIRD DATA COUNTER"])) == 41).then_some(())
    });
    stack.http.call("cmd", json!(["BIRD SET with VALUE 1"]));
    assert_eq!(receive(&mut stream, 7), [0, 5, 7, 0, 0, 0, 1]);
    let interface = stack.http.call("get_interface", json!(["BIRD_INT"]));
    assert_eq!(interface["state"], "CONNECTED");
}

#[test]
fn what_is_not_supported_yet_is_named_with_file_and_line() {
    let folder = tempfile::tempdir().expect("folder");
    bare_target(&folder.path().join("targets"));
    let plugin = "TARGET TEST TEST\nINTERFACE X mqtt_interface.rb host 1\n  MAP_TARGET TEST\n";
    std::fs::write(folder.path().join("plugin.txt"), plugin).expect("plugin.txt");
    let path = folder.path().to_string_lossy();
    let data = folder.path().join("data");
    let output = groundlog(&["run", "--plugin", &path, "--data", &data.to_string_lossy()]);
    assert_ne!(output.code, 0);
    assert!(output.stderr.contains("plugin.txt:2"), "{}", output.stderr);
    assert!(output.stderr.contains("MqttInterface"), "{}", output.stderr);
}
