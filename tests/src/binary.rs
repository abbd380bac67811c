use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Returns the repository's root.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Returns the release binary, built once per test run (GROUNDLOG_BIN names another one).
pub fn groundlog_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(binary) = std::env::var_os("GROUNDLOG_BIN") {
            return PathBuf::from(binary);
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet", "--package", "groundlog"])
            .current_dir(workspace())
            .status();
        assert!(built.is_ok_and(|status| status.success()), "the release binary does not build");
        workspace().join("target/release/groundlog")
    })
}

/// What a finished command said.
#[derive(Debug)]
pub struct Output {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Returns the output of a command that was to succeed.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Returns each line of standard output as a JSON document.
    #[track_caller]
    pub fn json_lines(self) -> Vec<serde_json::Value> {
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {line}"),
        };
        self.ok().lines().map(parse).collect()
    }
}

/// Prepares `groundlog ARGUMENTS` with the demo's password and nothing else of the environment
/// that could configure it.
pub fn groundlog_command(arguments: &[&str]) -> Command {
    prepared(Command::new(groundlog_binary()), arguments)
}

/// Prepares it so that it may have so many files open.
pub(crate) fn groundlog_with_files_max(files: u32, arguments: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")]);
    shell.arg(groundlog_binary());
    prepared(shell, arguments)
}

fn prepared(mut command: Command, arguments: &[&str]) -> Command {
    command.args(arguments).env("OPENC3_API_PASSWORD", "password").stdin(Stdio::null());
    command
}

/// Runs `groundlog ARGUMENTS` to its end.
pub fn groundlog(arguments: &[&str]) -> Output {
    groundlog_with(arguments, &[])
}

/// Runs `groundlog ARGUMENTS` to its end with some variables set.
pub fn groundlog_with(arguments: &[&str], environment: &[(&str, String)]) -> Output {
    let mut command = groundlog_command(arguments);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = command.output().expect("groundlog starts");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
