use std::{sync::Arc, time::Duration};

use groundlog_log::{Log, LogError, Records, open_read_only};
use groundlog_projection::{SettingsError, SettingsStore};
use groundlog_proto::{
    TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{ImportProgress, InterfaceWanted, PasswordSet, Session, Setting, setting::Kind},
};

use crate::{at, counting::CountingLog, log};

fn wanted(interface: &str, connected: bool) -> Setting {
    let interface = interface.to_owned();
    let kind = Some(Kind::Interface(InterfaceWanted { interface, connected }));
    Setting { kind, ..Setting::default() }
}

#[tokio::test]
async fn what_was_appended_is_seen_at_once_and_after_a_restart() {
    let dir = tempfile::tempdir().expect("dir");
    let url = format!("embedded:{}", dir.path().display());
    {
        let (log, names) = at(&url).await;
        let store = SettingsStore::open(log.clone(), &names).await.expect("opens");
        let other = SettingsStore::open(log.clone(), &names).await.expect("opens");
        let before = other.current();
        for round in 0..50 {
            store.append(&wanted("A", round % 2 == 0)).await.expect("appended");
            assert_eq!(store.current().interfaces["A"], round % 2 == 0);
        }
        let password = PasswordSet { argon2: "hash".into() };
        let kind = Some(Kind::Password(password));
        let offset = store.append(&Setting { kind, ..Setting::default() }).await.expect("appended");
        assert!(other.changed(&before).await.is_ok());
        let seen = other.wait_for(offset + 1).await.expect("follows");
        assert_eq!(seen.password.as_deref(), Some("hash"));
        drop((store, other));
        log.close().await.expect("closes");
    }
    let (log, names) = at(&url).await;
    let store = SettingsStore::open(log, &names).await.expect("opens");
    assert_eq!(store.current().password.as_deref(), Some("hash"));
    assert!(!store.current().interfaces["A"]);
}

#[tokio::test]
async fn faults_that_pass_do_not_end_the_fold_and_others_are_told() {
    let (log, names) = log().await;
    let faulty = CountingLog::new(log);
    let store = SettingsStore::open(faulty.clone(), &names).await.expect("opens");
    let passing = || LogError::Io {
        context: "reading",
        path: "segment".into(),
        source: Arc::new(std::io::Error::other("the cable was pulled")),
    };
    faulty.fail(vec![passing(), passing(), passing()]);
    for connected in [true, false, true] {
        store.append(&wanted("A", connected)).await.expect("appended and folded");
        assert_eq!(store.current().interfaces["A"], connected);
    }
    assert_eq!(faulty.failures_left(), 0);
    assert!(store.failure().is_none());
    faulty.fail(vec![LogError::Closed]);
    assert!(store.append(&wanted("A", false)).await.is_err());
    let failure = store.failure().expect("told");
    assert!(failure.to_string().contains("closed"), "{failure}");
}

#[tokio::test]
async fn a_setting_without_content_is_refused() {
    let (log, names) = log().await;
    let store = SettingsStore::open(log, &names).await.expect("opens");
    let refused = store.append(&Setting::default()).await;
    assert!(matches!(refused, Err(SettingsError::Empty)));
}

/// What a long life leaves behind: imports that moved on, sessions that came and went, and the one
/// interface that was switched first of all.
async fn live_long(log: &dyn Log, names: &TopicNames, settings: usize) {
    let to = TopicPartition::new(names.topic(TopicKind::Settings), 0);
    let mut records = Records::new();
    for place in 0..settings {
        let kind = match place % 3 {
            _ if place == 0 => {
                Kind::Interface(InterfaceWanted { interface: "A".to_owned(), connected: true })
            }
            0 => Kind::Import(ImportProgress {
                import_id: "import".to_owned(),
                next_index: place as u64,
                ..ImportProgress::default()
            }),
            revoked => Kind::Session(Session {
                token_hash: (place / 3).to_le_bytes().to_vec().into(),
                revoked: revoked == 2,
                user: "ada".to_owned(),
            }),
        };
        let setting = Setting { kind: Some(kind), ..Setting::default() };
        records.push(b"key", &setting.encode_to_vec());
        if records.len() == 10_000 || place + 1 == settings {
            log.append(&to, std::mem::take(&mut records)).await.expect("append");
        }
    }
}

/// Waits until a snapshot of the settings lies in the topic `state`.
async fn snapshot_written(log: &dyn Log, names: &TopicNames) {
    let state = TopicPartition::new(names.topic(TopicKind::State), 0);
    let written = async {
        while log.bounds(&state).await.expect("bounds").tail == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.expect("a snapshot is written");
}

#[tokio::test]
async fn a_start_reads_a_bounded_number_of_settings() {
    let (log, names) = log().await;
    live_long(&*log, &names, 100_000).await;
    let first = SettingsStore::open(log.clone(), &names).await.expect("opens");
    let before = first.current();
    let opened = |place: usize| before.sessions.is_open(&place.to_le_bytes());
    assert!(!(0..33_000).any(opened), "sessions that ended are forgotten");
    snapshot_written(&*log, &names).await;
    // What comes after the snapshot is folded onto it.
    first.append(&wanted("B", true)).await.expect("appended");
    drop(first);
    let counting = CountingLog::new(log);
    let second = SettingsStore::open(counting.clone(), &names).await.expect("opens");
    assert!(counting.records_read() < 1_000, "{} records read", counting.records_read());
    let after = second.current();
    assert!(after.interfaces["A"] && after.interfaces["B"]);
    assert_eq!(after.imports, before.imports);
    assert_eq!(after.sessions, before.sessions);
}

#[tokio::test]
async fn a_long_run_leaves_snapshots_behind_as_it_goes() {
    let (log, names) = log().await;
    let store = SettingsStore::open(log.clone(), &names).await.expect("opens");
    live_long(&*log, &names, 5_000).await;
    store.wait_for(5_000).await.expect("follows");
    snapshot_written(&*log, &names).await;
    let counting = CountingLog::new(log);
    let again = SettingsStore::open(counting.clone(), &names).await.expect("opens");
    assert!(counting.records_read() < 1_000, "{} records read", counting.records_read());
    assert_eq!(again.current(), store.current());
}

#[tokio::test]
async fn a_log_that_may_only_be_read_is_enough() {
    let dir = tempfile::tempdir().expect("dir");
    let (log, names) = at(&format!("embedded:{}", dir.path().display())).await;
    live_long(&*log, &names, 5_000).await;
    log.close().await.expect("closes");
    drop(log);
    let log = open_read_only(dir.path()).expect("opens");
    let store = SettingsStore::open(log.clone(), &names).await.expect("opens");
    assert!(store.current().interfaces["A"]);
    let state = TopicPartition::new(names.topic(TopicKind::State), 0);
    assert_eq!(log.bounds(&state).await.expect("bounds").tail, 0, "nothing was written");
}

#[tokio::test]
async fn who_holds_settings_sees_that_they_changed() {
    let (log, names) = log().await;
    let store = SettingsStore::open(log, &names).await.expect("opens");
    let held = store.current();
    let waiting = store.changed(&held);
    let (changed, appended) = tokio::join!(waiting, async {
        let setting = wanted("A", true);
        store.append(&setting).await
    });
    appended.expect("appended");
    assert!(!Arc::ptr_eq(&held, &changed.expect("changes")));
    assert!(held.interfaces.is_empty(), "what somebody holds does not change under them");
}
