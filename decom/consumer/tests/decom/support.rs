//! Definitions, raw records and a log to put them into.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use groundlog_decom::{Fold, FoldError, FoldOutputs, Source};
use groundlog_log::{Batch, Log, Records, TopicSpec};
use groundlog_packet::{Definitions, definition::TargetSource};
use groundlog_projection::{DefinitionStore, LoadedDefinitions, definition_set};
use groundlog_proto::{
    Generation, Nanos, TopicKind, TopicName, TopicNames, TopicPartition,
    prost::Message,
    wire::{
        DecomRecord, DefinitionSet, LimitsEvent, Marker, RawPacket, RawRecord, SetTelemetry,
        Setting, marker, raw_record, setting,
    },
};

const TELEMETRY: &str = r#"
TELEMETRY INST HEALTH BIG_ENDIAN "Health"
  APPEND_ID_ITEM ID 8 UINT 1 "Id"
  APPEND_ITEM SEC 32 UINT "Seconds"
  APPEND_ITEM MICRO 32 UINT "Microseconds"
  APPEND_ITEM TEMP 16 UINT "Temperature"
    POLY_READ_CONVERSION -100.0 0.5
    LIMITS DEFAULT 2 ENABLED -80.0 -70.0 60.0 80.0
    LIMITS VACUUM 2 ENABLED -90.0 -85.0 10.0 20.0
  APPEND_ITEM MODE 8 UINT "Mode"
    STATE OFF 0 GREEN
    STATE ON 1 RED
  ITEM PACKET_TIME 0 0 DERIVED "Time"
    READ_CONVERSION unix_time_conversion.rb SEC MICRO
TELEMETRY INST ADCS BIG_ENDIAN "Attitude"
  APPEND_ID_ITEM ID 8 UINT 2 "Id"
  APPEND_ITEM X 32 FLOAT "X"
  ITEM X_MEAN 0 0 DERIVED "Mean of the last X"
    READ_CONVERSION processor_conversion.rb S MEAN
  ITEM X_HIGH 0 0 DERIVED "Highest X"
    READ_CONVERSION processor_conversion.rb W HIGH_WATER
  PROCESSOR S statistics_processor.rb X 3
  PROCESSOR W watermark_processor.rb X
"#;

/// Makes a set; `extra` is appended to the telemetry file.
pub(crate) fn set_of(extra: &str) -> DefinitionSet {
    let source = TargetSource {
        name: "INST".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/tlm.txt".into(), format!("{TELEMETRY}{extra}"))],
        binary_files: vec![],
    };
    let definitions = Definitions::builder().add_target(source).build().expect("definitions");
    definition_set("test", &definitions, &[])
}

pub(crate) fn loaded(set: &DefinitionSet) -> Arc<LoadedDefinitions> {
    let hash = DefinitionStore::hash(set);
    Arc::new(LoadedDefinitions::read(hash, set).expect("reads"))
}

pub(crate) fn health(seconds: u32, temp: u16, mode: u8) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(seconds.to_be_bytes());
    bytes.extend(250_000_u32.to_be_bytes());
    bytes.extend(temp.to_be_bytes());
    bytes.push(mode);
    bytes
}

pub(crate) fn adcs(x: f32) -> Vec<u8> {
    [&[2][..], &x.to_be_bytes()].concat()
}

pub(crate) fn raw(definitions: &LoadedDefinitions, body: raw_record::Body) -> RawRecord {
    RawRecord {
        received_time_ns: 1_700_000_000_000_000_000,
        scope: "DEFAULT".into(),
        interface: "INST_INT".into(),
        definitions: definitions.hash().as_bytes().to_vec().into(),
        body: Some(body),
        ..RawRecord::default()
    }
}

pub(crate) fn packet(definitions: &LoadedDefinitions, data: Vec<u8>) -> RawRecord {
    let packet = RawPacket { data: data.into(), ..RawPacket::default() };
    raw(definitions, raw_record::Body::Packet(packet))
}

pub(crate) fn marker(definitions: &LoadedDefinitions, kind: marker::Kind) -> RawRecord {
    raw(definitions, raw_record::Body::Marker(Marker { kind: Some(kind) }))
}

pub(crate) fn setting(definitions: &LoadedDefinitions, kind: setting::Kind) -> RawRecord {
    let setting = Setting { kind: Some(kind), ..Setting::default() };
    marker(definitions, marker::Kind::Setting(setting))
}

pub(crate) fn set_tlm(definitions: &LoadedDefinitions) -> RawRecord {
    let set = SetTelemetry { target: "INST".into(), name: "ADCS".into(), items: vec![] };
    raw(definitions, raw_record::Body::Set(set))
}

pub(crate) fn source(stored: bool) -> Source {
    let topic = if stored { "raw.stored" } else { "raw" };
    Source { generation: Generation(7), topic: topic.into(), partition: 1, stored }
}

/// Makes a batch as a reader would.
pub(crate) fn batch(base: u64, records: &[RawRecord]) -> Batch {
    let mut data = Vec::new();
    let mut ends = Vec::new();
    for record in records {
        let start = data.len() as u32;
        record.encode(&mut data).expect("grows");
        ends.push((start, data.len() as u32));
    }
    let partition = TopicPartition::new(TopicName::new("raw"), 1);
    let mut batch = Batch::new(partition, base, Bytes::from(data));
    for (place, (start, end)) in ends.into_iter().enumerate() {
        batch.push(base + place as u64, Nanos(0), start, start, end);
    }
    batch
}

/// Folds records; what is refused is returned by offset.
pub(crate) fn fold_all(
    fold: &mut Fold,
    known: &[Arc<LoadedDefinitions>],
    base: u64,
    records: &[RawRecord],
    out: &mut FoldOutputs,
) -> BTreeMap<u64, String> {
    let batch = batch(base, records);
    let mut refused = BTreeMap::new();
    for record in batch.iter() {
        loop {
            match fold.apply(record, out) {
                Ok(()) => break,
                Err(FoldError::Needs(hash)) => match known.iter().find(|it| it.hash() == hash) {
                    Some(found) => fold.bind(found.clone()),
                    None => {
                        refused.insert(record.offset, format!("needs {hash}"));
                        break;
                    }
                },
                Err(FoldError::Record(error, _)) => {
                    refused.insert(record.offset, error.to_string());
                    break;
                }
            }
        }
    }
    refused
}

pub(crate) fn decoded(records: &Records) -> Vec<DecomRecord> {
    records.iter().map(|(_, value)| DecomRecord::decode(value).expect("parses")).collect()
}

pub(crate) fn events(records: &Records) -> Vec<LimitsEvent> {
    records.iter().map(|(_, value)| LimitsEvent::decode(value).expect("parses")).collect()
}

pub(crate) async fn ensure_topics(log: &dyn Log, names: &TopicNames, partitions: u32) {
    for kind in TopicKind::ALL {
        log.ensure(&TopicSpec::standard(names, kind, partitions)).await.expect("topic");
    }
}

pub(crate) async fn append(
    log: &dyn Log,
    names: &TopicNames,
    kind: TopicKind,
    partition: u32,
    raws: &[RawRecord],
) {
    let mut records = Records::new();
    for raw in raws {
        records.push(b"INST_INT", &raw.encode_to_vec());
    }
    let to = TopicPartition::new(names.topic(kind), partition);
    log.append(&to, records).await.expect("append");
}

/// Reads everything in a partition: offset, key, value.
pub(crate) async fn read_all(
    log: &dyn Log,
    names: &TopicNames,
    kind: TopicKind,
    partition: u32,
) -> Vec<(u64, Vec<u8>, Vec<u8>)> {
    let from = TopicPartition::new(names.topic(kind), partition);
    let mut reader = log.reader(&from, 0).await.expect("reader");
    let mut all = Vec::new();
    loop {
        let batch = reader.poll(1 << 20).await.expect("poll");
        if batch.is_empty() {
            return all;
        }
        all.extend(batch.iter().map(|it| (it.offset, it.key.to_vec(), it.value.to_vec())));
    }
}
