//! The writing half of an open connection: released commands → protocols → socket.

use std::sync::atomic::Ordering::Relaxed;

use groundlog_proto::Nanos;
use tokio::sync::{mpsc, watch};

use super::shared::Shared;
use crate::{interface::ConnectionWriter, protocol::WriteChain, shutdown::stopped};

/// What became of a released command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All its bytes were handed to the transport.
    Sent,
    /// Not all of them were.
    Failed(String),
    /// Nobody knows: the connection went away while it was being written.
    Unknown,
}

/// One released command on its way to a link.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) packet: Vec<u8>,
    /// When it must not be sent any more, in nanoseconds since 1970; 0 for never.
    pub(crate) expires_ns: i64,
    pub(crate) completion: Completion,
}

/// Reports what became of one command, exactly once: at the latest when it is dropped.
#[derive(Debug)]
pub(crate) struct Completion {
    command_id: String,
    report: Option<mpsc::UnboundedSender<(String, Outcome)>>,
}

impl Completion {
    /// The channel is as bounded as the inboxes of the links are.
    pub(crate) fn new(
        command_id: String,
        report: mpsc::UnboundedSender<(String, Outcome)>,
    ) -> Self {
        Self { command_id, report: Some(report) }
    }

    pub(crate) fn done(mut self, outcome: Outcome) {
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: Outcome) {
        if let Some(report) = self.report.take() {
            // Nobody waits any more only when the role is ending; the next start finds the
            // command released and not sent, and calls it uncertain.
            drop(report.send((std::mem::take(&mut self.command_id), outcome)));
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.tell(Outcome::Unknown);
    }
}

impl Outgoing {
    /// Returns why it is too late for the command, if it is.
    fn overdue(&self) -> Option<String> {
        let late = Nanos::now().0.saturating_sub(self.expires_ns);
        (self.expires_ns != 0 && late >= 0).then(|| {
            let milliseconds = late / 1_000_000;
            format!("not sent: expired {milliseconds} ms before its turn on the interface came")
        })
    }

    /// Refuses the command because there is no connection.
    pub(crate) fn not_connected(self, interface: &str) {
        self.completion.done(Outcome::Failed(not_connected(interface)));
    }
}

/// The refusal's text, as COSMOS' users know it.
pub(crate) fn not_connected(interface: &str) -> String {
    format!("Interface not connected: {interface}")
}

/// Writes commands until `stop` is set or the connection fails. Returns why it ended.
pub(super) async fn run(
    writer: Option<Box<dyn ConnectionWriter>>,
    chain: &mut WriteChain,
    inbox: &mut mpsc::Receiver<Outgoing>,
    shared: &Shared,
    mut stop: watch::Receiver<bool>,
) -> String {
    let Some(mut writer) = writer else {
        return refuse_all(inbox, shared, stop).await;
    };
    chain.reset();
    loop {
        let outgoing = tokio::select! {
            biased;
            () = stopped(&mut stop) => return "stopped".to_owned(),
            outgoing = next(inbox) => outgoing,
            () = writer.closed() => return "the other side closed the connection".to_owned(),
        };
        // A command may have waited long behind others: what is too late stays here.
        let overdue = outgoing.overdue();
        let Outgoing { packet, completion, .. } = outgoing;
        if let Some(reason) = overdue {
            completion.done(Outcome::Failed(reason));
            continue;
        }
        let data = match chain.write(packet) {
            Ok(Some(data)) => data,
            Ok(None) => {
                completion.done(Outcome::Failed("a write protocol stopped it".to_owned()));
                continue;
            }
            Err(error) => {
                completion.done(Outcome::Failed(format!("{}: {error}", shared.name)));
                continue;
            }
        };
        match writer.write(&data).await {
            Ok(()) => {
                shared.counters.tx_count.fetch_add(1, Relaxed);
                shared.counters.tx_bytes.fetch_add(data.len() as u64, Relaxed);
                completion.done(Outcome::Sent);
            }
            Err(error) => {
                let text = format!("Interface {} could not be written: {error}", shared.name);
                completion.done(Outcome::Failed(text.clone()));
                return text;
            }
        }
    }
}

async fn refuse_all(
    inbox: &mut mpsc::Receiver<Outgoing>,
    shared: &Shared,
    mut stop: watch::Receiver<bool>,
) -> String {
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stop) => return "stopped".to_owned(),
            Outgoing { completion, .. } = next(inbox) => completion
                .done(Outcome::Failed(format!("Interface not writable: {}", shared.name))),
        }
    }
}

/// Waits for the next command; for ever once nobody releases any more, because the link goes on
/// receiving then.
async fn next(inbox: &mut mpsc::Receiver<Outgoing>) -> Outgoing {
    match inbox.recv().await {
        Some(outgoing) => outgoing,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "writing/tests.rs"]
mod tests;
