//! Several ingest processes on one log: interfaces are shared, and taken over.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use groundlog_ingest::{IngestOptions, InterfaceOptions, InterfaceStatus, LinkState, Wanted};
use groundlog_log::{Log, MemoryLog};
use groundlog_proto::{
    TopicKind,
    prost::Message,
    wire::{self, CommandState, StatusRecord, status_record},
};
use tokio::io::AsyncReadExt;

use crate::stack::{Stack, accept, interface, listen, options, packet, until};

const INTERFACES: usize = 12;

fn many(address: SocketAddr, process: &str) -> IngestOptions {
    let names = (0..INTERFACES).map(|number| format!("INT{number}"));
    let interfaces = names.map(|name| InterfaceOptions { name, ..interface(address) }).collect();
    IngestOptions { process: process.to_owned(), ..options(interfaces) }
}

fn one(address: SocketAddr, process: &str) -> IngestOptions {
    IngestOptions { process: process.to_owned(), ..options(vec![interface(address)]) }
}

fn owned(stack: &Stack) -> Vec<InterfaceStatus> {
    stack.handle.interfaces().into_iter().filter(|status| status.epoch > 0).collect()
}

async fn owns(stack: &Stack, counts: std::ops::RangeInclusive<usize>) -> Vec<InterfaceStatus> {
    until(&format!("a process owns {counts:?} interfaces"), async || {
        let owned = owned(stack);
        let connected = owned.iter().all(|status| status.state == LinkState::Connected);
        (counts.contains(&owned.len()) && connected).then_some(owned)
    })
    .await
}

/// The last word on `status` about each interface, as a reader has it that lets no lower epoch
/// overwrite a higher one.
async fn reported(stack: &Stack) -> BTreeMap<String, wire::InterfaceStatus> {
    let mut last = BTreeMap::<String, wire::InterfaceStatus>::new();
    for value in stack.values(TopicKind::Status).await {
        let record = StatusRecord::decode(value.as_slice()).unwrap();
        let Some(status_record::Kind::Interface(status)) = record.kind else { continue };
        assert!(status.epoch > 0 && !status.process.is_empty(), "only owners report: {status:?}");
        if last.get(&status.interface).is_none_or(|known| known.epoch <= status.epoch) {
            last.insert(status.interface.clone(), status);
        }
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_interfaces_and_one_takes_over_from_the_other() {
    let (listener, address) = listen().await;
    let connections = tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            kept.push(accept(&listener).await);
        }
    });
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    let first = Stack::start(Arc::clone(&log), many(address, "first"));
    owns(&first, INTERFACES..=INTERFACES).await;
    let second = Stack::start(Arc::clone(&log), many(address, "second"));
    let (theirs, rest) = until("each has some, and together all", async || {
        let (theirs, rest) = (owned(&first), owned(&second));
        let shared = !theirs.is_empty() && !rest.is_empty();
        (shared && theirs.len() + rest.len() == INTERFACES).then_some((theirs, rest))
    })
    .await;
    assert!(theirs.iter().all(|one| rest.iter().all(|other| other.interface != one.interface)));
    assert_eq!(first.handle.control().len() + second.handle.control().len(), 8);
    until("everything is said of both", async || {
        let reported = reported(&first).await;
        let by = |process: &str| reported.values().filter(|it| it.process == process).count();
        (by("first") == theirs.len() && by("second") == rest.len()).then_some(())
    })
    .await;

    first.kill().await;
    let all = owns(&second, INTERFACES..=INTERFACES).await;
    for status in &theirs {
        let taken = all.iter().find(|it| it.interface == status.interface).unwrap();
        assert!(taken.epoch > status.epoch, "{taken:?} after {status:?}");
    }
    until("the log says who owns them now", async || {
        let reported = reported(&second).await;
        let mut all = reported.values();
        all.all(|it| it.process == "second" && it.state() == LinkState::Connected).then_some(())
    })
    .await;
    second.stop().await;
    connections.abort();
}

/// A command for the interface goes out through whoever owns it.
#[tokio::test]
async fn commands_follow_the_interface() {
    let (listener, address) = listen().await;
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    let first = Stack::start(Arc::clone(&log), one(address, "first"));
    let mut craft = accept(&listener).await;
    first.connected().await;
    first.request("1", &packet(b"a")).await;
    craft.read_exact(&mut [0; 7]).await.unwrap();
    let sent = first.ends("1", CommandState::Sent).await;
    let second = Stack::start(log, one(address, "second"));
    first.kill().await;
    let mut craft = accept(&listener).await;
    second.connected().await;
    second.request("2", &packet(b"b")).await;
    let mut bytes = [0; 7];
    craft.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes[..], packet(b"b")[..], "the first command is not sent again");
    assert!(second.ends("2", CommandState::Sent).await.epoch > sent.epoch);
    second.stop().await;
}

/// What operators want is asked at the moment of the take-over, not at the start of the process.
#[tokio::test]
async fn a_take_over_goes_by_what_is_wanted_then() {
    let (listener, address) = listen().await;
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    let known = Arc::new(Mutex::new(BTreeMap::new()));
    let ask = Arc::clone(&known);
    let wanted = Wanted::new(move || ask.lock().unwrap().clone());
    let first = Stack::start(Arc::clone(&log), one(address, "first"));
    let _craft = accept(&listener).await;
    first.connected().await;
    let second = IngestOptions { wanted, ..one(address, "second") };
    let second = Stack::start(log, second);
    known.lock().unwrap().insert("INST_INT".to_owned(), false);
    first.kill().await;
    until("the interface is owned and left alone", async || {
        let status = second.handle.interface("INST_INT")?;
        assert_ne!(status.state, LinkState::Connected);
        let reported = reported(&second).await.remove("INST_INT")?;
        let idle = reported.process == "second" && reported.state() == LinkState::Disconnected;
        (status.epoch > 0 && idle).then_some(())
    })
    .await;
    second.stop().await;
}
