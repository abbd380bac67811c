//! `log verify` at brokers. They check their own bytes; what is looked at here is what lies in them:
//! that every record is one that groundlog writes, and that every checkpoint is of its partition.

use std::process::ExitCode;

use groundlog_log::Bounds;
use groundlog_proto::{Offset, TopicKind, TopicPartition};
use serde_json::json;

use super::{Source, render};
use crate::output::{say, tell};

/// How much is read at once, in bytes.
const READ_BYTES_MAX: usize = 1 << 20;

/// Most records that are named per partition; all are counted.
const NAMED_MAX: usize = 10;

/// Groups that the roles of every process share, and what they read.
const GROUPS: [(&str, &[TopicKind]); 3] = [
    ("ingest", &[TopicKind::Control]),
    ("decom", &[TopicKind::Raw, TopicKind::RawStored]),
    ("cvt", &[TopicKind::Decom, TopicKind::DecomStored]),
];

/// What was found in one partition.
struct Found {
    at: TopicPartition,
    bounds: Bounds,
    records: u64,
    /// How many records no version of groundlog wrote.
    unreadable: u64,
    /// The first of them, and what is wrong with checkpoints.
    wrong: Vec<String>,
    /// How far each group is behind.
    lags: Vec<(&'static str, u64)>,
}

/// Reads every committed record and every checkpoint; exit 1 names what is wrong.
pub(super) async fn run(source: &Source) -> anyhow::Result<ExitCode> {
    let mut wrong = 0;
    for topic in source.log.topics().await? {
        let Some(kind) = source.names.kind(&topic.name) else {
            continue;
        };
        for partition in 0..topic.partitions {
            let at = TopicPartition::new(topic.name.clone(), partition);
            let found = examine(source, kind, at).await?;
            wrong += usize::from(!found.wrong.is_empty());
            tell(source, &found);
        }
    }
    if wrong > 0 {
        tell!("{wrong} partition(s) hold what groundlog did not write there");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(source: &Source, found: &Found) {
    let Found { at, bounds, records, unreadable, wrong, lags } = found;
    if source.json {
        let lags: serde_json::Map<_, _> =
            lags.iter().map(|(group, lag)| ((*group).to_owned(), json!(lag))).collect();
        say!(
            "{}",
            json!({
                "topic": at.topic.as_str(), "partition": at.partition,
                "records": records, "unreadable": unreadable,
                "trim": bounds.trim, "tail": bounds.tail, "lag": lags, "wrong": wrong,
            })
        );
        return;
    }
    for one in wrong {
        say!("WRONG   {one}");
    }
    let behind: Vec<String> =
        lags.iter().map(|(group, lag)| format!(", {group} {lag} behind")).collect();
    let verdict = if wrong.is_empty() { "ok     " } else { "WRONG  " };
    say!("{verdict} {at}: {records} records, {unreadable} unreadable{}", behind.concat());
}

async fn examine(source: &Source, kind: TopicKind, at: TopicPartition) -> anyhow::Result<Found> {
    let bounds = source.log.bounds(&at).await?;
    let mut found =
        Found { at, bounds, records: 0, unreadable: 0, wrong: Vec::new(), lags: Vec::new() };
    let mut reader = source.log.reader(&found.at, bounds.trim).await?;
    // What was committed at the start, while a system runs.
    while reader.position() < bounds.tail {
        let before = reader.position();
        let batch = reader.poll(READ_BYTES_MAX).await?;
        for record in batch.iter().filter(|record| record.offset < bounds.tail) {
            found.records += 1;
            if let Err(reason) = render::check(kind, record.value) {
                found.unreadable += 1;
                if found.wrong.len() < NAMED_MAX {
                    let (at, offset) = (&found.at, record.offset);
                    found.wrong.push(format!(
                        "{at}@{offset} is no record of groundlog ({reason}); it is passed over by \
                         every reader: see what else writes to this topic"
                    ));
                }
            }
        }
        if reader.position() == before {
            break;
        }
    }
    for (group, _) in GROUPS.iter().filter(|(_, kinds)| kinds.contains(&kind)) {
        if let Some(next) = source.log.checkpoint(group, &found.at).await? {
            found.wrong.extend(misplaced(group, &found.at, bounds, next));
            found.lags.push((group, bounds.tail.saturating_sub(next)));
        }
    }
    Ok(found)
}

/// Says what is wrong with a checkpoint.
fn misplaced(group: &str, at: &TopicPartition, bounds: Bounds, next: Offset) -> Option<String> {
    let Bounds { trim, tail } = bounds;
    if next > tail {
        return Some(format!(
            "the checkpoint {next} of group '{group}' on {at} lies behind the end {tail}: the topic \
             was made again, or the broker has lost records"
        ));
    }
    (next < trim).then(|| {
        format!(
            "the checkpoint {next} of group '{group}' on {at} lies before the oldest record {trim}: \
             retention has removed what was not worked off"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use groundlog_log::{Checkpoint, Log, MemoryLog, Records, TopicSpec};
    use groundlog_proto::{Namespace, TopicNames, prost::Message, wire::RawRecord};

    use super::*;

    /// A log with one record of groundlog in `raw`, and one that is not.
    async fn source() -> (Source, TopicPartition) {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
        let names = TopicNames::new("test.", &Namespace::Live);
        TopicSpec::ensure_standard(&*log, &names, TopicKind::Raw, 1).await.expect("made");
        let at = TopicPartition::new(names.topic(TopicKind::Raw), 0);
        let mut records = Records::new();
        let written = RawRecord { interface: "INT".to_owned(), ..RawRecord::default() };
        records.push(b"INT", &written.encode_to_vec());
        records.push(b"", b"\xff\xff by hand");
        log.append(&at, records).await.expect("appended");
        (Source { log, names, json: true }, at)
    }

    #[tokio::test]
    async fn a_foreign_record_is_named_by_topic_partition_and_offset() {
        let (source, at) = source().await;
        let found = examine(&source, TopicKind::Raw, at).await.expect("read");
        assert_eq!((found.records, found.unreadable), (2, 1));
        let [wrong] = found.wrong.as_slice() else { panic!("{:?}", found.wrong) };
        assert!(wrong.contains("test.raw[0]@1"), "{wrong}");
        assert_eq!(run(&source).await.expect("read"), ExitCode::FAILURE);
    }

    #[tokio::test]
    async fn checkpoints_are_held_against_the_records() {
        let (source, at) = source().await;
        let mut transactor = source.log.transactor("decom").await.expect("transactor");
        let commit = vec![Checkpoint { partition: at.clone(), next: 1 }];
        transactor.begin().await.expect("begin").commit(commit).await.expect("committed");
        let found = examine(&source, TopicKind::Raw, at.clone()).await.expect("read");
        assert_eq!(found.lags, [("decom", 1)]);
        let bounds = Bounds { trim: 5, tail: 9 };
        assert!(
            misplaced("decom", &at, bounds, 4).is_some_and(|it| it.contains("oldest record 5"))
        );
        assert!(misplaced("decom", &at, bounds, 10).is_some_and(|it| it.contains("end 9")));
        assert_eq!(misplaced("decom", &at, bounds, 9), None);
    }
}
