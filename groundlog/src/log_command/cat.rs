use std::{
    io::{BufWriter, Write},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::Args;
use groundlog_log::{Batch, Bounds, RecordRef};
use groundlog_proto::{Nanos, TopicPartition};

use super::{Source, render::Renderer};
use crate::time_text;

/// How much is read at once, in bytes.
const READ_BYTES_MAX: usize = 1 << 20;
/// What an error of the output means.
const CANNOT_WRITE: &str = "cannot write to standard output";

/// Which records to print.
#[derive(Debug, Args)]
pub(crate) struct CatArgs {
    /// Topic, with or without prefix: raw, decom, commands, limits, status, settings …
    topic: String,
    /// Where to start: earliest, latest, an offset, -N for the last N, or a time (append time)
    #[arg(long, default_value = "earliest", allow_hyphen_values = true, value_name = "WHERE",
          value_parser = Place::parse)]
    from: Place,
    /// Only this partition
    #[arg(long)]
    partition: Option<u32>,
    /// At most this many records per partition
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Values as they lie in the log, for programs: per record a line TOPIC PARTITION OFFSET LENGTH,
    /// the value, a line end; kcat prints the same with -f '%t %p %o %S\n%s\n'
    #[arg(long)]
    raw: bool,
}

/// What to follow.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// Topic, with or without prefix
    topic: String,
    /// Records to print per partition before following
    #[arg(long, default_value_t = 10, value_name = "N")]
    lines: u64,
    /// Only this partition
    #[arg(long)]
    partition: Option<u32>,
}

/// Prints `[from, committed tail)` of each partition, one after the other.
pub(super) async fn cat(source: &Source, args: CatArgs) -> anyhow::Result<ExitCode> {
    if args.raw && source.json {
        bail!("--raw and --json exclude each other: values as they lie, or rendered");
    }
    let mut printer =
        if args.raw { Printer::Raw } else { Printer::Lines(Box::new(Renderer::new(source))) };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for at in partitions(source, &args.topic, args.partition).await? {
        let bounds = source.log.bounds(&at).await?;
        let from = start(source, &at, bounds, args.from).await?;
        let mut left = args.count.unwrap_or(u64::MAX);
        let mut reader = source.log.reader(&at, from).await?;
        // The tail moves while a system runs: what was committed at the start is what is printed.
        while left > 0 && reader.position() < bounds.tail {
            let batch = reader.poll(READ_BYTES_MAX).await?;
            if batch.is_empty() && batch.next() <= reader.position() {
                break;
            }
            left = print(&mut printer, &batch, left, bounds.tail, &mut out).await?;
        }
    }
    match out.flush() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context(CANNOT_WRITE)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Prints the last records and then whatever comes, until interrupted.
pub(super) async fn tail(source: &Source, args: TailArgs) -> anyhow::Result<ExitCode> {
    let mut printer = Printer::Lines(Box::new(Renderer::new(source)));
    let mut readers = Vec::new();
    for at in partitions(source, &args.topic, args.partition).await? {
        let bounds = source.log.bounds(&at).await?;
        let from = bounds.tail.saturating_sub(args.lines).max(bounds.trim);
        readers.push(source.log.reader(&at, from).await?);
    }
    let (sender, mut batches) = tokio::sync::mpsc::channel(4);
    for mut reader in readers {
        let sender = sender.clone();
        tokio::spawn(async move {
            loop {
                let batch = reader.next(READ_BYTES_MAX).await;
                let failed = batch.is_err();
                if sender.send(batch).await.is_err() || failed {
                    break;
                }
            }
        });
    }
    drop(sender);
    let mut out = std::io::stdout().lock();
    loop {
        let batch = tokio::select! {
            batch = batches.recv() => batch,
            _ = tokio::signal::ctrl_c() => None,
        };
        let Some(batch) = batch else {
            return Ok(ExitCode::SUCCESS);
        };
        if print(&mut printer, &batch?, u64::MAX, u64::MAX, &mut out).await? == 0 {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// How records are printed.
enum Printer<'a> {
    /// One line each, JSON or text.
    Lines(Box<Renderer<'a>>),
    /// Values as they lie in the log, each behind a line that says where it lies and how long it is.
    Raw,
}

impl Printer<'_> {
    async fn print(
        &mut self,
        at: &TopicPartition,
        record: RecordRef<'_>,
        out: &mut impl Write,
    ) -> std::io::Result<()> {
        match self {
            Self::Lines(renderer) => writeln!(out, "{}", renderer.line(at, record).await),
            Self::Raw => {
                let length = record.value.len();
                writeln!(out, "{} {} {} {length}", at.topic, at.partition, record.offset)?;
                out.write_all(record.value)?;
                out.write_all(b"\n")
            }
        }
    }
}

async fn print(
    printer: &mut Printer<'_>,
    batch: &Batch,
    mut left: u64,
    tail: u64,
    out: &mut impl Write,
) -> anyhow::Result<u64> {
    for record in batch.iter().take_while(|record| record.offset < tail) {
        if left == 0 {
            break;
        }
        if let Err(error) = printer.print(batch.partition(), record, out).await {
            // The reader went away (`| head`): that is a normal end.
            if error.kind() == std::io::ErrorKind::BrokenPipe {
                return Ok(0);
            }
            return Err(error).context(CANNOT_WRITE);
        }
        left -= 1;
    }
    Ok(left)
}

async fn partitions(
    source: &Source,
    topic: &str,
    only: Option<u32>,
) -> anyhow::Result<Vec<TopicPartition>> {
    let topic = source.topic(topic).await?;
    let info = source.log.topic(&topic).await?;
    if let Some(partition) = only.filter(|partition| *partition >= info.partitions) {
        bail!("{topic} has partitions 0 to {}, not {partition}", info.partitions - 1);
    }
    let all = 0..info.partitions;
    let wanted = all.filter(|partition| only.is_none_or(|only| only == *partition));
    Ok(wanted.map(|partition| TopicPartition::new(topic.clone(), partition)).collect())
}

/// A place in a partition, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Earliest,
    Latest,
    Offset(u64),
    Last(u64),
    Time(Nanos),
}

impl Place {
    fn parse(text: &str) -> Result<Self, String> {
        let last = text.strip_prefix('-').and_then(|n| n.parse().ok());
        match (text, last, text.parse(), time_text::parse(text)) {
            ("earliest", ..) => Ok(Self::Earliest),
            ("latest", ..) => Ok(Self::Latest),
            (_, Some(last), ..) => Ok(Self::Last(last)),
            (_, _, Ok(offset), _) => Ok(Self::Offset(offset)),
            (.., Ok(time)) => Ok(Self::Time(time)),
            (.., Err(error)) => {
                Err(format!("give earliest, latest, an offset, -N or a time ({error})"))
            }
        }
    }
}

/// Resolves a place to an offset.
async fn start(
    source: &Source,
    at: &TopicPartition,
    bounds: Bounds,
    from: Place,
) -> anyhow::Result<u64> {
    match from {
        Place::Earliest => Ok(bounds.trim),
        Place::Latest => Ok(bounds.tail),
        Place::Last(last) => Ok(bounds.tail.saturating_sub(last).max(bounds.trim)),
        Place::Offset(offset) if offset < bounds.trim => {
            bail!("{at}: offset {offset} is trimmed; the oldest is {}", bounds.trim)
        }
        Place::Offset(offset) => Ok(offset),
        Place::Time(time) => Ok(source.log.find(at, time).await?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_words_offsets_and_times() {
        let day = Place::parse("2026-11-22").expect("a day");
        assert!(matches!(day, Place::Time(Nanos(time)) if time > 0), "{day:?}");
        for (text, place) in [
            ("earliest", Place::Earliest),
            ("latest", Place::Latest),
            ("17", Place::Offset(17)),
            ("-3", Place::Last(3)),
        ] {
            assert_eq!(Place::parse(text), Ok(place), "{text}");
        }
        let error = Place::parse("yesterday").expect_err("no place");
        assert!(error.contains("-N") && error.contains("2026-11-22T01:02"), "{error}");
    }
}
