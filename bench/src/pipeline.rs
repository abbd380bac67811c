//! The spine in one process: socket → durable log → decommutation → current values.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use groundlog_cvt::{CurrentValues, Cvt, CvtOptions};
use groundlog_decom::{Decom, DecomOptions};
use groundlog_ingest::{
    Ingest, IngestOptions, InterfaceOptions, ProtocolDirection, ProtocolOptions,
};
use groundlog_log::Log;
use groundlog_packet::{
    Definitions,
    definition::TargetSource,
    record::{PacketMeta, RecordView},
};
use groundlog_projection::{DefinitionStore, RunnerOptions, SettingsStore, definition_set};
use groundlog_proto::{TopicKind, TopicNames, TopicPartition};
use tokio::{sync::watch, task::JoinSet};

use crate::place::Place;

const DEFINITIONS: &str = "\
TELEMETRY BENCH DATA BIG_ENDIAN \"Counted packets\"
  APPEND_ITEM LENGTH 16 UINT \"Bytes after this field\"
  APPEND_ID_ITEM ID 8 UINT 1 \"Packet id\"
  APPEND_ITEM COUNTER 32 UINT \"Counts up by one\"
  APPEND_ARRAY_ITEM SAMPLES 16 UINT 496 \"Samples\"
  APPEND_ITEM STATUS 8 UINT \"Status\"
    STATE OK 0
    STATE BAD 1
";

/// Size of a packet of the definitions above, in bytes.
pub const PACKET_BYTES: usize = 70;

/// Writes packet number `counter` behind `out`.
pub fn push_packet(out: &mut Vec<u8>, counter: u32) {
    out.extend_from_slice(&(PACKET_BYTES as u16 - 2).to_be_bytes());
    out.push(1);
    out.extend_from_slice(&counter.to_be_bytes());
    out.extend_from_slice(&[0; PACKET_BYTES - 7]);
}

/// A running spine.
pub struct Pipeline {
    values: CurrentValues,
    decom: TopicPartition,
    stop: watch::Sender<bool>,
    roles: JoinSet<()>,
}

impl Pipeline {
    /// Starts it on a log that nothing else uses, connecting to `address`.
    pub async fn start(place: &Place, address: SocketAddr) -> Self {
        let log = place.open(1).await;
        let names = place.names.clone();
        let settings = SettingsStore::open(log.clone(), &names).await.expect("settings");
        let definitions = DefinitionStore::new(log.clone(), &names, settings);
        let source = TargetSource {
            name: "BENCH".into(),
            target_txt: String::new(),
            files: vec![("cmd_tlm/data.txt".into(), DEFINITIONS.into())],
            binary_files: Vec::new(),
        };
        let parsed = Definitions::builder().add_target(source).build().expect("definitions");
        let mapped = [("BENCH_INT".to_owned(), vec!["BENCH".to_owned()])];
        let set = definition_set("bench", &parsed, &mapped);
        let hash = definitions.activate(&set, "bench").await.expect("active").hash();
        let (stop, stopped) = watch::channel(false);
        let runner = RunnerOptions::new(log.clone(), names.clone(), "bench");
        let options = DecomOptions { runner: runner.clone(), definitions: definitions.clone() };
        let decom = Decom::build(options).run(stopped.clone());
        let cvt = Cvt::build(CvtOptions::new(runner, definitions));
        let values = cvt.values();
        let cvt = cvt.run(stopped.clone());
        let ingest = ingest(log, names, hash, address).run(stopped);
        let mut roles = JoinSet::new();
        roles.spawn(async move { decom.await.expect("decom") });
        roles.spawn(async move { cvt.await.expect("cvt") });
        roles.spawn(async move { ingest.await.expect("ingest") });
        Self { values, decom: place.partition(TopicKind::Decom, 0), stop, roles }
    }

    /// Returns the newest counter in the table.
    pub async fn counter(&self) -> Option<u32> {
        let current = self.values.packet("BENCH", "DATA").await.expect("readable")?;
        let plan = current.definitions.plan(current.id);
        let place = plan.packet().item_index("COUNTER")?;
        let meta = PacketMeta { received_count: current.received_count, ..PacketMeta::default() };
        let view = RecordView::new(plan, meta, current.packed_values()).ok()?;
        u32::try_from(view.raw_i64(place)?).ok()
    }

    /// Calls `seen` with the newest counter after every change of the table, until it says stop.
    pub async fn follow(&self, mut seen: impl FnMut(u32, Instant) -> bool) {
        loop {
            let applied = self.values.applied(&self.decom).await.expect("readable");
            let now = Instant::now();
            if self.counter().await.is_some_and(|counter| !seen(counter, now)) {
                return;
            }
            self.values.reached(&self.decom, applied + 1).await.expect("readable");
        }
    }

    /// Stops every role in order.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.roles.join_next().await {
            ended.expect("a role ends in order");
        }
    }
}

fn ingest(
    log: Arc<dyn Log>,
    names: TopicNames,
    hash: groundlog_proto::DefinitionHash,
    address: SocketAddr,
) -> Ingest {
    let port = address.port().to_string();
    let params = ["127.0.0.1", &port, &port, "10.0", "nil"];
    let interface = InterfaceOptions {
        protocols: vec![ProtocolOptions {
            direction: ProtocolDirection::ReadWrite,
            class: "LengthProtocol".into(),
            params: ["0", "16", "2"].map(str::to_owned).to_vec(),
            location: "bench".into(),
        }],
        tlm_targets: vec!["BENCH".into()],
        reconnect_delay: Duration::from_millis(10),
        ..InterfaceOptions::new("BENCH_INT", "tcpip_client_interface.rb", &params)
    };
    let options = IngestOptions { names, interfaces: vec![interface], ..IngestOptions::new(hash) };
    Ingest::build(log, options).expect("ingest")
}
