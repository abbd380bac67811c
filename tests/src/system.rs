use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::PathBuf,
};

use serde_json::Value;

use crate::{SharedLog, Stack, StackOptions, bare_target, groundlog_with, packet};

/// How the processes of one system are started: the test target, on a log that they share.
pub struct System {
    log: SharedLog,
    table: Option<String>,
    plugin: String,
    connect: String,
    folder: tempfile::TempDir,
}

impl System {
    /// Describes a system that connects to a spacecraft.
    pub fn new(log: SharedLog, spacecraft: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let plugin = bare_target(folder.path()).to_string_lossy().into_owned();
        Self { log, table: None, plugin, connect: format!("tcp://{spacecraft}"), folder }
    }

    /// Keeps current values in a server.
    #[must_use]
    pub fn with_table(mut self, url: &str) -> Self {
        self.table = Some(url.to_owned());
        self
    }

    /// Starts a process of it.
    #[track_caller]
    pub fn start(&self, roles: &str, process: &str) -> Stack {
        let words = ["--plugin", &self.plugin, "--connect", &self.connect];
        let framing = ["--protocol", "LENGTH 0 16 2"];
        let options = StackOptions::with(&[&words[..], &framing].concat());
        let options = options.role(&self.log, roles, process).data(&self.data());
        let table = self.table.iter();
        Stack::start(&table.fold(options, |options, url| options.env("GROUNDLOG__CVT__URL", url)))
    }

    /// Returns what makes a command use the system's log.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        self.log.environment()
    }

    /// Returns the folder of its processes.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Returns the records of a topic, read as an operator reads them.
    pub fn cat(&self, topic: &str) -> Vec<Value> {
        // The log is named by the environment; a folder would go before it.
        groundlog_with(&["log", "cat", topic, "--json"], &self.environment()).json_lines()
    }

    /// Checks that every packet in `raw` was sent, is intact and there once, and has its one
    /// decommutated record, in order (X02, X11, D2). Returns their counters.
    ///
    /// # Panics
    /// If one of these does not hold.
    #[track_caller]
    pub fn check(&self, sent: u32) -> BTreeSet<u32> {
        let raw = self.cat("raw");
        let mut counters = BTreeSet::new();
        for record in &raw {
            let Some(hex) = record["data"].as_str() else { continue };
            if record["extra"]["discarded"].is_string() {
                check_piece(record, hex);
                continue;
            }
            let counter = u32::from_str_radix(&hex[6..14], 16).expect("hex");
            assert!(counter < sent, "{record}");
            let intact: String = packet(counter).iter().map(|it| format!("{it:02x}")).collect();
            assert_eq!(hex, intact, "altered: {record}");
            assert!(counters.insert(counter), "twice: {record}");
        }
        self.check_decom(&raw);
        let verified = groundlog_with(&["log", "verify"], &self.environment());
        assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
        counters
    }

    fn check_decom(&self, raw: &[Value]) {
        let decom = self.cat("decom");
        let key = |at: &Value| (at["partition"].as_u64(), at["offset"].as_u64());
        let of_packets: Vec<_> = raw.iter().filter(|it| it["data"].is_string()).map(key).collect();
        let with_source =
            decom.iter().filter(|it| it["source"].is_object() && it["barrier"].is_null());
        let sources: Vec<_> = with_source.map(|record| key(&record["source"])).collect();
        let mut by_partition = BTreeMap::<_, Vec<_>>::new();
        for (partition, offset) in &sources {
            by_partition.entry(*partition).or_default().push(*offset);
        }
        for (partition, offsets) in by_partition {
            assert!(offsets.is_sorted(), "order of partition {partition:?}");
        }
        let once: BTreeSet<_> = sources.iter().copied().collect();
        assert_eq!(once.len(), sources.len(), "a raw record was decommutated twice");
        assert_eq!(once, of_packets.into_iter().collect(), "one decommutated record each");
        let counts = decom.iter().filter(|record| record["target"] == "TEST");
        let counts: Vec<u64> =
            counts.filter_map(|record| record["received_count"].as_u64()).collect();
        assert!(counts.windows(2).all(|two| two[1] == two[0] + 1), "received counts have gaps");
        assert_eq!(self.cat("dead-letter").len(), 0);
    }
}

/// A link that stops in the midst of a packet keeps what it has read of it.
#[track_caller]
fn check_piece(record: &Value, hex: &str) {
    assert_eq!(record["packet"], "UNKNOWN", "{record}");
    let digits = hex.get(6..14).or_else(|| hex.get(6..)).unwrap_or_default();
    let counter = u32::from_str_radix(&format!("{digits:0<8}"), 16).expect("hex");
    let whole: String = packet(counter).iter().map(|it| format!("{it:02x}")).collect();
    assert!(hex.len() < whole.len() && whole.starts_with(hex), "no piece of a packet: {record}");
}
