use std::{
    hash::{BuildHasher, RandomState},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use groundlog_log::{
    AppendAck, Durability, KafkaLog, KafkaOptions, Log, LogError, Records, Retention, TopicSpec,
};
use groundlog_proto::{TopicName, TopicPartition};
use rdkafka::{ClientConfig, admin::AdminClient, client::DefaultClientContext};

const VARIABLE: &str = "GROUNDLOG_TEST_KAFKA";

/// Names the program that runs one more broker.
const PROGRAM: &str = "GROUNDLOG_TEST_KAFKA_BROKER";

/// User and password of the broker that a test starts.
pub(crate) const LOGIN: (&str, &str) = ("groundlog", "right");

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the broker's address; without one, says that the test is skipped.
pub(crate) fn address() -> Option<String> {
    named(VARIABLE)
}

fn named(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok();
    if value.is_none() {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        println!("SKIPPED: {test}: {variable} is not set; cargo xtask servers up starts a broker");
    }
    value
}

/// Connects to the broker, if there is one.
pub(crate) fn connect() -> Option<KafkaLog> {
    Some(connect_to(&address()?))
}

pub(crate) fn connect_to(address: &str) -> KafkaLog {
    KafkaLog::connect(address, &KafkaOptions::default()).expect("the broker answers")
}

/// Starts names that no other run has used at this broker.
pub(crate) fn unique(test: &str) -> String {
    format!("{test}-{:016x}.", RandomState::new().hash_one(test))
}

pub(crate) fn spec(name: &str, partitions: u32) -> TopicSpec {
    TopicSpec {
        name: TopicName::new(name),
        partitions,
        durability: Durability::Unsynced,
        retention: Retention::Forever,
    }
}

/// Makes a topic of one partition.
pub(crate) async fn partition(log: &dyn Log, name: &str) -> TopicPartition {
    log.ensure(&spec(name, 1)).await.expect("the topic is made");
    TopicPartition::new(TopicName::new(name), 0)
}

pub(crate) fn numbered(numbers: impl IntoIterator<Item = u64>) -> Records {
    let mut records = Records::new();
    numbers.into_iter().for_each(|number| records.push(b"", &number.to_le_bytes()));
    records
}

pub(crate) async fn append(log: &dyn Log, to: &TopicPartition, number: u64) -> AppendAck {
    log.append(to, numbered([number])).await.expect("acknowledged")
}

/// Returns the number that a record starts with.
pub(crate) fn number(value: &[u8]) -> u64 {
    u64::from_le_bytes(value[..8].try_into().expect("eight bytes"))
}

/// Reads all committed numbers of a partition.
pub(crate) async fn numbers(log: &dyn Log, partition: &TopicPartition) -> Vec<u64> {
    try_numbers(log, partition).await.expect("readable")
}

/// Reads them, should there be a broker.
pub(crate) async fn try_numbers(
    log: &dyn Log,
    partition: &TopicPartition,
) -> Result<Vec<u64>, LogError> {
    let mut reader = log.reader(partition, 0).await?;
    let mut numbers = Vec::new();
    loop {
        let batch = reader.poll(1 << 20).await?;
        if batch.is_empty() {
            return Ok(numbers);
        }
        numbers.extend(batch.iter().map(|record| number(record.value)));
    }
}

pub(crate) fn is_fenced<T>(result: &Result<T, LogError>) -> bool {
    matches!(result, Err(LogError::Fenced { .. }))
}

/// What an operator would use.
pub(crate) fn admin(address: &str) -> AdminClient<DefaultClientContext> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address).create().expect("an admin client")
}

/// A broker of the test's own, to be stopped and started.
pub(crate) struct Broker {
    program: PathBuf,
    data: tempfile::TempDir,
    /// Of the broker, of its controller, and of the broker for those who log in.
    ports: [u16; 3],
    process: Option<Child>,
}

impl Broker {
    /// Starts one, if the recipe has said how.
    pub(crate) fn start() -> Option<Self> {
        let program = PathBuf::from(named(PROGRAM)?);
        let data = tempfile::tempdir().expect("a folder");
        let mut broker =
            Self { program, data, ports: [(); 3].map(|()| free_port()), process: None };
        broker.up();
        Some(broker)
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    /// Returns where clients log in, as [`LOGIN`].
    pub(crate) fn login_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports[2])
    }

    /// Starts it again, on the same data and ports.
    pub(crate) fn up(&mut self) {
        let [broker, controller, login] = self.ports.map(|port| port.to_string());
        let log = std::fs::File::create(self.data.path().join("log.txt")).expect("a file");
        let process = Command::new("sh")
            .arg(&self.program)
            .arg(self.data.path())
            .args(["127.0.0.1", &broker, &controller, &login])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the file"))
            .stderr(log)
            .spawn();
        self.process = Some(process.expect("it starts"));
    }

    /// Kills it.
    pub(crate) fn down(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("killed");
            process.wait().expect("gone");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.down();
    }
}

pub(crate) fn signal(pid: u32, signal: &str) {
    let status = Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(status.expect("kill runs").success());
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}

/// Runs one of this binary's tests as a process of its own.
pub(crate) fn child(test: &str, variables: &[(&str, &str)]) -> Command {
    let program = std::env::current_exe().expect("this binary");
    let mut command = Command::new(Path::new(&program));
    command.args(["--exact", test, "--nocapture"]).envs(variables.iter().copied());
    command
}
