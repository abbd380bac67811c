//! `tcpip_client_interface`: connects to a TCP server (cosmos-runtime §1.7).

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    time::Duration,
};

use async_trait::async_trait;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream, lookup_host,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::{ConnectError, Connection, ConnectionReader, ConnectionWriter, Interface};
use crate::{
    ConfigError,
    params::{Params, integer},
};

/// Host, write port, read port, write timeout, read timeout; the protocol follows.
pub(super) const PARAMETERS: usize = 5;

const HOST: (usize, &str) = (0, "host");
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects to one server, with one socket for both ways when both ports are the same.
#[derive(Debug)]
pub(super) struct TcpClient {
    host: String,
    write_port: Option<u16>,
    read_port: Option<u16>,
    write_timeout: Duration,
    read_timeout: Option<Duration>,
    keepalive: Option<Keepalive>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Keepalive {
    idle: Option<Duration>,
    interval: Option<Duration>,
    count: Option<u32>,
}

impl TcpClient {
    /// Reads the five positional parameters and the keep-alive options. A write timeout of nil
    /// means 10 s, as in COSMOS.
    pub(super) fn from_params(
        params: &Params<'_>,
        options: &[(String, Vec<String>)],
    ) -> Result<Self, ConfigError> {
        params.given(HOST)?;
        let host = params.text(HOST).ok_or_else(|| params.bad(HOST, "a host name or address"))?;
        let write_port = params.port((1, "write port"))?;
        let read_port = params.port((2, "read port"))?;
        params.given((3, "write timeout"))?;
        params.given((4, "read timeout"))?;
        Ok(Self {
            host: if host.eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { host }
                .to_owned(),
            write_port,
            read_port,
            write_timeout: params.seconds((3, "write timeout"))?.unwrap_or(WRITE_TIMEOUT),
            read_timeout: params.seconds((4, "read timeout"))?,
            keepalive: keepalive(params, options)?,
        })
    }

    pub(super) fn writable(&self) -> bool {
        self.write_port.is_some()
    }

    async fn resolve(&self) -> Result<Ipv4Addr, ConnectError> {
        if let Ok(address) = self.host.parse() {
            return Ok(address);
        }
        let unknown = |source| ConnectError::UnknownHost { host: self.host.clone(), source };
        let found = lookup_host((self.host.as_str(), 0)).await.map_err(|e| unknown(Some(e)))?;
        found
            .filter_map(|address| match address {
                SocketAddr::V4(address) => Some(*address.ip()),
                SocketAddr::V6(_) => None,
            })
            .next()
            .ok_or_else(|| unknown(None))
    }

    async fn open(&self, host: Ipv4Addr, port: u16) -> Result<TcpStream, ConnectError> {
        let refused =
            |source| ConnectError::Refused { address: format!("{}:{port}", self.host), source };
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(SocketAddrV4::new(host, port)))
            .await
            .map_err(|_| ConnectError::TimedOut {
                address: format!("{}:{port}", self.host),
                seconds: CONNECT_TIMEOUT.as_secs_f64(),
            })?
            .map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        if let Some(keepalive) = self.keepalive {
            keepalive.apply(&stream).map_err(refused)?;
        }
        Ok(stream)
    }

    fn reader(&self, half: OwnedReadHalf) -> Option<Box<dyn ConnectionReader>> {
        Some(Box::new(Reader { half, timeout: self.read_timeout }))
    }

    fn writer(&self, half: OwnedWriteHalf, alone: bool) -> Option<Box<dyn ConnectionWriter>> {
        Some(Box::new(Writer { half, timeout: self.write_timeout, alone }))
    }
}

#[async_trait]
impl Interface for TcpClient {
    async fn connect(&mut self) -> Result<Connection, ConnectError> {
        let host = self.resolve().await?;
        let mut connection = Connection { reader: None, writer: None };
        if self.read_port == self.write_port {
            if let Some(port) = self.read_port {
                let (read, write) = self.open(host, port).await?.into_split();
                connection =
                    Connection { reader: self.reader(read), writer: self.writer(write, false) };
            }
            return Ok(connection);
        }
        if let Some(port) = self.write_port {
            let (_, write) = self.open(host, port).await?.into_split();
            connection.writer = self.writer(write, true);
        }
        if let Some(port) = self.read_port {
            let (read, write) = self.open(host, port).await?.into_split();
            // Nothing goes out here, but the other side may take a half-closed socket for the end.
            write.forget();
            connection.reader = self.reader(read);
        }
        Ok(connection)
    }
}

struct Reader {
    half: OwnedReadHalf,
    timeout: Option<Duration>,
}

#[async_trait]
impl ConnectionReader for Reader {
    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let reading = self.half.read(into);
        match self.timeout {
            None => reading.await,
            Some(limit) => timeout(limit, reading).await.map_err(|_| {
                let text = format!("nothing received for {} s", limit.as_secs_f64());
                io::Error::new(io::ErrorKind::TimedOut, text)
            })?,
        }
    }
}

struct Writer {
    half: OwnedWriteHalf,
    timeout: Duration,
    /// Whether nobody reads this socket.
    alone: bool,
}

#[async_trait]
impl ConnectionWriter for Writer {
    async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        timeout(self.timeout, self.half.write_all(data)).await.map_err(|_| {
            let text = format!("could not be written within {} s", self.timeout.as_secs_f64());
            io::Error::new(io::ErrorKind::TimedOut, text)
        })?
    }

    async fn closed(&mut self) {
        if self.alone {
            // Bytes that nobody asked for hide a close behind them; the next write notices then.
            let stream: &TcpStream = self.half.as_ref();
            if !matches!(stream.peek(&mut [0]).await, Ok(1..)) {
                return;
            }
        }
        std::future::pending().await
    }
}

fn keepalive(
    params: &Params<'_>,
    options: &[(String, Vec<String>)],
) -> Result<Option<Keepalive>, ConfigError> {
    let mut found: Option<Keepalive> = None;
    for (name, values) in options {
        let number = || {
            let text = values.first().map_or("", String::as_str);
            integer(text)
                .and_then(|number| u32::try_from(number).ok())
                .filter(|&n| n > 0)
                .ok_or_else(|| ConfigError::BadOption {
                    location: params.location.to_owned(),
                    class: params.class.to_owned(),
                    option: name.clone(),
                    value: text.to_owned(),
                    expected: "a whole number from 1 on",
                })
        };
        let seconds = |number: u32| Some(Duration::from_secs(number.into()));
        match name.to_ascii_uppercase().as_str() {
            "KEEPALIVE" => _ = found.get_or_insert_default(),
            "KEEPIDLE" => found.get_or_insert_default().idle = seconds(number()?),
            "KEEPINTVL" => found.get_or_insert_default().interval = seconds(number()?),
            "KEEPCNT" => found.get_or_insert_default().count = Some(number()?),
            _ => {}
        }
    }
    Ok(found)
}

impl Keepalive {
    fn apply(self, stream: &TcpStream) -> io::Result<()> {
        let mut settings = TcpKeepalive::new();
        if let Some(idle) = self.idle {
            settings = settings.with_time(idle);
        }
        if let Some(interval) = self.interval {
            settings = settings.with_interval(interval);
        }
        if let Some(count) = self.count {
            settings = settings.with_retries(count);
        }
        let socket = SockRef::from(stream);
        socket.set_keepalive(true)?;
        socket.set_tcp_keepalive(&settings)
    }
}
