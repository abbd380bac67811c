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
mod attempts;
mod desk;
mod order;
mod reading;
mod receive;
mod shared;
mod writing;

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use groundlog_log::{Log, LogError};
use groundlog_proto::TopicPartition;
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

pub use self::shared::{InterfaceStatus, LinkState};
pub(crate) use self::{
    appender::Appender,
    order::{Order, Replacement, Wish},
    shared::Shared,
    writing::{Completion, Outcome, Outgoing, not_connected},
};
use self::{
    attempts::{Attempts, LOST, SETTLED},
    desk::{Desk, Waited},
    reading::{Intake, ReceiveClock},
};
use crate::{
    IngestLimits, InterfaceOptions,
    envelope::Envelope,
    events,
    interface::{Built, Connection, Interface},
    protocol::WriteChain,
};

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
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) shutdown: watch::Receiver<bool>,
}

/// The running task of one interface.
pub(crate) struct Link {
    options: InterfaceOptions,
    limits: IngestLimits,
    transport: Box<dyn Interface>,
    write: WriteChain,
    attempts: Attempts,
    desk: Desk,
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
            refusals: Attempts::default(),
        };
        let desk = Desk {
            log: setup.log,
            shared: setup.shared,
            intake,
            inbox: setup.inbox,
            orders: setup.orders,
            shutdown: setup.shutdown,
        };
        Self {
            options: setup.options,
            limits,
            transport: built.interface,
            write: built.write,
            attempts: Attempts::default(),
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
                shared.counters.connections.fetch_add(1, Relaxed);
                shared.set_state(LinkState::Connected, "");
                self.serve(connection).await
            }
            Waited::Done(Err(error)) => {
                shared.counters.failed_attempts.fetch_add(1, Relaxed);
                let reason = format!("connection failed: {error}");
                if self.attempts.fail(&reason, std::time::Instant::now()) {
                    let failed_attempts = self.attempts.failed();
                    let interface = &shared.name;
                    events::ConnectionFailed { interface, reason: &reason, failed_attempts }.emit();
                }
                Ok(Next::Pause(reason))
            }
            Waited::Order(order) => Ok(self.follow(order)),
            Waited::Shutdown => Ok(Next::Stop),
        }
    }

    async fn serve(&mut self, connection: Connection) -> Result<Next, LogError> {
        let shared = Arc::clone(&self.desk.shared);
        let interface = &shared.name;
        let failed_attempts = self.attempts.failed();
        let connected = events::Connected { interface, failed_attempts };
        let mut told = self.attempts.tells_connection();
        if told {
            connected.emit();
        }
        let moved = shared.counters.moved();
        let mut works = false;
        let ended = {
            let mut serving = pin!(self.desk.serve(connection, &mut self.write, self.limits.drain));
            tokio::select! {
                ended = &mut serving => ended?,
                () = sleep(SETTLED) => {
                    works = true;
                    if !std::mem::replace(&mut told, true) {
                        connected.emit();
                    }
                    serving.await?
                }
            }
        };
        works |= shared.counters.moved() != moved;
        if works {
            self.attempts = Attempts::default();
        }
        match ended {
            Waited::Order(order) => Ok(self.follow(order)),
            Waited::Shutdown => Ok(Next::Stop),
            Waited::Done(reason) => {
                let reason = format!("{LOST}: {reason}");
                // The end of one that never worked is one more attempt in vain.
                if works || self.attempts.fail(&reason, std::time::Instant::now()) {
                    events::ConnectionLost { interface, reason: &reason }.emit();
                }
                Ok(Next::Pause(reason))
            }
        }
    }

    fn obey<T>(&mut self, waited: Waited<T>, done: impl FnOnce(T) -> Next) -> Next {
        match waited {
            Waited::Done(value) => done(value),
            Waited::Order(order) => self.follow(order),
            Waited::Shutdown => Next::Stop,
        }
    }

    fn follow(&mut self, order: Order) -> Next {
        // What an operator asked for is told from the first attempt on.
        self.attempts = Attempts::default();
        match order {
            Order::Disconnect => Next::Idle("disconnected by directive".to_owned()),
            Order::Connect(replacement) => {
                if let Some(replacement) = replacement {
                    self.replace(*replacement);
                }
                Next::Attempt
            }
        }
    }

    /// Takes replacement parameters, which were checked before this link was left for them.
    fn replace(&mut self, Replacement { options, built }: Replacement) {
        self.options = options;
        self.transport = built.interface;
        self.write = built.write;
        self.desk.intake.chain = built.read;
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
