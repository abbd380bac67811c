use groundlog_projection::{SettingsError, SettingsStore};
use groundlog_proto::wire::{InterfaceWanted, PasswordSet, Setting, setting::Kind};

use crate::{at, log};

fn wanted(interface: &str, connected: bool) -> Setting {
    let interface = interface.to_owned();
    let kind = Some(Kind::Interface(InterfaceWanted {
        interface,
        connected,
    }));
    Setting {
        kind,
        ..Setting::default()
    }
}

#[tokio::test]
async fn what_was_appended_is_seen_at_once_and_after_a_restart() {
    let dir = tempfile::tempdir().expect("dir");
    let url = format!("embedded:{}", dir.path().display());
    {
        let (log, names) = at(&url).await;
        let store = SettingsStore::open(log.clone(), &names)
            .await
            .expect("opens");
        let other = SettingsStore::open(log.clone(), &names)
            .await
            .expect("opens");
        let before = other.current();
        for round in 0..50 {
            store
                .append(&wanted("A", round % 2 == 0))
                .await
                .expect("appended");
            assert_eq!(store.current().interfaces["A"], round % 2 == 0);
        }
        let password = PasswordSet {
            argon2: "hash".into(),
        };
        let kind = Some(Kind::Password(password));
        let offset = store
            .append(&Setting {
                kind,
                ..Setting::default()
            })
            .await
            .expect("appended");
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
async fn a_setting_without_content_is_refused() {
    let (log, names) = log().await;
    let store = SettingsStore::open(log, &names).await.expect("opens");
    let refused = store.append(&Setting::default()).await;
    assert!(matches!(refused, Err(SettingsError::Empty)));
}
