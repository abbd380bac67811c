use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Http, binary::groundlog_with_files_max, groundlog_command, wait_for};

const START_MAX: Duration = Duration::from_secs(30);
const STOP_MAX: Duration = Duration::from_secs(30);

/// How a system is started.
#[derive(Debug, Clone, Default)]
pub struct StackOptions {
    /// Arguments after `run`; the demo when empty.
    pub arguments: Vec<String>,
    /// Extra environment.
    pub environment: Vec<(String, String)>,
    /// The data folder; a fresh one when `None`.
    pub data: Option<PathBuf>,
    /// Whether it is up as soon as it answers: alone it may not serve, because other processes of
    /// the system are missing yet.
    pub answers_is_up: bool,
    /// How many files it may have open; as many as the test when `None`.
    pub files_max: Option<u32>,
}

/// A log that processes share: a broker, and a prefix that no other test has.
#[derive(Debug, Clone)]
pub struct SharedLog {
    /// `kafka://HOST:PORT`.
    pub url: String,
    /// Prefix of its topics.
    pub prefix: String,
}

impl SharedLog {
    /// Takes the broker that GROUNDLOG_TEST_KAFKA names (HOST:PORT); `None` where there is none. The
    /// skip is printed and counted.
    pub fn on_kafka(test: &str) -> Option<Self> {
        let Some(servers) = std::env::var("GROUNDLOG_TEST_KAFKA").ok().filter(|it| !it.is_empty())
        else {
            println!("SKIPPED: GROUNDLOG_TEST_KAFKA names no broker (HOST:PORT)");
            return None;
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos();
        let prefix = format!("test-{test}-{now:x}-{}.", std::process::id());
        Some(Self { url: format!("kafka://{servers}"), prefix })
    }

    /// Returns what makes a process, or a command, use this log.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [("GROUNDLOG__LOG__URL", self.url.clone()), ("GROUNDLOG__LOG__PREFIX", self.prefix.clone())]
    }
}

impl StackOptions {
    /// Takes arguments after `run`.
    pub fn with(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { arguments, ..Self::default() }
    }

    /// Uses a folder that outlives the stack.
    #[must_use]
    pub fn data(mut self, data: &Path) -> Self {
        self.data = Some(data.to_owned());
        self
    }

    /// Makes it one process of several: with some roles, on a log that they share.
    #[must_use]
    pub fn role(mut self, log: &SharedLog, roles: &str, process: &str) -> Self {
        let words = ["--role", roles, "--process", process].map(str::to_owned);
        self.arguments.extend(words);
        for (name, value) in log.environment() {
            self = self.env(name, &value);
        }
        self.answers_is_up = true;
        self.env("GROUNDLOG__SYSTEM__METRICS_LISTEN", "127.0.0.1:0")
    }

    /// Lets it have so many files open, sockets included.
    #[must_use]
    pub fn files_max(mut self, files: u32) -> Self {
        self.files_max = Some(files);
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

/// A running system: its process, its folder, its address. Killed when dropped.
pub struct Stack {
    child: Child,
    data: PathBuf,
    _temporary: Option<TempDir>,
    said: Arc<Mutex<String>>,
    /// What it printed about itself when it started.
    pub started: Value,
    /// Talks to its gateway.
    pub http: Http,
}

impl Stack {
    /// Starts the demo.
    #[track_caller]
    pub fn demo() -> Self {
        Self::start(&StackOptions::default())
    }

    /// Starts a system, or one process of it, and waits until its gateway serves; of a process
    /// without one, until its own health says that it is up.
    #[track_caller]
    pub fn start(options: &StackOptions) -> Self {
        let temporary =
            options.data.is_none().then(|| tempfile::tempdir().expect("a temporary folder"));
        let data = match (&options.data, &temporary) {
            (Some(data), _) => data.clone(),
            (None, Some(temporary)) => temporary.path().join("data"),
            (None, None) => unreachable!("one of the two is there"),
        };
        let words = ["run", "--json", "--data"];
        let mut command = match options.files_max {
            None => groundlog_command(&words),
            Some(files) => groundlog_with_files_max(files, &words),
        };
        command.arg(&data).args(&options.arguments);
        command.env("GROUNDLOG__GATEWAY__LISTEN", "127.0.0.1:0");
        command.envs(options.environment.iter().map(|(name, value)| (name, value)));
        let (child, said, first) = spawn(command);
        let Some(first) = first else {
            panic!("groundlog did not start: {}", said.lock().expect("lock"));
        };
        let started: Value = serde_json::from_str(&first).expect("the first line is JSON");
        let address = started["gateway"].as_str().or_else(|| started["metrics"].as_str());
        let url = format!("http://{}", address.expect("an address to ask"));
        let any_answer = options.answers_is_up && started["gateway"].is_string();
        let stack =
            Self { child, data, _temporary: temporary, said, started, http: Http::new(&url) };
        wait_for("/health is 200", START_MAX, || {
            stack.http.get("/health").filter(|answer| any_answer || answer.status == 200)
        });
        stack
    }

    /// Returns the data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Returns the gateway's address for `--url`.
    pub fn url(&self) -> &str {
        &self.http.url
    }

    /// Returns what the status says of the first interface.
    #[track_caller]
    pub fn interface(&self) -> Value {
        let status = self.http.get("/groundlog/v1/status").expect("a status").json();
        status["interfaces"][0].clone()
    }

    /// Returns what it has said on standard error so far.
    pub fn said(&self) -> String {
        self.said.lock().expect("lock").clone()
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it at once (SIGKILL).
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it (SIGSTOP), as a machine that hangs; [`Stack::resume`] lets it go on.
    #[track_caller]
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on after [`Stack::pause`].
    #[track_caller]
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    #[track_caller]
    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill {signal} {pid}");
    }

    /// Waits until it has ended by itself; returns the exit code.
    #[track_caller]
    pub fn ended(&mut self, bound: Duration) -> i32 {
        wait_for("the process ends", bound, || self.child.try_wait().expect("wait"))
            .code()
            .unwrap_or(-1)
    }

    /// Interrupts it (as Ctrl-C does) and waits for its end; returns the exit code.
    #[track_caller]
    pub fn interrupt(&mut self) -> i32 {
        self.signal("-INT");
        self.ended(STOP_MAX)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- groundlog said:\n{}---", self.said());
        }
    }
}

type Said = Arc<Mutex<String>>;

/// Starts the process; returns its first line of output, `None` when it ended without one.
fn spawn(mut command: Command) -> (Child, Said, Option<String>) {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let said = Said::default();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let record = said.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr.expect("piped")).lines().map_while(Result::ok) {
            let mut said = record.lock().expect("lock");
            said.push_str(&line);
            said.push('\n');
        }
    });
    let (sender, first) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout.expect("piped")).lines().map_while(Result::ok) {
            // Only the first line is waited for; the rest is read so that the pipe never fills.
            let _ = sender.send(line);
        }
    });
    let first = first.recv_timeout(START_MAX).ok();
    (child, said, first)
}

/// Writes a bare target folder TEST for [`crate::packet`] into `dir` and returns its path.
pub fn bare_target(dir: &Path) -> PathBuf {
    let target = dir.join("TEST");
    std::fs::create_dir_all(target.join("cmd_tlm")).expect("folder");
    std::fs::write(target.join("target.txt"), "").expect("target.txt");
    let definitions = "\
TELEMETRY TEST DATA BIG_ENDIAN \"Counted test data\"
  APPEND_ITEM LENGTH 16 UINT \"Bytes after this field\"
  APPEND_ID_ITEM ID 8 UINT 1 \"Packet id\"
  APPEND_ITEM COUNTER 32 UINT \"Counts up by one\"
  APPEND_ITEM PAYLOAD 0 BLOCK \"Depends on the counter\"
COMMAND TEST SET BIG_ENDIAN \"Sets a value\"
  APPEND_PARAMETER LENGTH 16 UINT 0 65535 5 \"Bytes after this field\"
  APPEND_ID_PARAMETER ID 8 UINT 0 255 7 \"Command id\"
  APPEND_PARAMETER VALUE 32 UINT MIN MAX 0 \"The value\"
";
    std::fs::write(target.join("cmd_tlm/data.txt"), definitions).expect("definitions");
    target
}
