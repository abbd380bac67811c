//! Readers that have gone away: `groundlog … | head`, a terminal that was closed.

use std::{
    io::pipe,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use groundlog_tests::{
    Http, Stack, bare_target, free_address, groundlog, groundlog_command, packet, signal, wait_for,
};

const START_MAX: Duration = Duration::from_secs(30);

/// The writing end of a pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

/// Ends a command and returns its exit code; -1 when a signal ended it.
fn code(arguments: &[&str], stdout: Stdio, stderr: Stdio) -> i32 {
    let status = groundlog_command(arguments).stdout(stdout).stderr(stderr).status();
    status.expect("groundlog starts").code().unwrap_or(-1)
}

/// Commands that say something on standard output, on standard error, or on both.
fn commands(folder: &Path, url: &str, data: &str) -> Vec<Vec<String>> {
    let target = bare_target(folder).display().to_string();
    let path = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("a file");
        path.display().to_string()
    };
    let good = path("good", &[packet(1), packet(2)].concat());
    let short = path("short", &packet(1)[..9]);
    let nobody = format!("http://{}", free_address());
    let decode = format!("decode --plugin {target} --format length:0,16,2");
    let lines = [
        format!("{decode} {good}"),
        format!("{decode} --csv {short}"),
        format!("{decode} {folder}/missing", folder = folder.display()),
        format!("replay --url {url} {good} --format length:0,16,2"),
        format!("health --url {url}"),
        format!("health --url {nobody}"),
        format!("status --url {url}"),
        format!("status --url {nobody}"),
        format!("tlm INST HEALTH_STATUS --url {url}"),
        format!("cmd --url {url} INST CLEAR"),
        format!("cmd --url {url} --dry-run INST ABORT"),
        format!("rebuild cvt --url {url}"),
        format!("log topics --data {data}"),
        format!("log cat raw --data {data}"),
        format!("log verify --data {data}"),
        format!("config check {target}"),
        format!("config check {target}/missing"),
        format!("config diff {target} {target}"),
        format!("config diff {target} {target}/missing"),
        "config dump".to_owned(),
        format!("xtce export --plugin {target}"),
        "nonsense".to_owned(),
        "--help".to_owned(),
    ];
    lines.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

#[test]
fn no_command_panics_when_nobody_reads() {
    let stack = Stack::demo();
    wait_for("the link is connected", START_MAX, || {
        (groundlog(&["status", "--url", stack.url()]).code == 0).then_some(())
    });
    let folder = tempfile::tempdir().expect("a folder");
    let data = stack.data().display().to_string();
    for command in commands(folder.path(), stack.url(), &data) {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let heard = code(&words, Stdio::null(), Stdio::null());
        assert_eq!(code(&words, Stdio::null(), closed()), heard, "{words:?} 2>&closed");
        // Whoever closes standard output has seen enough.
        let unread = [code(&words, closed(), Stdio::null()), code(&words, closed(), closed())];
        assert!(unread.iter().all(|code| [0, heard].contains(code)), "{words:?}: {unread:?}");
    }
}

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_system_goes_on_when_nobody_reads_what_it_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let mut command = groundlog_command(&["run", "--data"]);
    command.arg(folder.path().join("data")).env("GROUNDLOG__GATEWAY__LISTEN", &address);
    let child = command.stdout(closed()).stderr(closed()).spawn().expect("groundlog starts");
    let mut running = Running(child);
    let http = Http::new(&format!("http://{address}"));
    wait_for("/health is 200", START_MAX, || {
        assert_eq!(running.0.try_wait().expect("wait"), None, "it ended");
        http.get("/health").filter(|answer| answer.status == 200)
    });
    signal(running.0.id(), "-INT");
    let ended = wait_for("the end", START_MAX, || running.0.try_wait().expect("wait"));
    assert_eq!(ended.code(), Some(0));
}
