//! Plays the owner of the interface: answers requested commands as it is told to.

use groundlog_log::Records;
use groundlog_proto::{
    Nanos, TopicKind,
    prost::Message,
    wire::{CommandEvent, CommandState as State},
};

use crate::stack::Stack;

/// What the owner does with a command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    Send,
    Refuse(&'static str),
    Lose,
}

/// Answers the next `count` requests in a task of its own.
pub(crate) async fn answer(stack: &Stack, count: usize, plan: Plan) -> tokio::task::JoinHandle<()> {
    let partition = stack.partition(TopicKind::Commands);
    let from = stack.log.bounds(&partition).await.unwrap().tail;
    let log = stack.log.clone();
    tokio::spawn(async move {
        let mut reader = log.reader(&partition, from).await.unwrap();
        let mut answered = 0;
        while answered < count {
            let batch = reader.next(1 << 20).await.unwrap();
            for record in batch.iter() {
                let event = CommandEvent::decode(record.value).unwrap();
                if event.state() != State::Requested {
                    continue;
                }
                answered += 1;
                let mut records = Records::new();
                let (steps, reason): (&[State], &str) = match plan {
                    Plan::Send => (&[State::Released, State::Sent], ""),
                    Plan::Refuse(reason) => (&[State::Rejected], reason),
                    Plan::Lose => (&[State::Released, State::Failed], "the socket broke"),
                };
                for step in steps {
                    let next = CommandEvent {
                        command_id: event.command_id.clone(),
                        state: *step as i32,
                        time_ns: Nanos::now().0,
                        reason: reason.to_owned(),
                        interface: "INST_INT".to_owned(),
                        ..CommandEvent::default()
                    };
                    records.push(b"INST", &next.encode_to_vec());
                }
                log.append(&partition, records).await.unwrap();
            }
        }
    })
}

/// Reads all command events there are.
pub(crate) async fn events(stack: &Stack) -> Vec<CommandEvent> {
    let partition = stack.partition(TopicKind::Commands);
    let mut reader = stack.log.reader(&partition, 0).await.unwrap();
    let batch = reader.poll(1 << 20).await.unwrap();
    batch.iter().map(|record| CommandEvent::decode(record.value).unwrap()).collect()
}
