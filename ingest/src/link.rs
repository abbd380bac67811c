//! One link: the task of one interface (cosmos-runtime §1.2).
//!
//! ```text
//!            connect directive                 connected
//!  DISCONNECTED ──────────────▶ ATTEMPTING ──────────────▶ CONNECTED
//!       ▲                        │  ▲  refused: pause, again     │
//!       │  disconnect directive  │  └────────────────────────────┤ lost, and it may reconnect
//!       └────────────────────────┴───────────────────────────────┘ else
//! ```
//!
//! Invariants
//! - Packets reach the log in the order in which they were received (I2), and nothing is looked
//!   into before (I1): the link frames and appends, it does not identify.
//! - What was received is never dropped: bytes that belong to no packet are records too, and
//!   what the log refuses is offered again until it takes it. Until then the socket is not read.
//! - A stopping link ends only after the log acknowledged what was read (or after the drain
//!   time, which it says).

mod appender;
mod reading;
mod receive;
mod shared;
mod writing;

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use groundlog_log::{Log, LogError};
use groundlog_proto::TopicPartition;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until, timeout},
};

use self::reading::{Intake, ReceiveClock};
pub use self::shared::{InterfaceStatus, LinkState};
pub(crate) use self::{
    appender::Appender,
    shared::Shared,
    writing::{Completion, Outcome, Outgoing, not_connected},
};
use crate::{
    IngestLimits, InterfaceOptions,
    envelope::Envelope,
    events,
    interface::{self, Built, Connection},
    protocol::WriteChain,
    shutdown::stopped,
};

/// How long a command that is being written may take when its link stops.
const FINISH: Duration = Duration::from_secs(5);

/// What an operator wants of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Connect; parameters, if any, replace those of the plug-in.
    Connect(Vec<String>),
    Disconnect,
}

/// What a link is started with.
pub(crate) struct LinkSetup {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) options: InterfaceOptions,
    pub(crate) limits: IngestLimits,
    pub(crate) built: Built,
    pub(crate) shared: Arc<Shared>,
    pub(crate) partition: TopicPartition,
    pub(crate) envelope: Envelope,
    pub(crate) inbox: mpsc::Receiver<Outgoing>,
    pub(crate) wishes: mpsc::Receiver<Wish>,
    pub(crate) shutdown: watch::Receiver<bool>,
}

/// The running task of one interface.
pub(crate) struct Link {
    options: InterfaceOptions,
    limits: IngestLimits,
    transport: Box<dyn interface::Interface>,
    write: WriteChain,
    desk: Desk,
}

/// What a link attends to in every state.
struct Desk {
    log: Arc<dyn Log>,
    shared: Arc<Shared>,
    intake: Intake,
    inbox: mpsc::Receiver<Outgoing>,
    wishes: mpsc::Receiver<Wish>,
    shutdown: watch::Receiver<bool>,
}

/// How waiting ended.
enum Waited<T> {
    Done(T),
    Wish(Wish),
    Shutdown,
}

/// What a link does next.
enum Next {
    Idle(String),
    Attempt,
    Pause(String),
    Stop,
}

impl Link {
    pub(crate) fn new(setup: LinkSetup) -> Self {
        let LinkSetup { limits, partition, built, .. } = setup;
        let intake = Intake {
            chain: built.read,
            appender: Appender::new(partition, limits.unacknowledged_bytes_max, limits.retry_delay),
            envelope: setup.envelope,
            clock: ReceiveClock::default(),
            // One read may become one packet.
            receive_bytes: limits.receive_bytes.min(limits.packet_bytes_max),
            warned: None,
        };
        let desk = Desk {
            log: setup.log,
            shared: setup.shared,
            intake,
            inbox: setup.inbox,
            wishes: setup.wishes,
            shutdown: setup.shutdown,
        };
        Self {
            options: setup.options,
            limits,
            transport: built.interface,
            write: built.write,
            desk,
        }
    }

    /// Runs until shutdown, connecting at once if it is `wanted`.
    ///
    /// # Errors
    /// [`LogError`] when the log can never take what was received.
    pub(crate) async fn run(mut self, wanted: bool) -> Result<(), LogError> {
        let mut next = if wanted { Next::Attempt } else { Next::Idle(String::new()) };
        loop {
            next = match next {
                Next::Idle(reason) => self.idle(&reason).await?,
                Next::Attempt => self.attempt().await?,
                Next::Pause(reason) => self.pause(&reason).await?,
                Next::Stop => break,
            };
        }
        self.desk.shared.set_state(LinkState::Disconnected, "stopped");
        self.drain().await
    }

    async fn idle(&mut self, reason: &str) -> Result<Next, LogError> {
        self.desk.shared.set_state(LinkState::Disconnected, reason);
        let waited = self.desk.wait(std::future::pending::<()>()).await?;
        Ok(self.obey(waited, |()| Next::Stop))
    }

    async fn pause(&mut self, reason: &str) -> Result<Next, LogError> {
        if !self.options.auto_reconnect {
            return Ok(Next::Idle(reason.to_owned()));
        }
        self.desk.shared.set_state(LinkState::Attempting, reason);
        let waited = self.desk.wait(sleep(self.options.reconnect_delay)).await?;
        Ok(self.obey(waited, |()| Next::Attempt))
    }

    async fn attempt(&mut self) -> Result<Next, LogError> {
        let shared = Arc::clone(&self.desk.shared);
        if shared.state() == LinkState::Disconnected {
            shared.set_state(LinkState::Attempting, "");
        }
        let connecting = self.transport.connect();
        match self.desk.wait(connecting).await? {
            Waited::Done(Ok(connection)) => {
                shared.counters.connections.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                shared.set_state(LinkState::Connected, "");
                events::Connected { interface: &shared.name }.emit();
                self.serve(connection).await
            }
            Waited::Done(Err(error)) => {
                let reason = format!("connection failed: {error}");
                events::ConnectionFailed { interface: &shared.name, reason: &reason }.emit();
                Ok(Next::Pause(reason))
            }
            Waited::Wish(wish) => Ok(self.follow(wish)),
            Waited::Shutdown => Ok(Next::Stop),
        }
    }

    async fn serve(&mut self, connection: Connection) -> Result<Next, LogError> {
        match self.desk.serve(connection, &mut self.write, self.limits.drain).await? {
            Waited::Wish(wish) => Ok(self.follow(wish)),
            Waited::Shutdown => Ok(Next::Stop),
            Waited::Done(reason) => {
                let reason = format!("connection lost: {reason}");
                let interface = &self.desk.shared.name;
                events::ConnectionLost { interface, reason: &reason }.emit();
                Ok(Next::Pause(reason))
            }
        }
    }

    fn obey<T>(&mut self, waited: Waited<T>, done: impl FnOnce(T) -> Next) -> Next {
        match waited {
            Waited::Done(value) => done(value),
            Waited::Wish(wish) => self.follow(wish),
            Waited::Shutdown => Next::Stop,
        }
    }

    fn follow(&mut self, wish: Wish) -> Next {
        match wish {
            Wish::Disconnect => Next::Idle("disconnected by directive".to_owned()),
            Wish::Connect(parameters) if parameters.is_empty() => Next::Attempt,
            Wish::Connect(parameters) => match self.rebuild(parameters) {
                Ok(()) => Next::Attempt,
                Err(error) => Next::Idle(error.to_string()),
            },
        }
    }

    /// Takes replacement parameters; explicit protocols and options stay (cosmos-runtime §1.2).
    fn rebuild(&mut self, parameters: Vec<String>) -> Result<(), crate::ConfigError> {
        let options = InterfaceOptions {
            params: parameters,
            location: "connect directive".to_owned(),
            ..self.options.clone()
        };
        let built = interface::build(&options, self.limits.packet_bytes_max)?;
        self.options = options;
        self.transport = built.interface;
        self.write = built.write;
        self.desk.intake.chain = built.read;
        Ok(())
    }

    async fn drain(&mut self) -> Result<(), LogError> {
        let Desk { log, shared, intake, inbox, .. } = &mut self.desk;
        inbox.close();
        while let Some(outgoing) = inbox.recv().await {
            outgoing.not_connected(&shared.name);
        }
        match timeout(self.limits.drain, intake.appender.flush(&**log)).await {
            Ok(result) => result,
            Err(_) => {
                events::DrainFailed {
                    interface: &shared.name,
                    bytes: intake.appender.unacknowledged_bytes(),
                    refusal: intake.appender.refusal(),
                }
                .emit();
                Ok(())
            }
        }
    }
}

impl Desk {
    /// Works on an open connection until it ends, and returns why.
    async fn serve(
        &mut self,
        connection: Connection,
        write: &mut WriteChain,
        drain: Duration,
    ) -> Result<Waited<String>, LogError> {
        let (stop, stop_seen) = watch::channel(false);
        let Self { log, shared, intake, inbox, wishes, shutdown } = self;
        let mut reading = pin!(intake.run(&**log, connection.reader, shared, stop_seen.clone()));
        let mut writing = pin!(writing::run(connection.writer, write, inbox, shared, stop_seen));
        let (mut read_end, mut write_end) = (None, None);
        let ended = tokio::select! {
            end = &mut reading => {
                read_end = Some(end?);
                None
            }
            end = &mut writing => {
                write_end = Some(end);
                None
            }
            wish = next_wish(wishes) => Some(Waited::Wish(wish)),
            () = stopped(shutdown) => Some(Waited::Shutdown),
        };
        // Whichever half ended, the other comes to its own end: a command half written is
        // finished, what was read is framed.
        stop.send_replace(true);
        let deadline = Instant::now() + drain.min(FINISH);
        let ended = ended.unwrap_or_else(|| {
            Waited::Done(read_end.clone().or_else(|| write_end.clone()).unwrap_or_default())
        });
        while read_end.is_none() || write_end.is_none() {
            tokio::select! {
                end = &mut reading, if read_end.is_none() => read_end = Some(end?),
                end = &mut writing, if write_end.is_none() => write_end = Some(end),
                () = sleep_until(deadline) => break,
            }
        }
        Ok(ended)
    }

    /// Waits for `future` while there is no connection: commands are refused, earlier packets go
    /// on to the log, wishes and shutdown end the wait.
    async fn wait<T>(&mut self, future: impl Future<Output = T>) -> Result<Waited<T>, LogError> {
        let mut future = pin!(future);
        let Self { log, shared, intake, inbox, wishes, shutdown } = self;
        loop {
            tokio::select! {
                biased;
                () = stopped(shutdown) => return Ok(Waited::Shutdown),
                wish = next_wish(wishes) => return Ok(Waited::Wish(wish)),
                Some(outgoing) = inbox.recv() => outgoing.not_connected(&shared.name),
                failed = intake.keep_appending(&**log), if intake.appender.is_busy() => {
                    return Err(failed);
                }
                done = &mut future => return Ok(Waited::Done(done)),
            }
        }
    }
}

async fn next_wish(wishes: &mut mpsc::Receiver<Wish>) -> Wish {
    match wishes.recv().await {
        Some(wish) => wish,
        None => std::future::pending().await,
    }
}
