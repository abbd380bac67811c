//! Issue "the spine", point 3: the stock client, unmodified, with environment variables only.

use std::process::Command;

use groundlog_tests::{Stack, python, workspace};

#[test]
fn the_stock_client_runs_every_method() {
    let stack = Stack::demo();
    let port = stack.url().rsplit(':').next().expect("port").to_owned();
    let client = workspace().join("tests/client");
    let output = Command::new(python("client", &client.join("requirements.txt")))
        .arg(client.join("stock_client.py"))
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
