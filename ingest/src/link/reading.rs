//! The reading half of an open connection: socket → frames → log.

use std::{
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

use groundlog_log::{Log, LogError};
use groundlog_proto::Nanos;
use tokio::sync::watch;

use super::{
    appender::{Appender, Progress},
    attempts::Attempts,
    receive::ReceiveBuffer,
    shared::Shared,
};
use crate::{
    envelope::Envelope,
    events,
    interface::ConnectionReader,
    protocol::{Attributes, FrameSink, ProtocolError, ReadChain},
    shutdown::stopped,
};

/// Bytes that belong to no packet go to the log in records of at most this many.
const DISCARDED_BYTES: usize = 64 * 1024;

/// Discarded bytes are reported at most this often.
const WARN_PERIOD: Duration = Duration::from_secs(1);

/// Gives received times that never decrease, whatever the system's clock does.
#[derive(Debug, Default)]
pub(super) struct ReceiveClock(i64);

impl ReceiveClock {
    fn now(&mut self) -> Nanos {
        self.0 = self.0.max(Nanos::now().0);
        Nanos(self.0)
    }
}

/// What the reading half works with; outlives the connections of a link.
pub(super) struct Intake {
    pub(super) chain: ReadChain,
    pub(super) appender: Appender,
    pub(super) envelope: Envelope,
    pub(super) clock: ReceiveClock,
    pub(super) receive_bytes: usize,
    pub(super) warned: Option<Instant>,
    /// Refusals of the log since it last took something.
    pub(super) refusals: Attempts,
}

/// Frames go into the log's batches as they are found.
struct Framed<'a> {
    appender: &'a mut Appender,
    envelope: &'a Envelope,
    received: Nanos,
    packets: u64,
    discarded: u64,
}

impl FrameSink for Framed<'_> {
    #[inline]
    fn frame(&mut self, data: &[u8], attributes: &Attributes<'_>) -> Result<(), ProtocolError> {
        self.packets += 1;
        self.envelope.packet(self.appender.batch(), self.received, data, attributes);
        Ok(())
    }

    fn discarded(&mut self, data: &[u8], reason: &str) {
        self.discarded += data.len() as u64;
        for piece in data.chunks(DISCARDED_BYTES) {
            self.envelope.discarded(self.appender.batch(), self.received, piece, reason);
        }
    }
}

impl Intake {
    /// Reads until the connection ends, `stop` is set, or the log fails for good. Returns why the
    /// connection ended. Everything read is framed and on its way to the log then.
    pub(super) async fn run(
        &mut self,
        log: &dyn Log,
        reader: Option<Box<dyn ConnectionReader>>,
        shared: &Shared,
        mut stop: watch::Receiver<bool>,
    ) -> Result<String, LogError> {
        let Some(mut reader) = reader else {
            tokio::select! {
                () = stopped(&mut stop) => return Ok("stopped".to_owned()),
                failed = self.keep_appending(log, shared) => return Err(failed),
            }
        };
        let mut buffer = ReceiveBuffer::new(self.receive_bytes);
        loop {
            let end = tokio::select! {
                biased;
                () = stopped(&mut stop) => Some("stopped".to_owned()),
                progress = self.appender.progress(log), if self.appender.is_busy() => {
                    let progress = progress?;
                    self.report(progress, shared);
                    shared.set_reason(&self.paused());
                    None
                }
                read = reader.read(buffer.space()), if !self.appender.is_full() => match read {
                    Ok(0) => Some("the other side closed the connection".to_owned()),
                    Err(error) => Some(error.to_string()),
                    Ok(count) => {
                        buffer.filled(count);
                        shared.counters.rx_bytes.fetch_add(count as u64, Relaxed);
                        let end = self.frame(&mut buffer, shared).err();
                        self.appender.submit(log);
                        end.map(|error| {
                            shared.counters.framing_errors.fetch_add(1, Relaxed);
                            format!("what came in cannot be framed: {error}")
                        })
                    }
                },
            };
            let unacknowledged = self.appender.unacknowledged_bytes() as u64;
            shared.counters.unacknowledged_bytes.store(unacknowledged, Relaxed);
            if let Some(reason) = end {
                self.leftovers(&buffer, &reason, shared);
                self.appender.submit(log);
                return Ok(reason);
            }
        }
    }

    /// Goes on appending what an earlier connection left; returns when the log fails for good.
    pub(super) async fn keep_appending(&mut self, log: &dyn Log, shared: &Shared) -> LogError {
        loop {
            match self.appender.progress(log).await {
                // Why there is no connection is the reason to show.
                Ok(progress) => self.report(progress, shared),
                Err(error) => return error,
            }
        }
    }

    /// Counts what the log refuses, and tells it: ever more seldom while it goes on.
    fn report(&mut self, progress: Progress, shared: &Shared) {
        let interface = &shared.name;
        match (progress, self.appender.refusal()) {
            (Progress::Refused, Some(error)) => {
                shared.counters.refused_appends.fetch_add(1, Relaxed);
                if self.refusals.fail(&error.to_string(), Instant::now()) {
                    let times = self.refusals.failed();
                    events::AppendRefused { interface, error, times }.emit();
                }
            }
            _ if self.refusals.failed() > 0 => {
                let times = std::mem::take(&mut self.refusals).failed();
                events::AppendsAgain { interface, times }.emit();
            }
            _ => {}
        }
    }

    /// Says why the socket is not read; empty when it is.
    fn paused(&self) -> String {
        let refusal = self.appender.refusal();
        refusal.map(|error| format!("reading is paused: {error}")).unwrap_or_default()
    }

    fn frame(&mut self, buffer: &mut ReceiveBuffer, shared: &Shared) -> Result<(), ProtocolError> {
        let mut framed = Framed {
            received: self.clock.now(),
            appender: &mut self.appender,
            envelope: &self.envelope,
            packets: 0,
            discarded: 0,
        };
        let mut input = buffer.unframed();
        let result = self.chain.read(&mut input, &mut framed);
        let left = input.len();
        let (packets, discarded) = (framed.packets, framed.discarded);
        self.count(packets, discarded, shared);
        buffer.keep(left);
        let unframed = left + self.chain.held_bytes();
        shared.counters.unframed_bytes.store(unframed as u64, Relaxed);
        result
    }

    /// Keeps what was read and is no whole packet, with the reason why it will never be.
    fn leftovers(&mut self, buffer: &ReceiveBuffer, reason: &str, shared: &Shared) {
        let mut framed = Framed {
            received: self.clock.now(),
            appender: &mut self.appender,
            envelope: &self.envelope,
            packets: 0,
            discarded: 0,
        };
        self.chain.reset(&mut framed);
        let left = buffer.unframed();
        if !left.is_empty() {
            framed.discarded(left, &format!("connection closed inside a packet: {reason}"));
        }
        let (packets, discarded) = (framed.packets, framed.discarded);
        shared.counters.unframed_bytes.store(0, Relaxed);
        self.count(packets, discarded, shared);
    }

    fn count(&mut self, packets: u64, discarded: u64, shared: &Shared) {
        shared.counters.rx_count.fetch_add(packets, Relaxed);
        if discarded == 0 {
            return;
        }
        let total = discarded + shared.counters.discarded_bytes.fetch_add(discarded, Relaxed);
        // A link that speaks another protocol would fill the operator's screen.
        if self.warned.is_none_or(|at| at.elapsed() >= WARN_PERIOD) {
            self.warned = Some(Instant::now());
            events::BytesDiscarded { interface: &shared.name, bytes: discarded, total }.emit();
        }
    }
}
