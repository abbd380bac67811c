//! Bytes in: framing, garbage, half packets, reconnecting, back-pressure, refusals of the log.

use std::{sync::Arc, time::Duration};

use groundlog_ingest::{DISCARDED, Ingest, IngestError, IngestLimits, LinkState};
use groundlog_log::MemoryLog;
use groundlog_proto::{
    TopicKind,
    prost::Message,
    wire::{RawRecord, StatusRecord, raw_record, status_record},
};
use tokio::io::AsyncWriteExt;

use crate::{
    refusing_log::RefusingLog,
    stack::{Stack, accept, interface, listen, options, packet, until},
};

#[tokio::test]
async fn packets_arrive_whole_and_in_order() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    let sent: Vec<Vec<u8>> = (0..500_u16).map(|n| packet(&n.to_be_bytes())).collect();
    let stream = sent.concat();
    // Cut anywhere: packets do not keep to reads.
    for piece in stream.chunks(333) {
        craft.write_all(piece).await.unwrap();
    }
    let raw = stack.packets(500).await;
    let data: Vec<Vec<u8>> = raw.iter().map(|(_, packet)| packet.data.to_vec()).collect();
    assert_eq!(data, sent);
    let mut last = 0;
    for (record, packet) in &raw {
        assert!(record.received_time_ns >= last, "received time never decreases");
        last = record.received_time_ns;
        assert_eq!(record.interface, "INST_INT");
        assert_eq!(record.scope, "DEFAULT");
        assert_eq!(record.definitions.as_ref(), [9; 16]);
        assert!(record.epoch > 0 && !record.stored && record.extra.is_empty());
        assert!(packet.target.is_empty() && packet.name.is_empty(), "ingest identifies nothing");
    }
    let status = stack.handle.interface("INST_INT").unwrap();
    assert_eq!((status.rx_count, status.rx_bytes), (500, stream.len() as u64));
    assert_eq!(status.epoch, raw[0].0.epoch);
    stack.stop().await;
}

#[tokio::test]
async fn a_take_over_is_marked_before_its_first_packet() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    accept(&listener).await.write_all(&packet(b"x")).await.unwrap();
    stack.packets(1).await;
    let values = stack.values(TopicKind::Raw).await;
    let first = RawRecord::decode(values[0].as_slice()).unwrap();
    assert!(matches!(first.body, Some(raw_record::Body::Marker(_))), "{first:?}");
    stack.stop().await;
}

#[tokio::test]
async fn a_wrong_length_loses_the_connection_and_no_byte() {
    let (listener, address) = listen().await;
    let mut interface = interface(address);
    // Largest length value 100.
    interface.params[13] = "100".to_owned();
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface]));
    let mut craft = accept(&listener).await;
    let garbage = b"\xff\xff\xff\xff\xff\xff\xff\xff garbage";
    craft.write_all(&[packet(b"good").as_slice(), garbage].concat()).await.unwrap();
    let raw = stack.packets(2).await;
    assert_eq!(raw[0].1.data, packet(b"good"));
    let (record, kept) = &raw[1];
    assert_eq!(kept.data.as_ref(), garbage);
    assert_eq!((kept.target.as_str(), kept.name.as_str()), ("UNKNOWN", "UNKNOWN"));
    let reason = &record.extra[DISCARDED];
    assert!(reason.contains("65535") && reason.contains("100"), "{reason}");
    // The next connection begins anew.
    let mut craft = accept(&listener).await;
    craft.write_all(&packet(b"again")).await.unwrap();
    assert_eq!(stack.packets(3).await[2].1.data, packet(b"again"));
    let status = stack.handle.interface("INST_INT").unwrap();
    assert_eq!((status.discarded_bytes, status.reconnects), (garbage.len() as u64, 1));
    assert_eq!((status.framing_errors, status.rx_count, status.unframed_bytes), (1, 2, 0));
    stack.stop().await;
}

#[tokio::test]
async fn half_a_packet_is_kept_when_the_connection_ends() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    let whole = packet(b"0123456789");
    craft.write_all(&whole[..9]).await.unwrap();
    // While it may still become whole it is counted as held back …
    until("half a packet is held back", async || {
        (stack.handle.interface("INST_INT")?.unframed_bytes == 9).then_some(())
    })
    .await;
    drop(craft);
    let raw = stack.packets(1).await;
    // … and as discarded when it never will.
    let status = stack.handle.interface("INST_INT").unwrap();
    assert_eq!((status.discarded_bytes, status.unframed_bytes), (9, 0));
    assert_eq!((status.framing_errors, status.rx_count), (0, 0));
    assert_eq!(raw[0].1.data, whole[..9]);
    assert!(raw[0].0.extra[DISCARDED].contains("closed"), "{:?}", raw[0].0.extra);
    let mut craft = accept(&listener).await;
    craft.write_all(&whole).await.unwrap();
    assert_eq!(stack.packets(2).await[1].1.data, whole);
    stack.stop().await;
}

#[tokio::test]
async fn bytes_between_sync_patterns_are_kept_apart() {
    let (listener, address) = listen().await;
    let mut interface = interface(address);
    interface.params.truncate(6);
    let sync = ["16", "8", "3", "1", "BIG_ENDIAN", "2", "0x1ACF"];
    interface.params.extend(sync.map(str::to_owned));
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface]));
    let mut craft = accept(&listener).await;
    craft.write_all(b"noise\x1a\xcf\x02AB!?\x1a\xcf\x01C").await.unwrap();
    let raw = stack.packets(4).await;
    let kept: Vec<(&[u8], bool)> = raw
        .iter()
        .map(|(record, packet)| (packet.data.as_ref(), record.extra.contains_key(DISCARDED)))
        .collect();
    assert_eq!(
        kept,
        [(b"noise".as_slice(), true), (b"\x02AB", false), (b"!?", true), (b"\x01C", false)]
    );
    stack.stop().await;
}

#[tokio::test]
async fn it_keeps_trying_and_says_why() {
    let (listener, address) = listen().await;
    drop(listener);
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let status = until("the reason is known", async || {
        let status = stack.handle.interface("INST_INT")?;
        (!status.reason.is_empty()).then_some(status)
    })
    .await;
    assert_eq!(status.state, LinkState::Attempting);
    assert!(status.reason.contains(&address.to_string()), "{}", status.reason);
    assert!(status.failed_attempts > 0);
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let craft = accept(&listener).await;
    stack.connected().await;
    drop(craft);
    accept(&listener).await;
    let published = until("all states are on the status topic", async || {
        let values = stack.values(TopicKind::Status).await;
        let states: Vec<i32> = values
            .iter()
            .map(|value| StatusRecord::decode(value.as_slice()).unwrap())
            .filter_map(|record| match record.kind? {
                status_record::Kind::Interface(status) => Some(status.state),
                _ => None,
            })
            .collect();
        let connected = states.contains(&(LinkState::Connected as i32));
        (connected && states.contains(&(LinkState::Attempting as i32))).then_some(states)
    })
    .await;
    assert!(!published.is_empty());
    stack.stop().await;
}

#[tokio::test]
async fn without_reconnecting_it_stays_disconnected() {
    let (listener, address) = listen().await;
    let mut interface = interface(address);
    interface.auto_reconnect = false;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface]));
    drop(accept(&listener).await);
    until("the interface is disconnected", async || {
        let status = stack.handle.interface("INST_INT")?;
        (status.state == LinkState::Disconnected && !status.reason.is_empty()).then_some(())
    })
    .await;
    stack.stop().await;
}

/// A packet of 700 bytes that begins with a number.
fn numbered(number: u32) -> Vec<u8> {
    let mut payload = number.to_be_bytes().to_vec();
    payload.resize(694, 0x5a);
    packet(&payload)
}

/// While the log takes nothing, the socket is not read, memory stays bounded, and when the log
/// takes again, everything arrives once and in order (I2, X01).
#[tokio::test]
async fn a_full_disk_stops_reading_and_loses_nothing() {
    let (listener, address) = listen().await;
    let log = RefusingLog::new();
    let mut options = options(vec![interface(address)]);
    options.limits = IngestLimits {
        unacknowledged_bytes_max: 256 * 1024,
        receive_bytes: 64 * 1024,
        ..options.limits
    };
    let stack = Stack::start(log.clone(), options);
    let mut craft = accept(&listener).await;
    stack.connected().await;
    log.refuse(true);
    // More than all buffers between here and the log can hold.
    let count = 40_000_u32;
    let sender = tokio::spawn(async move {
        for base in (0..count).step_by(1000) {
            let packets: Vec<_> = (base..base + 1000).map(numbered).collect();
            craft.write_all(&packets.concat()).await.unwrap();
        }
        craft
    });
    let status = until("reading is paused", async || {
        let status = stack.handle.interface("INST_INT")?;
        let full = status.unacknowledged_bytes >= 256 * 1024;
        (full && status.reason.contains("no space left")).then_some(status)
    })
    .await;
    assert_eq!(status.state, LinkState::Connected);
    assert!(status.refused_appends > 0);
    let bound = 256 * 1024 + 10 * 64 * 1024;
    for _ in 0..20 {
        let status = stack.handle.interface("INST_INT").unwrap();
        assert!(status.unacknowledged_bytes < bound, "{}", status.unacknowledged_bytes);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!sender.is_finished(), "the sender feels the back-pressure");
    log.refuse(false);
    let craft = sender.await.unwrap();
    let raw = stack.packets(count as usize).await;
    for (expected, (_, found)) in raw.iter().enumerate() {
        assert!(found.data == numbered(expected as u32), "{expected}");
    }
    assert_eq!(stack.handle.interface("INST_INT").unwrap().reason, "");
    drop(craft);
    stack.stop().await;
}

#[tokio::test]
async fn stopping_waits_until_what_was_read_is_acknowledged() {
    let (listener, address) = listen().await;
    let log = RefusingLog::new();
    let stack = Stack::start(log.clone(), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    stack.connected().await;
    log.refuse(true);
    craft.write_all(&packet(b"last words")).await.unwrap();
    until("the packet was read", async || {
        (stack.handle.interface("INST_INT")?.rx_count == 1).then_some(())
    })
    .await;
    stack.ask_to_stop();
    let refused = log.refused_appends();
    until("it goes on trying although it is to stop", async || {
        (log.refused_appends() > refused + 1).then_some(())
    })
    .await;
    log.refuse(false);
    stack.stop().await;
    let next = Stack::start(log, options(Vec::new()));
    assert_eq!(next.packets(1).await[0].1.data, packet(b"last words"));
    next.stop().await;
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_before_anything_starts() {
    let (_listener, address) = listen().await;
    let refused = |options| {
        let log = Arc::new(MemoryLog::new());
        match Ingest::build(log, options) {
            Err(IngestError::Config(error)) => error.to_string(),
            _ => panic!("built"),
        }
    };
    let twice = refused(options(vec![interface(address), interface(address)]));
    assert!(twice.contains("declared twice"), "{twice}");
    let mut far = interface(address);
    far.raw_partition = 3;
    assert!(refused(options(vec![far])).contains("partition 3"));
    let mut serial = interface(address);
    serial.class = "serial_interface.rb".to_owned();
    assert!(refused(options(vec![serial])).contains("not supported yet"));
}
