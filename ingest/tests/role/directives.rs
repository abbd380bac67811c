//! What operators want of an interface.

use std::{collections::BTreeMap, sync::Arc};

use groundlog_ingest::{LinkState, Wanted};
use groundlog_log::{Log, MemoryLog};
use groundlog_proto::{
    Nanos, TopicKind,
    prost::Message,
    wire::{
        ConnectInterface, Directive, DisconnectInterface, InterfaceWanted, Setting, directive,
        setting,
    },
};
use tokio::io::AsyncReadExt;

use crate::stack::{Stack, accept, interface, listen, options, until};

fn connect(parameters: &[&str]) -> directive::Kind {
    directive::Kind::Connect(ConnectInterface {
        interface: "INST_INT".to_owned(),
        parameters: parameters.iter().map(|&text| text.to_owned()).collect(),
    })
}

fn disconnect() -> directive::Kind {
    directive::Kind::Disconnect(DisconnectInterface { interface: "INST_INT".to_owned() })
}

async fn state(stack: &Stack, state: LinkState, reason: &str) {
    until(&format!("the interface is {state:?} {reason}"), async || {
        let status = stack.handle.interface("INST_INT")?;
        (status.state == state && status.reason.contains(reason)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_operator_disconnects_and_connects() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    stack.connected().await;
    stack.direct(disconnect(), 0).await;
    state(&stack, LinkState::Disconnected, "directive").await;
    assert_eq!(craft.read(&mut [0]).await.unwrap(), 0, "the spacecraft sees the end");
    stack.direct(connect(&[]), Nanos::now().0 - 1).await;
    stack.direct(connect(&[]), 0).await;
    let _craft = accept(&listener).await;
    stack.connected().await;

    // The wishes are kept for the next start.
    let wanted = until("both wishes are settings", async || {
        let values = stack.values(TopicKind::Settings).await;
        let wanted: Vec<_> = values
            .iter()
            .filter_map(|value| match Setting::decode(value.as_slice()).unwrap().kind? {
                setting::Kind::Interface(wanted) => Some(wanted),
                _ => None,
            })
            .collect();
        (wanted.len() == 2).then_some(wanted)
    })
    .await;
    let interface = "INST_INT".to_owned();
    assert_eq!(wanted[0], InterfaceWanted { interface: interface.clone(), connected: false });
    assert_eq!(wanted[1], InterfaceWanted { interface, connected: true });
    stack.stop().await;
}

#[tokio::test]
async fn replacement_parameters_lead_elsewhere() {
    let (here, address) = listen().await;
    let (there, other) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let _craft = accept(&here).await;
    stack.connected().await;
    let port = other.port().to_string();
    stack.direct(connect(&["127.0.0.1", &port, &port, "10", "nil"]), 0).await;
    let _craft = accept(&there).await;
    stack.connected().await;
    stack.direct(connect(&["127.0.0.1", "nonsense"]), 0).await;
    state(&stack, LinkState::Disconnected, "write port").await;
    stack.stop().await;
}

#[tokio::test]
async fn what_was_wanted_before_holds_over_the_plug_in() {
    let (listener, address) = listen().await;
    let mut options = options(vec![interface(address)]);
    options.wanted = Wanted::new(|| BTreeMap::from([("INST_INT".to_owned(), false)]));
    let stack = Stack::start(Arc::new(MemoryLog::new()), options);
    until("the interface is owned", async || {
        (stack.handle.interface("INST_INT")?.epoch > 0).then_some(())
    })
    .await;
    state(&stack, LinkState::Disconnected, "").await;
    stack.direct(connect(&[]), 0).await;
    let _craft = accept(&listener).await;
    stack.connected().await;
    stack.stop().await;
}

/// Every start claims the interfaces anew, with a higher epoch.
#[tokio::test]
async fn every_start_claims_a_higher_epoch() {
    let (_listener, address) = listen().await;
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    let mut epochs = Vec::new();
    for _ in 0..3 {
        let stack = Stack::start(Arc::clone(&log), options(vec![interface(address)]));
        until("the interface is owned", async || {
            (stack.handle.interface("INST_INT")?.epoch > 0).then_some(())
        })
        .await;
        epochs.push(stack.handle.interface("INST_INT").unwrap().epoch);
        let claims = stack.values(TopicKind::Control).await;
        let last = Directive::decode(claims.last().unwrap().as_slice()).unwrap();
        let Some(directive::Kind::Owner(claim)) = last.kind else { panic!("a claim") };
        assert_eq!((claim.epoch, claim.process.as_str()), (epochs[epochs.len() - 1], "ingest-0"));
        stack.stop().await;
    }
    assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
}

/// A newer process of the same slot takes over; the older one notices and stops its links.
#[tokio::test]
async fn a_newer_process_takes_over() {
    let (listener, address) = listen().await;
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    let older = Stack::start(Arc::clone(&log), options(vec![interface(address)]));
    let mut first = accept(&listener).await;
    older.connected().await;
    let newer = Stack::start(log, options(vec![interface(address)]));
    let _second = accept(&listener).await;
    newer.connected().await;
    assert_eq!(first.read(&mut [0]).await.unwrap(), 0, "the older process has let go");
    until("the older process stopped its link", async || {
        let status = older.handle.interface("INST_INT")?;
        (status.state == LinkState::Disconnected).then_some(())
    })
    .await;
    newer.stop().await;
}
