//! Fuzzing of everything that reads bytes or texts from outside (`fuzz/`), with libFuzzer.

use std::path::PathBuf;

use crate::run;

const NAMES: [&str; 8] = [
    "definitions",
    "xtce",
    "packet_log",
    "decode",
    "documents",
    "expression",
    "command_text",
    "relaxed_json",
];

/// Marks blocks and comparisons of the crates, which libFuzzer counts. No sanitizer: there is no
/// unsafe code to watch.
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs one target, or all of them, for so many seconds each. Inputs that led further are kept in
/// fuzz/corpus, those that failed in fuzz/artifacts.
pub(crate) fn run(target: Option<&str>, seconds: &str) -> Result<(), String> {
    if seconds.parse::<u32>().is_err() {
        return Err(format!("'{seconds}' is no number of seconds"));
    }
    if let Some(unknown) = target.filter(|name| !NAMES.contains(name)) {
        return Err(format!("there is no fuzz target '{unknown}'; there are {}", NAMES.join(", ")));
    }
    let host = host()?;
    let fuzz = run::root().join("fuzz");
    let mut build = run::command("cargo", &["build", "--release", "--target", &host]);
    // With a target named, programs that only run while building are not instrumented.
    run::finish("build", build.current_dir(&fuzz).env("RUSTFLAGS", INSTRUMENTATION))?;
    for name in NAMES.into_iter().filter(|name| target.is_none_or(|wanted| wanted == *name)) {
        let folder = |kind: &str| -> Result<PathBuf, String> {
            let folder = fuzz.join(kind).join(name);
            std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            Ok(folder)
        };
        let program = fuzz.join("target").join(&host).join("release").join(name);
        let mut command = run::command(&program.to_string_lossy(), &[]);
        command
            .arg(folder("corpus")?)
            .arg(folder("seeds")?)
            .arg(format!("-artifact_prefix={}/", folder("artifacts")?.display()))
            .arg(format!("-max_total_time={seconds}"))
            .args(["-timeout=10", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1"]);
        run::finish(&format!("fuzz {name} for {seconds} s"), &mut command)?;
    }
    Ok(())
}

/// Returns the kind of machine that the compiler builds for.
fn host() -> Result<String, String> {
    let output = run::command("rustc", &["--version", "--verbose"]).output();
    let output = output.map_err(|error| format!("rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.lines().find_map(|line| line.strip_prefix("host: "));
    found.map(str::to_owned).ok_or_else(|| "rustc does not say what it builds for".to_owned())
}
