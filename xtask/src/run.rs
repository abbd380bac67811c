//! Runs commands, saying which.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Returns the repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Makes a command that runs in the repository's root.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs one step to its end; its failure ends the recipe.
pub(crate) fn step(what: &str, program: &str, arguments: &[&str]) -> Result<(), String> {
    finish(what, &mut command(program, arguments))
}

/// Runs a prepared command as a step.
pub(crate) fn finish(what: &str, command: &mut Command) -> Result<(), String> {
    eprintln!("==> {what}");
    let status = command.status().map_err(|error| format!("{what}: {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{what} failed: {command:?}: {status}")) }
}
