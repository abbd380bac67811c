//! Commands out: release, outcomes, idempotency, expiry, restarts.

use std::{sync::Arc, time::Instant};

use groundlog_log::{Log, MemoryLog};
use groundlog_proto::{
    Nanos, TopicKind,
    prost::Message,
    wire::{CommandEvent, CommandState},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    refusing_log::RefusingLog,
    stack::{PATIENCE, Stack, accept, append, interface, listen, options, packet, request, until},
};

use CommandState::{Expired, Rejected, Released, Requested, Sent, Uncertain};

/// The length field of this command is filled in by the interface.
const ABORT: [u8; 8] = [0x10, 200, 0xc0, 0, 0, 0, 0, 2];
const ABORT_SENT: [u8; 8] = [0x10, 200, 0xc0, 0, 0, 1, 0, 2];

#[tokio::test]
async fn a_command_is_released_then_sent() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    stack.connected().await;
    stack.request("1", &ABORT).await;
    let mut bytes = [0; 8];
    craft.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, ABORT_SENT);
    // The first byte is out, so the release is in the log already.
    assert!(stack.states("1").await.contains(&Released));
    let sent = stack.ends("1", Sent).await;
    assert_eq!((sent.interface.as_str(), sent.target.as_str()), ("INST_INT", "INST"));
    assert_eq!(stack.states("1").await, [Requested, Released, Sent]);
    let status = stack.handle.interface("INST_INT").unwrap();
    assert_eq!((status.tx_count, status.tx_bytes, sent.epoch), (1, 8, status.epoch));
    stack.stop().await;
}

#[tokio::test]
async fn commands_keep_their_order_and_are_quick() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    stack.connected().await;
    let started = Instant::now();
    for number in 0..300_u16 {
        stack.request(&number.to_string(), &packet(&number.to_be_bytes())).await;
    }
    for number in 0..300_u16 {
        let mut bytes = [0; 8];
        craft.read_exact(&mut bytes).await.unwrap();
        assert_eq!(bytes[6..], number.to_be_bytes());
    }
    stack.ends("299", Sent).await;
    // No timer lies in the way of a command: 300 of them with a pause of 50 ms each took 15 s.
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    stack.stop().await;
}

#[tokio::test]
async fn refusals_name_their_reason() {
    let (listener, address) = listen().await;
    drop(listener);
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    stack.request("1", &ABORT).await;
    let rejected = stack.ends("1", Rejected).await;
    assert_eq!(rejected.reason, "Interface not connected: INST_INT");
    let other = CommandEvent { target: "OTHER".to_owned(), ..request("2", &ABORT) };
    stack.event(&other).await;
    assert!(stack.ends("2", Rejected).await.reason.contains("target 'OTHER'"));
    let named = CommandEvent { interface: "NO_INT".to_owned(), ..request("3", &ABORT) };
    stack.event(&named).await;
    assert!(stack.ends("3", Rejected).await.reason.contains("'NO_INT' does not exist"));
    stack.stop().await;
}

#[tokio::test]
async fn read_only_and_unwritable_lengths_are_refused() {
    let (listener, address) = listen().await;
    let mut read_only = interface(address);
    read_only.params[1] = "nil".to_owned();
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![read_only]));
    let _craft = accept(&listener).await;
    stack.connected().await;
    stack.request("1", &ABORT).await;
    assert!(stack.ends("1", Rejected).await.reason.contains("not writable"));
    stack.stop().await;

    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    stack.connected().await;
    stack.request("1", &[1, 2]).await;
    let failed = stack.ends("1", CommandState::Failed).await;
    assert!(failed.reason.contains("packet of 2 bytes cannot be sent"), "{}", failed.reason);
    // The connection is as good as before.
    stack.request("2", &ABORT).await;
    craft.read_exact(&mut [0; 8]).await.unwrap();
    stack.stop().await;
}

/// X21: the same idempotency key twice is one uplink.
#[tokio::test]
async fn the_same_idempotency_key_goes_out_once() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    stack.connected().await;
    for id in ["1", "2"] {
        let mut event = request(id, &ABORT);
        event.request.as_mut().unwrap().idempotency_key = "key".to_owned();
        stack.event(&event).await;
    }
    stack.ends("1", Sent).await;
    let rejected = stack.ends("2", Rejected).await;
    assert!(rejected.reason.contains("command 1"), "{}", rejected.reason);
    stack.request("3", &packet(b"x")).await;
    let mut bytes = [0; 15];
    craft.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes[8..], packet(b"x")[..], "nothing between the first and the third");
    stack.stop().await;
}

#[tokio::test]
async fn what_is_too_late_expires() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let _craft = accept(&listener).await;
    stack.connected().await;
    let mut event = request("1", &ABORT);
    event.request.as_mut().unwrap().expires_ns = Nanos::now().0 - 1;
    stack.event(&event).await;
    stack.ends("1", Expired).await;
    assert_eq!(stack.states("1").await, [Requested, Expired]);
    stack.stop().await;
}

/// X21: a crash between release and sent makes the command uncertain, and it is never sent again.
#[tokio::test]
async fn after_a_crash_released_becomes_uncertain() {
    let (listener, address) = listen().await;
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    // What a process that died at the worst moment leaves behind.
    let released = CommandEvent { state: Released as i32, request: None, ..request("1", &ABORT) };
    for event in [request("1", &ABORT), released] {
        append(&*log, TopicKind::Commands, "INST", &event.encode_to_vec()).await;
    }
    let stack = Stack::start(Arc::clone(&log), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    stack.connected().await;
    let uncertain = stack.ends("1", Uncertain).await;
    assert!(uncertain.reason.contains("not sent again"), "{}", uncertain.reason);
    stack.request("2", &packet(b"x")).await;
    let mut bytes = [0; 7];
    craft.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes[..], packet(b"x")[..], "command 1 was not sent again");
    stack.ends("2", Sent).await;
    stack.kill().await;
    drop(craft);
    // The end is an end for every later start too.
    let stack = Stack::start(log, options(vec![interface(address)]));
    let _craft = accept(&listener).await;
    stack.request("3", &packet(b"y")).await;
    stack.ends("3", Sent).await;
    assert_eq!(stack.states("1").await, [Requested, Released, Uncertain]);
    assert_eq!(stack.states("2").await, [Requested, Released, Sent]);
    stack.stop().await;
}

#[tokio::test]
async fn a_request_from_before_a_restart_waits_for_its_link() {
    let (listener, address) = listen().await;
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    append(&*log, TopicKind::Commands, "INST", &request("1", &ABORT).encode_to_vec()).await;
    let mut options = options(vec![interface(address)]);
    options.limits.release_grace = PATIENCE;
    let stack = Stack::start(log, options);
    let mut craft = accept(&listener).await;
    let mut bytes = [0; 8];
    craft.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, ABORT_SENT);
    stack.ends("1", Sent).await;
    stack.stop().await;
}

#[tokio::test]
async fn a_request_from_before_a_restart_is_refused_when_its_link_stays_away() {
    let (listener, address) = listen().await;
    drop(listener);
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    append(&*log, TopicKind::Commands, "INST", &request("1", &ABORT).encode_to_vec()).await;
    let stack = Stack::start(log, options(vec![interface(address)]));
    assert_eq!(stack.ends("1", Rejected).await.reason, "Interface not connected: INST_INT");
    stack.stop().await;
}

#[tokio::test]
async fn a_release_that_the_log_refuses_is_tried_again_and_sent_once() {
    let (listener, address) = listen().await;
    let log = RefusingLog::new();
    let stack = Stack::start(log.clone(), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    stack.connected().await;
    log.refuse_commits(true);
    stack.request("1", &ABORT).await;
    until("the release was refused", async || (log.refused_commits() > 2).then_some(())).await;
    assert_eq!(stack.states("1").await, [Requested], "nothing is sent that is not released");
    log.refuse_commits(false);
    craft.read_exact(&mut [0; 8]).await.unwrap();
    stack.ends("1", Sent).await;
    assert_eq!(stack.states("1").await, [Requested, Released, Sent]);
    stack.stop().await;
}

#[tokio::test]
async fn telemetry_and_commands_do_not_wait_for_each_other() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let (mut read, mut write) = accept(&listener).await.into_split();
    stack.connected().await;
    let flood = tokio::spawn(async move {
        let packets = packet(&[7; 64]).repeat(500);
        while write.write_all(&packets).await.is_ok() {}
    });
    for id in 0..20 {
        stack.request(&id.to_string(), &ABORT).await;
        read.read_exact(&mut [0; 8]).await.unwrap();
    }
    stack.stop().await;
    flood.await.unwrap();
}
