//! A running ingest role, a spacecraft that the test plays, and what the log holds.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use groundlog_ingest::{
    Handle, Ingest, IngestError, IngestLimits, IngestOptions, InterfaceOptions, LinkState,
};
use groundlog_log::{Log, Records, TopicSpec};
use groundlog_proto::{
    DefinitionHash, Nanos, TopicKind, TopicNames, TopicPartition, partition_of,
    prost::Message,
    wire::{
        CommandEvent, CommandRequest, CommandState, Directive, RawPacket, RawRecord, directive,
        raw_record,
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a condition, and says what was waited for when it never comes.
pub(crate) async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    tokio::time::timeout(PATIENCE, listener.accept()).await.expect("a connection").unwrap().0
}

/// An interface that frames CCSDS packets and maps target INST.
pub(crate) fn interface(address: SocketAddr) -> InterfaceOptions {
    let port = address.port().to_string();
    let params =
        ["127.0.0.1", &port, &port, "10.0", "nil", "LENGTH", "32", "16", "7", "1", "BIG_ENDIAN"];
    let mut interface = InterfaceOptions::new("INST_INT", "tcpip_client_interface.rb", &params);
    interface.params.extend(["0", "nil", "nil", "true"].map(str::to_owned));
    interface.cmd_targets = vec!["INST".to_owned()];
    interface.tlm_targets = vec!["INST".to_owned()];
    interface.reconnect_delay = Duration::from_millis(20);
    interface
}

pub(crate) fn options(interfaces: Vec<InterfaceOptions>) -> IngestOptions {
    IngestOptions {
        interfaces,
        limits: IngestLimits {
            retry_delay: Duration::from_millis(20),
            release_grace: Duration::from_millis(300),
            ..IngestLimits::default()
        },
        ..IngestOptions::new(DefinitionHash([9; 16]))
    }
}

/// A CCSDS packet with a payload of at least one byte.
pub(crate) fn packet(payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x08, 0x01, 0xc0, 0x00];
    packet.extend_from_slice(&(payload.len() as u16 - 1).to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

pub(crate) struct Stack {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) handle: Handle,
    names: TopicNames,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), IngestError>>,
}

impl Stack {
    pub(crate) fn start(log: Arc<dyn Log>, options: IngestOptions) -> Self {
        let names = options.names.clone();
        let ingest = Ingest::build(Arc::clone(&log), options).unwrap();
        let (stop, stopped) = watch::channel(false);
        let handle = ingest.handle();
        let task = tokio::spawn(ingest.run(stopped));
        Self { log, handle, names, stop, task }
    }

    pub(crate) fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    pub(crate) async fn stop(self) {
        self.ask_to_stop();
        tokio::time::timeout(PATIENCE, self.task).await.expect("it stops").unwrap().unwrap();
    }

    /// Ends the role as a kill does: nothing is drained, nothing is said.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    pub(crate) async fn connected(&self) {
        until("the interface is connected", async || {
            let status = self.handle.interface("INST_INT")?;
            (status.state == LinkState::Connected).then_some(())
        })
        .await;
    }

    /// Returns what lies in a topic, of `control` in the partition of INST_INT.
    pub(crate) async fn values(&self, kind: TopicKind) -> Vec<Vec<u8>> {
        let topic = self.log.topic(&self.names.topic(kind)).await.unwrap();
        let partition = TopicPartition::new(topic.name, partition_of("INST_INT", topic.partitions));
        let mut reader = self.log.reader(&partition, 0).await.unwrap();
        let mut values = Vec::new();
        loop {
            let batch = reader.poll(1 << 20).await.unwrap();
            if batch.is_empty() {
                return values;
            }
            values.extend(batch.iter().map(|record| record.value.to_vec()));
        }
    }

    /// Returns the raw records that hold packets, as they lie in the log.
    pub(crate) async fn raw(&self) -> Vec<(RawRecord, RawPacket)> {
        let values = self.values(TopicKind::Raw).await;
        let records = values.iter().map(|value| RawRecord::decode(value.as_slice()).unwrap());
        records
            .filter_map(|record| match record.body.clone() {
                Some(raw_record::Body::Packet(packet)) => Some((record, packet)),
                _ => None,
            })
            .collect()
    }

    pub(crate) async fn packets(&self, count: usize) -> Vec<(RawRecord, RawPacket)> {
        until(&format!("there are {count} raw packets"), async || {
            let raw = self.raw().await;
            (raw.len() >= count).then_some(raw)
        })
        .await
    }

    pub(crate) async fn append(&self, kind: TopicKind, key: &str, value: &[u8]) {
        append(&*self.log, kind, key, value).await;
    }

    pub(crate) async fn event(&self, event: &CommandEvent) {
        self.append(TopicKind::Commands, &event.target, &event.encode_to_vec()).await;
    }

    pub(crate) async fn request(&self, id: &str, packet: &[u8]) {
        self.event(&request(id, packet)).await;
    }

    pub(crate) async fn direct(&self, kind: directive::Kind, expires_ns: i64) {
        let directive =
            Directive { id: "d".to_owned(), time_ns: Nanos::now().0, expires_ns, kind: Some(kind) };
        self.append(TopicKind::Control, "INST_INT", &directive.encode_to_vec()).await;
    }

    /// Returns the events of one command in their order.
    pub(crate) async fn events(&self, id: &str) -> Vec<CommandEvent> {
        let values = self.values(TopicKind::Commands).await;
        let events = values.iter().map(|value| CommandEvent::decode(value.as_slice()).unwrap());
        events.filter(|event| event.command_id == id).collect()
    }

    pub(crate) async fn states(&self, id: &str) -> Vec<CommandState> {
        self.events(id).await.iter().map(CommandEvent::state).collect()
    }

    /// Waits until a command's last event is this one, and returns it.
    pub(crate) async fn ends(&self, id: &str, state: CommandState) -> CommandEvent {
        until(&format!("command {id} is {state:?}"), async || {
            self.events(id).await.into_iter().find(|event| event.state() == state)
        })
        .await
    }
}

/// Appends one record as another process does.
pub(crate) async fn append(log: &dyn Log, kind: TopicKind, key: &str, value: &[u8]) {
    let names = TopicNames::default();
    let topic = TopicSpec::ensure_standard(log, &names, kind, 1).await.unwrap();
    let mut records = Records::new();
    records.push(key.as_bytes(), value);
    let partition = TopicPartition::new(topic.name, partition_of(key, topic.partitions));
    log.append(&partition, records).await.unwrap();
}

pub(crate) fn request(id: &str, packet: &[u8]) -> CommandEvent {
    CommandEvent {
        command_id: id.to_owned(),
        state: CommandState::Requested as i32,
        time_ns: Nanos::now().0,
        target: "INST".to_owned(),
        command: "ABORT".to_owned(),
        request: Some(CommandRequest {
            packet: packet.to_vec().into(),
            ..CommandRequest::default()
        }),
        ..CommandEvent::default()
    }
}
