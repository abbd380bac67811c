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

#[test]
fn a_value_that_is_absent_is_null_and_no_other_value_passes_for_it() {
    const DEFINITIONS: &str = "\
TELEMETRY GAPS DATA BIG_ENDIAN \"A packet of which the end may be missing\"
  ALLOW_SHORT
  APPEND_ITEM LENGTH 16 UINT \"Bytes after this field\"
  APPEND_ID_ITEM ID 8 UINT 1 \"Packet id\"
  APPEND_ITEM FOREIGN 8 UINT \"Converted by code that is not run\"
    READ_CONVERSION their_conversion.rb
    LIMITS DEFAULT 1 ENABLED 1 2 8 9
  APPEND_ITEM PRESENT 8 UINT \"Always there\"
    POLY_READ_CONVERSION 0 2
  APPEND_ITEM LAST 32 UINT \"Missing at times\"
";
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    let target = folder.path().join("GAPS");
    std::fs::create_dir_all(target.join("cmd_tlm")).expect("folder");
    std::fs::write(target.join("cmd_tlm/tlm.txt"), DEFINITIONS).expect("definitions");
    let stack = Stack::start(&StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        &format!("tcp://{}", spacecraft.address()),
        "--protocol",
        "LENGTH 0 16 2",
    ]));
    let mut stream = spacecraft.accept();
    let read =
        |method: &str, item: &str| stack.http.call(method, json!([format!("GAPS DATA {item}")]));
    assert!(send(&mut stream, &[0, 7, 1, 200, 21, 0, 0, 0, 77]));
    wait_for("the whole packet arrives", SOON, || (read("tlm", "LAST") == 77).then_some(()));
    assert_eq!(read("tlm_raw", "FOREIGN"), 200);
    assert_eq!(read("tlm", "FOREIGN"), json!(null));
    assert_eq!(read("tlm_formatted", "FOREIGN"), json!(null));
    assert!(send(&mut stream, &[0, 3, 1, 200, 22]));
    wait_for("the short packet arrives", SOON, || (read("tlm", "PRESENT") == 44.0).then_some(()));
    for method in ["tlm", "tlm_raw", "tlm_formatted"] {
        assert_eq!(read(method, "LAST"), json!(null), "{method}");
    }
    let limits = stack.http.call("get_tlm_packet", json!(["GAPS DATA"]));
    let row = limits.as_array().expect("rows").iter().find(|row| row[0] == "FOREIGN");
    assert_eq!(row, Some(&json!(["FOREIGN", null, null])));
}
