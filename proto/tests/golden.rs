//! One golden file per wire message: what version 0.1 wrote is read for ever, byte for byte (X16).
//!
//! A new field gets a new file beside the old one; the old files stay and must still decode. To
//! write the file of a new message: `GROUNDLOG_UPDATE=1 cargo test -p groundlog-proto`.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fmt::Debug, path::Path};

use groundlog_proto::{prost::Message, wire::*};

/// Encodes to exactly the golden bytes, and these decode to exactly the message.
fn golden<M: Message + Default + PartialEq + Debug>(name: &str, message: &M) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.hex"));
    let bytes = message.encode_to_vec();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if std::env::var_os("GROUNDLOG_UPDATE").is_some() && !path.exists() {
        std::fs::write(&path, format!("{hex}\n")).expect("golden file is written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; GROUNDLOG_UPDATE=1 writes it", path.display())
    });
    assert_eq!(found.trim(), hex, "{name} is not encoded as version 0.1 did");
    assert_eq!(&M::decode(bytes.as_slice()).expect("decodes"), message, "{name}");
    // A reader of this version skips fields that a later one adds.
    let mut later = bytes;
    later.extend_from_slice(&[0xfa, 0x3e, 0x03, b'n', b'e', b'w']);
    assert_eq!(&M::decode(later.as_slice()).expect("decodes"), message, "{name} with a new field");
}

fn position() -> Position {
    Position {
        generation: 0x0123_4567_89ab_cdef,
        topic: "groundlog.raw".into(),
        partition: 3,
        offset: 1_000_000,
        sub_index: 2,
    }
}

fn hash() -> bytes::Bytes {
    bytes::Bytes::from_static(&[7; 16])
}

fn scalars() -> ScalarMap {
    use scalar::Kind;
    let kinds = [
        Kind::Null(true),
        Kind::Boolean(true),
        Kind::Integer(-5),
        Kind::BigInteger("18446744073709551616".into()),
        Kind::Float(f64::NAN.copysign(1.0)),
        Kind::Text("NORMAL".into()),
        Kind::Block(b"\x00\xff".as_slice().into()),
        Kind::List(ScalarList { values: vec![Scalar { kind: Some(Kind::Integer(1)) }] }),
        Kind::Map(ScalarMap { entries: Vec::new() }),
    ];
    let entry = |(at, kind): (usize, Kind)| ScalarEntry {
        key: format!("K{at}"),
        value: Some(Scalar { kind: Some(kind) }),
    };
    // NaN is unequal to itself and would fail the comparison of messages; its bytes are pinned by
    // the float of `set`.
    let kinds = kinds.into_iter().filter(|kind| !matches!(kind, Kind::Float(f) if f.is_nan()));
    ScalarMap { entries: kinds.enumerate().map(entry).collect() }
}

fn raw(body: raw_record::Body) -> RawRecord {
    RawRecord {
        received_time_ns: 1_795_309_954_320_000_100,
        packet_time_ns: Some(-1),
        stored: true,
        scope: "DEFAULT".into(),
        interface: "INST_INT".into(),
        definitions: hash(),
        epoch: 9,
        extra: BTreeMap::from([("discarded".into(), "no sync".into())]),
        origin: Some(Origin {
            kind: OriginKind::Import.into(),
            object: "dump.bin".into(),
            index: 41,
            import_id: "ab".into(),
            content: 0,
        }),
        body: Some(body),
    }
}

fn set() -> SetTelemetry {
    let value = Scalar { kind: Some(scalar::Kind::Float(0.1)) };
    let item = SetItem { item: "TEMP1".into(), r#type: ValueType::Raw.into(), value: Some(value) };
    SetTelemetry { target: "INST".into(), name: "HEALTH_STATUS".into(), items: vec![item] }
}

#[test]
fn raw_records() {
    use raw_record::Body;
    let packet =
        RawPacket { data: b"\x00\x01\x02".as_slice().into(), target: "T".into(), name: "P".into() };
    golden("raw_packet", &raw(Body::Packet(packet.clone())));
    let mut with_content = raw(Body::Packet(packet));
    with_content.origin.as_mut().unwrap().content = 0x0123_4567_89ab_cdef;
    golden("raw_packet_2", &with_content);
    let values = BTreeMap::from([("TEMP1".to_owned(), "1.5".to_owned())]);
    let values = RawValues { target: "T".into(), name: "P".into(), values };
    golden("raw_values", &raw(Body::Values(values)));
    golden("raw_set", &raw(Body::Set(set())));
    for (name, kind) in [
        ("raw_marker_setting", marker::Kind::Setting(setting(setting_override()))),
        ("raw_marker_epoch", marker::Kind::WriterEpoch(10)),
        ("raw_marker_tick", marker::Kind::TickNs(5)),
        ("raw_marker_barrier", marker::Kind::Barrier("b".into())),
    ] {
        golden(name, &raw(Body::Marker(Marker { kind: Some(kind) })));
    }
    golden("position", &position());
    golden("scalars", &scalars());
}

#[test]
fn decom_records_and_limits() {
    use decom_record::Body;
    let decom = |body| DecomRecord {
        source: Some(position()),
        received_time_ns: 2,
        packet_time_ns: 1,
        received_count: 77,
        flags: 5,
        definitions: hash(),
        target: "INST".into(),
        packet: "ADCS".into(),
        scope: "DEFAULT".into(),
        interface: "INST_INT".into(),
        extra: BTreeMap::from([("k".into(), "v".into())]),
        body: Some(body),
    };
    golden("decom_values", &decom(Body::Values(b"\x01\x00".as_slice().into())));
    golden("decom_set", &decom(Body::Set(set())));
    golden("decom_barrier", &decom(Body::Barrier("b".into())));
    let event = LimitsEvent {
        source: Some(position()),
        time_ns: 3,
        target: "INST".into(),
        packet: "HEALTH_STATUS".into(),
        item: "TEMP1".into(),
        old_state: "GREEN".into(),
        new_state: "RED_HIGH".into(),
        message: "m".into(),
        stored: true,
    };
    golden("limits_event", &event);
}

#[test]
fn command_events() {
    let request = CommandRequest {
        scope: "DEFAULT".into(),
        user: "anonymous".into(),
        text: "cmd(\"INST ABORT\")".into(),
        packet: b"\x13\xe7".as_slice().into(),
        definitions: hash(),
        idempotency_key: "k".into(),
        parameters: Some(scalars()),
        range_check: true,
        hazardous_check: true,
        raw: true,
        validate: true,
        manual: true,
        log_message: true,
        expires_ns: 99,
    };
    let event = CommandEvent {
        command_id: "id".into(),
        state: CommandState::Uncertain.into(),
        time_ns: 4,
        reason: "restart".into(),
        epoch: 8,
        target: "INST".into(),
        command: "ABORT".into(),
        interface: "INST_INT".into(),
        request: Some(request),
    };
    golden("command_event", &event);
}

fn setting_override() -> setting::Kind {
    setting::Kind::Override(Override {
        target: "INST".into(),
        packet: "HEALTH_STATUS".into(),
        item: "TEMP1".into(),
        r#type: ValueType::All.into(),
        value: Some(Scalar { kind: Some(scalar::Kind::Integer(1)) }),
    })
}

fn setting(kind: setting::Kind) -> Setting {
    Setting { time_ns: 6, user: "system".into(), kind: Some(kind) }
}

/// As the first version had it.
fn import() -> ImportProgress {
    ImportProgress {
        import_id: "ab".into(),
        object: "dump.bin".into(),
        next_index: 42,
        complete: true,
        ..ImportProgress::default()
    }
}

#[test]
fn settings() {
    use setting::Kind;
    let (target, packet, item) = ("INST".to_owned(), "P".to_owned(), "I".to_owned());
    for (name, kind) in [
        (
            "setting_definitions",
            Kind::Definitions(ActiveDefinitions { hash: hash(), plugin: "demo".into() }),
        ),
        ("setting_override", setting_override()),
        (
            "setting_normalize",
            Kind::Normalize(Normalize {
                target: target.clone(),
                packet: packet.clone(),
                item: item.clone(),
                r#type: ValueType::Formatted.into(),
            }),
        ),
        (
            "setting_interface",
            Kind::Interface(InterfaceWanted { interface: "INST_INT".into(), connected: true }),
        ),
        ("setting_import", Kind::Import(import())),
        (
            "setting_import_2",
            Kind::Import(ImportProgress { content: 7, from: vec![0, 1_000], ..import() }),
        ),
        ("setting_limits", Kind::Limits(LimitsSetting { target, packet, item, enabled: true })),
        ("setting_password", Kind::Password(PasswordSet { argon2: "$argon2id$".into() })),
        (
            "setting_session",
            Kind::Session(Session { token_hash: hash(), revoked: true, user: "u".into() }),
        ),
        ("setting_limits_set", Kind::LimitsSet(LimitsSetActive { set: "TVAC".into() })),
    ] {
        golden(name, &setting(kind));
    }
}

#[test]
fn definitions_control_status_state() {
    let chunk =
        DefinitionChunk { hash: hash(), index: 1, count: 2, data: b"abc".as_slice().into() };
    golden("definition_chunk", &chunk);
    let item = ItemLayout {
        name: "TEMP1".into(),
        data_type: "UINT".into(),
        bit_size: 16,
        array_bit_size: -8,
        converted: "f64".into(),
        limits: true,
        states: vec!["OFF".into(), "ON".into()],
    };
    let layout = PacketLayout {
        target: "INST".into(),
        packet: "P".into(),
        command: true,
        items: vec![item],
    };
    let file = DefinitionFile { path: "targets/INST/target.txt".into(), text: "#".into() };
    let set = DefinitionSet { plugin: "demo".into(), files: vec![file], packets: vec![layout] };
    golden("definition_set", &set);

    use directive::Kind as Wish;
    for (name, kind) in [
        (
            "directive_connect",
            Wish::Connect(ConnectInterface {
                interface: "INST_INT".into(),
                parameters: vec!["host".into()],
            }),
        ),
        (
            "directive_disconnect",
            Wish::Disconnect(DisconnectInterface { interface: "INST_INT".into() }),
        ),
        (
            "directive_rebuild",
            Wish::Rebuild(RebuildProjection {
                projection: "cvt".into(),
                from: "earliest".into(),
                verify: true,
            }),
        ),
        (
            "directive_owner",
            Wish::Owner(OwnerClaim {
                interface: "INST_INT".into(),
                epoch: 3,
                process: "ingest-0".into(),
            }),
        ),
    ] {
        let directive = Directive { id: "d".into(), time_ns: 1, expires_ns: 2, kind: Some(kind) };
        golden(name, &directive);
    }
    status();
    let snapshot = StateSnapshot {
        consumer: "decom".into(),
        topic: "groundlog.raw".into(),
        partition: 1,
        generation: 2,
        next_offset: 3,
        version: 4,
        data: b"state".as_slice().into(),
        chunk: 5,
        chunks: 6,
    };
    golden("state_snapshot", &snapshot);
    let letter = DeadLetter {
        source: Some(position()),
        consumer: "decom".into(),
        reason: "r".into(),
        definitions: hash(),
        time_ns: 1,
    };
    golden("dead_letter", &letter);
}

fn status() {
    use status_record::Kind;
    let interface = InterfaceStatus {
        interface: "INST_INT".into(),
        state: LinkState::Connected.into(),
        reason: "r".into(),
        clients: 1,
        tx_bytes: 2,
        rx_bytes: 3,
        tx_count: 4,
        rx_count: 5,
        discarded_bytes: 6,
        reconnects: 7,
        epoch: 8,
        ..InterfaceStatus::default()
    };
    let counted = InterfaceStatus {
        failed_attempts: 9,
        framing_errors: 10,
        unframed_bytes: 11,
        ..interface.clone()
    };
    let rebuild = RebuildStatus {
        id: "x".into(),
        projection: "cvt".into(),
        done: 1,
        total: 2,
        finished: true,
        equal: true,
        detail: "d".into(),
    };
    let message = SystemMessage { severity: "WARN".into(), role: "decom".into(), text: "t".into() };
    for (name, kind) in [
        ("status_interface", Kind::Interface(interface)),
        ("status_interface_2", Kind::Interface(counted)),
        ("status_rebuild", Kind::Rebuild(rebuild)),
        ("status_message", Kind::Message(message)),
    ] {
        golden(name, &StatusRecord { time_ns: 1, kind: Some(kind) });
    }
}
