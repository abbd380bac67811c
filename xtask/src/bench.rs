//! Runs the benchmarks behind BENCHMARKS.md.

use crate::run;

const NAMES: [&str; 7] = ["decode", "log", "link", "decom", "rpc", "system", "valkey"];

/// Runs the named benchmarks, or all of them.
pub(crate) fn run(names: &[&str]) -> Result<(), String> {
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(name)) {
        return Err(format!("there is no benchmark '{unknown}'; there are {}", NAMES.join(", ")));
    }
    run::step(
        "build",
        "cargo",
        &["build", "--release", "--package", "groundlog", "--package", "groundlog-bench"],
    )?;
    for name in NAMES.iter().filter(|name| names.is_empty() || names.contains(name)) {
        let binary = format!("bench-{name}");
        run::step(
            name,
            "cargo",
            &["run", "--quiet", "--release", "--package", "groundlog-bench", "--bin", &binary],
        )?;
    }
    Ok(())
}
