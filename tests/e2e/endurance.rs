//! The distributed system under faults, on servers of its own: every role killed at random, the
//! broker stopped and refusing, Valkey stopped and empty. Nothing that TCP delivered is lost,
//! nothing is there twice, every payload is byte for byte what was sent (X02, X07, X08, D2).
//!
//! `cargo xtask soak` runs a long form (GROUNDLOG_SOAK="KILLS SECONDS").

use std::{
    process::Command,
    time::{Duration, Instant},
};

use groundlog_tests::{
    Load, Server, SharedLog, Stack, System, groundlog_with, wait_for, workspace,
};
use serde_json::{Value, json};

/// How much is tried.
struct Extent {
    kills: u32,
    outage: Duration,
}

impl Extent {
    fn wanted() -> Self {
        let Ok(wanted) = std::env::var("GROUNDLOG_SOAK") else {
            return Self { kills: 10, outage: Duration::from_secs(30) };
        };
        let numbers = wanted.split_once(' ').and_then(|(kills, seconds)| {
            let outage = Duration::from_secs(seconds.parse().ok()?);
            Some(Self { kills: kills.parse().ok()?, outage })
        });
        numbers.expect("GROUNDLOG_SOAK is KILLS SECONDS")
    }
}

/// Longer than a broker takes to miss a process, others to take over, and a backlog to be done.
const SOON: Duration = Duration::from_secs(120);

/// Name and roles of each process.
const PROCESSES: [(&str, &str); 6] = [
    ("ingest-1", "ingest"),
    ("ingest-2", "ingest"),
    ("decom-1", "decom"),
    ("decom-2", "decom"),
    ("cvt-1", "cvt"),
    ("gateway-1", "gateway"),
];

/// Servers and processes of one system.
struct Cluster {
    kafka: Server,
    valkey: Server,
    system: System,
    processes: Vec<Stack>,
    _folder: tempfile::TempDir,
}

impl Cluster {
    fn start(load: &Load) -> Option<Self> {
        let folder = tempfile::tempdir().expect("folder");
        let kafka = Server::kafka(&folder.path().join("kafka"))?;
        let valkey = Server::valkey(&folder.path().join("valkey"))?;
        let log = SharedLog { url: kafka.url(), prefix: "soak.".into() };
        let system = System::new(log, load.address).with_table(&valkey.url());
        let start = |(process, roles): &(&str, &str)| system.start(roles, process);
        let processes = PROCESSES.iter().map(start).collect();
        Some(Self { kafka, valkey, system, processes, _folder: folder })
    }

    fn gateway(&self) -> &Stack {
        self.processes.last().expect("the gateway is the last one")
    }

    fn counter(&self) -> Option<i64> {
        let request = json!({
            "jsonrpc": "2.0", "method": "tlm", "params": ["TEST", "DATA", "COUNTER"], "id": 0,
            "keyword_params": { "scope": "DEFAULT" },
        });
        let path = "/openc3-api/api";
        let answer =
            self.gateway().http.post(path, "application/json", &request.to_string().into_bytes());
        answer?.json()["result"].as_i64()
    }

    /// Waits until something is shown that was sent after this call.
    #[track_caller]
    fn is_live(&self, load: &Load, after: &str) -> Duration {
        let (start, sent) = (Instant::now(), i64::from(load.sent()));
        let what = format!("live values after {after}");
        wait_for(&what, SOON, || self.counter().filter(|shown| *shown > sent));
        start.elapsed()
    }

    fn health(&self) -> Option<(u16, Value)> {
        let answer = self.gateway().http.get("/health")?;
        Some((answer.status, answer.json()))
    }

    /// Stops sending, waits until everything is worked off, and looks at every record.
    fn verdict(&mut self, load: &mut Load) {
        load.quiet();
        wait_for("nothing is left to do", SOON, || {
            let status = self.gateway().http.get("/groundlog/v1/status")?.json();
            let rows = status["roles"].as_array()?.clone();
            let mut running = rows.iter().filter(|row| row["state"] == "running");
            running.all(|row| row["lag_records"].as_u64().unwrap_or(0) == 0).then_some(())
        });
        let environment = self.system.environment();
        let url = self.gateway().url().to_owned();
        let rebuild = ["rebuild", "cvt", "--from", "earliest", "--verify", "--json", "--url", &url];
        let equal = groundlog_with(&rebuild, &environment).json_lines();
        assert_eq!(equal[0]["equal"], true, "{equal:?}");
        for process in self.processes.iter_mut().take(2) {
            assert_eq!(process.interrupt(), 0, "{}", process.said());
        }
        load.finish();
        let logged = self.system.check(load.sent());
        load.check_connections(&logged);
        let (there, offered) = (logged.len(), load.sent());
        println!("{there} packets in the log of {offered} offered, each once, each intact");
    }
}

#[test]
fn every_role_is_killed_at_random_and_nothing_is_lost_or_twice() {
    let mut load = Load::start();
    let Some(mut cluster) = Cluster::start(&load) else { return };
    cluster.is_live(&load, "the start");
    let (mut random, mut longest) = (0x2545_F491_u32, Duration::ZERO);
    for kill in 0..Extent::wanted().kills {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let victim = (random >> 16) as usize % PROCESSES.len();
        let (process, roles) = PROCESSES[victim];
        // At any moment of its work.
        std::thread::park_timeout(Duration::from_millis(u64::from(random >> 23)));
        cluster.processes[victim].kill();
        cluster.processes[victim] = cluster.system.start(roles, process);
        let took = cluster.is_live(&load, &format!("kill {kill}, of {process}"));
        longest = longest.max(took);
    }
    println!("longest time to live values after a restart: {longest:.1?}");
    cluster.verdict(&mut load);
}

/// Runs the system through one outage under load; `what` has happened when it is over.
fn through(what: &str, outage: impl FnOnce(&mut Cluster, Duration)) {
    let mut load = Load::start();
    let Some(mut cluster) = Cluster::start(&load) else { return };
    cluster.is_live(&load, "the start");
    let lasts = Extent::wanted().outage;
    outage(&mut cluster, lasts);
    let took = cluster.is_live(&load, what);
    println!("live {took:.1?} after {what} for {lasts:?}");
    cluster.verdict(&mut load);
}

#[test]
fn the_broker_goes_away_and_nothing_is_lost_or_twice() {
    through("the broker was away", |cluster, lasts| {
        cluster.kafka.stop();
        let said = during(lasts, || {
            cluster.health().filter(|(_, health)| tells_of(health, "the log has not answered"))
        });
        assert!(said.is_some(), "/health says nothing of the broker: {:?}", cluster.health());
        cluster.kafka.start();
    });
}

#[test]
fn the_broker_refuses_writes_and_nothing_is_lost_or_twice() {
    through("the broker refused writes", |cluster, lasts| {
        refuse_writes(cluster, true);
        during(lasts, || None::<()>);
        refuse_writes(cluster, false);
    });
}

#[test]
fn valkey_comes_back_empty_and_nothing_is_lost_or_twice() {
    through("Valkey was away", |cluster, lasts| {
        cluster.valkey.kill();
        let said =
            during(lasts, || cluster.health().filter(|(_, health)| tells_of(health, "valkey")));
        assert!(said.is_some(), "/health says nothing of Valkey: {:?}", cluster.health());
        cluster.valkey.start();
    });
}

fn tells_of(health: &Value, word: &str) -> bool {
    health.to_string().to_lowercase().contains(word)
}

/// Lets an outage last, asking again and again; returns the first answer.
fn during<T>(outage: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let (end, mut answer) = (Instant::now() + outage, None);
    while Instant::now() < end {
        answer = answer.or_else(&mut ask);
        std::thread::park_timeout(Duration::from_millis(200));
    }
    answer
}

/// Makes the broker ask for more replicas than there are, so that it takes no raw records; or lets
/// it take them again.
fn refuse_writes(cluster: &Cluster, refuse: bool) {
    let home = workspace().join("target/servers/kafka");
    let class_path = format!("{}/libs/*", home.display());
    let logging = format!("-Dlog4j2.configurationFile={}/log4j2.properties", home.display());
    let change: [&str; 2] = match refuse {
        true => ["--add-config", "min.insync.replicas=2"],
        false => ["--delete-config", "min.insync.replicas"],
    };
    let done = Command::new("java")
        .args([&logging, "-cp", &class_path, "kafka.admin.ConfigCommand"])
        .args(["--bootstrap-server", &cluster.kafka.address, "--alter"])
        .args(["--entity-type", "topics", "--entity-name", "soak.raw"])
        .args(change)
        .output()
        .expect("java runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
