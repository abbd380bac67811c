//! Runs `cargo test`, shows what matters and closes with one line for the whole run.

use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use crate::run;

/// The closing line's numbers.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Runs the tests selected by `arguments` of `cargo test`. The whole output goes to
/// target/test.log; the terminal gets each test's verdict, failures in full, and the tally.
/// `variables` are set in the tests' environment.
pub(crate) fn tests(arguments: &[&str], variables: &[(&str, String)]) -> Result<(), String> {
    let mut all = vec!["test", "--no-fail-fast"];
    all.extend(arguments);
    // Output of passing tests is read for the word SKIPPED: a skip must never look like a pass.
    all.extend(["--", "--show-output"]);
    eprintln!("==> tests");
    let mut command = run::command("cargo", &all);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let log_path = run::root().join("target/test.log");
    let mut log = std::fs::File::create(&log_path)
        .map_err(|error| format!("{}: {error}", log_path.display()))?;
    let mut tally = Tally::default();
    let mut shown = Shown::Verdicts;
    let output = child.stdout.take().ok_or("no output of cargo test")?;
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|error| format!("output of cargo test: {error}"))?;
        writeln!(log, "{line}").map_err(|error| format!("{}: {error}", log_path.display()))?;
        shown = shown.after(&line);
        if shown == Shown::All || is_verdict(&line) {
            println!("{line}");
        }
        tally.count(&line);
    }
    let status = child.wait().map_err(|error| format!("cargo test: {error}"))?;
    println!("\n{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped);
    if !status.success() || tally.failed > 0 {
        return Err(format!("cargo test: {status}; everything it said is in target/test.log"));
    }
    if tally.skipped > 0 && is_ci() {
        return Err("tests were skipped, which CI=true does not allow".into());
    }
    Ok(())
}

/// Says whether nothing may be left out.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|ci| ci == "true")
}

/// Successes are noise, failures are not.
#[derive(PartialEq)]
enum Shown {
    Verdicts,
    All,
}

impl Shown {
    fn after(self, line: &str) -> Self {
        match line {
            "failures:" => Self::All,
            "successes:" => Self::Verdicts,
            _ if line.starts_with("test result:") => Self::Verdicts,
            _ => self,
        }
    }
}

fn is_verdict(line: &str) -> bool {
    line.starts_with("test ") || line.contains("SKIPPED:")
}

impl Tally {
    fn count(&mut self, line: &str) {
        if line.contains("SKIPPED:") {
            self.skipped += 1;
            self.passed = self.passed.saturating_sub(1);
        }
        let Some(numbers) = line.strip_prefix("test result:") else {
            return;
        };
        for part in numbers.split([';', '.']) {
            let mut words = part.split_whitespace();
            match (words.next().and_then(|number| number.parse::<u64>().ok()), words.next()) {
                (Some(number), Some("passed")) => self.passed += number,
                (Some(number), Some("failed")) => self.failed += number,
                (Some(number), Some("ignored")) => self.skipped += number,
                _ => {}
            }
        }
    }
}
