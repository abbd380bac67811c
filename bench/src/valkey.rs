//! Decommutated records into current values on a Valkey server, beside a bare client that writes
//! the same bytes, and beside the table in the process.

use std::{
    fmt::Write as _,
    io::{BufReader, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use groundlog_cvt::{
    CurrentValues, Cvt, CvtOptions, CvtStore, StoreOptions,
    test_server::{AnyServer, unique},
};
use groundlog_decom::{Decom, DecomOptions};
use groundlog_log::{EmbeddedOptions, Log, Records, TopicSpec, open};
use groundlog_packet::{Definitions, definition::TargetSource};
use groundlog_projection::{
    DefinitionStore, LoadedDefinitions, RunnerOptions, SettingsStore, definition_set,
};
use groundlog_proto::{
    Namespace, TopicKind, TopicNames, TopicPartition,
    borrowed::{RawBodyRef, RawPacketRef, RawRecordRef},
};
use tokio::{sync::watch, task::JoinHandle};

/// Fourteen items as housekeeping has them: numbers, conversions, states, limits, text.
const ITEMS: &str = "\
  APPEND_ITEM FLAGS 8 UINT \"\"
  APPEND_ITEM SEQUENCE 32 UINT \"\"
  APPEND_ITEM MODE 8 UINT \"\"
    STATE OFF 0
    STATE ON 1
  APPEND_ITEM TEMP1 16 UINT \"\"
    POLY_READ_CONVERSION -100.0 0.00305
    LIMITS DEFAULT 3 ENABLED -80.0 -70.0 60.0 80.0
    UNITS Celsius C
  APPEND_ITEM TEMP2 16 UINT \"\"
    POLY_READ_CONVERSION -100.0 0.00305
    LIMITS DEFAULT 3 ENABLED -80.0 -70.0 60.0 80.0
    UNITS Celsius C
  APPEND_ITEM VOLTAGE 32 FLOAT \"\"
    UNITS Volts V
  APPEND_ITEM CURRENT 32 FLOAT \"\"
  APPEND_ITEM COUNT1 16 UINT \"\"
  APPEND_ITEM COUNT2 16 UINT \"\"
  APPEND_ITEM COUNT3 16 UINT \"\"
  APPEND_ITEM COUNT4 16 UINT \"\"
  APPEND_ITEM NAME 128 STRING \"\"
  APPEND_ITEM LAST 32 UINT \"\"
";

/// How many packets there are, and over how many targets they are spread.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// Different packets; they come in turn.
    pub packets: u16,
    /// Targets.
    pub targets: u16,
}

impl Mix {
    fn names(self, packet: u16) -> (String, String) {
        (format!("T{}", packet % self.targets), format!("P{packet}"))
    }

    fn definitions(self) -> Definitions {
        let mut builder = Definitions::builder();
        for target in 0..self.targets {
            let mut text = String::new();
            for packet in (target..self.packets).step_by(self.targets.into()) {
                let (target, name) = self.names(packet);
                let _ = writeln!(text, "TELEMETRY {target} {name} BIG_ENDIAN \"\"");
                let _ = writeln!(text, "  APPEND_ID_ITEM ID 16 UINT {packet} \"\"\n{ITEMS}");
            }
            builder = builder.add_target(TargetSource {
                name: format!("T{target}"),
                target_txt: String::new(),
                files: vec![("cmd_tlm/tlm.txt".into(), text)],
                binary_files: vec![],
            });
        }
        builder.build().expect("definitions")
    }

    fn bytes(self, number: u32) -> Vec<u8> {
        let mut bytes = ((number % u32::from(self.packets)) as u16).to_be_bytes().to_vec();
        bytes.push(0x5a);
        bytes.extend(number.to_be_bytes());
        bytes.push(((number / 64) & 1) as u8);
        bytes.extend((40_000 + (number % 50) as u16).to_be_bytes());
        bytes.extend((39_000 - (number % 50) as u16).to_be_bytes());
        bytes.extend(28.1_f32.to_be_bytes());
        bytes.extend((number as f32 * 0.001).to_be_bytes());
        bytes.extend([0, 1, 0, 2, 0, 3, 0, 4]);
        bytes.extend(b"BENCHMARK\0\0\0\0\0\0\0");
        bytes.extend(number.to_be_bytes());
        bytes
    }
}

/// A log full of decommutated records.
pub struct Filled {
    log: Arc<dyn Log>,
    names: TopicNames,
    definitions: DefinitionStore,
    decom: TopicPartition,
    mix: Mix,
    records: u32,
}

impl Filled {
    /// Decommutates `records` packets into a log in memory.
    pub async fn with(mix: Mix, records: u32) -> Self {
        let log = open("memory:", &EmbeddedOptions::default()).expect("log");
        // A prefix of its own: the server may be shared.
        let names = TopicNames::new(&format!("{}.", unique()), &Namespace::Live);
        for kind in TopicKind::ALL {
            log.ensure(&TopicSpec::standard(&names, kind, 1)).await.expect("topic");
        }
        let settings = SettingsStore::open(log.clone(), &names).await.expect("settings");
        let definitions = DefinitionStore::new(log.clone(), &names, settings);
        let set = definition_set("bench", &mix.definitions(), &[]);
        let loaded = definitions.activate(&set, "bench").await.expect("published");
        let decom = TopicPartition::new(names.topic(TopicKind::Decom), 0);
        let this = Self { log, names, definitions, decom, mix, records };
        let (stop, stopped) = watch::channel(false);
        let runner = RunnerOptions::new(this.log.clone(), this.names.clone(), "decom-0");
        let options = DecomOptions { runner, definitions: this.definitions.clone() };
        let decom = tokio::spawn(Decom::build(options).run(stopped));
        this.append(&loaded, 0..records).await;
        while this.log.bounds(&this.decom).await.expect("bounds").tail < records.into() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.send(true).expect("runs");
        decom.await.expect("no panic").expect("decom");
        this
    }

    async fn append(&self, loaded: &LoadedDefinitions, numbers: std::ops::Range<u32>) {
        let raw = TopicPartition::new(self.names.topic(TopicKind::Raw), 0);
        let hash = loaded.hash();
        for first in numbers.clone().step_by(10_000) {
            let mut records = Records::new();
            for number in first..numbers.end.min(first + 10_000) {
                let data = self.mix.bytes(number);
                let record = RawRecordRef {
                    received_time_ns: 1_700_000_000_000_000_000 + i64::from(number),
                    scope: "DEFAULT",
                    interface: "BENCH_INT",
                    definitions: hash.as_bytes(),
                    body: RawBodyRef::Packet(RawPacketRef { data: &data, target: "", name: "" }),
                    ..RawRecordRef::default()
                };
                records.push_with(b"BENCH_INT", |out| record.encode(out));
            }
            self.log.append(&raw, records).await.expect("append");
        }
    }

    /// Opens a table of a scope on a server, or makes one in the process.
    pub async fn store(&self, url: &str, scope: &str) -> CvtStore {
        let (log, names) = (self.log.clone(), self.names.clone());
        let options = StoreOptions {
            scope: scope.to_owned(),
            ..StoreOptions::new(log, names, self.definitions.clone())
        };
        CvtStore::open(&url.parse().expect("a URL"), options).await.expect("opens")
    }

    /// Fills a table from the log; returns the time that took, and its reader.
    pub async fn fill(&self, store: CvtStore) -> (Duration, CurrentValues) {
        let start = Instant::now();
        let running = self.run(store.clone());
        let values = store.values();
        values.reached(&self.decom, self.records.into()).await.expect("reached");
        let took = start.elapsed();
        running.stop().await;
        (took, values)
    }

    fn run(&self, store: CvtStore) -> Running {
        let runner = RunnerOptions::new(self.log.clone(), self.names.clone(), "cvt-0");
        let options = CvtOptions { store, ..CvtOptions::new(runner, self.definitions.clone()) };
        let (stop, stopped) = watch::channel(false);
        let task =
            tokio::spawn(async move { Cvt::build(options).run(stopped).await.expect("cvt") });
        Running { stop, task }
    }

    /// Names a packet, for reading it.
    pub fn name(&self, packet: u16) -> (String, String) {
        self.mix.names(packet)
    }

    /// Returns what lies on the server for one packet: the JSON and the block.
    pub fn written(&self, server: &AnyServer, scope: &str) -> (Vec<u8>, Vec<u8>) {
        let (target, packet) = self.name(0);
        let [cosmos, own] = self.keys(scope, &target);
        let read = |key: &str| match server.ask(&["HGET", key, &packet]) {
            groundlog_cvt::test_server::Reply::Bytes(bytes) => bytes,
            other => panic!("{key} {packet}: {other:?}"),
        };
        (read(&cosmos), read(&own))
    }
}

impl Filled {
    fn keys(&self, scope: &str, target: &str) -> [String; 2] {
        let topic = self.decom.topic.as_str();
        let prefix = topic.trim_end_matches(TopicKind::Decom.short_name());
        let cosmos = format!("{scope}__tlm__{target}");
        [cosmos.clone(), format!("{prefix}cvt:{{{cosmos}}}")]
    }

    /// Removes a table from a server that others may use.
    pub fn remove(&self, server: &AnyServer, scope: &str) {
        for target in 0..self.mix.targets {
            for key in self.keys(scope, &format!("T{target}")) {
                server.ask(&["DEL", &key]);
            }
        }
    }
}

struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.expect("no panic");
    }
}

/// Writes `packets` × (JSON, block) by bare pipelined HSET, `batch` packets at a time, each batch
/// answered before the next; no script, no comparison, no rendering.
pub fn bare(server: &AnyServer, packets: u32, batch: u32, json: &[u8], block: &[u8]) -> Duration {
    let mut stream = TcpStream::connect(server.address()).expect("connects");
    stream.set_nodelay(true).expect("nodelay");
    let mut answers = BufReader::new(stream.try_clone().expect("clones"));
    let key = unique();
    let mut request = Vec::new();
    for number in 0..batch {
        for (kind, value) in [("json", json), ("block", block)] {
            let (key, field) = (format!("{key}{kind}"), format!("P{number}"));
            let _ = write!(request, "*4\r\n$4\r\nHSET\r\n");
            for word in [key.as_bytes(), field.as_bytes(), value] {
                let _ = write!(request, "${}\r\n", word.len());
                request.extend_from_slice(word);
                request.extend_from_slice(b"\r\n");
            }
        }
    }
    let start = Instant::now();
    for _ in 0..packets / batch {
        stream.write_all(&request).expect("sent");
        // `:1` or `:0` and the end of the line, twice a packet.
        let mut answer = vec![0; batch as usize * 8];
        answers.read_exact(&mut answer).expect("answers");
    }
    let took = start.elapsed();
    for kind in ["json", "block"] {
        server.ask(&["DEL", &format!("{key}{kind}")]);
    }
    took
}

/// Reads one packet again and again; returns the times, in order.
pub async fn read(values: &CurrentValues, name: &(String, String), reads: usize) -> Vec<Duration> {
    let mut times = Vec::with_capacity(reads);
    for _ in 0..reads {
        let start = Instant::now();
        let found = values.packet(&name.0, &name.1).await.expect("readable");
        times.push(start.elapsed());
        assert!(found.is_some());
    }
    times.sort_unstable();
    times
}
