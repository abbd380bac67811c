//! Offline decoding: files of any size, from any source, in little memory.

use std::{
    fs,
    io::Write as _,
    process::{Child, Stdio},
};

use groundlog_tests::{groundlog, groundlog_command, shared, workspace};
use serde_json::{Value, json};

/// Bytes of one synthetic packet.
const PACKET_BYTES: usize = 71;
/// More than anyone holds in memory by accident.
const STREAM_BYTES: usize = 300 * 1024 * 1024;
/// What a decoder may take at its peak: the binary, its buffers, the definitions.
const PEAK_KIB_MAX: u64 = 64 * 1024;

/// Packets that the JPSS plug-in knows, one after the other.
fn packets(count: usize) -> Vec<u8> {
    let mut packet = vec![0x08, 0x0b, 0xc0, 0, 0, 64];
    packet.resize(PACKET_BYTES, 0x11);
    packet.repeat(count)
}

/// Returns the most memory that a running process has had, in KiB.
fn peak_kib(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn a_stream_of_any_size_takes_the_memory_of_a_short_one() {
    let plugin = workspace().join("tests/plugins/JPSS");
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("decoded.csv");
    let (plugin, output_path) = (plugin.to_string_lossy(), output.to_string_lossy());
    let arguments = [
        "decode",
        "--plugin",
        &plugin,
        "--csv",
        "--raw",
        "--item",
        "ADGPSPOSX",
        "--output",
        &output_path,
        "-",
    ];
    let mut command = groundlog_command(&arguments);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("groundlog starts");
    let mut input = child.stdin.take().expect("a pipe");
    let chunk = packets(1024);
    let chunks = STREAM_BYTES / chunk.len() + 1;
    for _ in 0..chunks {
        input.write_all(&chunk).expect("it reads");
    }
    // All but what the pipe holds was read, and the process still runs.
    let peak = peak_kib(&child);
    drop(input);
    let ended = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
    assert!(said.contains(&format!("{} packets decoded", chunks * 1024)), "{said}");
    println!("{} bytes in, at most {peak} KiB in memory", chunks * chunk.len());
    assert!(peak < PEAK_KIB_MAX, "{peak} KiB");
}

#[test]
fn the_samples_of_packet_logs_are_decoded_compressed_or_not() {
    let (Some(plain), Some(packed)) =
        (shared("samples/py_raw_tlm.bin"), shared("samples/py_raw_tlm.bin.gz"))
    else {
        return;
    };
    let plugin = workspace().join("tests/plugins/JPSS");
    let decode = |file: &std::path::Path| {
        let (plugin, file) = (plugin.to_string_lossy(), file.to_string_lossy());
        groundlog(&["decode", "--plugin", &plugin, "--format", "cosmos", &file])
    };
    // Nobody defines these packets: their names, times and bytes are there all the same.
    let output = decode(&plain);
    assert_eq!(output.code, 1, "none decoded: {}", output.stderr);
    assert_eq!(output.stdout.lines().count(), 3, "{}", output.stdout);
    assert!(output.stdout.contains(r#""packet":"ADCS""#), "{}", output.stdout);
    assert_eq!(decode(&packed).stdout, output.stdout);
}

#[test]
fn bad_input_is_told_with_file_byte_record_and_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pass.dat");
    fs::write(&file, [packets(3), b"no packet".to_vec()].concat()).expect("a file");
    let plugin = workspace().join("tests/plugins/JPSS");
    let (plugin, path) = (plugin.to_string_lossy(), file.to_string_lossy());
    let decode = |more: &[&str]| {
        let arguments = [&["decode", "--plugin", &*plugin], more, &[&*path]].concat();
        groundlog(&arguments)
    };
    let output = decode(&[]);
    assert_eq!((output.code, output.stdout.lines().count()), (1, 3));
    let expected = format!("{path}, byte 213, record 3: no space packet starts here");
    assert!(output.stderr.contains(&expected), "{}", output.stderr);
    assert!(output.stderr.contains("--skip-header-bytes"), "{}", output.stderr);
    // As `replay` does: nothing is taken from a file without a time where it was said to be.
    let output = decode(&["--time", "cds:65"]);
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    let expected = format!("{path}, byte 0, record 0: none of the first 3 packets");
    assert!(output.stderr.contains(&expected), "{}", output.stderr);
}

#[test]
fn packets_that_are_documents_are_decoded_from_a_target_folder() {
    const DEFINITIONS: &str = "\
TELEMETRY WEB STATUS BIG_ENDIAN \"A report\"
  ACCESSOR JsonAccessor
  APPEND_ID_ITEM KIND 8 UINT 1 \"Kind of report\"
    KEY $.kind
  APPEND_ITEM TEMP 32 FLOAT \"Temperature\"
    KEY $.bus.temperatures[1]
    POLY_READ_CONVERSION 10 2
    UNITS Celsius C
  APPEND_ITEM NAME 0 STRING \"Who reports\"
    KEY $.name
TELEMETRY WEB EVENT BIG_ENDIAN \"Something that happened\"
  ACCESSOR JsonAccessor
  APPEND_ID_ITEM KIND 8 UINT 2 \"Kind of report\"
    KEY $.kind
  APPEND_ITEM TEXT 0 STRING \"What happened\"
    KEY $.text
";
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("WEB");
    fs::create_dir_all(target.join("cmd_tlm")).expect("a folder");
    fs::write(target.join("cmd_tlm/tlm.txt"), DEFINITIONS).expect("a file");
    let documents = [
        r#"{"kind": 1, "bus": {"temperatures": [3, 1.5]}, "name": "é"}"#,
        r#"{"text": "started", "kind": 2}"#,
        r#"{"kind": 1, "bus": {}}"#,
    ];
    let framed = |document: &str| {
        let length = u16::try_from(document.len()).expect("a short document");
        [&length.to_be_bytes(), document.as_bytes()].concat()
    };
    let file = folder.path().join("reports.bin");
    fs::write(&file, documents.map(framed).concat()).expect("a file");
    let (target, file) = (target.to_string_lossy(), file.to_string_lossy());
    let lines = |form: &str| {
        let format = ["--format", "length:0,16,2", "--skip-header-bytes", "2"];
        let arguments = [&["decode", "--plugin", &*target, form], &format[..], &[&*file]].concat();
        groundlog(&arguments).json_lines()
    };
    let values = |form: &str| -> Vec<Value> {
        lines(form).into_iter().map(|mut line| line["values"].take()).collect()
    };
    let packets: Vec<Value> = lines("--raw").iter().map(|line| line["packet"].clone()).collect();
    assert_eq!(packets, ["STATUS", "EVENT", "STATUS"]);
    let expected = [
        json!({"KIND": 1, "TEMP": 1.5, "NAME": "é"}),
        json!({"KIND": 2, "TEXT": "started"}),
        json!({"KIND": 1, "TEMP": null, "NAME": null}),
    ];
    assert_eq!(values("--raw"), expected);
    assert_eq!(values("--converted")[0]["TEMP"], 13.0);
    assert_eq!(values("--formatted")[0]["TEMP"], "13.0 C");
}
