//! A log with decommutation and the current value table running on it.

use std::{sync::Arc, time::Duration};

use groundlog_cvt::{
    CurrentPacket, CurrentValues, Cvt, CvtError, CvtOptions, CvtStore, StoreOptions,
};
use groundlog_decom::{Decom, DecomError, DecomOptions};
use groundlog_log::{Log, Records, TopicSpec};
use groundlog_packet::{Definitions, definition::TargetSource};
use groundlog_projection::{
    DefinitionStore, LoadedDefinitions, MetricsRegistry, RunnerOptions, SettingsStore,
    definition_set,
};
use groundlog_proto::{
    Nanos, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{RawPacket, RawRecord, raw_record},
};
use tokio::{sync::watch, task::JoinHandle};

const PARTITIONS: u32 = 2;
const PATIENCE: Duration = Duration::from_secs(30);

const TELEMETRY: &str = r#"
TELEMETRY INST HEALTH BIG_ENDIAN "Health"
  APPEND_ID_ITEM ID 8 UINT 1 "Id"
  APPEND_ITEM TEMP 16 UINT "Temperature"
    POLY_READ_CONVERSION 0.0 0.1
    UNITS Celsius C
    LIMITS DEFAULT 1 ENABLED -80.0 -70.0 60.0 80.0
"#;

pub(crate) fn health(temp: u16) -> Vec<u8> {
    [&[1][..], &temp.to_be_bytes()].concat()
}

pub(crate) struct Stack {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) names: TopicNames,
    pub(crate) loaded: Arc<LoadedDefinitions>,
    definitions: DefinitionStore,
}

pub(crate) struct Running {
    pub(crate) values: CurrentValues,
    pub(crate) metrics: MetricsRegistry,
    stop: watch::Sender<bool>,
    decom: JoinHandle<Result<(), DecomError>>,
    cvt: JoinHandle<Result<(), CvtError>>,
}

impl Running {
    pub(crate) async fn packet(&self, target: &str, packet: &str) -> Option<Arc<CurrentPacket>> {
        self.values.packet(target, packet).await.expect("readable")
    }

    pub(crate) async fn stop(self) {
        self.stop.send(true).expect("runs");
        self.decom.await.expect("no panic").expect("decom stops cleanly");
        self.cvt.await.expect("no panic").expect("cvt stops cleanly");
    }

    /// Waits for the end of the table's role, which nobody asked for.
    pub(crate) async fn ended(self) -> Result<(), CvtError> {
        let ended = tokio::time::timeout(PATIENCE, self.cvt).await.expect("in time");
        self.decom.abort();
        ended.expect("no panic")
    }

    pub(crate) async fn kill(self) {
        self.decom.abort();
        self.cvt.abort();
        let _ = (self.decom.await, self.cvt.await);
    }
}

impl Stack {
    pub(crate) async fn new(log: Arc<dyn Log>) -> Self {
        let names = TopicNames::default();
        for kind in TopicKind::ALL {
            log.ensure(&TopicSpec::standard(&names, kind, PARTITIONS)).await.expect("topic");
        }
        let settings = SettingsStore::open(log.clone(), &names).await.expect("settings");
        let definitions = DefinitionStore::new(log.clone(), &names, settings);
        let source = TargetSource {
            name: "INST".into(),
            target_txt: String::new(),
            files: vec![("cmd_tlm/tlm.txt".into(), TELEMETRY.into())],
            binary_files: vec![],
        };
        let parsed = Definitions::builder().add_target(source).build().expect("definitions");
        let set = definition_set("test", &parsed, &[]);
        let loaded = definitions.activate(&set, "test").await.expect("published");
        Self { log, names, loaded, definitions }
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with("0", CvtStore::memory())
    }

    /// Opens the table on a server.
    pub(crate) async fn open(&self, url: &str) -> Result<CvtStore, CvtError> {
        let (log, names) = (self.log.clone(), self.names.clone());
        let options = StoreOptions::new(log, names, self.definitions.clone());
        CvtStore::open(&url.parse().expect("a URL"), options).await
    }

    /// Starts both roles of a process that is named so.
    pub(crate) fn start_with(&self, process: &str, store: CvtStore) -> Running {
        let metrics = MetricsRegistry::new();
        let options = |member: &str| RunnerOptions {
            batch_bytes_max: 2_000,
            snapshot_records: 25,
            backoff: (Duration::from_millis(20), Duration::from_millis(200)),
            metrics: metrics.clone(),
            ..RunnerOptions::new(self.log.clone(), self.names.clone(), member)
        };
        let definitions = self.definitions.clone();
        let decom = options(&format!("decom-{process}"));
        let decom = DecomOptions { runner: decom, definitions: definitions.clone() };
        let cvt = options(&format!("cvt-{process}"));
        let cvt = Cvt::build(CvtOptions { store, ..CvtOptions::new(cvt, definitions) });
        let (stop, stopped) = watch::channel(false);
        Running {
            values: cvt.values(),
            decom: tokio::spawn(Decom::build(decom).run(stopped.clone())),
            cvt: tokio::spawn(cvt.run(stopped)),
            metrics,
            stop,
        }
    }

    pub(crate) fn raw(&self, body: raw_record::Body) -> RawRecord {
        RawRecord {
            received_time_ns: Nanos::now().0,
            scope: "DEFAULT".into(),
            interface: "INST_INT".into(),
            definitions: self.loaded.hash().as_bytes().to_vec().into(),
            body: Some(body),
            ..RawRecord::default()
        }
    }

    pub(crate) async fn packets<const N: usize>(&self, partition: u32, packets: [Vec<u8>; N]) {
        self.append(TopicKind::Raw, partition, self.all(packets)).await;
    }

    pub(crate) async fn stored<const N: usize>(&self, partition: u32, packets: [Vec<u8>; N]) {
        self.append(TopicKind::RawStored, partition, self.all(packets)).await;
    }

    fn all<const N: usize>(&self, packets: [Vec<u8>; N]) -> Vec<RawRecord> {
        let packet = |data: Vec<u8>| RawPacket { data: data.into(), ..RawPacket::default() };
        packets.into_iter().map(|it| self.raw(raw_record::Body::Packet(packet(it)))).collect()
    }

    pub(crate) async fn append(&self, kind: TopicKind, partition: u32, raws: Vec<RawRecord>) {
        let mut records = Records::new();
        for raw in raws {
            records.push(b"INST_INT", &raw.encode_to_vec());
        }
        let to = TopicPartition::new(self.names.topic(kind), partition);
        self.log.append(&to, records).await.expect("append");
    }

    /// Waits until both roles have their partitions.
    pub(crate) async fn ready(&self, running: &Running) {
        self.caught_up(running).await;
    }

    /// Waits until everything on the log is in the table.
    pub(crate) async fn caught_up(&self, running: &Running) {
        let chain = [
            ("decom", TopicKind::Raw),
            ("decom", TopicKind::RawStored),
            ("cvt", TopicKind::Decom),
            ("cvt", TopicKind::DecomStored),
        ];
        let waited = tokio::time::timeout(PATIENCE, async {
            for (consumer, kind) in chain {
                for partition in 0..PARTITIONS {
                    let partition = TopicPartition::new(self.names.topic(kind), partition);
                    let tail = self.log.bounds(&partition).await.expect("bounds").tail;
                    let next = || running.metrics.lags().next(consumer, &partition);
                    while next().is_none_or(|next| next < tail) {
                        tokio::task::yield_now().await;
                    }
                }
            }
        });
        waited.await.expect("catches up");
    }
}
