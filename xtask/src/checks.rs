//! What must hold besides the tests: format, lints, documentation, dependency rules.

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
    run::finish("dependency rules (deny.toml)", &mut rules)
}
