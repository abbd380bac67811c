//! `groundlog replay --format dump`: the layout of the historical ingest guide.

use std::time::Duration;

use groundlog_tests::{
    Spacecraft, Stack, StackOptions, bare_target, groundlog, packet, send, shared, wait_for,
};
use serde_json::json;

const SOON: Duration = Duration::from_secs(10);

/// A dump with 20-byte file header and 20-byte record headers, times in seconds and microseconds.
fn dump(count: u32) -> Vec<u8> {
    let mut records = Vec::new();
    for index in 0..count {
        let payload = packet(index);
        let header = [index + 1, 1, payload.len() as u32, 1_600_000_000 + index, 250_000];
        records.extend(header.iter().flat_map(|word| word.to_be_bytes()));
        records.extend(payload);
    }
    let header = [20 + records.len() as u32, count, 77, 1_600_000_000, 0];
    let mut file: Vec<u8> = header.iter().flat_map(|word| word.to_be_bytes()).collect();
    file.extend(records);
    file
}

#[test]
fn a_dump_is_imported_beside_live_data_and_keeps_its_times() {
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
    assert!(send(&mut stream, &packet(5000)));
    wait_for("the live packet is shown", SOON, || {
        (stack.http.call("tlm", json!(["TEST DATA COUNTER"])) == 5000).then_some(())
    });
    let file = folder.path().join("dump.bin");
    std::fs::write(&file, dump(100)).expect("dump");
    let path = file.to_string_lossy();
    let arguments = [
        "replay",
        &path,
        "--format",
        "dump",
        "--subseconds",
        "us",
        "--target",
        "TEST",
        "--json",
        "--url",
        stack.url(),
    ];
    let result = groundlog(&arguments).json_lines().remove(0);
    assert_eq!(result["appended"], 100, "{result}");
    wait_for("live and stored packets are counted", SOON, || {
        (stack.http.call("get_tlm_cnt", json!(["TEST DATA"])) == 101).then_some(())
    });
    assert_eq!(stack.http.call("tlm", json!(["TEST DATA COUNTER"])), 5000);
    assert_eq!(stack.http.call("tlm", json!(["TEST DATA RECEIVED_COUNT"])), 1);
    let data = stack.data().to_string_lossy().into_owned();
    let stored = groundlog(&["log", "cat", "decom.stored", "--json", "--data", &data]).json_lines();
    let first = stored.iter().find(|record| record["raw"]["COUNTER"] == 0).expect("the first");
    assert_eq!(first["packet_time"], "2020-09-13T12:26:40.250000000Z");
    assert_eq!(first["received_time"], first["packet_time"]);
    assert_eq!(groundlog(&arguments).json_lines()[0]["appended"], 0);
}

#[test]
fn a_truncated_dump_keeps_what_was_whole_and_names_the_byte() {
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let stack = Stack::start(&StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        "tcp://127.0.0.1:1",
    ]));
    let file = folder.path().join("dump.bin");
    let bytes = dump(10);
    std::fs::write(&file, &bytes[..bytes.len() - 5]).expect("dump");
    let path = file.to_string_lossy();
    let arguments = ["replay", &path, "--format", "dump", "--target", "TEST", "--url", stack.url()];
    let output = groundlog(&arguments);
    assert_ne!(output.code, 0);
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(said.contains("byte") && said.contains("dump.bin"), "{said}");
    wait_for("the nine whole packets are kept", SOON, || {
        (stack.http.call("get_tlm_cnt", json!(["TEST DATA"])) == 9).then_some(())
    });
}

/// A copy that lacks its end, then the whole file, then the copy again, and the other way round:
/// one copy of each packet (X09). Packets that are alike in all but their place are all kept.
#[test]
fn a_truncated_copy_is_part_of_the_same_import() {
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let stack = Stack::start(&StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        "tcp://127.0.0.1:1",
    ]));
    let import = |name: &str, content: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, content).expect("file");
        let path = file.to_string_lossy();
        let url = stack.url();
        let arguments =
            ["replay", &path, "--format", "fixed:24", "--target", "TEST", "--json", "--url", url];
        let output = groundlog(&arguments);
        let result: serde_json::Value = serde_json::from_str(&output.stdout).expect("JSON");
        (result["appended"].as_u64().expect("a number"), output.code)
    };
    let counted: Vec<u8> = (0..3_000).flat_map(packet).collect();
    let cut = &counted[..counted.len() - 24 * 100 - 7];
    assert_eq!(import("cut.bin", cut), (2_899, 1));
    assert_eq!(import("whole.bin", &counted), (101, 0));
    assert_eq!(import("cut.bin", cut), (0, 1));
    assert_eq!(import("whole-under-another-name.bin", &counted), (0, 0));

    let alike = packet(5_000).repeat(2_000);
    assert_eq!(import("alike.bin", &alike), (2_000, 0));
    assert_eq!(import("fewer.bin", &alike[..24 * 700]), (0, 0));
    assert_eq!(import("more.bin", &packet(5_000).repeat(2_001)), (1, 0));

    // It begins like the first, and goes on otherwise.
    let other = [&counted[..24 * 50], &packet(9_999)].concat();
    assert_eq!(import("other.bin", &other), (51, 0));
    assert_eq!(import("other.bin", &other), (0, 0));
    let total = 3_000 + 2_001 + 51;
    wait_for("all of them are decoded", SOON, || {
        (stack.http.call("get_tlm_cnt", json!(["TEST DATA"])) == total).then_some(())
    });
    let data = stack.data().to_string_lossy().into_owned();
    let stored = groundlog(&["log", "cat", "decom.stored", "--json", "--data", &data]).json_lines();
    let mut counters: Vec<_> =
        stored.iter().filter_map(|record| record["raw"]["COUNTER"].as_u64()).collect();
    counters.sort_unstable();
    let mut expected: Vec<u64> = (0..3_000).chain(0..50).chain([9_999]).collect();
    expected.extend([5_000; 2_001]);
    expected.sort_unstable();
    assert_eq!(counters, expected);
}

/// A log keeps unknown packets unknown: a file of them is imported only when that is asked for.
#[test]
fn a_file_of_packets_that_nobody_knows_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let stack = Stack::start(&StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        "tcp://127.0.0.1:1",
    ]));
    let file = folder.path().join("foreign.bin");
    std::fs::write(&file, [0xEE; 240]).expect("file");
    let path = file.to_string_lossy();
    let arguments = ["replay", &path, "--format", "fixed:24", "--json", "--url", stack.url()];
    let output = groundlog(&arguments);
    assert_eq!(output.code, 1, "{}", output.stderr);
    for part in ["foreign.bin", "first 10 packets", "TEST", "--plugin", "--unknown"] {
        assert!(output.stderr.contains(part), "'{part}' is not in: {}", output.stderr);
    }
    let wanted = groundlog(&[&arguments[..], &["--unknown"]].concat());
    assert_eq!(wanted.json_lines()[0]["appended"], 10);
    // The names in a packet log help only where the system has them.
    let Some(log) = shared("samples/py_raw_tlm.bin") else { return };
    let path = log.to_string_lossy();
    let output = groundlog(&["replay", &path, "--format", "cosmos", "--url", stack.url()]);
    assert_eq!(output.code, 1, "{}", output.stdout);
    assert!(output.stderr.contains("--unknown"), "{}", output.stderr);
}

/// The time lies in the packets: items of the running system's definitions say where.
#[test]
fn times_are_read_from_items_of_the_running_system() {
    let folder = tempfile::tempdir().expect("folder");
    let target = folder.path().join("CLOCK");
    std::fs::create_dir_all(target.join("cmd_tlm")).expect("folder");
    let definitions = "\
TELEMETRY CLOCK TICK BIG_ENDIAN
  APPEND_ID_ITEM ID 8 UINT 1
  APPEND_ITEM TIMESEC 32 UINT
  APPEND_ITEM TIMEUS 32 UINT
";
    std::fs::write(target.join("cmd_tlm/tlm.txt"), definitions).expect("definitions");
    let plugin = target.to_string_lossy();
    let options = ["--plugin", &*plugin, "--connect", "tcp://127.0.0.1:1"];
    let stack = Stack::start(&StackOptions::with(&options));
    let seconds = 1_600_000_000_u32;
    let packets = (0..3).flat_map(|index| {
        let words = [seconds + index, 250_000].map(u32::to_be_bytes);
        [&[1][..], &words.concat()].concat()
    });
    let file = folder.path().join("ticks.bin");
    std::fs::write(&file, packets.collect::<Vec<u8>>()).expect("file");
    let path = file.to_string_lossy();
    let replay = |time: &str, more: &[&str]| {
        let arguments = ["replay", &path, "--format", "fixed:9", "--time", time, "--json"];
        groundlog(&[&arguments[..], &["--url", stack.url()], more].concat())
    };
    let result = replay("unix:TIMESEC,TIMEUS", &[]).json_lines().remove(0);
    assert_eq!([&result["appended"], &result["files"][0]["without_time"]], [3, 0], "{result}");
    let again = replay("unix:TIMESEC", &["--again", "whole-seconds"]).json_lines().remove(0);
    assert_eq!(again["appended"], 3, "{again}");
    wait_for("all are decoded", SOON, || {
        (stack.http.call("get_tlm_cnt", json!(["CLOCK TICK"])) == 6).then_some(())
    });
    let data = stack.data().to_string_lossy().into_owned();
    let stored = groundlog(&["log", "cat", "decom.stored", "--json", "--data", &data]).json_lines();
    let times: Vec<&str> =
        stored.iter().filter_map(|record| record["packet_time"].as_str()).collect();
    let expected = [".250000000Z", ".000000000Z"].into_iter().flat_map(|fraction| {
        (40..43).map(move |second| format!("2020-09-13T12:26:{second}{fraction}"))
    });
    assert_eq!(times, expected.collect::<Vec<_>>());
    // An item that no packet has is refused before anything is imported.
    let refused = replay("unix:NO_SUCH_ITEM", &["--again", "wrong"]);
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("NO_SUCH_ITEM"), "{}", refused.stderr);
}
