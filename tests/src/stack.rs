use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Http, groundlog_command, wait_for};

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

    /// Starts a system and waits until its gateway serves.
    #[track_caller]
    pub fn start(options: &StackOptions) -> Self {
        let temporary =
            options.data.is_none().then(|| tempfile::tempdir().expect("a temporary folder"));
        let data = match (&options.data, &temporary) {
            (Some(data), _) => data.clone(),
            (None, Some(temporary)) => temporary.path().join("data"),
            (None, None) => unreachable!("one of the two is there"),
        };
        let mut command = groundlog_command(&["run", "--json", "--data"]);
        command.arg(&data).args(&options.arguments);
        command.env("GROUNDLOG__GATEWAY__LISTEN", "127.0.0.1:0");
        command.envs(options.environment.iter().map(|(name, value)| (name, value)));
        let (child, said, first) = spawn(command);
        let Some(first) = first else {
            panic!("groundlog did not start: {}", said.lock().expect("lock"));
        };
        let started: Value = serde_json::from_str(&first).expect("the first line is JSON");
        let url = format!("http://{}", started["gateway"].as_str().expect("gateway address"));
        let stack =
            Self { child, data, _temporary: temporary, said, started, http: Http::new(&url) };
        wait_for("/health is 200", START_MAX, || {
            stack.http.get("/health").filter(|answer| answer.status == 200)
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

    /// Interrupts it (as Ctrl-C does) and waits for its end; returns the exit code.
    #[track_caller]
    pub fn interrupt(&mut self) -> i32 {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -INT {pid}");
        wait_for("the process ends", STOP_MAX, || self.child.try_wait().expect("wait"))
            .code()
            .unwrap_or(-1)
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
