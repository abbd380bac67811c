//! What a link attends to while it waits, and while a connection is open.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use groundlog_log::{Log, LogError};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{
    order::Order,
    reading::Intake,
    shared::Shared,
    writing::{self, Outgoing},
};
use crate::{interface::Connection, protocol::WriteChain, shutdown::stopped};

/// How long a command that is being written may take when its link stops.
const FINISH: Duration = Duration::from_secs(5);

/// What a link attends to in every state.
pub(super) struct Desk {
    pub(super) log: Arc<dyn Log>,
    pub(super) shared: Arc<Shared>,
    pub(super) intake: Intake,
    pub(super) inbox: mpsc::Receiver<Outgoing>,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) shutdown: watch::Receiver<bool>,
}

/// How waiting ended.
pub(super) enum Waited<T> {
    Done(T),
    Order(Order),
    Shutdown,
}

impl Desk {
    /// Works on an open connection until it ends, and returns why.
    pub(super) async fn serve(
        &mut self,
        connection: Connection,
        write: &mut WriteChain,
        drain: Duration,
    ) -> Result<Waited<String>, LogError> {
        let (stop, stop_seen) = watch::channel(false);
        let Self { log, shared, intake, inbox, orders, shutdown } = self;
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
            order = next_order(orders) => Some(Waited::Order(order)),
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
    /// on to the log, orders and shutdown end the wait.
    pub(super) async fn wait<T>(
        &mut self,
        future: impl Future<Output = T>,
    ) -> Result<Waited<T>, LogError> {
        let mut future = pin!(future);
        let Self { log, shared, intake, inbox, orders, shutdown } = self;
        loop {
            tokio::select! {
                biased;
                () = stopped(shutdown) => return Ok(Waited::Shutdown),
                order = next_order(orders) => return Ok(Waited::Order(order)),
                Some(outgoing) = inbox.recv() => outgoing.not_connected(&shared.name),
                failed = intake.keep_appending(&**log, shared), if intake.appender.is_busy() => {
                    return Err(failed);
                }
                done = &mut future => return Ok(Waited::Done(done)),
            }
        }
    }
}

async fn next_order(orders: &mut mpsc::Receiver<Order>) -> Order {
    match orders.recv().await {
        Some(order) => order,
        None => std::future::pending().await,
    }
}
