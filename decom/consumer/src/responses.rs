use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use groundlog_packet::{
    Packet,
    access::{PacketTimes, PacketView},
    limits::Transition,
    registry::{Code, CodeError, LimitsChange, LimitsResponseCode},
};

/// Calls that may wait for the one that runs.
const QUEUE: usize = 1024;

/// A limits response that is due: its code, and a copy of the packet with which the state changed.
#[derive(Debug, Clone)]
pub struct DueResponse {
    code: Code<dyn LimitsResponseCode>,
    packet: Arc<Packet>,
    bytes: Vec<u8>,
    times: PacketTimes,
    transition: Transition,
}

impl DueResponse {
    /// Makes the call for a change, if the item has a response that is registered.
    pub(crate) fn of(
        packet: &Arc<Packet>,
        bytes: &[u8],
        times: PacketTimes,
        transition: Transition,
    ) -> Option<Self> {
        let response = packet.items.get(transition.item)?.limits.response.as_ref()?;
        let code = response.code.clone()?;
        let (packet, bytes) = (packet.clone(), bytes.to_vec());
        Some(Self { code, packet, bytes, times, transition })
    }

    /// Calls the code.
    ///
    /// # Errors
    /// [`CodeError`] of the code.
    pub fn call(&self) -> Result<(), CodeError> {
        let view = PacketView::new(&self.packet, &self.bytes, self.times);
        let Transition { item, old, new, .. } = self.transition;
        let item = self.packet.items.get(item).map_or("", |item| item.name.as_str());
        self.code.respond(&LimitsChange { packet: &view, item, old, new })
    }

    /// Returns target, packet and item.
    fn label(&self) -> String {
        let Packet { target_name, packet_name, items, .. } = &*self.packet;
        let item = items.get(self.transition.item).map_or("", |item| item.name.as_str());
        format!("{target_name} {packet_name} {item}")
    }
}

/// Calls limits responses one after the other on a thread of its own, so that none of them can hold
/// decommutation up.
///
/// A response is called once its change has been folded for the first time. After a crash, what was
/// folded and not yet committed is folded again, and its responses are called again.
#[derive(Debug, Default)]
pub(crate) struct Responder {
    /// Started with the first response, which most systems never have.
    queue: Option<SyncSender<DueResponse>>,
}

impl Responder {
    /// Queues calls. Those for which there is no room are told and left out.
    pub(crate) fn call(&mut self, responses: Vec<DueResponse>) {
        for response in responses {
            if self.queue.is_none() {
                self.queue = start();
            }
            let Some(queue) = &self.queue else {
                return;
            };
            if let Err(TrySendError::Full(response) | TrySendError::Disconnected(response)) =
                queue.try_send(response)
            {
                tracing::warn!(
                    item = response.label(),
                    waiting = QUEUE,
                    "a limits response is not called: those before it take too long"
                );
            }
        }
    }
}

fn start() -> Option<SyncSender<DueResponse>> {
    let (queue, due) = sync_channel(QUEUE);
    let started = thread::Builder::new().name("limits-responses".into()).spawn(|| call_all(due));
    match started {
        Ok(_) => Some(queue),
        Err(error) => {
            tracing::error!(%error, "limits responses are not called: there is no thread for them");
            None
        }
    }
}

fn call_all(due: Receiver<DueResponse>) {
    for response in due {
        if let Err(error) = response.call() {
            tracing::error!(item = response.label(), %error, "a limits response failed");
        }
    }
}
