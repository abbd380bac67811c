//! Decommutation beside its parts: the pure fold, the fold over a log, and current values behind.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use groundlog_cvt::{Cvt, CvtOptions};
use groundlog_decom::{Decom, DecomOptions, Fold, FoldError, FoldOutputs, Source};
use groundlog_log::{Batch, Log, Records};
use groundlog_packet::{Definitions, definition::TargetSource};
use groundlog_projection::{
    DefinitionStore, LoadedDefinitions, RunnerOptions, SettingsStore, definition_set,
};
use groundlog_proto::{
    Generation, TopicKind, TopicNames, TopicPartition,
    borrowed::{RawBodyRef, RawPacketRef, RawRecordRef},
};
use tokio::sync::watch;

use crate::place::Place;

/// Size of a packet of the definitions, in bytes.
pub const PACKET_BYTES: usize = 70;

/// Sixteen items as housekeeping has them: bit fields, numbers, conversions, states, limits, text.
const DEFINITIONS: &str = "\
TELEMETRY BENCH HK BIG_ENDIAN \"Housekeeping\"
  APPEND_ITEM VERSION 3 UINT \"\"
  APPEND_ITEM KIND 1 UINT \"\"
  APPEND_ITEM SECONDARY 1 UINT \"\"
  APPEND_ID_ITEM APID 11 UINT 42 \"\"
  APPEND_ITEM FLAGS 2 UINT \"\"
  APPEND_ITEM SEQUENCE 14 UINT \"\"
  APPEND_ITEM LENGTH 16 UINT \"\"
  APPEND_ITEM SEC 32 UINT \"\"
  APPEND_ITEM MICRO 32 UINT \"\"
  APPEND_ITEM MODE 8 UINT \"\"
    STATE OFF 0
    STATE ON 1
  APPEND_ITEM TEMP1 16 UINT \"\"
    POLY_READ_CONVERSION -100.0 0.00305
    LIMITS DEFAULT 3 ENABLED -80.0 -70.0 60.0 80.0
  APPEND_ITEM TEMP2 16 UINT \"\"
    POLY_READ_CONVERSION -100.0 0.00305
    LIMITS DEFAULT 3 ENABLED -80.0 -70.0 60.0 80.0
  APPEND_ITEM VOLTAGE 32 FLOAT \"\"
  APPEND_ITEM CURRENT 32 FLOAT \"\"
  APPEND_ITEM NAME 128 STRING \"\"
  APPEND_ITEM REST 216 BLOCK \"\"
  ITEM PACKET_TIME 0 0 DERIVED \"\"
    READ_CONVERSION unix_time_conversion.rb SEC MICRO
";

/// Writes packet number `count` behind `out`.
pub fn push_packet(out: &mut Vec<u8>, count: u32) {
    let start = out.len();
    out.extend_from_slice(&(0x0800_u16 | 42).to_be_bytes());
    out.extend_from_slice(&(0xc000_u16 | (count as u16 & 0x3fff)).to_be_bytes());
    out.extend_from_slice(&(PACKET_BYTES as u16 - 7).to_be_bytes());
    out.extend_from_slice(&(1_700_000_000 + count / 1000).to_be_bytes());
    out.extend_from_slice(&(count % 1000 * 1000).to_be_bytes());
    out.push(((count / 64) & 1) as u8);
    out.extend_from_slice(&(40_000 + (count % 50) as u16).to_be_bytes());
    out.extend_from_slice(&(39_000 - (count % 50) as u16).to_be_bytes());
    out.extend_from_slice(&28.1_f32.to_be_bytes());
    out.extend_from_slice(&(count as f32 * 0.001).to_be_bytes());
    out.extend_from_slice(b"BENCHMARK\0\0\0\0\0\0\0");
    out.resize(start + PACKET_BYTES, 0x5a);
}

fn set() -> groundlog_proto::wire::DefinitionSet {
    let source = TargetSource {
        name: "BENCH".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/tlm.txt".into(), DEFINITIONS.into())],
        binary_files: vec![],
    };
    let parsed = Definitions::builder().add_target(source).build().expect("definitions");
    definition_set("bench", &parsed, &[])
}

/// Makes raw records as ingest does.
fn raw_records(loaded: &LoadedDefinitions, first: u32, count: u32) -> Records {
    let mut records = Records::with_capacity(count as usize, count as usize * 160);
    let hash = loaded.hash();
    let mut data = Vec::with_capacity(PACKET_BYTES);
    for number in first..first + count {
        data.clear();
        push_packet(&mut data, number);
        let record = RawRecordRef {
            received_time_ns: 1_700_000_000_000_000_000 + i64::from(number),
            scope: "DEFAULT",
            interface: "BENCH_INT",
            definitions: hash.as_bytes(),
            epoch: 3,
            body: RawBodyRef::Packet(RawPacketRef { data: &data, target: "", name: "" }),
            ..RawRecordRef::default()
        };
        records.push_with(b"BENCH_INT", |out| record.encode(out));
    }
    records
}

/// A measured rate.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Raw records.
    pub records: u64,
    /// Time they took.
    pub took: Duration,
    /// Bytes written per raw record.
    pub bytes_out: f64,
}

impl Rate {
    /// Returns records per second.
    pub fn per_second(&self) -> f64 {
        self.records as f64 / self.took.as_secs_f64()
    }
}

/// Folds on one core, without a log: what decommutation itself costs.
pub fn pure_fold(rounds: u32) -> Rate {
    const BATCH: u32 = 4096;
    let set = set();
    let hash = DefinitionStore::hash(&set);
    let loaded = Arc::new(LoadedDefinitions::read(hash, &set).expect("reads"));
    let batch = as_batch(&raw_records(&loaded, 0, BATCH));
    let source =
        Source { generation: Generation(1), topic: "raw".into(), partition: 0, stored: false };
    let mut fold = Fold::new(source);
    let (mut out, mut bytes) = (FoldOutputs::default(), 0);
    let start = Instant::now();
    for _ in 0..rounds {
        out.reserve(batch.len(), batch.len() * 150);
        for record in batch.iter() {
            match fold.apply(record, &mut out) {
                Ok(()) => {}
                Err(FoldError::Needs(_)) => {
                    fold.bind(loaded.clone());
                    fold.apply(record, &mut out).expect("folds");
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        bytes += out.byte_len();
        out.decom.clear();
        out.limits.clear();
    }
    let records = u64::from(rounds) * u64::from(BATCH);
    Rate { records, took: start.elapsed(), bytes_out: bytes as f64 / records as f64 }
}

fn as_batch(records: &Records) -> Batch {
    let partition = TopicPartition::new(TopicNames::default().topic(TopicKind::Raw), 0);
    let mut batch = Batch::new(partition, 0, records.data().to_vec().into());
    let mut at = 0;
    for (offset, &(key, value)) in (0..).zip(records.lengths()) {
        batch.push(offset, groundlog_proto::Nanos(0), at, at + key, at + key + value);
        at += key + value;
    }
    batch
}

/// How a log is decommutated.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// Raw records, spread over the partitions in turn.
    pub count: u32,
    /// Partitions of `raw`.
    pub partitions: u32,
    /// Members of the group.
    pub members: u32,
    /// Whether current values are kept behind.
    pub with_values: bool,
}

/// Fills `raw` of a log; returns the log and its definitions.
async fn filled(place: &Place, work: Work) -> (Arc<dyn Log>, DefinitionStore) {
    let log = place.open(work.partitions).await;
    let settings = SettingsStore::open(log.clone(), &place.names).await.expect("settings");
    let definitions = DefinitionStore::new(log.clone(), &place.names, settings);
    let loaded = definitions.activate(&set(), "bench").await.expect("published");
    let (mut made, mut turn) = (0, 0);
    while made < work.count {
        let some = (work.count - made).min(4_000);
        let raw = place.partition(TopicKind::Raw, turn % work.partitions);
        log.append(&raw, raw_records(&loaded, made, some)).await.expect("append");
        (made, turn) = (made + some, turn + 1);
    }
    (log, definitions)
}

/// Fills `raw` of a log and decommutates nothing.
pub async fn fill(place: &Place, work: Work) -> Arc<dyn Log> {
    filled(place, work).await.0
}

/// Decommutates what lies in a log, until all of it is done. Measured is the second half: by then
/// the group has assembled, and everything is warm.
pub async fn over_a_log(place: &Place, work: Work) -> Rate {
    let (log, definitions) = filled(place, work).await;
    let options = |member: String| RunnerOptions::new(log.clone(), place.names.clone(), &member);
    let (stop, stopped) = watch::channel(false);
    let mut roles: Vec<_> = (0..work.members)
        .map(|member| {
            let runner = options(format!("decom-{member}"));
            let decom = DecomOptions { runner, definitions: definitions.clone() };
            let decom = Decom::build(decom).run(stopped.clone());
            tokio::spawn(async move { decom.await.expect("decom") })
        })
        .collect();
    let values = work.with_values.then(|| {
        let cvt = Cvt::build(CvtOptions::new(options("cvt-0".into()), definitions.clone()));
        let values = cvt.values();
        let cvt = cvt.run(stopped);
        roles.push(tokio::spawn(async move { cvt.await.expect("cvt") }));
        values
    });
    let done = async || match &values {
        Some(values) => values.counts(&[("BENCH", "HK")]).await.expect("readable")[0].0,
        None => decommutated(&*log, place, work.partitions).await,
    };
    let total = u64::from(work.count);
    let (before, start) = reached(total / 2, &done).await;
    let (after, end) = reached(total, &done).await;
    assert_eq!(after, total, "every record once");
    stop.send(true).expect("runs");
    for role in roles {
        role.await.expect("no panic");
    }
    log.close().await.expect("closes");
    Rate { records: after - before, took: end - start, bytes_out: 0.0 }
}

/// Waits until so many records are done; returns how many are, and when.
async fn reached(count: u64, done: &impl AsyncFn() -> u64) -> (u64, Instant) {
    loop {
        let found = done().await;
        if found >= count {
            return (found, Instant::now());
        }
        // Seldom enough that asking costs nothing.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Returns how many records the group has done.
async fn decommutated(log: &dyn Log, place: &Place, partitions: u32) -> u64 {
    let mut done = 0;
    for partition in 0..partitions {
        let raw = place.partition(TopicKind::Raw, partition);
        done += log.checkpoint("decom", &raw).await.expect("checkpoint").unwrap_or(0);
    }
    done
}
