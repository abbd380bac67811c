//! Connections: how many there may be, and how long one may keep silent.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

/// The longest head of a request in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How long to wait when the system gives no more connections, such as for want of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_secs(1);

/// What clients may take of the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Connections at once; further clients wait to be accepted.
    pub(crate) connections_max: u32,
    /// How long a request's head may take from the end of the one before, so also how long an
    /// idle connection is kept.
    pub(crate) head_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { connections_max: 1024, head_timeout: Duration::from_secs(75) }
    }
}

/// Answers requests until `stop` turns true, and then the open ones.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    mut stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max as usize));
    let connections = accept(&listener, &router, limits, &places, stop.clone());
    tokio::select! {
        () = connections => {}
        () = stopped(&mut stop) => {}
    }
    // Nobody new; every place is free again when the last open request is answered.
    drop(listener);
    let _ = places.acquire_many(limits.connections_max).await;
}

async fn accept(
    listener: &TcpListener,
    router: &Router,
    limits: ConnectionLimits,
    places: &Arc<Semaphore>,
    stop: watch::Receiver<bool>,
) {
    loop {
        // The semaphore is never closed.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(answer(stream, router.clone(), limits, place, stop.clone()));
            }
            Err(error) if concerns_one_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection could be accepted; trying again");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

fn concerns_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

async fn answer(
    stream: TcpStream,
    router: Router,
    limits: ConnectionLimits,
    _place: OwnedSemaphorePermit,
    mut stop: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its small packets back");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits for the stop; a sender that is gone says it as well.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const REQUEST: &[u8] = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
    const BOUND: Duration = Duration::from_secs(10);

    async fn start(limits: ConnectionLimits) -> (SocketAddr, watch::Sender<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/ping", get(async || "OK"));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, router, limits, stopped));
        (address, stop)
    }

    async fn answered(stream: &mut TcpStream) {
        let mut answer = [0; 1024];
        let size = tokio::time::timeout(BOUND, stream.read(&mut answer)).await.unwrap().unwrap();
        assert!(answer[..size].ends_with(b"OK"), "{:?}", String::from_utf8_lossy(&answer[..size]));
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_not_waited_for() {
        let head_timeout = Duration::from_millis(50);
        let (address, _stop) = start(ConnectionLimits { head_timeout, ..Default::default() }).await;
        for head in [&b""[..], b"GET /ping HTTP/1.1\r\nHost:"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head).await.unwrap();
            let mut rest = Vec::new();
            tokio::time::timeout(BOUND, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
            assert!(!rest.ends_with(b"OK"));
        }
    }

    #[tokio::test]
    async fn further_clients_wait_for_a_place() {
        let limits = ConnectionLimits { connections_max: 1, ..Default::default() };
        let (address, _stop) = start(limits).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(REQUEST).await.unwrap();
        answered(&mut first).await;
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(REQUEST).await.unwrap();
        let silence = tokio::time::timeout(Duration::from_millis(200), second.read_u8()).await;
        assert!(silence.is_err(), "answered beyond the limit");
        drop(first);
        answered(&mut second).await;
    }

    #[tokio::test]
    async fn a_stop_ends_idle_connections() {
        let (address, stop) = start(ConnectionLimits::default()).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(REQUEST).await.unwrap();
        answered(&mut idle).await;
        stop.send_replace(true);
        let end = tokio::time::timeout(BOUND, idle.read(&mut [0; 8])).await.unwrap().unwrap();
        assert_eq!(end, 0);
    }
}
