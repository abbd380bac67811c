//! What `groundlog run` prints when it is up, for people: it must be true.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use groundlog_tests::{bare_target, groundlog_binary, groundlog_command, signal, wait_for};

const SOON: Duration = Duration::from_secs(10);

/// A running system, and what it printed. Killed when dropped.
struct Announced {
    child: Child,
    text: String,
}

impl Announced {
    /// Starts a system and reads its announcement to the end.
    fn start(data: &Path, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = groundlog_command(&["run", "--data"]);
        command.arg(data).env("GROUNDLOG__GATEWAY__LISTEN", "127.0.0.1:0");
        command.env_remove("OPENC3_API_PASSWORD");
        prepare(&mut command);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("groundlog starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut text = String::new();
        while !text.contains("Ctrl-C stops it") {
            text.push_str(&lines.next().expect("its announcement").expect("text"));
            text.push('\n');
        }
        Self { child, text }
    }

    /// Returns the three commands, as they are printed.
    fn commands(&self) -> [String; 3] {
        let (_, rest) = self.text.split_once("\nTry, in another terminal").expect("commands");
        let lines = rest.lines().filter_map(|line| line.strip_prefix("  "));
        let commands: Vec<String> = lines.map(str::to_owned).collect();
        commands.try_into().unwrap_or_else(|_| panic!("not three: {}", self.text))
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prepares a command as a user's shell runs it, with nothing in the environment.
fn shell(line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec {line}")]).env_remove("OPENC3_API_PASSWORD");
    shell.stdin(Stdio::null());
    shell
}

/// Runs a command that ends by itself.
fn succeeds(line: &str) -> Option<String> {
    let output = shell(line).output().expect("sh");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs the command that follows a topic until it has printed something, and interrupts it.
fn follows(line: &str) -> String {
    let mut child = shell(line).stdout(Stdio::piped()).spawn().expect("sh");
    let mut first = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    output.read_line(&mut first).expect("text");
    signal(child.id(), "-INT");
    let ended = wait_for("the end", SOON, || child.try_wait().expect("wait"));
    assert_eq!(ended.code(), Some(0), "{line}");
    output.read_to_string(&mut String::new()).expect("text");
    first
}

/// The three commands to try work as they stand there, with the demo's password.
#[test]
fn the_demos_commands_work_as_printed() {
    let folder = tempfile::tempdir().expect("folder");
    // A folder whose name a shell would tear apart.
    let running = Announced::start(&folder.path().join("my data"), |_| {});
    assert!(running.text.contains("password of the demo, unless"), "{}", running.text);
    let [value, command, log] = running.commands();
    let binary = groundlog_binary().display().to_string();
    for line in [&value, &command, &log] {
        assert!(line.starts_with(&binary), "{line}");
    }
    let shown = wait_for("a value", SOON, || {
        succeeds(&value).filter(|text| text.trim().parse::<f64>().is_err() && text.contains(" C"))
    });
    assert!(!shown.trim().is_empty(), "{value}");
    let sent = wait_for("the link is connected", SOON, || succeeds(&command));
    assert!(sent.contains("COLLECT"), "{command}: {sent}");
    assert!(follows(&log).contains("COLLECT"), "{log}");
}

/// Another password is not given away, and the commands find it by themselves.
#[test]
fn a_password_of_ones_own_is_not_told() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, "of my own\n").expect("a file");
    let running = Announced::start(&folder.path().join("data"), |command| {
        command.env("GROUNDLOG__GATEWAY__PASSWORD_FILE", &file);
    });
    let told = format!("the password is in {}", file.display());
    assert!(running.text.contains(&told), "{}", running.text);
    assert!(!running.text.contains("demo, unless") && !running.text.contains("of my own"));
    let [value, ..] = running.commands();
    wait_for("a value", SOON, || succeeds(&value));

    let running = Announced::start(&folder.path().join("other"), |command| {
        command.env("OPENC3_API_PASSWORD", "another of my own");
    });
    assert!(running.text.contains("OPENC3_API_PASSWORD"), "{}", running.text);
    assert!(!running.text.contains("demo, unless") && !running.text.contains("my own"));
}

/// A target without an interface gets no values: what is offered works all the same.
#[test]
fn without_an_interface_no_value_is_promised() {
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let running = Announced::start(&folder.path().join("data"), |command| {
        command.arg("--plugin").arg(&target);
    });
    assert!(running.text.contains("interfaces  none"), "{}", running.text);
    let [first, second, _] = running.commands();
    for line in [first, second] {
        assert!(!line.contains(" tlm "), "{line}");
        wait_for(&line, SOON, || succeeds(&line));
    }
}
