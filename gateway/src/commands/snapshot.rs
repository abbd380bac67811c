//! The bytes of a snapshot of the fold: protobuf messages of their own.

use std::sync::Arc;

use groundlog_proto::wire::{CommandRequest, CommandState as State};
use prost::Message;

use super::{
    fold::{CommandState, LastCommand, Named, OpenCommand},
    waiters::Outcome,
};

/// Version of the layout; another one is not read, the topic is folded from the start instead.
pub(super) const VERSION: u32 = 1;

#[derive(Clone, PartialEq, Message)]
struct FoldBytes {
    #[prost(message, repeated, tag = "1")]
    named: Vec<NamedBytes>,
    #[prost(message, repeated, tag = "2")]
    open: Vec<OpenBytes>,
    #[prost(message, repeated, tag = "3")]
    keys: Vec<KeyBytes>,
}

#[derive(Clone, PartialEq, Message)]
struct NamedBytes {
    #[prost(string, tag = "1")]
    target: String,
    #[prost(string, tag = "2")]
    command: String,
    #[prost(uint64, tag = "3")]
    released: u64,
    #[prost(sfixed64, tag = "4")]
    time_ns: i64,
    #[prost(message, optional, tag = "5")]
    request: Option<CommandRequest>,
    #[prost(string, tag = "6")]
    interface: String,
}

#[derive(Clone, PartialEq, Message)]
struct OpenBytes {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    target: String,
    #[prost(string, tag = "3")]
    command: String,
    #[prost(message, optional, tag = "4")]
    request: Option<CommandRequest>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyBytes {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    id: String,
    #[prost(enumeration = "State", tag = "3")]
    state: i32,
    #[prost(string, tag = "4")]
    reason: String,
}

/// Writes the fold.
pub(super) fn encode(fold: &CommandState) -> Vec<u8> {
    let named = fold.named.iter().map(|((target, command), named)| NamedBytes {
        target: target.clone(),
        command: command.clone(),
        released: named.released,
        time_ns: named.last.as_ref().map_or(0, |last| last.time_ns),
        request: named.last.as_ref().map(|last| CommandRequest::clone(&last.request)),
        interface: named.last.as_ref().map(|last| last.interface.clone()).unwrap_or_default(),
    });
    let open = fold.open.iter().map(|(id, open)| OpenBytes {
        id: id.clone(),
        target: open.target.clone(),
        command: open.command.clone(),
        request: Some(CommandRequest::clone(&open.request)),
    });
    let keys = fold.key_order.iter().filter_map(|key| {
        let (id, outcome) = fold.keys.get(key)?;
        let (state, reason) =
            outcome.clone().map_or((State::Unspecified, String::new()), |it| (it.state, it.reason));
        Some(KeyBytes { key: key.clone(), id: id.clone(), state: state as i32, reason })
    });
    let bytes = FoldBytes { named: named.collect(), open: open.collect(), keys: keys.collect() };
    bytes.encode_to_vec()
}

/// Reads the fold; `None` when the bytes are not one.
pub(super) fn decode(bytes: &[u8]) -> Option<CommandState> {
    let bytes = FoldBytes::decode(bytes).ok()?;
    let mut fold = CommandState::default();
    for named in bytes.named {
        let last = named.request.map(|request| LastCommand {
            time_ns: named.time_ns,
            request: Arc::new(request),
            interface: named.interface,
        });
        fold.named.insert((named.target, named.command), Named { released: named.released, last });
    }
    for open in bytes.open {
        let request = Arc::new(open.request?);
        fold.open
            .insert(open.id, OpenCommand { target: open.target, command: open.command, request });
    }
    for key in bytes.keys {
        let outcome = match key.state() {
            State::Unspecified => None,
            state => Some(Outcome { state, reason: key.reason }),
        };
        fold.keys.insert(key.key.clone(), (key.id, outcome));
        fold.key_order.push_back(key.key);
    }
    Some(fold)
}

#[cfg(test)]
mod tests {
    use groundlog_proto::wire::CommandEvent;

    use super::*;

    #[test]
    fn a_fold_survives_its_snapshot() {
        let mut fold = CommandState::default();
        for (id, state) in [
            ("a", State::Requested),
            ("a", State::Released),
            ("a", State::Sent),
            ("b", State::Requested),
        ] {
            let request = CommandRequest {
                packet: vec![7].into(),
                idempotency_key: id.to_owned(),
                ..CommandRequest::default()
            };
            fold.apply(&CommandEvent {
                command_id: id.to_owned(),
                state: state as i32,
                time_ns: 5,
                target: "T".to_owned(),
                command: "C".to_owned(),
                request: (state == State::Requested).then_some(request),
                ..CommandEvent::default()
            });
        }
        assert_eq!(decode(&encode(&fold)), Some(fold));
        assert_eq!(decode(&[0xff]), None);
    }
}
