//! What operators want of an interface.

use std::{collections::BTreeMap, sync::Arc};

use groundlog_ingest::LinkState;
use groundlog_log::{Log, MemoryLog};
use groundlog_proto::{
    Nanos, TopicKind,
    prost::Message,
    wire::{
        ConnectInterface, Directive, DisconnectInterface, InterfaceWanted, Setting, directive,
        setting,
    },
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stack::{Stack, accept, interface, listen, options, packet, until};

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
    stack.stop().await;
}

/// A directive that cannot be followed changes nothing: neither the link nor what is wanted of it.
#[tokio::test]
async fn wrong_parameters_leave_a_working_link_alone() {
    let (listener, address) = listen().await;
    let stack = Stack::start(Arc::new(MemoryLog::new()), options(vec![interface(address)]));
    let mut craft = accept(&listener).await;
    stack.connected().await;
    stack.direct(connect(&["127.0.0.1", "nonsense"]), 0).await;
    // Directives are followed in their order: once this one was, the other was refused.
    let port = address.port().to_string();
    stack.direct(connect(&["127.0.0.1", &port, &port, "10", "nil", "LENGTH", "x"]), 0).await;
    craft.write_all(&packet(b"still here")).await.unwrap();
    assert_eq!(stack.packets(1).await[0].1.data, packet(b"still here"));
    stack.direct(disconnect(), 0).await;
    state(&stack, LinkState::Disconnected, "directive").await;
    let status = stack.handle.interface("INST_INT").unwrap();
    assert_eq!((status.reconnects, status.rx_count), (0, 1));
    let wanted = until("the wish that was followed is a setting", async || {
        let values = stack.values(TopicKind::Settings).await;
        (!values.is_empty()).then_some(values)
    })
    .await;
    assert_eq!(wanted.len(), 1, "the others were not");
    stack.stop().await;
}

#[test]
fn parameters_are_checked_before_a_directive_is_given() {
    let options = options(vec![interface("127.0.0.1:1".parse().unwrap())]);
    let check = |parameters: &[&str]| {
        let parameters: Vec<String> = parameters.iter().map(|&text| text.to_owned()).collect();
        options.check_parameters("INST_INT", &parameters).map_err(|error| error.to_string())
    };
    assert_eq!(check(&[]), Ok(()));
    assert_eq!(check(&["127.0.0.1", "1", "1", "10", "nil", "LENGTH", "32", "16", "7"]), Ok(()));
    let error = check(&["127.0.0.1", "nonsense"]).unwrap_err();
    assert!(error.starts_with("connect INST_INT: ") && error.contains("write port"), "{error}");
    assert_eq!(options.check_parameters("NOPE", &["x".to_owned()]), Ok(()));
}

#[tokio::test]
async fn what_was_wanted_before_holds_over_the_plug_in() {
    let (listener, address) = listen().await;
    let mut options = options(vec![interface(address)]);
    options.wanted = BTreeMap::from([("INST_INT".to_owned(), false)]);
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
