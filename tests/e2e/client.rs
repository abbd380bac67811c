//! Issue "the spine", point 3: the stock client, unmodified, with environment variables only.

use std::{path::PathBuf, process::Command};

use groundlog_tests::{Stack, workspace};

/// Installs the client into target/client once; a finished installation leaves a stamp.
fn python() -> PathBuf {
    let client = workspace().join("tests/client");
    let home = workspace().join("target/client");
    let requirements = client.join("requirements.txt");
    let stamp = home.join("installed.txt");
    let wanted = std::fs::read(&requirements).expect("requirements.txt");
    let python = home.join("bin/python3");
    if std::fs::read(&stamp).ok().as_ref() == Some(&wanted) {
        return python;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home));
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&requirements));
    std::fs::write(stamp, wanted).expect("stamp");
    python
}

fn run(command: &mut Command) {
    let output = command.output().expect("starts");
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_stock_client_runs_every_method() {
    let stack = Stack::demo();
    let port = stack.url().rsplit(':').next().expect("port").to_owned();
    let output = Command::new(python())
        .arg(workspace().join("tests/client/stock_client.py"))
        .env("OPENC3_API_HOSTNAME", "127.0.0.1")
        .env("OPENC3_API_PORT", &port)
        .env("OPENC3_SCRIPT_API_HOSTNAME", "127.0.0.1")
        .env("OPENC3_SCRIPT_API_PORT", &port)
        .env("OPENC3_API_PASSWORD", "password")
        .env("OPENC3_NO_STORE", "1")
        .output()
        .expect("python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the client's script failed");
    let closing = said.lines().rfind(|line| line.contains(" passed, ")).expect("closing line");
    assert!(closing.contains(" 0 failed") && !closing.starts_with("0 "), "{closing}");
}
