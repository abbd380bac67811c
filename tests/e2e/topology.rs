//! compose.yaml without containers: its command lines and its configuration file, on the servers
//! that GROUNDLOG_TEST_KAFKA and GROUNDLOG_TEST_VALKEY name.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use groundlog_tests::{Http, groundlog_command, wait_for, workspace};
use serde_json::{Value, json};

/// Starting six processes one after the other on a busy machine.
const START_MAX: Duration = Duration::from_secs(90);
/// The session of a killed member, and what it leaves to others.
const MOVE_MAX: Duration = Duration::from_secs(60);
const PASSWORD: &str = "not that of the demo";
/// A table of its own, away from those of other tests.
const DATABASE: u8 = 13;

/// One service of compose.yaml that is a groundlog process.
struct Service {
    name: String,
    command: Vec<String>,
}

/// Finds the services with a command of one line.
fn services() -> Vec<Service> {
    let text = std::fs::read_to_string(workspace().join("compose.yaml")).expect("compose.yaml");
    let (_, services) = text.split_once("\nservices:\n").expect("services");
    let mut name = String::new();
    let mut found = Vec::new();
    for line in services.lines() {
        if let Some(service) = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':'))
            && !service.starts_with([' ', '#'])
        {
            service.clone_into(&mut name);
        }
        if let Some(list) = line.strip_prefix("    command: ") {
            let command: Vec<String> = serde_json::from_str(list).expect("a list on one line");
            if command[0] == "run" || command[0] == "sim" {
                found.push(Service { name: name.clone(), command });
            }
        }
    }
    found
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// The processes; killed when dropped.
struct Topology {
    running: Vec<(String, Child)>,
    folder: tempfile::TempDir,
    gateways: Vec<Http>,
}

impl Topology {
    /// Starts every service with deploy/groundlog.toml, whose names of hosts become addresses.
    fn start(kafka: &str, valkey: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let spacecraft = free_port();
        let config = write_config(folder.path(), kafka, valkey, spacecraft);
        let mut topology = Self { running: Vec::new(), folder, gateways: Vec::new() };
        for service in services() {
            topology.start_service(&service, &config, spacecraft);
        }
        topology
    }

    fn start_service(&mut self, service: &Service, config: &Path, spacecraft: u16) {
        let config = config.to_string_lossy();
        let gateway = format!("127.0.0.1:{}", free_port());
        let arguments: Vec<&str> = service
            .command
            .iter()
            .map(|word| match word.as_str() {
                "/etc/groundlog/groundlog.toml" => &config,
                word => word,
            })
            .collect();
        let listen = format!("127.0.0.1:{spacecraft}");
        let arguments: Vec<&str> = arguments
            .into_iter()
            .map(|word| if word == "0.0.0.0:4000" { listen.as_str() } else { word })
            .collect();
        let log = std::fs::File::create(self.folder.path().join(&service.name)).expect("a file");
        let mut command = groundlog_command(&arguments);
        command
            .env("OPENC3_API_PASSWORD", PASSWORD)
            .env("GROUNDLOG__GATEWAY__LISTEN", &gateway)
            .env("GROUNDLOG__SYSTEM__METRICS_LISTEN", format!("127.0.0.1:{}", free_port()))
            .stdout(Stdio::null())
            .stderr(log);
        self.running.push((service.name.clone(), command.spawn().expect("it starts")));
        if service.command.iter().any(|word| word == "gateway") {
            let mut http = Http::new(&format!("http://{gateway}"));
            http.authorization = PASSWORD.to_owned();
            self.gateways.push(http);
        }
    }

    fn kill(&mut self, name: &str) {
        let at = self.running.iter().position(|(running, _)| running == name).expect("it runs");
        let (_, mut child) = self.running.remove(at);
        child.kill().expect("killed");
        child.wait().expect("gone");
    }
}

impl Drop for Topology {
    fn drop(&mut self) {
        for (name, child) in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
            if std::thread::panicking() {
                let said = std::fs::read_to_string(self.folder.path().join(&*name));
                eprintln!("--- {name} said:\n{}---", said.unwrap_or_default());
            }
        }
    }
}

/// Writes deploy/groundlog.toml with addresses of this machine instead of names of containers.
fn write_config(folder: &Path, kafka: &str, valkey: &str, spacecraft: u16) -> PathBuf {
    let mut text =
        std::fs::read_to_string(workspace().join("deploy/groundlog.toml")).expect("deploy");
    let demo = workspace().join("groundlog/demo");
    for (name, here) in [
        ("kafka://redpanda:9092", format!("kafka://{kafka}")),
        ("valkey://valkey:6379", format!("valkey://{valkey}/{DATABASE}")),
        ("\"spacecraft\"", "\"127.0.0.1\"".to_owned()),
        ("\"4000\"", format!("\"{spacecraft}\"")),
        ("/etc/groundlog/plugin", demo.to_string_lossy().into_owned()),
        ("/var/lib/groundlog", folder.join("data").to_string_lossy().into_owned()),
        ("[log]\n", format!("[log]\nprefix = \"topology-{}.\"\n", std::process::id())),
    ] {
        assert!(text.contains(name), "deploy/groundlog.toml lacks {name}");
        text = text.replace(name, &here);
    }
    let file = folder.join("groundlog.toml");
    std::fs::write(&file, text).expect("written");
    file
}

#[test]
fn the_topology_of_compose_runs_natively() {
    let variable = |name: &str| std::env::var(name).ok();
    let (Some(kafka), Some(valkey)) =
        (variable("GROUNDLOG_TEST_KAFKA"), variable("GROUNDLOG_TEST_VALKEY"))
    else {
        println!("SKIPPED: set GROUNDLOG_TEST_KAFKA and GROUNDLOG_TEST_VALKEY to HOST:PORT");
        return;
    };
    empty_database(&valkey);
    let mut topology = Topology::start(&kafka, &valkey);
    assert_eq!(topology.gateways.len(), 2);
    for gateway in &topology.gateways {
        wait_for("both gateways serve, no role missing", START_MAX, || {
            gateway.get("/health").filter(|answer| answer.status == 200)
        });
    }
    let collects =
        |gateway: &Http| gateway.call("tlm", json!(["INST", "HEALTH_STATUS", "COLLECTS"])).as_i64();
    let before = wait_for("telemetry arrives", START_MAX, || collects(&topology.gateways[0]));
    topology.gateways[1].call("cmd", json!(["INST COLLECT with TYPE NORMAL, DURATION 5"]));
    wait_for("a command of one gateway shows at the other", START_MAX, || {
        (collects(&topology.gateways[0]) == Some(before + 1)).then_some(())
    });

    // Whichever of the two decommutates the spacecraft's partition: after one, the other is killed.
    topology.kill("decom-1");
    grows(&topology.gateways[1]);
    let again = services().into_iter().find(|service| service.name == "decom-1").expect("decom-1");
    let config = topology.folder.path().join("groundlog.toml");
    topology.start_service(&again, &config, 0);
    wait_for("it is there again", MOVE_MAX, || {
        topology.gateways[0].get("/health").filter(|answer| answer.status == 200)
    });
    topology.kill("decom-2");
    grows(&topology.gateways[0]);
}

/// Removes what an earlier run left behind: a table of another prefix is refused.
fn empty_database(valkey: &str) {
    let mut stream = TcpStream::connect(valkey).expect("Valkey");
    stream.set_read_timeout(Some(START_MAX)).expect("timeout");
    write!(stream, "SELECT {DATABASE}\r\nFLUSHDB\r\n").expect("sent");
    let mut answer = [0; b"+OK\r\n+OK\r\n".len()];
    stream.read_exact(&mut answer).expect("answered");
    assert_eq!(&answer, b"+OK\r\n+OK\r\n");
}

/// Waits until packets are decommutated that were not before.
fn grows(gateway: &Http) {
    let count = || gateway.call("get_tlm_cnt", json!(["INST", "ADCS"]));
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let before = number(&count());
    wait_for("decommutation goes on", MOVE_MAX, || (number(&count()) > before + 20).then_some(()));
}

#[test]
fn compose_has_the_services_that_the_topology_starts() {
    let names: Vec<String> = services().into_iter().map(|service| service.name).collect();
    let expected = ["spacecraft", "ingest", "decom-1", "decom-2", "cvt", "gateway-1", "gateway-2"];
    assert_eq!(names, expected);
    let folder = tempfile::tempdir().expect("folder");
    write_config(folder.path(), "127.0.0.1:9", "127.0.0.1:9", 9);
}
