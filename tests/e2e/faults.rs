//! kill -9 of the whole system under load: nothing acknowledged is lost, nothing is twice, and the
//! rebuilt table equals the live one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use groundlog_tests::{
    Spacecraft, Stack, StackOptions, bare_target, groundlog, packet, send, wait_for,
};
use serde_json::{Value, json};

const KILLS: u32 = 10;
/// Packets that go out in one write.
const BATCH: u32 = 50;
const SOON: Duration = Duration::from_secs(20);

/// A spacecraft that sends counted packets to whoever connects, and never the same twice.
struct Load {
    next: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Load {
    fn start(spacecraft: Spacecraft) -> Self {
        let next = Arc::new(AtomicU32::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (counter, stopped) = (next.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let mut stream = spacecraft.accept();
                while !stopped.load(Ordering::Relaxed) {
                    let first = counter.load(Ordering::Relaxed);
                    let batch: Vec<u8> = (first..first + BATCH).flat_map(packet).collect();
                    counter.store(first + BATCH, Ordering::Relaxed);
                    if !send(&mut stream, &batch) {
                        break;
                    }
                    std::thread::park_timeout(Duration::from_millis(2));
                }
            }
        });
        Self { next, stop, thread: Some(thread) }
    }
}

#[test]
fn kill_9_under_load_loses_nothing_acknowledged_and_repeats_nothing() {
    let spacecraft = Spacecraft::new();
    let address = spacecraft.address();
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let options = StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        &format!("tcp://{address}"),
        "--protocol",
        "LENGTH 0 16 2",
    ])
    .data(&folder.path().join("data"));
    let mut load = Load::start(spacecraft);
    let mut shown = BTreeSet::new();
    let mut seen: Option<i64> = None;
    let mut random = 0x2545_F491_u32;
    for kill in 0..KILLS {
        let mut stack = Stack::start(&options);
        let counter = || stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])).as_i64();
        // What a client has seen before the kill must still be there after it.
        let restored = counter();
        assert!(restored >= seen, "kill {kill}: {restored:?} is older than {seen:?}");
        seen = Some(wait_for("live data", SOON, || counter().filter(|now| Some(*now) > restored)));
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let until = Instant::now() + Duration::from_millis(u64::from(random >> 24));
        while Instant::now() < until {
            seen = counter().or(seen);
        }
        stack.kill();
        shown.extend(seen);
    }

    let mut stack = Stack::start(&options);
    let counter = || stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])).as_i64();
    wait_for("live data", SOON, || counter().filter(|now| Some(*now) > seen));
    let arguments =
        ["rebuild", "cvt", "--from", "earliest", "--verify", "--json", "--url", stack.url()];
    assert_eq!(groundlog(&arguments).json_lines()[0]["equal"], true);
    load.stop.store(true, Ordering::Relaxed);
    assert_eq!(stack.interrupt(), 0, "{}", stack.said());
    // The sender may wait in accept: one last connection lets it see the stop.
    let _ = std::net::TcpStream::connect(address);
    if let Some(thread) = load.thread.take() {
        thread.join().expect("load");
    }

    let data = stack.data().to_string_lossy().into_owned();
    assert_eq!(groundlog(&["log", "verify", "--data", &data]).code, 0);
    let counters = check_raw(&data, load.next.load(Ordering::Relaxed));
    let lost: Vec<_> = shown.iter().filter(|one| !counters.contains(&(**one as u32))).collect();
    assert!(lost.is_empty(), "shown to a client, and not in the log: {lost:?}");
    check_decom(&data);
}

/// Every packet in the log is one that was sent, intact and once (X02); between the first and the
/// last packet of each run (epoch) none is missing: what a connection delivered is there whole.
fn check_raw(data: &str, sent: u32) -> BTreeSet<u32> {
    let mut counters = BTreeSet::new();
    let mut runs: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for record in cat("raw", data).iter().filter(|record| record["extra"].is_null()) {
        let Some(hex) = record["data"].as_str() else { continue };
        let counter = u32::from_str_radix(&hex[6..14], 16).expect("hex");
        assert!(counter < sent, "{record}");
        assert_eq!(hex, hex_of(&packet(counter)), "altered: {record}");
        assert!(counters.insert(counter), "twice: {record}");
        runs.entry(record["epoch"].as_u64().expect("epoch")).or_default().push(counter);
    }
    assert_eq!(runs.len() as u32, KILLS + 1, "one epoch per start");
    for (epoch, run) in runs {
        assert_eq!(run[0] % BATCH, 0, "epoch {epoch} lacks the first packets of its connection");
        assert!(run.windows(2).all(|pair| pair[1] == pair[0] + 1), "epoch {epoch} has gaps");
    }
    counters
}

/// Every raw packet has its decom record exactly once (D2); received counts are without gap.
fn check_decom(data: &str) {
    let raw = cat("raw", data);
    let decom = cat("decom", data);
    let sources: BTreeSet<(u64, u64)> = decom.iter().map(|record| key(&record["source"])).collect();
    assert_eq!(sources.len(), decom.len(), "a raw record was decommutated twice");
    let dead = cat("dead-letter", data);
    assert!(dead.is_empty(), "{dead:?}");
    let missing: Vec<_> = raw
        .iter()
        .filter(|record| record["marker"].is_null() && !sources.contains(&key(record)))
        .collect();
    assert!(missing.is_empty(), "without decom record: {missing:?}");
    let raw_keys: BTreeSet<(u64, u64)> = raw.iter().map(key).collect();
    assert!(sources.is_subset(&raw_keys));
    let counts = decom.iter().filter(|record| record["target"] == "TEST");
    let counts: Vec<u64> = counts.filter_map(|record| record["received_count"].as_u64()).collect();
    assert!(counts.windows(2).all(|pair| pair[1] == pair[0] + 1), "received counts have gaps");
}

fn cat(topic: &str, data: &str) -> Vec<Value> {
    groundlog(&["log", "cat", topic, "--json", "--data", data]).json_lines()
}

fn key(position: &Value) -> (u64, u64) {
    let number = |name: &str| position[name].as_u64().expect("a number");
    (number("partition"), number("offset"))
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
