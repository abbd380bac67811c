//! `cargo xtask RECIPE`: the project's own recipes, nothing to install first.

mod bench;
mod checks;
mod fuzz;
mod run;
mod servers;
mod tally;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask RECIPE

  test          everything that must hold: format, lints, docs, dependency rules, every test,
                end to end with the release binary and the stock client. .ci/run is this
  test unit     the quick half: unit, property and conformance tests only
  servers up    Apache Kafka and Valkey natively on loopback, in target/servers; prints the variables
                that name them to tests (GROUNDLOG_TEST_KAFKA, GROUNDLOG_TEST_VALKEY). Servers that
                these name already are used instead. `test` starts and stops its own
  servers status, servers down
  soak [KILLS SECONDS]
                the fault tests in a long form: 100 kills, outages of 600 s
  bench [NAME]  the benchmarks behind BENCHMARKS.md (decode, wide, xtce, definitions, log, link,
                decom, rpc, system, valkey, kafka, kafka-spine)
  fuzz [NAME] [SECONDS]
                the fuzz targets of fuzz/ (definitions, xtce, packet_log, decode, documents, expression,
                command_text, relaxed_json), 600 s each; needs a C++ compiler
  check         format, lints, docs, dependency rules and container files, no tests

Real data and worked vectors are found through GROUNDLOG_SHARED (default ../shared). With CI=true
its absence fails; elsewhere the tests that need it are skipped and counted in the closing line.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test" | "ci"] => everything(),
        ["test", "unit"] => {
            let servers = servers::ForTests::running();
            tally::tests(&["--workspace", "--exclude", "groundlog-tests"], &servers.variables)
        }
        ["servers", "up"] => servers::up(),
        ["servers", "down"] => servers::down(),
        ["servers", "status"] => servers::status(),
        ["check"] => checks::all(),
        ["soak"] => soak("100", "600"),
        ["soak", kills, seconds] => soak(kills, seconds),
        ["bench", names @ ..] => bench::run(names),
        ["fuzz"] => fuzz::run(None, "600"),
        ["fuzz", word] if word.parse::<u32>().is_ok() => fuzz::run(None, word),
        ["fuzz", name] => fuzz::run(Some(name), "600"),
        ["fuzz", name, seconds] => fuzz::run(Some(name), seconds),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => {
            eprintln!("unknown recipe: {}\n\n{HELP}", words.join(" "));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the fault tests, on servers of their own, as long as wanted.
fn soak(kills: &str, seconds: &str) -> Result<(), String> {
    let servers = servers::ForTests::start()?;
    run::step("build the release binary", "cargo", &["build", "--release", "-p", "groundlog"])?;
    let arguments =
        ["test", "--package", "groundlog-tests", "--test", "e2e", "endurance", "--", "--nocapture"];
    let mut tests = run::command("cargo", &arguments);
    tests.env("GROUNDLOG_SOAK", format!("{kills} {seconds}"));
    tests.envs(servers.variables.iter().map(|(name, value)| (name, value)));
    run::finish("the long fault tests", &mut tests)
}

/// Runs what `.ci/run` runs. The tests come last, so that their closing line is the last line.
fn everything() -> Result<(), String> {
    tools::system_packages()?;
    checks::all()?;
    run::step(
        "build the release binary",
        "cargo",
        &["build", "--release", "--package", "groundlog"],
    )?;
    let servers = servers::ForTests::start()?;
    tally::tests(&["--workspace"], &servers.variables)
}
