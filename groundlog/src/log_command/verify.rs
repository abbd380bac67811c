use std::{path::Path, process::ExitCode};

use crate::output::{say, tell};
use serde_json::json;

/// Checks every batch of every segment; damage is named and makes the exit code 1.
pub(super) fn run(dir: &Path, as_json: bool) -> anyhow::Result<ExitCode> {
    let report = groundlog_log::verify(dir)?;
    for partition in &report.partitions {
        if as_json {
            say!(
                "{}",
                json!({
                    "topic": partition.partition.topic.as_str(),
                    "partition": partition.partition.partition,
                    "records": partition.records, "bytes": partition.bytes,
                    "trim": partition.bounds.trim, "tail": partition.bounds.tail,
                    "damage": partition.damage.as_ref().map(ToString::to_string),
                })
            );
        } else if let Some(damage) = &partition.damage {
            say!("DAMAGED {}: {damage}", partition.partition);
        } else {
            say!("ok      {}: {} records", partition.partition, partition.records);
        }
    }
    let damaged = report.partitions.iter().filter(|partition| partition.damage.is_some()).count();
    if damaged > 0 {
        tell!("{damaged} damaged partition(s) in {}", dir.display());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
