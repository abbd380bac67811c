//! Runs `cargo test`, shows what matters and closes with one line for the whole run.

use std::{
    io::{BufRead, BufReader, Write},
    process::Stdio,
};

use crate::run;

/// The closing line's numbers.
#[derive(Default)]
struct Tally {
    /// What the test binaries call passed: with skips and children.
    ran: u64,
    failed: u64,
    ignored: u64,
    /// Tests that said so.
    said_skipped: u64,
    children: u64,
    /// Whether the output of the test that is shown has said that it was skipped.
    has_skipped: bool,
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
    println!("\n{} passed, {} failed, {} skipped", tally.passed(), tally.failed, tally.skipped());
    if !status.success() || tally.failed > 0 {
        return Err(format!("cargo test: {status}; everything it said is in target/test.log"));
    }
    if tally.skipped() > 0 && is_ci() {
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

/// Says whether a line is the verdict on a function that another test runs in a process of its own:
/// alone it does nothing.
fn is_of_child(line: &str) -> bool {
    let name = line.strip_prefix("test ").and_then(|rest| rest.split(' ').next());
    name.and_then(|name| name.rsplit("::").next()).is_some_and(|it| it.starts_with("child_that_"))
}

impl Tally {
    /// Reads one line: verdicts, then for each test its output, then the sums of one binary.
    fn count(&mut self, line: &str) {
        if line.starts_with("---- ") {
            self.has_skipped = false;
        }
        if line.contains("SKIPPED:") && !self.has_skipped {
            self.has_skipped = true;
            self.said_skipped += 1;
        }
        if is_of_child(line) && line.ends_with(" ok") {
            self.children += 1;
        }
        let Some(sums) = line.strip_prefix("test result:") else { return };
        self.has_skipped = false;
        for sum in sums.split([';', '.']) {
            let mut words = sum.split_whitespace();
            match (words.next().and_then(|number| number.parse::<u64>().ok()), words.next()) {
                (Some(number), Some("passed")) => self.ran += number,
                (Some(number), Some("failed")) => self.failed += number,
                (Some(number), Some("ignored")) => self.ignored += number,
                _ => {}
            }
        }
    }

    /// Returns how many tests ran to their end and held.
    fn passed(&self) -> u64 {
        self.ran.saturating_sub(self.said_skipped + self.children)
    }

    /// Returns how many were left out.
    fn skipped(&self) -> u64 {
        self.said_skipped + self.ignored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_skips_twice_is_one_skip_and_no_pass() {
        let mut tally = Tally::default();
        let lines = [
            "test skips ... ok",
            "test runs ... ok",
            "test processes::child_that_opens ... ok",
            "successes:",
            "---- skips stdout ----",
            "SKIPPED: no server",
            "SKIPPED: no server again",
            "---- runs stdout ----",
            "nothing to say",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ];
        lines.iter().for_each(|line| tally.count(line));
        assert_eq!((tally.passed(), tally.failed, tally.skipped()), (5, 2, 2));
    }
}
