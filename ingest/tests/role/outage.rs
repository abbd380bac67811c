//! A log that is away for longer than its groups wait: links go on, nothing received is thrown away.

use std::sync::Arc;

use groundlog_ingest::{IngestOptions, LinkState};
use groundlog_log::Log;
use groundlog_proto::{
    TopicKind,
    prost::Message,
    wire::{CommandState, Directive, OwnerClaim, directive},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    refusing_log::{Group, RefusingLog},
    stack::{Stack, accept, interface, listen, options, packet, until},
};

async fn start() -> (Arc<RefusingLog>, Stack, TcpListener, TcpStream) {
    let (listener, address) = listen().await;
    let log = RefusingLog::new();
    let options = IngestOptions { process: "one".to_owned(), ..options(vec![interface(address)]) };
    let stack = Stack::start(log.clone(), options);
    let craft = accept(&listener).await;
    stack.connected().await;
    (log, stack, listener, craft)
}

/// Waits until the role has asked for the log, has learnt that it is away, and has asked again.
async fn asked_in_vain(log: &RefusingLog) {
    let before = log.unanswered();
    until("the log was asked for twice", async || (log.unanswered() >= before + 2).then_some(()))
        .await;
}

/// Takes the log away, and then its group.
async fn lose(log: &RefusingLog, stack: &Stack) {
    log.away(true);
    // Nobody notices an outage before something was asked.
    asked_in_vain(log).await;
    log.group(Group::Lost);
    until("the partitions are taken away", async || {
        stack.handle.control().is_empty().then_some(())
    })
    .await;
}

fn epoch(stack: &Stack) -> u64 {
    stack.handle.interface("INST_INT").unwrap().epoch
}

#[tokio::test]
async fn a_link_outlives_an_outage_and_goes_on_under_a_new_epoch() {
    let (log, stack, listener, mut craft) = start().await;
    let before = epoch(&stack);
    craft.write_all(&packet(b"before")).await.unwrap();
    stack.packets(1).await;
    lose(&log, &stack).await;
    craft.write_all(&packet(b"during")).await.unwrap();
    until("it was read", async || {
        (stack.handle.interface("INST_INT")?.unacknowledged_bytes > 0).then_some(())
    })
    .await;
    // The group comes back first, when the log does not take a claim yet.
    log.group(Group::Usual);
    asked_in_vain(&log).await;
    log.away(false);
    until("the interface is owned anew", async || (epoch(&stack) > before).then_some(())).await;
    craft.write_all(&packet(b"after")).await.unwrap();
    let packets = stack.packets(3).await;
    let found: Vec<&[u8]> = packets.iter().map(|(_, packet)| &packet.data[6..]).collect();
    assert_eq!(found, [&b"before"[..], b"during", b"after"]);
    assert_eq!(packets[2].0.epoch, epoch(&stack), "envelopes name the new epoch");
    stack.request("1", &packet(b"x")).await;
    craft.read_exact(&mut [0; 7]).await.unwrap();
    let sent = stack.ends("1", CommandState::Sent).await;
    assert_eq!(sent.epoch, epoch(&stack));
    let status = stack.handle.interface("INST_INT").unwrap();
    assert_eq!((status.state, status.reconnects), (LinkState::Connected, 0));
    drop(listener);
    stack.stop().await;
}

#[tokio::test]
async fn what_another_process_has_claimed_meanwhile_is_let_go() {
    let (log, stack, _listener, mut craft) = start().await;
    lose(&log, &stack).await;
    let claim = OwnerClaim {
        interface: "INST_INT".to_owned(),
        epoch: epoch(&stack) + 5,
        process: "other".to_owned(),
    };
    let kind = Some(directive::Kind::Owner(claim));
    log.away(false);
    stack
        .append(
            TopicKind::Control,
            "INST_INT",
            &Directive { kind, ..Directive::default() }.encode_to_vec(),
        )
        .await;
    assert_eq!(craft.read(&mut [0]).await.unwrap(), 0, "the spacecraft sees the end");
    until("it is nobody's here", async || (epoch(&stack) == 0).then_some(())).await;
    stack.stop().await;
}

#[tokio::test]
async fn what_nobody_gives_back_is_let_go_in_the_end() {
    let (listener, address) = listen().await;
    let log = RefusingLog::new();
    let mut options = options(vec![interface(address)]);
    options.limits.hold_max = std::time::Duration::from_millis(300);
    let stack = Stack::start(log.clone() as Arc<dyn Log>, options);
    let mut craft = accept(&listener).await;
    stack.connected().await;
    lose(&log, &stack).await;
    log.away(false);
    assert_eq!(craft.read(&mut [0]).await.unwrap(), 0, "the spacecraft sees the end");
    stack.stop().await;
}

/// A group may forget a member although nothing else is wrong: it joins again under its name.
#[tokio::test]
async fn a_member_that_the_group_forgot_joins_again_and_keeps_its_links() {
    let (log, stack, _listener, mut craft) = start().await;
    let before = epoch(&stack);
    log.group(Group::Fenced);
    until("the interface is owned anew", async || (epoch(&stack) > before).then_some(())).await;
    craft.write_all(&packet(b"after")).await.unwrap();
    assert_eq!(stack.packets(1).await[0].0.epoch, epoch(&stack));
    assert_eq!(stack.handle.interface("INST_INT").unwrap().reconnects, 0);
    stack.stop().await;
}
