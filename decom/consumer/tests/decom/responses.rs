//! Limits responses: due in the fold, called beside it, once per change of a live packet.

use std::sync::{
    Mutex,
    mpsc::{Receiver, Sender, channel},
};

use groundlog_log::{EmbeddedOptions, open};
use groundlog_packet::{
    definition::ValueType,
    registry::{CodeError, LimitsChange, LimitsResponseCode, Registry},
};
use groundlog_proto::{TopicKind, wire::RawRecord};

use crate::{
    service::{PATIENCE, Stack},
    support::{append, packet, set_of},
};

/// Sends on what it is told.
struct Tell(Mutex<Sender<String>>);

impl LimitsResponseCode for Tell {
    fn respond(&self, change: &LimitsChange<'_>) -> Result<(), CodeError> {
        let value = change.packet.read(change.item, ValueType::Converted);
        let value = value.map_err(|error| error.to_string())?;
        let word = |color: Option<_>| color.map_or_else(String::new, |it| format!("{it}"));
        let text = format!("{} = {value}: {} {}", change.item, word(change.old), word(change.new));
        let told = self.0.lock().map_err(|_| "poisoned")?.send(text);
        told.map_err(|_| CodeError::from("nobody listens"))
    }
}

/// Registers the code of the process and returns what it is told.
fn told() -> Receiver<String> {
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let mut registry = Registry::default();
    registry.limits_response("TellLimitsResponse", move |_| {
        let sender = sender.lock().map_err(|error| error.to_string())?;
        Ok(Tell(Mutex::new(sender.clone())))
    });
    registry.install().expect("the only test that registers code");
    receiver
}

const WATCHED: &str = "\
TELEMETRY INST WATCHED BIG_ENDIAN \"Watched\"
  APPEND_ID_ITEM ID 8 UINT 9 \"Id\"
  APPEND_ITEM LEVEL 8 UINT \"Level\"
    LIMITS DEFAULT 1 ENABLED 1 2 8 9
    LIMITS_RESPONSE tell_limits_response.rb
";

#[tokio::test]
async fn changes_of_live_packets_are_answered_once() {
    let told = told();
    let stack = Stack::new(open("memory:", &EmbeddedOptions::default()).expect("opens")).await;
    let loaded = stack.definitions.activate(&set_of(WATCHED), "test").await.expect("published");
    let level = |level| packet(&loaded, vec![9, level]);
    let recorded = RawRecord { stored: true, ..level(0) };
    let put = async |records: &[RawRecord]| {
        append(&*stack.log, &stack.names, TopicKind::Raw, 0, records).await;
        stack.run_until(true, Stack::caught_up).await;
    };
    let next = || told.recv_timeout(PATIENCE).expect("called");
    put(&[level(5), level(6), recorded, level(9)]).await;
    assert_eq!(next(), "LEVEL = 5:  GREEN");
    assert_eq!(next(), "LEVEL = 9: GREEN RED_HIGH");
    // Another run goes on from the checkpoint: what was answered is not answered again.
    put(&[level(0)]).await;
    assert_eq!(next(), "LEVEL = 0: RED_HIGH RED_LOW");
    assert!(told.try_recv().is_err());
}
