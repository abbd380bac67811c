//! Records as decommutation would write them.

use std::collections::HashMap;

use bytes::Bytes;
use groundlog_log::Batch;
use groundlog_proto::{
    Nanos, TopicPartition,
    borrowed::{DecomBodyRef, DecomRecordRef},
    prost::Message,
    wire::{Scalar, SetItem, SetTelemetry, ValueType, scalar},
};
use proptest::prelude::*;

use super::stack::Stack;

/// One record of `decom`.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Packet { name: &'static str, time: i64 },
    Unknown,
    Set { name: &'static str, value: i64, form: ValueType },
    Barrier,
    Garbage,
    OtherDefinitions,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let name = || prop_oneof![Just("A"), Just("B")];
    let form = prop_oneof![Just(ValueType::Raw), Just(ValueType::Converted), Just(ValueType::All)];
    prop_oneof![
        5 => (name(), 0..9_i64).prop_map(|(name, time)| Step::Packet { name, time }),
        1 => Just(Step::Unknown),
        2 => (name(), 0..9_i64, form)
            .prop_map(|(name, value, form)| Step::Set { name, value, form }),
        1 => Just(Step::Barrier),
        1 => Just(Step::Garbage),
        1 => Just(Step::OtherDefinitions),
    ]
}

/// Encodes steps as decommutation would: key and value of each.
pub(super) fn records(steps: &[Step], stack: &Stack<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut counts = HashMap::new();
    steps.iter().map(|step| record(step, stack, &mut counts)).collect()
}

fn record(
    step: &Step,
    stack: &Stack<'_>,
    counts: &mut HashMap<&'static str, u64>,
) -> (Vec<u8>, Vec<u8>) {
    let other = [9; 16];
    let own = stack.loaded.hash();
    let mut definitions: &[u8] = own.as_bytes();
    let (mut name, mut value, mut body) = ("", Vec::new(), DecomBodyRef::Missing);
    let (mut target, mut time) = ("INST", 0);
    match step {
        Step::Packet { name: it, time: at } => {
            (name, time) = (it, *at);
            body = DecomBodyRef::Values(b"values");
        }
        Step::OtherDefinitions => (name, definitions) = ("A", &other),
        Step::Unknown => (target, name) = ("UNKNOWN", "UNKNOWN"),
        Step::Set { name: it, value: number, form } => {
            name = it;
            let scalar = Scalar { kind: Some(scalar::Kind::Integer(*number)) };
            let item = SetItem { item: "X".into(), r#type: *form as i32, value: Some(scalar) };
            let set = SetTelemetry { items: vec![item], ..SetTelemetry::default() };
            value = set.encode_to_vec();
        }
        Step::Barrier => body = DecomBodyRef::Barrier("b"),
        Step::Garbage => return (b"INST A".to_vec(), vec![0xff; 4]),
    }
    if !value.is_empty() {
        body = DecomBodyRef::Set(&value);
    }
    let count = counts.entry(name).or_default();
    if !matches!(step, Step::Set { .. }) {
        *count += 1;
    }
    let record = DecomRecordRef {
        packet_time_ns: time,
        received_time_ns: time,
        received_count: *count,
        definitions,
        target,
        packet: name,
        body,
        ..DecomRecordRef::default()
    };
    let mut encoded = Vec::new();
    record.encode(&mut encoded);
    let key = if name.is_empty() { String::new() } else { format!("{target} {name}") };
    (key.into_bytes(), encoded)
}

pub(super) fn batch(partition: TopicPartition, base: u64, records: &[(Vec<u8>, Vec<u8>)]) -> Batch {
    let data: Vec<u8> =
        records.iter().flat_map(|(key, value)| key.iter().chain(value).copied()).collect();
    let mut batch = Batch::new(partition, base, Bytes::from(data));
    let mut at = 0;
    for (place, (key, value)) in records.iter().enumerate() {
        let (middle, end) = (at + key.len() as u32, at + (key.len() + value.len()) as u32);
        batch.push(base + place as u64, Nanos(0), at, middle, end);
        at = end;
    }
    batch
}
