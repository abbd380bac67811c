//! Processes on one log, and what a test asks of them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use groundlog_log::{Log, MemoryLog};
use groundlog_proto::{
    TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{DecomRecord, RawRecord, raw_record::Body},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    client::Client,
    config::Config,
    plugin::PluginArgs,
    role_set::RoleName,
    run::{
        core::Place,
        system::{self, Running},
    },
};

/// Longer than anything here takes on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// One shared log, one plug-in with several spacecraft, any number of processes.
pub(super) struct Cluster {
    pub(super) log: Arc<dyn Log>,
    pub(super) names: TopicNames,
    pub(super) craft: Vec<Craft>,
    folder: TempDir,
    partitions: u32,
}

/// A spacecraft that listens; it keeps what it was told.
pub(super) struct Craft {
    pub(super) target: String,
    port: u16,
    /// Connections so far, the last one writable.
    stream: Arc<tokio::sync::Mutex<Option<tokio::net::tcp::OwnedWriteHalf>>>,
    told: Arc<Mutex<Vec<u8>>>,
    connections: Arc<Mutex<u32>>,
    accepting: JoinHandle<()>,
}

impl Craft {
    async fn new(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = Arc::new(tokio::sync::Mutex::new(None));
        let (told, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let kept = (stream.clone(), told.clone(), connections.clone());
        let accepting = tokio::spawn(async move {
            let (stream, told, connections) = kept;
            while let Ok((accepted, _)) = listener.accept().await {
                let accepted: TcpStream = accepted;
                let (mut read, write) = accepted.into_split();
                *stream.lock().await = Some(write);
                *connections.lock().unwrap() += 1;
                let told = told.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 1024];
                    while let Ok(size @ 1..) = read.read(&mut buffer).await {
                        told.lock().unwrap().extend_from_slice(&buffer[..size]);
                    }
                });
            }
        });
        Self { target: target.to_owned(), port, stream, told, connections, accepting }
    }

    /// Sends counted packets; false while nobody is connected.
    pub(super) async fn send(&self, counters: std::ops::Range<u32>) -> bool {
        let bytes: Vec<u8> = counters.flat_map(packet).collect();
        match self.stream.lock().await.as_mut() {
            Some(stream) => stream.write_all(&bytes).await.is_ok(),
            None => false,
        }
    }

    pub(super) fn told(&self) -> Vec<u8> {
        self.told.lock().unwrap().clone()
    }

    pub(super) fn connections(&self) -> u32 {
        *self.connections.lock().unwrap()
    }
}

impl Drop for Craft {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A packet: length, id, counter.
fn packet(counter: u32) -> [u8; 7] {
    let [a, b, c, d] = counter.to_be_bytes();
    [0, 5, 1, a, b, c, d]
}

impl Cluster {
    /// Makes a plug-in with so many targets, each behind an interface of its own.
    pub(super) async fn new(targets: usize, partitions: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut text, mut craft) = (String::new(), Vec::new());
        for number in 0..targets {
            let target = format!("SAT{number}");
            let one = Craft::new(&target).await;
            text += &format!(
                "TARGET SAT {target}\nINTERFACE {target}_INT tcpip_client_interface.rb 127.0.0.1 \
                 {port} {port} 10.0 nil LENGTH 0 16 2\n  MAP_TARGET {target}\n  RECONNECT_DELAY 0.1\n",
                port = one.port
            );
            craft.push(one);
        }
        let write = |path: &str, text: &str| {
            let path = folder.path().join("plugin").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("plugin.txt", &text);
        write("targets/SAT/target.txt", "");
        write(
            "targets/SAT/cmd_tlm/data.txt",
            "TELEMETRY <%= target_name %> DATA BIG_ENDIAN \"Counted\"\n  \
             APPEND_ITEM LENGTH 16 UINT\n  APPEND_ID_ITEM ID 8 UINT 1\n  \
             APPEND_ITEM COUNTER 32 UINT\n\
             COMMAND <%= target_name %> SET BIG_ENDIAN \"Sets\"\n  \
             APPEND_PARAMETER LENGTH 16 UINT 0 65535 5\n  \
             APPEND_ID_PARAMETER ID 8 UINT 0 255 7\n  APPEND_PARAMETER VALUE 32 UINT MIN MAX 0\n",
        );
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
        Self { log, names: TopicNames::default(), craft, folder, partitions }
    }

    /// Describes a process as its configuration does.
    pub(super) fn config(&self, process: &str, roles: &[RoleName]) -> Config {
        let mut config = Config::default();
        config.system.data = self.folder.path().join("data");
        config.system.process = Some(process.to_owned());
        config.system.roles = roles.iter().copied().collect();
        config.system.metrics_listen = Some(([127, 0, 0, 1], 0).into());
        config.log.partitions = self.partitions;
        config.gateway.listen = ([127, 0, 0, 1], 0).into();
        config.plugin.path = Some(self.plugin());
        config
    }

    pub(super) fn plugin(&self) -> PathBuf {
        self.folder.path().join("plugin")
    }

    pub(super) async fn start(&self, process: &str, roles: &[RoleName]) -> Running {
        self.start_with(&self.config(process, roles)).await.expect("it starts")
    }

    pub(super) async fn start_with(&self, config: &Config) -> anyhow::Result<Running> {
        let loaded = system::load(config, &PluginArgs::default()).await?;
        let place = Place { log: self.log.clone(), shared: true };
        system::start_on(place, config, loaded).await
    }

    fn partition(&self, kind: TopicKind, number: u32) -> TopicPartition {
        TopicPartition::new(self.names.topic(kind), number)
    }

    async fn values(&self, kind: TopicKind, number: u32) -> Vec<(u64, Vec<u8>)> {
        let mut reader = self.log.reader(&self.partition(kind, number), 0).await.unwrap();
        let mut values = Vec::new();
        loop {
            let batch = reader.poll(1 << 20).await.unwrap();
            if batch.is_empty() {
                return values;
            }
            values.extend(batch.iter().map(|record| (record.offset, record.value.to_vec())));
        }
    }

    /// Returns per partition the raw records that hold packets: offset, interface, counter.
    pub(super) async fn raw(&self, number: u32) -> Vec<(u64, String, u32)> {
        let values = self.values(TopicKind::Raw, number).await;
        let records = values.into_iter().filter_map(|(offset, value)| {
            let record = RawRecord::decode(value.as_slice()).unwrap();
            let Some(Body::Packet(packet)) = record.body else { return None };
            let counter = u32::from_be_bytes(packet.data[3..7].try_into().unwrap());
            Some((offset, record.interface, counter))
        });
        records.collect()
    }

    /// Returns per partition of which raw record each decommutated one is, with its count.
    pub(super) async fn decom(&self, number: u32) -> Vec<(u64, String, u64)> {
        let values = self.values(TopicKind::Decom, number).await;
        let records = values.into_iter().map(|(_, value)| {
            let record = DecomRecord::decode(value.as_slice()).unwrap();
            let source = record.source.unwrap();
            assert_eq!(source.partition, number);
            (source.offset, record.target, record.received_count)
        });
        records.collect()
    }

    /// Checks D2 and X11: every raw record has one decommutated record, in order, counted through.
    pub(super) async fn check_decom(&self) {
        for number in 0..self.partitions {
            let raw: Vec<u64> = self.raw(number).await.into_iter().map(|it| it.0).collect();
            let decom = self.decom(number).await;
            let sources: Vec<u64> = decom.iter().map(|it| it.0).collect();
            assert_eq!(sources, raw, "partition {number}: one record each, in order");
            for craft in &self.craft {
                let counts = decom.iter().filter(|it| it.1 == craft.target).map(|it| it.2);
                let counts: Vec<u64> = counts.collect();
                assert!(counts.iter().copied().eq(1..=counts.len() as u64), "{}", craft.target);
            }
        }
    }

    /// Waits until decommutation has done everything that is in `raw` now.
    pub(super) async fn decommutated(&self) {
        for number in 0..self.partitions {
            let raw = self.partition(TopicKind::Raw, number);
            let tail = self.log.bounds(&raw).await.unwrap().tail;
            until("everything is decommutated", async || {
                let done = self.log.checkpoint("decom", &raw).await.unwrap();
                (done.unwrap_or(0) >= tail).then_some(())
            })
            .await;
        }
    }

    /// Waits until every interface is connected.
    pub(super) async fn connected(&self, processes: &[&Running]) {
        until("every interface is connected", async || {
            let connected = |running: &&Running| {
                let numbers = running.process().metrics().numbers();
                let up = |(name, _, value): &&(&str, _, f64)| {
                    *name == "groundlog_interface_connected" && *value == 1.0
                };
                numbers.iter().filter(up).count()
            };
            let all: usize = processes.iter().map(connected).sum();
            (all == self.craft.len()).then_some(())
        })
        .await;
    }
}

/// Asks a gateway; its client waits in a thread of its own.
pub(super) async fn ask(running: &Running, path: &str) -> Option<Value> {
    let url = format!("http://{}", running.gateway.expect("a gateway"));
    let path = path.to_owned();
    let asked = tokio::task::spawn_blocking(move || Client::new(&url, "password").get(&path).ok());
    asked.await.unwrap()
}

/// Calls a method of the JSON API.
pub(super) async fn call(running: &Running, method: &str, params: Value) -> Result<Value, String> {
    let url = format!("http://{}", running.gateway.expect("a gateway"));
    let (method, params) = (method.to_owned(), params.as_array().cloned().unwrap_or_default());
    let called = tokio::task::spawn_blocking(move || {
        Client::new(&url, "password").rpc(&method, params).map_err(|error| error.to_string())
    });
    called.await.unwrap()
}

/// Returns the counter that a gateway shows for a target.
pub(super) async fn counter(running: &Running, target: &str) -> Option<u64> {
    call(running, "tlm", json!([target, "DATA", "COUNTER"])).await.ok()?.as_u64()
}

pub(super) async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
