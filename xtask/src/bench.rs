//! Runs the benchmarks behind BENCHMARKS.md.

use crate::{run, servers};

const NAMES: [&str; 12] = [
    "decode",
    "wide",
    "xtce",
    "definitions",
    "log",
    "kafka",
    "kafka-spine",
    "link",
    "decom",
    "rpc",
    "system",
    "valkey",
];

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
    let is_wanted = |name: &str| names.is_empty() || names.contains(&name);
    let with_servers = ["kafka", "kafka-spine", "valkey"].into_iter().any(is_wanted);
    let servers = match with_servers {
        true => servers::ForTests::start_as_shipped()?,
        false => servers::ForTests::running(),
    };
    for name in NAMES.into_iter().filter(|name| is_wanted(name)) {
        let binary = format!("bench-{name}");
        let arguments =
            ["run", "--quiet", "--release", "--package", "groundlog-bench", "--bin", &binary];
        let mut command = run::command("cargo", &arguments);
        command.envs(servers.variables.iter().map(|(name, value)| (name, value)));
        run::finish(name, &mut command)?;
    }
    Ok(())
}
