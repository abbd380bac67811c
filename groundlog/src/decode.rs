//! `groundlog decode`: recordings into tables, without a running system.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use groundlog_packet::definition::ValueType;
use groundlog_replay::{
    Counts, DecodeOptions, PacketDecoder, ReadError, Records, RowFormat, RowWriter,
};

use crate::{
    plugin::DefinitionArgs,
    replay::{FileOrder, LayoutArgs, ProgressLine, files_of},
};

const EXAMPLES: &str = "\
Examples:
  groundlog decode --plugin tests/plugins/JPSS --time cds:6 pass.dat
  groundlog decode --plugin ./INST --csv --packet HEALTH_STATUS --values formatted pass.dat
  groundlog decode --plugin ./INST --format dump --jsonl --output pass.jsonl recorder.bin

JSON lines hold target, packet, offset (of the packet in its file), time and values, which are by
item name in definition order; blocks are hex, integers have all their digits. Exit status: 0 all
files read whole, 1 some file broken (what was readable is written), 2 wrong usage.";

/// Decodes the packets of files to JSON lines or CSV
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DecodeArgs {
    /// Files, or folders with files
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    plugin: DefinitionArgs,
    /// Target whose packets they are; else they are identified among all targets
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// Only this packet; needed for --csv where there are several
    #[arg(long, value_name = "PACKET")]
    packet: Option<String>,
    #[command(flatten)]
    layout: LayoutArgs,
    /// Which values
    #[arg(long, value_enum, default_value = "converted")]
    values: Values,
    /// A table with a header
    #[arg(long, conflicts_with = "jsonl")]
    csv: bool,
    /// One JSON object a line (the default)
    #[arg(long)]
    jsonl: bool,
    /// File to write; else standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// In which order the files of a folder go
    #[arg(long, value_enum, default_value = "oldest")]
    order: FileOrder,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Values {
    /// As in the packet's bytes
    Raw,
    /// After conversions and states
    Converted,
    /// Text with format string and units
    Formatted,
}

impl From<Values> for ValueType {
    fn from(values: Values) -> Self {
        match values {
            Values::Raw => Self::Raw,
            Values::Converted => Self::Converted,
            Values::Formatted => Self::Formatted,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When definitions, files or the output cannot be used; broken files are in the exit status.
pub(crate) fn run(args: &DecodeArgs) -> anyhow::Result<ExitCode> {
    let files = files_of(&args.paths, args.order)?;
    let plugin = args
        .plugin
        .load()?
        .context("say where the definitions are: --plugin DIR, a plug-in or a target folder")?;
    let options = DecodeOptions {
        target: args.target.clone(),
        packet: args.packet.clone(),
        values: Some(args.values.into()),
        time: args.layout.time()?,
        format: if args.csv { RowFormat::Csv } else { RowFormat::JsonLines },
    };
    let decoder = PacketDecoder::new(plugin.definitions, options)?;
    let mut writer = RowWriter::new(decoder, open_output(args.output.as_deref())?);
    let mut broken = false;
    for path in &files {
        match decode_file(path, args, &mut writer) {
            Ok(faults) => {
                broken |= !faults.is_empty();
                faults.iter().for_each(|fault| eprintln!("{fault}"));
            }
            // Whoever reads the output has seen enough: `groundlog decode … | head`.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            Err(error) => return Err(error).context("cannot write the output"),
        }
    }
    match writer.finish() {
        Ok(counts) => report(&counts),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => return Err(error).context("cannot write the output"),
    }
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn open_output(path: Option<&Path>) -> anyhow::Result<Box<dyn Write>> {
    Ok(match path {
        Some(path) => {
            let file =
                File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(file)
        }
        None => Box::new(io::stdout().lock()),
    })
}

/// Decodes one file; what is wrong with it comes back, after everything before it is written.
fn decode_file(
    path: &Path,
    args: &DecodeArgs,
    writer: &mut RowWriter<Box<dyn Write>>,
) -> io::Result<Vec<ReadError>> {
    let records = match Records::open(path, &args.layout.layout()) {
        Ok(records) => records,
        Err(error) => return Ok(vec![error]),
    };
    let mut line = ProgressLine::new(path);
    let mut faults = Vec::new();
    for (count, item) in records.enumerate() {
        match item {
            Ok(record) => {
                // Often enough for eyes, seldom enough to cost nothing.
                if count % 65_536 == 65_535 && args.output.is_some() {
                    line.show(record.index, record.offset);
                }
                writer.write(&record)?;
            }
            Err(fault) => faults.push(fault),
        }
    }
    writer.flush()?;
    Ok(faults)
}

fn report(counts: &Counts) {
    let Counts { written, unknown, other, without_time } = counts;
    let mut text = format!("{written} packets decoded");
    for (count, what) in [
        (unknown, "of unknown packets"),
        (other, "of other packets left out"),
        (without_time, "without the time asked for"),
    ] {
        if *count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    eprintln!("{text}");
}
