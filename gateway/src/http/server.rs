//! Connections: how many there may be, and how long one may keep silent.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Router;
use hyper::{server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
};

use super::{
    places::{Found, Place, Places},
    seldom::Seldom,
};

/// The longest head of a request in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How long to wait when the system gives no more connections, such as for want of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_secs(1);

/// What clients may take of the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Connections at once. For a further one the longest silent is closed; where every one is
    /// being answered it waits.
    pub(crate) connections_max: usize,
    /// How long a request's head may take from the end of the one before, so also how long an
    /// idle connection is kept.
    pub(crate) head_timeout: Duration,
}

impl ConnectionLimits {
    /// Allows a number of connections.
    pub(crate) fn new(connections_max: usize) -> Self {
        Self { connections_max, head_timeout: Duration::from_secs(75) }
    }
}

/// Answers requests until `stop` turns true, and then the open ones.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    mut stop: watch::Receiver<bool>,
) {
    let places = Places::new(limits.connections_max);
    let connections = accept(&listener, &router, limits, &places, stop.clone());
    tokio::select! {
        () = connections => {}
        () = stopped(&mut stop) => {}
    }
    // Nobody new; every place is free again when the last open request is answered.
    drop(listener);
    places.empty().await;
}

async fn accept(
    listener: &TcpListener,
    router: &Router,
    limits: ConnectionLimits,
    places: &Arc<Places>,
    stop: watch::Receiver<bool>,
) {
    let (mut refused, mut full) = (Seldom::default(), Seldom::default());
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) if concerns_one_client(&error) => continue,
            Err(error) => {
                if let Some(times) = refused.count(Instant::now()) {
                    tracing::warn!(
                        %error,
                        times,
                        "no connection could be accepted, trying again; where files are too many, \
                         raise the process's limit (ulimit -n, LimitNOFILE)"
                    );
                }
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        if places.all_answering() {
            tell_full(&mut full, limits, "all are being answered, the next one waits");
        }
        let (place, found, closed) = places.take().await;
        if found == Found::OfSilent {
            tell_full(&mut full, limits, "the one silent longest was closed for the next one");
        }
        tokio::spawn(answer(stream, router.clone(), limits, place, closed, stop.clone()));
    }
}

/// Says that clients leave no place to others.
fn tell_full(full: &mut Seldom, limits: ConnectionLimits, what: &str) {
    if let Some(times) = full.count(Instant::now()) {
        let connections_max = limits.connections_max;
        tracing::warn!(
            connections_max,
            times,
            "there are as many connections as there may be: {what}; see to it that clients close \
             theirs"
        );
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
    place: Place,
    closed: oneshot::Receiver<()>,
    mut stop: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its small packets back");
    }
    let place = Arc::new(place);
    let router = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(|request| {
        let (place, router) = (place.clone(), router.clone());
        async move {
            let Some(_answering) = place.answer() else {
                // Nothing of it is begun: the connection is closed at this moment.
                return std::future::pending().await;
            };
            router.call(request).await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = closed => return,
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
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::Notify,
    };

    use super::*;

    const REQUEST: &[u8] = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
    const BOUND: Duration = Duration::from_secs(10);

    /// A request that takes as long as the test wants.
    struct Slow {
        begun: Notify,
        ends: Notify,
    }

    static SLOW: Slow = Slow { begun: Notify::const_new(), ends: Notify::const_new() };

    async fn slow() -> &'static str {
        SLOW.begun.notify_one();
        SLOW.ends.notified().await;
        "OK"
    }

    async fn start(limits: ConnectionLimits) -> (SocketAddr, watch::Sender<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/ping", get(async || "OK")).route("/slow", get(slow));
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
        let (address, _stop) = start(ConnectionLimits { head_timeout, connections_max: 8 }).await;
        for head in [&b""[..], b"GET /ping HTTP/1.1\r\nHost:"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head).await.unwrap();
            let mut rest = Vec::new();
            tokio::time::timeout(BOUND, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
            assert!(!rest.ends_with(b"OK"));
        }
    }

    /// Far more than there may be, none of which ever asks anything.
    #[tokio::test]
    async fn silent_connections_shut_nobody_out() {
        let (address, _stop) = start(ConnectionLimits::new(8)).await;
        let mut silent = Vec::new();
        for _ in 0..40 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(REQUEST).await.unwrap();
        answered(&mut asking).await;
        // Those who came first are gone.
        let end = tokio::time::timeout(BOUND, silent[0].read(&mut [0; 8])).await.unwrap().unwrap();
        assert_eq!(end, 0);
    }

    #[tokio::test]
    async fn who_is_being_answered_is_not_cut_off() {
        let (address, _stop) = start(ConnectionLimits::new(1)).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        SLOW.begun.notified().await;
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(REQUEST).await.unwrap();
        let silence = tokio::time::timeout(Duration::from_millis(200), second.read_u8()).await;
        assert!(silence.is_err(), "answered beyond the limit");
        SLOW.ends.notify_one();
        answered(&mut first).await;
        answered(&mut second).await;
    }

    #[tokio::test]
    async fn a_stop_ends_idle_connections() {
        let (address, stop) = start(ConnectionLimits::new(8)).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(REQUEST).await.unwrap();
        answered(&mut idle).await;
        stop.send_replace(true);
        let end = tokio::time::timeout(BOUND, idle.read(&mut [0; 8])).await.unwrap().unwrap();
        assert_eq!(end, 0);
    }
}
