//! What must hold besides the tests: format, lints, documentation, dependency rules, container files.

use crate::{run, tools};

/// Runs all checks.
pub(crate) fn all() -> Result<(), String> {
    run::step("format", "cargo", &["fmt", "--all", "--check"])?;
    run::step(
        "lints",
        "cargo",
        &["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"],
    )?;
    let mut docs = run::command("cargo", &["doc", "--workspace", "--no-deps", "--quiet"]);
    run::finish("documentation", docs.env("RUSTDOCFLAGS", "--deny warnings"))?;
    let deny = tools::cargo_deny()?;
    let mut rules =
        run::command(&deny.to_string_lossy(), &["check", "bans", "licenses", "sources"]);
    run::finish("dependency rules (deny.toml)", &mut rules)?;
    containers()
}

/// Checks the files for containers without a container engine. What lies inside them (command
/// lines, configuration) is checked by the tests of groundlog/src/deployment.rs.
fn containers() -> Result<(), String> {
    let programs = tools::python_programs()?;
    let program = |name: &str| programs.join(name).to_string_lossy().into_owned();
    run::step(
        "compose.yaml (compose-spec schema)",
        &program("check-jsonschema"),
        &["--quiet", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
    )?;
    run::step("Dockerfile (hadolint)", &program("hadolint"), &["Dockerfile"])
}
