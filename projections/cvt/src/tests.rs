//! The fold into the table: independent of how records are cut, exactly once, and comparable.

use std::sync::Arc;

use bytes::Bytes;
use groundlog_log::{Batch, Log, MemoryLog, TopicSpec};
use groundlog_packet::{Definitions, definition::TargetSource};
use groundlog_projection::{
    Assignment, DefinitionStore, Input, LoadedDefinitions, Outputs, Projection, SettingsStore,
    Snapshot, definition_set,
};
use groundlog_proto::{
    Generation, Nanos, TopicKind, TopicNames, TopicPartition,
    borrowed::{DecomBodyRef, DecomRecordRef},
    prost::Message,
    wire::{Scalar, SetItem, SetTelemetry, ValueType, scalar},
};
use proptest::{collection, prelude::*};

use crate::{
    CurrentValues, Image,
    image::IMAGE_VERSION,
    projection::{Barriers, CvtProjection},
    table::Table,
};

const TELEMETRY: &str = r#"
TELEMETRY INST A BIG_ENDIAN ""
  APPEND_ID_ITEM ID 8 UINT 1 ""
  APPEND_ITEM X 8 UINT ""
TELEMETRY INST B BIG_ENDIAN ""
  APPEND_ID_ITEM ID 8 UINT 2 ""
  APPEND_ITEM X 8 UINT ""
"#;

struct Stack {
    names: TopicNames,
    definitions: DefinitionStore,
    loaded: Arc<LoadedDefinitions>,
}

impl Stack {
    async fn new() -> Self {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
        let names = TopicNames::default();
        for kind in TopicKind::ALL {
            log.ensure(&TopicSpec::standard(&names, kind, 2)).await.unwrap();
        }
        let settings = SettingsStore::open(log.clone(), &names).await.unwrap();
        let definitions = DefinitionStore::new(log.clone(), &names, settings);
        let source = TargetSource {
            name: "INST".into(),
            target_txt: String::new(),
            files: vec![("cmd_tlm/tlm.txt".into(), TELEMETRY.into())],
            binary_files: vec![],
        };
        let parsed = Definitions::builder().add_target(source).build().unwrap();
        let loaded = definitions.publish(&definition_set("test", &parsed, &[])).await.unwrap();
        Self { names, definitions, loaded }
    }

    fn projection(&self) -> CvtProjection {
        CvtProjection {
            table: Arc::new(Table::new()),
            definitions: self.definitions.clone(),
            names: self.names.clone(),
            barriers: Barriers::default(),
        }
    }

    fn partition(&self, live: bool) -> TopicPartition {
        let kind = if live { TopicKind::Decom } else { TopicKind::DecomStored };
        TopicPartition::new(self.names.topic(kind), 1)
    }
}

/// One record of `decom`.
#[derive(Debug, Clone)]
enum Step {
    Packet { name: &'static str, time: i64 },
    Unknown,
    Set { name: &'static str, value: i64, form: ValueType },
    Barrier,
    Garbage,
    OtherDefinitions,
}

fn step() -> impl Strategy<Value = Step> {
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
fn records(steps: &[Step], stack: &Stack) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut counts = std::collections::HashMap::new();
    steps.iter().map(|step| record(step, stack, &mut counts)).collect()
}

fn record(
    step: &Step,
    stack: &Stack,
    counts: &mut std::collections::HashMap<&'static str, u64>,
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

fn batch(partition: TopicPartition, base: u64, records: &[(Vec<u8>, Vec<u8>)]) -> Batch {
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

/// Applies a batch as the runner does: what is poisonous is passed over.
async fn apply(projection: &mut CvtProjection, batch: &Batch) -> Vec<u64> {
    let (mut set_aside, mut start) = (Vec::new(), 0);
    let input = Input::new(batch, Generation(1));
    while start < input.len() {
        let rest = input.within(start..input.len());
        match projection.apply(&rest, &mut Outputs::new()).await {
            Ok(()) => break,
            Err(error) => {
                set_aside.push(error.offset);
                start += rest.iter().take_while(|it| it.offset <= error.offset).count();
            }
        }
    }
    set_aside
}

async fn fold(
    stack: &Stack,
    live: bool,
    records: &[(Vec<u8>, Vec<u8>)],
    cuts: &[usize],
    restart: bool,
) -> CvtProjection {
    let mut projection = stack.projection();
    let mut from = 0;
    for &cut in cuts.iter().chain([&records.len()]) {
        let batch = batch(stack.partition(live), from as u64, &records[from..cut]);
        apply(&mut projection, &batch).await;
        // Twice the same batch is as once (P1).
        apply(&mut projection, &batch).await;
        if restart {
            let (version, data) = projection.snapshot(&stack.partition(live)).unwrap();
            projection = stack.projection();
            let snapshot = Snapshot { next_offset: cut as u64, version, data: data.into() };
            let assignment = Assignment {
                partition: stack.partition(live),
                generation: Generation(1),
                checkpoint: Some(cut as u64),
                trim: 0,
                tail: records.len() as u64,
                snapshot: Some(snapshot),
            };
            projection.assigned(&assignment).await.unwrap();
        }
        from = cut;
    }
    projection
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// P1 and P3: however the records are cut into batches, applied twice, or continued from a
    /// snapshot, the table is the same bit for bit, and is what one record at a time gives.
    #[test]
    fn p1_p3_the_table_is_the_same_however_records_are_cut(
        steps in collection::vec(step(), 1..40),
        cuts in collection::vec(any::<prop::sample::Index>(), 0..5),
        live in any::<bool>(),
        restart in any::<bool>(),
    ) {
        block_on(async {
            let stack = Stack::new().await;
            let records = records(&steps, &stack);
            let singles: Vec<_> = (1..records.len()).collect();
            let expected = fold(&stack, live, &records, &singles, false).await;
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(records.len())).collect();
            cuts.sort_unstable();
            let found = fold(&stack, live, &records, &cuts, restart).await;
            let image = |projection: &CvtProjection| Image::take(&projection.table, live, 1);
            let differences = image(&expected).differences(&image(&found));
            assert!(differences.is_empty(), "{differences:?}");
            assert_eq!(image(&expected).to_bytes(), image(&found).to_bytes());
        });
    }
}

#[tokio::test]
async fn order_is_the_position_and_never_the_time() {
    let stack = Stack::new().await;
    let steps = [
        Step::Packet { name: "A", time: 8 },
        Step::Packet { name: "B", time: 5 },
        Step::Packet { name: "A", time: 1 },
    ];
    let projection = fold(&stack, true, &records(&steps, &stack), &[], false).await;
    let values = CurrentValues(projection.table.clone());
    let a = values.packet("INST", "A").unwrap();
    assert_eq!((a.packet_time_ns, a.received_count, a.position.offset), (1, 2, 2));
    assert_eq!(values.counts("INST", "A"), (2, 0));
    assert_eq!(values.packet("INST", "C").map(|it| it.received_count), None);
    // A rebooted clock does not freeze the display of A, but LATEST goes by packet time.
    let definitions = stack.loaded.definitions();
    assert_eq!(values.latest(definitions, "INST", "X").as_deref(), Some("B"));
    assert_eq!(values.latest(definitions, "INST", "Y"), None);
    let empty = CurrentValues(Arc::new(Table::new()));
    assert_eq!(empty.latest(definitions, "INST", "X").as_deref(), Some("A"));
}

#[tokio::test]
async fn set_tlm_lasts_until_the_next_packet() {
    let stack = Stack::new().await;
    let set = |value, form| Step::Set { name: "A", value, form };
    let steps = [set(1, ValueType::All), set(2, ValueType::Raw)];
    let projection = fold(&stack, true, &records(&steps, &stack), &[], false).await;
    let values = CurrentValues(projection.table.clone());
    let a = values.packet("INST", "A").unwrap();
    assert!(!a.is_received());
    let place = stack.loaded.plan(a.id).packet().item_index("X").unwrap();
    use groundlog_packet::Value;
    assert_eq!(a.value(place, ValueType::Raw), Value::Int(2));
    assert_eq!(a.value(place, ValueType::Converted), Value::Int(1));
    assert_eq!(a.value(place, ValueType::Formatted), Value::from("1"));
    let steps = [set(1, ValueType::All), Step::Packet { name: "A", time: 3 }];
    let projection = fold(&stack, true, &records(&steps, &stack), &[], false).await;
    let a = CurrentValues(projection.table.clone()).packet("INST", "A").unwrap();
    assert!(a.is_received() && a.overlaid_items().next().is_none());
}

#[tokio::test]
async fn stored_packets_move_their_count_and_nothing_else() {
    let stack = Stack::new().await;
    let steps = vec![Step::Packet { name: "A", time: 8 }; 3];
    let projection = fold(&stack, false, &records(&steps, &stack), &[1], true).await;
    let values = CurrentValues(projection.table.clone());
    assert!(values.packet("INST", "A").is_none());
    assert_eq!(values.counts("INST", "A"), (0, 3));
}

#[tokio::test]
async fn differences_are_named() {
    let stack = Stack::new().await;
    let a = Step::Packet { name: "A", time: 1 };
    let b = Step::Packet { name: "B", time: 1 };
    let all = records(&[a.clone(), b, a], &stack);
    let image = async |records: &[_]| {
        let projection = fold(&stack, true, records, &[], false).await;
        Image::take(&projection.table, true, 1)
    };
    let (whole, short) = (image(&all).await, image(&all[..1]).await);
    let found: Vec<_> =
        whole.differences(&short).into_iter().map(|it| (it.name, it.what)).collect();
    assert_eq!(
        found,
        [("INST A".to_owned(), "other position"), ("INST B".to_owned(), "missing in the second")]
    );
    assert_eq!(IMAGE_VERSION, 1);
}
