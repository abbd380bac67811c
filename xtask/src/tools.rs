//! Tools the recipes need, installed by the recipes themselves.

use std::{path::PathBuf, process::Command};

use crate::run;

const CARGO_DENY: &str = "0.20.2";

/// Makes sure of the few system packages the tests use, by apt where they are missing.
pub(crate) fn system_packages() -> Result<(), String> {
    let needed = [
        ("cc", vec!["cc", "--version"], "gcc libc6-dev"),
        ("make", vec!["make", "--version"], "make"),
        ("python3 with venv", vec!["python3", "-c", "import venv, ensurepip"], "python3-venv"),
        ("curl", vec!["curl", "--version"], "curl"),
        ("kcat", vec!["kcat", "-V"], "kcat"),
    ];
    install(&needed)
}

/// Makes sure of one system package; the probe is a command that succeeds where it is there.
pub(crate) fn package(name: &str, probe: &[&str], debian: &str) -> Result<(), String> {
    install(&[(name, probe.to_vec(), debian)])
}

fn install(needed: &[(&str, Vec<&str>, &str)]) -> Result<(), String> {
    let missing: Vec<_> = needed.iter().filter(|(_, probe, _)| !works(probe)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|(name, ..)| *name).collect();
    eprintln!("==> missing here: {}; installing with apt-get", names.join(", "));
    let packages: Vec<&str> = missing.iter().flat_map(|(_, _, debian)| debian.split(' ')).collect();
    let mut install = vec!["apt-get", "install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    as_root(&["apt-get", "update", "--quiet"])?;
    as_root(&install)
}

/// Returns cargo-deny, built once into target/tools.
pub(crate) fn cargo_deny() -> Result<PathBuf, String> {
    let home = run::root().join("target/tools");
    let binary = home.join("bin/cargo-deny");
    if works(&[&binary.to_string_lossy(), "--version"]) {
        return Ok(binary);
    }
    // Unoptimised: it runs for a second and would compile for many minutes.
    let root = home.to_string_lossy().into_owned();
    let arguments =
        ["install", "--debug", "--locked", "--quiet", "--root", &root, "--version", CARGO_DENY];
    let mut install = run::command("cargo", &arguments);
    install.arg("cargo-deny").env("CARGO_PROFILE_DEV_DEBUG", "0");
    run::finish("install cargo-deny into target/tools (once)", &mut install)?;
    Ok(binary)
}

/// Returns the folder of the programs that xtask/requirements.txt names, installed once into
/// target/tools/python; a finished installation leaves a stamp.
pub(crate) fn python_programs() -> Result<PathBuf, String> {
    let list = run::root().join("xtask/requirements.txt");
    let home = run::root().join("target/tools/python");
    let (stamp, programs) = (home.join("installed.txt"), home.join("bin"));
    let wanted =
        std::fs::read(&list).map_err(|error| format!("cannot read {}: {error}", list.display()))?;
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    let home = home.to_string_lossy().into_owned();
    let made = ["-m", "venv", "--clear", &home];
    run::step("check-jsonschema and hadolint into target/tools (once)", "python3", &made)?;
    let python = programs.join("python3").to_string_lossy().into_owned();
    let list = list.to_string_lossy().into_owned();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", &list];
    run::step("install them", &python, &pip)?;
    std::fs::write(&stamp, wanted)
        .map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(programs)
}

/// Says whether a command succeeds.
pub(crate) fn works(command: &[&str]) -> bool {
    let Some((program, arguments)) = command.split_first() else {
        return false;
    };
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

fn as_root(command: &[&str]) -> Result<(), String> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let words: Vec<&str> = if root { command.to_vec() } else { [&["sudo"], command].concat() };
    run::step("system packages", words[0], &words[1..])
}
