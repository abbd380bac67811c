//! Reading the log from outside: the page docs/from-outside.md, its script and its command lines.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use groundlog_tests::{
    Output, Spacecraft, Stack, StackOptions, finish, groundlog_command, python, send, wait_for,
    workspace,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(10);
/// The topics that the script is given, definitions first.
const TOPICS: [&str; 3] = ["definitions", "raw", "decom"];
/// How kcat prints what the script reads.
const FORMAT: &str = r"%t %p %o %S\n%s\n";

/// The script of the page with the code that its first command generates.
struct Script {
    python: PathBuf,
    generated: TempDir,
}

impl Script {
    fn new() -> Self {
        let examples = workspace().join("docs/examples");
        let python = python("outside", &examples.join("requirements.txt"));
        let generated = tempfile::tempdir().expect("folder");
        finish(
            Command::new(&python)
                .args(["-m", "grpc_tools.protoc", "-I", "proto", "groundlog.proto"])
                .arg(format!("--python_out={}", generated.path().display()))
                .current_dir(workspace()),
        );
        Self { python, generated }
    }

    /// Returns what the script prints for records in the form of kcat.
    fn read(&self, records: &[u8]) -> Vec<Value> {
        let mut child = Command::new(&self.python)
            .arg(workspace().join("docs/examples/read_records.py"))
            .env("PYTHONPATH", self.generated.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut stdin = child.stdin.take().expect("piped");
        let records = records.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(&records));
        let output = child.wait_with_output().expect("python ends");
        writer.join().expect("writer").expect("the script reads to the end");
        let stdout = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "the script failed after:\n{stdout}");
        stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// A system whose log is read, and the settings that find its log.
struct Source {
    stack: Stack,
    environment: Vec<(String, String)>,
    packets: Vec<Vec<u8>>,
}

impl Source {
    /// Starts a system with a target of every form and lets its packets through.
    fn start(environment: &[(String, String)]) -> Self {
        let spacecraft = Spacecraft::new();
        let target = workspace().join("tests/targets/OUT");
        let mut options = StackOptions::with(&[
            "--plugin",
            &target.to_string_lossy(),
            "--connect",
            &format!("tcp://{}", spacecraft.address()),
            "--protocol",
            "LENGTH 0 16 2",
        ]);
        options.environment = environment.to_vec();
        let stack = Stack::start(&options);
        let packets = packets();
        let mut stream = spacecraft.accept();
        assert!(packets.iter().all(|packet| send(&mut stream, packet)));
        let count = |name: &str| stack.http.call("get_tlm_cnt", json!(["OUT", name])) == 1;
        wait_for("the packets are decommutated", SOON, || {
            (count("ALL") && count("LIST") && count("SHORT")).then_some(())
        });
        Self { stack, environment: environment.to_vec(), packets }
    }

    fn groundlog(&self, arguments: &[&str]) -> Output {
        let mut command = groundlog_command(arguments);
        // A folder that is named goes before the broker that the environment names.
        if self.environment.is_empty() {
            command.args(["--data", &self.stack.data().to_string_lossy()]);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.output().expect("groundlog starts");
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn log_cat(&self, topic: &str) -> Vec<Value> {
        self.groundlog(&["log", "cat", topic, "--json"]).json_lines()
    }

    /// Compares what the script made of the topics with what groundlog itself shows.
    fn check(&self, script: &[Value]) {
        let of = |topic: &str| {
            let full = |value: &&Value| {
                value["topic"].as_str().is_some_and(|name| name.ends_with(&format!(".{topic}")))
            };
            script.iter().filter(full).collect::<Vec<_>>()
        };
        let raw = self.log_cat("raw");
        same_positions(&of("raw"), &raw);
        let data: Vec<&str> = of("raw").iter().filter_map(|line| line["data"].as_str()).collect();
        let data: Vec<&&str> = data.iter().filter(|data| !data.is_empty()).collect();
        let sent: Vec<String> = self.packets.iter().map(|packet| hex(packet)).collect();
        assert_eq!(data, sent.iter().collect::<Vec<_>>(), "the bytes that were sent");

        let decom = self.log_cat("decom");
        same_positions(&of("decom"), &decom);
        let with_values = decom.iter().filter(|line| line["raw"].is_object()).count();
        assert_eq!(with_values, self.packets.len(), "{decom:?}");
        for (found, own) in of("decom").into_iter().zip(&decom) {
            same_values(found, own);
        }
        self.check_current_values(&of("decom"));
    }

    /// The values of the script are those that an operator sees.
    fn check_current_values(&self, decom: &[&Value]) {
        let packet = decom.iter().find(|line| line["packet"] == "ALL").expect("ALL");
        let mut command =
            groundlog_command(&["tlm", "OUT", "ALL", "--json", "--url", self.stack.url()]);
        let shown: Value = serde_json::from_slice(&finish(&mut command)).expect("JSON");
        for name in ["BITS", "SIGNED", "SINGLE", "TEMP", "MODE", "OTHER", "TEXT", "NOTE", "LAMPS"] {
            let (found, shown) = (&packet["converted"][name], &shown[name]["value"]);
            assert!(same(found, shown), "{name}: the script has {found}, tlm shows {shown}");
        }
        assert_eq!(packet["limits"]["TEMP"], shown["TEMP"]["limits"]);
    }
}

/// The three packets of tests/targets/OUT, with their length field.
fn packets() -> Vec<Vec<u8>> {
    let mut all = vec![1, 0b101_11101];
    all.extend(u64::MAX.to_be_bytes());
    all.extend(1.25_f32.to_be_bytes());
    all.extend((-1e300_f64).to_be_bytes());
    all.extend(350_u16.to_be_bytes());
    all.extend([1, 9, 5]);
    all.extend(*b"abc\0defg");
    all.extend([0xde, 0xad, 0xbe, 0xef]);
    all.extend([-1_i16, 2, -300, 32_767].iter().flat_map(|number| number.to_be_bytes()));
    all.extend([1, 2, 200]);
    all.extend([0, 1, 2]);
    all.extend([192, 0, 2, 7]);
    all.extend(1_700_000_000_u32.to_be_bytes());
    all.extend(250_001_u32.to_be_bytes());
    all.extend("grüß dich".as_bytes());
    let list = [vec![2], [1_u16, 2, 65_535].iter().flat_map(|n| n.to_be_bytes()).collect()];
    let framed = |body: Vec<u8>| [&(body.len() as u16).to_be_bytes()[..], &body].concat();
    vec![framed(all), framed(list.concat()), framed(vec![3, 77])]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn same_positions(found: &[&Value], own: &[Value]) {
    let place = |line: &Value| {
        ["topic", "partition", "offset"].map(|name| line[name].to_string()).join(" ")
    };
    let found: Vec<String> = found.iter().map(|line| place(line)).collect();
    let own: Vec<String> = own.iter().map(place).collect();
    assert_eq!(found, own);
    assert!(!own.is_empty());
}

/// Compares every value of one decommutated record.
fn same_values(found: &Value, own: &Value) {
    for name in ["target", "packet"] {
        assert_eq!(found[name], own[name]);
    }
    assert_eq!(found["source"], own["source"]["offset"]);
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (raw, converted) = (members(&own["raw"]), members(&own["converted"]));
    for (item, own_raw) in &raw {
        let (found_raw, found_value) = (&found["raw"][item], &found["converted"][item]);
        let own_value = converted.get(item).unwrap_or(own_raw);
        assert!(same(found_raw, own_raw), "{item} raw: script {found_raw}, log cat {own_raw}");
        assert!(same(found_value, own_value), "{item}: script {found_value}, log cat {own_value}");
    }
    let names = |value: &Value| members(value).keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found["raw"]), names(&own["raw"]));
    assert_eq!(members(&found["limits"]), members(&own["limits"]));
}

/// Equal as numbers, whole or not; a time is text in one and nanoseconds in the other.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() != other.is_f64() && one.as_f64() == other.as_f64())
        }
        (Value::Number(nanos), Value::String(text)) => {
            nanos.as_u64() == Some(PACKET_TIME.0) && text == PACKET_TIME.1
        }
        _ => one == other,
    }
}

/// The time in the packet ALL: in nanoseconds, and as `log cat` shows it.
const PACKET_TIME: (u64, &str) = (1_700_000_000_250_001_000, "2023-11-14T22:13:20.250001000Z");

#[test]
fn the_script_reads_the_embedded_log() {
    let source = Source::start(&[]);
    let mut records = Vec::new();
    for topic in TOPICS {
        let mut command = groundlog_command(&["log", "cat", topic, "--raw"]);
        command.args(["--data", &source.stack.data().to_string_lossy()]);
        records.extend(finish(&mut command));
    }
    source.check(&Script::new().read(&records));
    let refused = source.groundlog(&["log", "cat", "raw", "--raw", "--json"]);
    assert!(refused.code == 1 && refused.stderr.contains("--raw and --json"), "{refused:?}");
}

#[test]
fn the_script_reads_kafka_through_kcat() {
    let Ok(broker) = std::env::var("GROUNDLOG_TEST_KAFKA") else {
        println!("SKIPPED: kcat needs a broker; set GROUNDLOG_TEST_KAFKA=HOST:PORT");
        return;
    };
    // Topics of this run alone.
    let prefix = format!("outside-{}.", std::process::id());
    let environment = [
        ("GROUNDLOG__LOG__URL".to_owned(), format!("kafka://{broker}")),
        ("GROUNDLOG__LOG__PREFIX".to_owned(), prefix.clone()),
    ];
    let source = Source::start(&environment);
    let mut records = Vec::new();
    for topic in TOPICS {
        let topic = format!("{prefix}{topic}");
        records.extend(finish(
            Command::new("kcat")
                .args(["-b", &broker, "-C", "-t", &topic, "-o", "beginning", "-e", "-q"])
                .args(["-f", FORMAT]),
        ));
    }
    let mut lines = Script::new().read(&records);
    // kcat mixes partitions; `log cat` prints one after the other.
    lines.sort_by_key(|line| (line["partition"].as_u64(), line["offset"].as_u64()));
    source.check(&lines);
}

/// The page shows the command lines that the tests run.
#[test]
fn the_page_shows_what_is_tested() {
    let page = std::fs::read_to_string(workspace().join("docs/from-outside.md")).expect("page");
    for line in [
        "python3 -m grpc_tools.protoc -I proto --python_out=docs/examples groundlog.proto",
        &format!("-C -t groundlog.$topic -o beginning -e -q -f '{FORMAT}'"),
        "groundlog log cat $topic --raw --data groundlog-data",
        &format!("for topic in {}; do", TOPICS.join(" ")),
    ] {
        assert!(page.contains(line), "docs/from-outside.md lacks: {line}");
    }
}
