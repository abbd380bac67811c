//! A gateway with everything behind it, in this process.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use groundlog_cvt::{Cvt, CvtOptions, CvtStore, CvtUrl, StoreOptions};
use groundlog_decom::{Decom, DecomOptions};
use groundlog_gateway::{Gateway, GatewayOptions, InterfaceInfo, Parts};
use groundlog_log::{EmbeddedOptions, Log, Records, TopicSpec};
use groundlog_packet::{
    Definitions,
    command::BuiltCommand,
    definition::{TargetSource, ValueType},
    registry::{Registry, ValidatorCode, Verdict},
};
use groundlog_projection::{
    DefinitionStore, Identity, MetricsRegistry, Process, RoleState, RunnerOptions, SettingsStore,
    definition_set,
};
use groundlog_proto::{
    Nanos, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{RawPacket, RawRecord, raw_record::Body},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::client::Client;

const TELEMETRY: &str = r#"
TELEMETRY INST HEALTH_STATUS BIG_ENDIAN "Health"
  APPEND_ID_ITEM PKTID 8 UINT 1 "Packet id"
  APPEND_ITEM TEMP1 16 UINT "Temperature"
    POLY_READ_CONVERSION -100.0 0.01
    UNITS Celsius C
    FORMAT_STRING "%0.3f"
    LIMITS DEFAULT 1 ENABLED -80.0 -70.0 60.0 80.0
  APPEND_ITEM COLLECTS 16 UINT "Collects"
  APPEND_ITEM COLLECT_TYPE 16 UINT "Type"
    STATE NORMAL 0
    STATE SPECIAL 1
  APPEND_ITEM DURATION 32 FLOAT "Duration"
  APPEND_ARRAY_ITEM ARY 8 UINT 24 "Array"
  APPEND_ITEM BLK 16 BLOCK "Block"
  APPEND_ITEM SECRET 8 UINT "Not shown"
    HIDDEN
TELEMETRY INST ADCS BIG_ENDIAN "Attitude"
  APPEND_ID_ITEM PKTID 8 UINT 2 "Packet id"
  APPEND_ITEM COLLECTS 16 UINT "Same name as in HEALTH_STATUS"
"#;

const COMMANDS: &str = r#"
COMMAND INST COLLECT BIG_ENDIAN "Starts a collect"
  VALIDATOR duration_validator.rb 7 8
  APPEND_ID_PARAMETER OPCODE 8 UINT 0 255 7 "Opcode"
  APPEND_PARAMETER TYPE 16 UINT MIN MAX 0 "Type"
    REQUIRED
    STATE NORMAL 0
    STATE SPECIAL 1 HAZARDOUS "Uses power"
  APPEND_PARAMETER DURATION 32 FLOAT 0.0 10.0 1.0 "Duration"
COMMAND INST CLEAR BIG_ENDIAN "Clears"
  HAZARDOUS "Clearing counters"
  APPEND_ID_PARAMETER OPCODE 8 UINT 0 255 8 "Opcode"
COMMAND INST OFF BIG_ENDIAN "Switched off"
  DISABLED
  APPEND_ID_PARAMETER OPCODE 8 UINT 0 255 9 "Opcode"
COMMAND LONELY GO BIG_ENDIAN "No interface takes it"
  APPEND_ID_PARAMETER OPCODE 8 UINT 0 255 1 "Opcode"
"#;

/// Everything that runs, and a client of it.
pub(crate) struct Stack {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) names: TopicNames,
    pub(crate) client: Client,
    pub(crate) definitions: DefinitionStore,
    settings: SettingsStore,
    cvt: CvtUrl,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::with(GatewayOptions::default()).await
    }

    pub(crate) async fn with(options: GatewayOptions) -> Self {
        Self::on(memory_log().await, options).await
    }

    /// Starts with current values on a server.
    pub(crate) async fn on_server(url: &str) -> Self {
        let cvt = url.parse().unwrap();
        Self::at(memory_log().await, GatewayOptions::default(), cvt).await
    }

    /// Starts on a log that may have been used before.
    pub(crate) async fn on(log: Arc<dyn Log>, options: GatewayOptions) -> Self {
        Self::at(log, options, CvtUrl::Memory).await
    }

    /// Stops everything in order, and starts it again where its log and its current values lie.
    pub(crate) async fn again(self) -> Self {
        let cvt = self.cvt.clone();
        Self::at(self.stop().await, GatewayOptions::default(), cvt).await
    }

    async fn at(log: Arc<dyn Log>, options: GatewayOptions, cvt: CvtUrl) -> Self {
        register_code();
        let names = TopicNames::default();
        let settings = SettingsStore::open(log.clone(), &names).await.unwrap();
        let definitions = DefinitionStore::new(log.clone(), &names, settings.clone());
        definitions.activate(&definitions_of_inst(), "test").await.unwrap();
        let (stop, stopped) = watch::channel(false);
        let metrics = MetricsRegistry::new();
        let runner = RunnerOptions {
            metrics: metrics.clone(),
            ..RunnerOptions::new(log.clone(), names.clone(), &options.member)
        };
        let decom = DecomOptions { runner: runner.clone(), definitions: definitions.clone() };
        let decom = Decom::build(decom).run(stopped.clone());
        let store = StoreOptions::new(log.clone(), names.clone(), definitions.clone());
        let store = CvtStore::open(&cvt, store).await.unwrap();
        let current = store.values();
        // Where the table lies in the process, each has the whole of it.
        let group = (!store.is_shared()).then(|| format!("cvt.{}", options.member));
        let runner = RunnerOptions { group, ..runner };
        let values = CvtOptions { store, ..CvtOptions::new(runner, definitions.clone()) };
        let values = Cvt::build(values).run(stopped.clone());
        let process = process(&log, &options.member, &metrics);
        process.roles().set("gateway", RoleState::Running);
        let parts = Parts {
            log: log.clone(),
            settings: settings.clone(),
            definitions: definitions.clone(),
            current,
            metrics,
            process,
        };
        let options = GatewayOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            interfaces: match options.interfaces.is_empty() {
                true => vec![interface()],
                false => options.interfaces,
            },
            ..options
        };
        let gateway = Gateway::build(parts, options).await.unwrap();
        let address = gateway.handle().address();
        let tasks = vec![
            tokio::spawn(async move { decom.await.unwrap() }),
            tokio::spawn(async move { values.await.unwrap() }),
            tokio::spawn(async move { gateway.run(stopped).await.unwrap() }),
        ];
        let client = Client { address, authorization: Some("password".to_owned()) };
        Self { log, names, client, definitions, settings, cvt, stop, tasks }
    }

    /// Stops everything in order and returns the log.
    pub(crate) async fn stop(self) -> Arc<dyn Log> {
        self.stop.send_replace(true);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.log
    }

    pub(crate) fn partition(&self, kind: TopicKind) -> TopicPartition {
        TopicPartition::new(self.names.topic(kind), 0)
    }

    /// Appends a packet as an interface would; returns when it can be read.
    pub(crate) async fn receive(&self, bytes: &[u8]) {
        self.append_raw(bytes).await;
        let collects = u16::from_be_bytes([bytes[3], bytes[4]]);
        self.until("the packet is current", async || {
            let params = serde_json::json!(["INST HEALTH_STATUS COLLECTS"]);
            self.client.call("tlm_raw", params).await == collects
        })
        .await;
    }

    /// Appends a packet as ingest does.
    pub(crate) async fn append_raw(&self, bytes: &[u8]) {
        let hash = self.settings.current().definitions.clone().unwrap().0;
        let record = RawRecord {
            received_time_ns: Nanos::now().0,
            scope: "DEFAULT".to_owned(),
            interface: "INST_INT".to_owned(),
            definitions: hash.as_bytes().to_vec().into(),
            body: Some(Body::Packet(RawPacket {
                data: bytes.to_vec().into(),
                ..RawPacket::default()
            })),
            ..RawRecord::default()
        };
        let mut records = Records::new();
        records.push(b"INST_INT", &record.encode_to_vec());
        self.log.append(&self.partition(TopicKind::Raw), records).await.unwrap();
    }

    /// Waits for a condition, with a bound.
    pub(crate) async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let wait = async {
            while !condition().await {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect(what);
    }
}

/// Makes the bytes of HEALTH_STATUS.
pub(crate) fn health_status(temp1: u16, collects: u16, kind: u16) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(temp1.to_be_bytes());
    bytes.extend(collects.to_be_bytes());
    bytes.extend(kind.to_be_bytes());
    bytes.extend(2.5_f32.to_be_bytes());
    bytes.extend([1, 2, 3, 0xDE, 0xAD, 9]);
    bytes
}

/// A process under a name that does not speak up by itself.
pub(crate) fn process(log: &Arc<dyn Log>, name: &str, metrics: &MetricsRegistry) -> Process {
    let (names, identity) = (TopicNames::default(), Identity::new(name, "here"));
    Process::new(log.clone(), &names, identity, Duration::from_secs(30), metrics.clone())
}

pub(crate) async fn memory_log() -> Arc<dyn Log> {
    memory_log_of(1).await
}

/// A log whose topics have several partitions, but for those that always have one.
pub(crate) async fn memory_log_of(partitions: u32) -> Arc<dyn Log> {
    let log = groundlog_log::open("memory:", &EmbeddedOptions::default()).unwrap();
    for kind in TopicKind::ALL {
        TopicSpec::ensure_standard(&*log, &TopicNames::default(), kind, partitions).await.unwrap();
    }
    log
}

/// Fails commands of one duration before they are sent, those of another one afterwards.
struct DurationValidator {
    before: f64,
    after: f64,
}

impl DurationValidator {
    fn verdict(command: &BuiltCommand, wrong: f64) -> Verdict {
        match command.packet.read("DURATION", ValueType::Raw) {
            Ok(duration) if duration.as_f64() == Some(wrong) => {
                Verdict::Failed(format!("a duration of {wrong}"))
            }
            Ok(_) => Verdict::Passed,
            Err(error) => Verdict::Unknown(error.to_string()),
        }
    }
}

impl ValidatorCode for DurationValidator {
    fn before(&self, command: &BuiltCommand) -> Verdict {
        Self::verdict(command, self.before)
    }

    fn after(&self, command: &BuiltCommand) -> Verdict {
        Self::verdict(command, self.after)
    }
}

fn register_code() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut registry = Registry::default();
        registry.validator("DurationValidator", |parameters| {
            Ok(DurationValidator { before: parameters.float(0)?, after: parameters.float(1)? })
        });
        registry.install().unwrap();
    });
}

fn definitions_of_inst() -> groundlog_proto::wire::DefinitionSet {
    let source = |name: &str, text: &str| TargetSource {
        name: name.to_owned(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/all.txt".to_owned(), text.to_owned())],
        binary_files: Vec::new(),
    };
    let (inst, lonely) = COMMANDS.split_at(COMMANDS.find("COMMAND LONELY").unwrap());
    let definitions = Definitions::builder()
        .add_target(source("INST", &format!("{TELEMETRY}{inst}")))
        .add_target(source("LONELY", lonely))
        .build()
        .unwrap();
    let interfaces = [("INST_INT".to_owned(), vec!["INST".to_owned()])];
    definition_set("test", &definitions, &interfaces)
}

pub(crate) fn interface() -> InterfaceInfo {
    InterfaceInfo {
        name: "INST_INT".to_owned(),
        config_params: vec!["tcpip_client_interface.rb".to_owned(), "127.0.0.1".to_owned()],
        cmd_target_names: vec!["INST".to_owned()],
        tlm_target_names: vec!["INST".to_owned()],
        connect_on_startup: true,
        auto_reconnect: true,
        reconnect_delay: "5.0".to_owned(),
        plugin: "test".to_owned(),
        ..InterfaceInfo::default()
    }
}
