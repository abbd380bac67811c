//! Interfaces: how bytes reach the ground and leave it. Each class is a file of its own.
//!
//! An interface only opens connections. What happens between them (attempts, pauses, counters)
//! is the link's, what the bytes mean the protocols'.

mod registry;
mod tcp_client;

use std::io;

use async_trait::async_trait;

pub(crate) use self::registry::{Built, build};

/// A kind of connection to the outside world.
#[async_trait]
pub(crate) trait Interface: Send {
    /// Opens the connection.
    ///
    /// # Errors
    /// [`ConnectError`]; the link tries again after its pause.
    ///
    /// # Cancel safety
    /// Dropping the future closes what it had opened.
    async fn connect(&mut self) -> Result<Connection, ConnectError>;
}

/// One open connection.
pub(crate) struct Connection {
    /// Where telemetry comes from; `None` when the interface cannot be read.
    pub(crate) reader: Option<Box<dyn ConnectionReader>>,
    /// Where commands go; `None` when the interface cannot be written.
    pub(crate) writer: Option<Box<dyn ConnectionWriter>>,
}

/// The receiving side of a connection.
#[async_trait]
pub(crate) trait ConnectionReader: Send {
    /// Reads what has arrived, at least one byte; 0 when the other side has closed.
    ///
    /// # Errors
    /// Any: the connection is lost.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;
}

/// The sending side of a connection.
#[async_trait]
pub(crate) trait ConnectionWriter: Send {
    /// Hands all bytes to the transport.
    ///
    /// # Errors
    /// Any: some of the bytes were not taken, and the connection is lost.
    async fn write(&mut self, data: &[u8]) -> io::Result<()>;

    /// Waits until the other side has closed, where only this side can notice; else for ever.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    async fn closed(&mut self);
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The name has no IPv4 address.
    #[error("host '{host}' has no IPv4 address{}", source.as_ref().map(|e| format!(": {e}")).unwrap_or_default())]
    UnknownHost {
        /// The name.
        host: String,
        /// What the resolver said.
        source: Option<io::Error>,
    },
    /// The other side did not take the connection.
    #[error("{address}: {source}")]
    Refused {
        /// Where to.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The other side did not answer in time.
    #[error("{address}: no answer within {seconds} s")]
    TimedOut {
        /// Where to.
        address: String,
        /// How long was waited.
        seconds: f64,
    },
}
