//! JSON-RPC `tlm` against an empty axum handler: same requests, same connections, same runtime.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, routing::post, serve::ListenerExt};
use groundlog_cvt::{CurrentValues, Cvt, CvtOptions};
use groundlog_decom::{Decom, DecomOptions};
use groundlog_gateway::{DEFAULT_PASSWORD, Gateway, GatewayOptions, Parts};
use groundlog_log::{EmbeddedOptions, Log, Records, TopicSpec};
use groundlog_packet::{Definitions, definition::TargetSource};
use groundlog_projection::{
    DefinitionStore, Identity, MetricsRegistry, Process, RunnerOptions, SettingsStore,
    definition_set,
};
use groundlog_proto::{
    TopicKind, TopicNames, TopicPartition,
    borrowed::{RawBodyRef, RawPacketRef, RawRecordRef},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

const DEFINITIONS: &str = "\
TELEMETRY INST HEALTH_STATUS BIG_ENDIAN \"Health\"
  APPEND_ID_ITEM PKTID 8 UINT 1 \"Packet id\"
  APPEND_ITEM TEMP1 16 UINT \"Temperature\"
    POLY_READ_CONVERSION -100.0 0.01
    LIMITS DEFAULT 1 ENABLED -80.0 -70.0 60.0 80.0
";

/// What the stock client sends for `tlm(\"INST HEALTH_STATUS TEMP1\")`.
const BODY: &str = "{\"jsonrpc\": \"2.0\", \"method\": \"tlm\", \
    \"params\": [\"INST HEALTH_STATUS TEMP1\"], \"keyword_params\": {\"scope\": \"DEFAULT\"}, \
    \"id\": 0}";

const PATH: &str = "/openc3-api/api";

/// Both servers, on the runtime they were started on.
#[derive(Debug)]
pub struct Servers {
    /// The gateway.
    pub gateway: SocketAddr,
    /// The empty handler.
    pub empty: SocketAddr,
    /// What the stock client puts into `Authorization`.
    pub session: String,
    _stop: watch::Sender<bool>,
}

impl Servers {
    /// Starts a gateway with one packet received, and an empty axum handler beside it.
    pub async fn start() -> Self {
        let (stop, stopped) = watch::channel(false);
        let gateway = gateway(stopped).await;
        let session = log_in(gateway).await;
        Self { gateway, empty: empty().await, session, _stop: stop }
    }
}

async fn empty() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("nodelay"));
    let router: Router = Router::new().route(PATH, post(async || {}));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
    address
}

async fn gateway(stopped: watch::Receiver<bool>) -> SocketAddr {
    let log = groundlog_log::open("memory:", &EmbeddedOptions::default()).expect("log");
    let names = TopicNames::default();
    for kind in TopicKind::ALL {
        let spec = TopicSpec::standard(&names, kind, 1);
        log.ensure(&spec).await.expect("topic");
    }
    let settings = SettingsStore::open(log.clone(), &names).await.expect("settings");
    let definitions = DefinitionStore::new(log.clone(), &names, settings.clone());
    let source = TargetSource {
        name: "INST".to_owned(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/tlm.txt".to_owned(), DEFINITIONS.to_owned())],
        binary_files: Vec::new(),
    };
    let parsed = Definitions::builder().add_target(source).build();
    let set = definition_set("bench", &parsed.expect("definitions"), &[]);
    definitions.activate(&set, "bench").await.expect("active");
    let metrics = MetricsRegistry::new();
    let runner = RunnerOptions {
        metrics: metrics.clone(),
        ..RunnerOptions::new(log.clone(), names.clone(), "bench")
    };
    let decom =
        Decom::build(DecomOptions { runner: runner.clone(), definitions: definitions.clone() });
    let cvt = Cvt::build(CvtOptions::new(runner, definitions.clone()));
    let current = cvt.values();
    let parts = Parts {
        log: log.clone(),
        settings,
        definitions: definitions.clone(),
        current: current.clone(),
        process: Process::new(
            log.clone(),
            &names,
            Identity::new("bench", "bench"),
            Duration::from_secs(30),
            metrics.clone(),
        ),
        metrics,
    };
    let options = GatewayOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..GatewayOptions::default()
    };
    let gateway = Gateway::build(parts, options).await.expect("gateway");
    let address = gateway.handle().address();
    let (for_decom, for_cvt) = (stopped.clone(), stopped.clone());
    tokio::spawn(async move { decom.run(for_decom).await.expect("decom") });
    tokio::spawn(async move { cvt.run(for_cvt).await.expect("cvt") });
    tokio::spawn(async move { gateway.run(stopped).await.expect("gateway") });
    receive(&log, &definitions, &names, &current).await;
    address
}

/// Lets one packet through the whole way.
async fn receive(
    log: &Arc<dyn Log>,
    definitions: &DefinitionStore,
    names: &TopicNames,
    current: &CurrentValues,
) {
    let hash = definitions.active().expect("active");
    let record = RawRecordRef {
        received_time_ns: 1_700_000_000_000_000_000,
        scope: "DEFAULT",
        interface: "INST_INT",
        definitions: hash.as_bytes(),
        body: RawBodyRef::Packet(RawPacketRef { data: &[1, 0x4C, 0x26], target: "", name: "" }),
        ..RawRecordRef::default()
    };
    let mut records = Records::new();
    records.push_with(b"INST_INT", |out| record.encode(out));
    let raw = TopicPartition::new(names.topic(TopicKind::Raw), 0);
    log.append(&raw, records).await.expect("appended");
    let decom = TopicPartition::new(names.topic(TopicKind::Decom), 0);
    current.reached(&decom, 1).await.expect("current values");
}

async fn log_in(address: SocketAddr) -> String {
    let body = format!("{{\"password\":\"{DEFAULT_PASSWORD}\"}}");
    let request = format!(
        "POST /openc3-api/auth/verify HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answer");
    let (_, token) = answer.split_once("\r\n\r\n").expect("body");
    assert!(token.starts_with("ses_"), "{answer}");
    token.to_owned()
}

/// Requests per second that `connections` kept-alive connections get answered, each with one
/// request under way. To be called on a thread of its own.
pub fn load(address: SocketAddr, session: &str, connections: usize, time: Duration) -> f64 {
    let request: Arc<str> = format!(
        "POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json-rpc\r\n\
         Authorization: {session}\r\nContent-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
    .into();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let start = Instant::now();
        let tasks: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(connection(address, request.clone(), start + time)))
            .collect();
        let mut answered = 0;
        for task in tasks {
            answered += task.await.expect("connection");
        }
        answered as f64 / start.elapsed().as_secs_f64()
    })
}

async fn connection(address: SocketAddr, request: Arc<str>, until: Instant) -> u64 {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.set_nodelay(true).expect("nodelay");
    let mut buffer = vec![0; 4096];
    let (mut answered, mut expected) = (0, None);
    while Instant::now() < until {
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut filled = 0;
        // Every answer has the same length; the first one says which.
        while expected.is_none_or(|expected| filled < expected) {
            let more = stream.read(&mut buffer[filled..]).await.expect("answer");
            assert!(more > 0, "the server closed the connection");
            filled += more;
            if expected.is_none() {
                expected = answer_length(&buffer[..filled]);
            }
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "not answered with 200");
        answered += 1;
    }
    answered
}

fn answer_length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let found = name.eq_ignore_ascii_case("content-length");
        found.then(|| value.parse::<usize>().ok())?
    });
    Some(head + length?)
}
