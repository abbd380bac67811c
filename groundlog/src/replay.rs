//! `groundlog replay`: recordings into the log of a running system.

mod files;
mod known;
mod layout;
mod progress;
mod sink;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use anyhow::Context as _;
use clap::Args;
use groundlog_packet::Definitions;
use groundlog_proto::Nanos;
use groundlog_replay::{
    DefinedTimes, FileReport, ImportError, ImportOptions, Importer, ItemTimes, Pace, RecordClock,
    TimeSource,
};
use serde_json::{Value, json};

use crate::{
    client::{Client, ConnectionArgs},
    plugin::{self, DefinitionArgs},
};

pub(crate) use files::{FileOrder, STANDARD_INPUT, files_of};
pub(crate) use layout::LayoutArgs;
pub(crate) use progress::ProgressLine;

use crate::{
    output::{say, tell},
    usage::wrong_usage,
};
use known::KnownPackets;
use sink::GatewaySink;

const EXAMPLES: &str = "\
Examples:
  groundlog replay pass.dat --format ccsds --target JPSS --time cds:6
  groundlog replay recorder.bin --format dump --subseconds 1/65536
  groundlog replay raw_logs/tlm/INST --format cosmos
  groundlog replay /archive/2021 --rate 5000 --json

Packet logs name their packets themselves, whatever --target says; what is compressed with gzip is
unpacked. Packets are flagged stored, keep their own times and do not move current values. The same
file again adds nothing, under whatever name, time and target; --again NAME imports it once more. An
interrupted import goes on where it stopped. Files are told apart by their packets: a copy that
lacks its end adds nothing, a file that has grown what is new. docs/recorded-files.md has the layouts
byte by byte. Exit status: 0 all files read whole, 1 some file empty or broken (what was readable is
imported), or with hardly a time where --time says, without any packet that the system knows or without
telemetry (nothing of it is imported), 2 wrong usage.";

/// Imports recorded packets into the running system
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReplayArgs {
    /// Files, or folders with files
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Target whose packets they are, unless the file says; else the system's only one, or identified among all
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    #[command(flatten)]
    layout: LayoutArgs,
    /// Packets per second at most
    #[arg(long, value_name = "PER_SECOND", value_parser = rate)]
    rate: Option<f64>,
    /// In which order the files of a folder go
    #[arg(long, value_enum, default_value = "newest")]
    order: FileOrder,
    /// Imports files once more, beside earlier imports, under this name
    #[arg(long, value_name = "NAME",
          value_parser = clap::builder::NonEmptyStringValueParser::new())]
    again: Option<String>,
    /// Imports files of which the system knows no packet: they are kept as UNKNOWN
    #[arg(long)]
    unknown: bool,
    /// Scope of the records
    #[arg(long, default_value = "DEFAULT")]
    scope: String,
    /// Definitions for --time unix:ITEM; else those of the running system
    #[command(flatten)]
    plugin: DefinitionArgs,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Runs the command.
///
/// # Errors
/// When an import cannot begin or the system does not take it; broken files are in the result.
pub(crate) fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let source = args.layout.time()?;
    if args.paths.iter().any(|path| path.as_os_str() == STANDARD_INPUT) {
        return Err(wrong_usage(
            "standard input cannot be imported, because a file is read more than once to tell what \
             of it is new; write it to a file",
        ));
    }
    let files = files_of(&args.paths, args.order)?;
    let client = args.connection.client()?;
    let target = target_of(&client, args.target.as_deref())?;
    let items = item_times(args, &client, &source, &target)?;
    let known = match args.unknown {
        true => None,
        false => Some(KnownPackets::new(plugin::definitions_of_system(&client)?, &target)),
    };
    let layout = args.layout.layout();
    let options = ImportOptions {
        layout: layout.clone(),
        target,
        scope: args.scope.clone(),
        again: args.again.clone(),
        ..ImportOptions::default()
    };
    let clock = RecordClock::new(source, items, Nanos::now());
    let pace = Pace::new(args.rate);
    let mut importer = Importer::new(options, clock, pace, GatewaySink(client));
    let mut results = Vec::with_capacity(files.len());
    let mut broken = false;
    for path in &files {
        let name = path.display().to_string();
        if let Some(refusal) = known.as_ref().and_then(|known| known.refusal(path, &layout)) {
            broken = true;
            tell!("{refusal}");
            results.push(json!({"file": name, "faults": [refusal]}));
            continue;
        }
        let started = Instant::now();
        let mut line = ProgressLine::new(path);
        let outcome = importer.import(path, &mut |packets, offset| line.show(packets, offset));
        line.clear();
        match outcome {
            Ok(report) => {
                broken |= !report.faults.is_empty() || takes_nothing(&report);
                tell(args.json, &name, &report, started.elapsed().as_secs_f64());
                results.push(result_of(&name, &report));
            }
            // The next file may be readable; a system that does not answer stays silent.
            Err(
                error @ (ImportError::Read(_)
                | ImportError::NoTime { .. }
                | ImportError::Forgotten { .. }
                | ImportError::Overtaken { .. }),
            ) => {
                broken = true;
                tell!("{error}");
                results.push(json!({"file": name, "faults": [error.to_string()]}));
            }
            Err(error) => return Err(error).context(format!("{name} is not imported whole")),
        }
    }
    if args.json {
        say!("{}", summary(results));
    }
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("packets per second, more than 0".to_owned()),
    }
}

/// Finds out whose packets they are: the target asked for, which the running system must know, else
/// its only one; empty where it has several, so that packets are identified among all.
fn target_of(client: &Client, asked: Option<&str>) -> anyhow::Result<String> {
    let answer = client.rpc("get_target_names", Vec::new())?;
    let names = answer.as_array().into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<&str> = names.filter(|name| *name != "UNKNOWN").collect();
    let Some(asked) = asked.map(str::to_uppercase) else {
        return Ok(match names.as_slice() {
            [only] => (*only).to_owned(),
            _ => String::new(),
        });
    };
    // Packets of a target that nobody knows would all be unknown.
    anyhow::ensure!(
        names.contains(&asked.as_str()),
        "the running system has no target {asked}; it has {}. Start it with a plug-in that \
         defines {asked}: groundlog run --plugin DIR",
        names.join(", ")
    );
    Ok(asked)
}

/// Prepares `--time unix:ITEM`, which looks into packets.
fn item_times(
    args: &ReplayArgs,
    client: &Client,
    source: &TimeSource,
    target: &str,
) -> anyhow::Result<Option<Box<dyn ItemTimes>>> {
    if !source.needs_definitions() {
        return Ok(None);
    }
    let definitions: Arc<Definitions> = match args.plugin.load()? {
        Some(loaded) => loaded.definitions,
        None => plugin::definitions_of_system(client)
            .context("--time unix:… needs definitions; name their folder with --plugin DIR")?,
    };
    let times = DefinedTimes::new(definitions, target, source)?;
    Ok(Some(Box::new(times)))
}

/// Returns whether a file has records, and none that an import takes.
fn takes_nothing(report: &FileReport) -> bool {
    report.records == 0 && report.left_out > 0
}

/// Reports one file: the result to standard output, what is wrong to standard error.
fn tell(json: bool, name: &str, report: &FileReport, seconds: f64) {
    for fault in &report.faults {
        tell!("{fault}");
    }
    if report.without_time > 0 {
        tell!(
            "{name}: {} packets have no time where --time says; theirs is the record's or that of \
             the import",
            report.without_time
        );
    }
    if report.left_out > 0 {
        tell!(
            "{name}: {} commands or decommutated values are left out: an import takes telemetry \
             packets; `groundlog decode` shows the others",
            report.left_out
        );
    }
    if json {
        return;
    }
    say!("{}", told(name, report, seconds));
}

/// Says what became of a file.
fn told(name: &str, report: &FileReport, seconds: f64) -> String {
    let FileReport { records, appended, skipped, .. } = report;
    if *skipped == 0 {
        return format!("{name}: {appended} of {records} packets imported in {seconds:.2} s");
    }
    if *appended == 0 {
        return format!(
            "{name}: already imported, nothing added ({skipped} packets); --again NAME imports it \
             once more under another name"
        );
    }
    format!(
        "{name}: {appended} of {records} packets imported in {seconds:.2} s; {skipped} were there \
         from an earlier import of the file's beginning"
    )
}

fn result_of(name: &str, report: &FileReport) -> Value {
    json!({
        "file": name,
        "import_id": report.id.as_str(),
        "packets": report.records,
        "appended": report.appended,
        "skipped": report.skipped,
        "without_time": report.without_time,
        "left_out": report.left_out,
        "complete": report.faults.is_empty(),
        "faults": report.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn summary(files: Vec<Value>) -> Value {
    let total = |name: &str| -> u64 {
        files.iter().filter_map(|file| file.get(name).and_then(Value::as_u64)).sum()
    };
    json!({
        "packets": total("packets"),
        "appended": total("appended"),
        "skipped": total("skipped"),
        "files": files,
    })
}
