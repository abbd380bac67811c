use groundlog_proto::wire::{
    ActiveDefinitions, ImportProgress, InterfaceWanted, LimitsSetActive, LimitsSetting, Override,
    PasswordSet, Scalar, Session, ValueType, scalar, setting::Kind,
};

use super::*;

fn item() -> [String; 3] {
    ["T", "P", "I"].map(str::to_owned)
}

fn every_kind() -> Vec<Kind> {
    let [target, packet, item] = item();
    let number = |value| Some(Scalar { kind: Some(scalar::Kind::Integer(value)) });
    let over = |form: ValueType, value| {
        let ([target, packet, item], value) = (self::item(), number(value));
        Kind::Override(Override { target, packet, item, r#type: form as i32, value })
    };
    vec![
        Kind::Definitions(ActiveDefinitions {
            hash: vec![7; 16].into(),
            plugin: "plug".to_owned(),
        }),
        over(ValueType::All, 1),
        over(ValueType::Raw, 2),
        Kind::Interface(InterfaceWanted { interface: "A_INT".to_owned(), connected: true }),
        Kind::Import(ImportProgress {
            import_id: "i".to_owned(),
            object: "o".to_owned(),
            next_index: 9,
            complete: true,
            content: 3,
            from: vec![4, 5],
        }),
        Kind::Limits(LimitsSetting { target, packet, item, enabled: false }),
        Kind::LimitsSet(LimitsSetActive { set: "VACUUM".to_owned() }),
        Kind::Password(PasswordSet { argon2: "hash".to_owned() }),
        Kind::Session(Session {
            token_hash: vec![1, 2].into(),
            revoked: false,
            user: "ada".to_owned(),
        }),
    ]
}

#[test]
fn a_snapshot_gives_the_same_settings() {
    let mut settings = Settings::default();
    for kind in every_kind() {
        settings.fold(Setting { kind: Some(kind), time_ns: 5, ..Setting::default() });
    }
    assert!(settings.definitions.is_some() && settings.sessions.is_open(&[1, 2]));
    let bytes = encode(&settings);
    assert_eq!(decode(bytes.clone().into()), Some(settings));
    assert_eq!(decode(bytes[..bytes.len() - 1].to_vec().into()), None, "cut short");
    assert_eq!(decode(Bytes::new()), Some(Settings::default()));
}
