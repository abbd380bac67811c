use groundlog_log::{EmbeddedOptions, Records, open};
use groundlog_packet::{Definitions, definition::TargetSource};
use groundlog_projection::{DefinitionError, DefinitionStore, SettingsStore, definition_set};
use groundlog_proto::{
    DefinitionHash, TopicKind, TopicPartition,
    prost::Message,
    wire::{DefinitionChunk, DefinitionSet},
};

use crate::{at, counting::CountingLog, log};

fn source(name: &str, text: String) -> TargetSource {
    TargetSource {
        name: name.into(),
        target_txt: "LANGUAGE python\n".into(),
        files: vec![("cmd_tlm/tlm.txt".into(), text)],
        binary_files: vec![("cmd_tlm/template.bin".into(), vec![0, 0xff, 7])],
    }
}

fn telemetry(target: &str, comment: &str) -> String {
    format!(
        "# {comment}\nTELEMETRY {target} P BIG_ENDIAN \"\"\n  APPEND_ID_ITEM ID 8 UINT 1 \"\"\n"
    )
}

/// Two targets whose packets look alike, one interface each.
fn set(comment: &str) -> DefinitionSet {
    let definitions = Definitions::builder()
        .add_target(source("ONE", telemetry("ONE", comment)))
        .add_target(source("TWO", telemetry("TWO", "")))
        .build()
        .expect("definitions");
    let interfaces = [
        ("A_INT".to_owned(), vec!["ONE".to_owned()]),
        ("B_INT".to_owned(), vec!["TWO".to_owned()]),
    ];
    definition_set("plug", &definitions, &interfaces)
}

#[tokio::test]
async fn a_set_is_published_once_and_read_back_anywhere() {
    let dir = tempfile::tempdir().expect("dir");
    let url = format!("embedded:{}", dir.path().display());
    // More than one chunk.
    let set = set(&"x".repeat(2_500_000));
    let hash = {
        let (log, names) = at(&url).await;
        let settings = SettingsStore::open(log.clone(), &names).await.expect("settings");
        let store = DefinitionStore::new(log.clone(), &names, settings);
        assert_eq!(store.active(), None);
        let loaded = store.activate(&set, "ada").await.expect("published");
        store.activate(&set, "ada").await.expect("again");
        assert_eq!(store.active(), Some(loaded.hash()));
        let topic = TopicPartition::new(names.topic(TopicKind::Definitions), 0);
        assert_eq!(log.bounds(&topic).await.expect("bounds").tail, 3, "three chunks, once");
        drop(store);
        log.close().await.expect("closes");
        loaded.hash()
    };
    let log = open(&url, &EmbeddedOptions::default()).expect("opens");
    let names = groundlog_proto::TopicNames::default();
    let settings = SettingsStore::open(log.clone(), &names).await.expect("settings");
    let store = DefinitionStore::new(log, &names, settings);
    assert_eq!(store.active(), Some(hash));
    assert!(store.cached(hash).is_none());
    let (one, two) = tokio::join!(store.get(hash), store.get(hash));
    let (one, two) = (one.expect("read"), two.expect("read"));
    assert!(std::sync::Arc::ptr_eq(&one, &two), "parsed once");
    assert_eq!(one.plugin(), "plug");
    let sources = one.definitions().sources();
    assert_eq!(sources[0].binary_files, [("cmd_tlm/template.bin".to_owned(), vec![0, 0xff, 7])]);
    let name = |interface| {
        let id = one.identify(interface, "", "", &[1]);
        one.plan(id).packet().target_name.clone()
    };
    assert_eq!(
        (name("A_INT"), name("B_INT"), name("C_INT")),
        ("ONE".into(), "TWO".into(), "ONE".into())
    );
}

#[tokio::test]
async fn what_is_missing_or_damaged_is_named() {
    let (log, names) = log().await;
    let settings = SettingsStore::open(log.clone(), &names).await.expect("settings");
    let store = DefinitionStore::new(log.clone(), &names, settings);
    let missing = DefinitionHash([3; 16]);
    let error = store.get(missing).await.expect_err("missing");
    assert!(matches!(error, DefinitionError::Missing { hash } if hash == missing));
    assert!(error.to_string().contains(&missing.to_string()), "{error}");

    let mut records = Records::new();
    let chunk = DefinitionChunk {
        hash: vec![3; 16].into(),
        index: 0,
        count: 1,
        data: vec![1, 2, 3].into(),
    };
    records.push(b"03", &chunk.encode_to_vec());
    let topic = TopicPartition::new(names.topic(TopicKind::Definitions), 0);
    log.append(&topic, records).await.expect("append");
    let error = store.get(missing).await.expect_err("damaged");
    assert!(matches!(error, DefinitionError::Damaged { .. }), "{error}");

    let mut bad = set("");
    bad.files[1].text = "TELEMETRY\n".into();
    let error = store.publish(&bad).await.expect_err("unreadable");
    assert!(error.to_string().contains("tlm.txt"), "{error}");
    let mut other = set("");
    other.packets[0].items[0].bit_size = 9;
    let error = store.publish(&other).await.expect_err("other layout");
    assert!(error.to_string().contains("ONE P"), "{error}");
}

#[tokio::test]
async fn a_start_does_not_read_every_set_there_ever_was() {
    let (log, names) = log().await;
    let settings = SettingsStore::open(log.clone(), &names).await.expect("settings");
    let topic = TopicPartition::new(names.topic(TopicKind::Definitions), 0);
    let oldest = set("oldest");
    let store = DefinitionStore::new(log.clone(), &names, settings.clone());
    let oldest_hash = store.activate(&oldest, "ada").await.expect("published").hash();
    let mut records = Records::new();
    for number in 0_u128..5_000 {
        let chunk = DefinitionChunk {
            hash: number.to_le_bytes().to_vec().into(),
            index: 0,
            count: 1,
            data: vec![0; 100].into(),
        };
        records.push(b"key", &chunk.encode_to_vec());
    }
    log.append(&topic, records).await.expect("append");
    let newest = set("newest");
    let store = DefinitionStore::new(log.clone(), &names, settings.clone());
    let newest_hash = store.activate(&newest, "ada").await.expect("published").hash();
    let tail = log.bounds(&topic).await.expect("bounds").tail;

    let counting = CountingLog::new(log.clone());
    let store = DefinitionStore::new(counting.clone(), &names, settings.clone());
    store.activate(&newest, "ada").await.expect("there already");
    assert!(counting.records_read() < 100, "{} records read", counting.records_read());
    assert_eq!(log.bounds(&topic).await.expect("bounds").tail, tail, "not published again");
    store.activate(&set("changed"), "ada").await.expect("published");
    assert!(counting.records_read() < 200, "{} records read", counting.records_read());
    // However old, a set that records name is found.
    let store = DefinitionStore::new(log, &names, settings);
    assert_eq!(store.get(oldest_hash).await.expect("found").hash(), oldest_hash);
    assert_eq!(store.get(newest_hash).await.expect("found").hash(), newest_hash);
}
