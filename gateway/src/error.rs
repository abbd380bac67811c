use std::{io, net::SocketAddr};

use groundlog_log::LogError;
use groundlog_projection::RunError;

use crate::AuthError;

/// Why a gateway cannot start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The demo's password would be good from the network.
    #[error(
        "{listen} can be reached from other machines, but the password is still the default: name \
         a file with one of your own in gateway.password_file (where no password is stored yet, \
         OPENC3_API_PASSWORD sets it too), or listen on 127.0.0.1"
    )]
    DefaultPassword {
        /// The address that was asked for.
        listen: SocketAddr,
    },
    /// The address is not free, or not this machine's.
    #[error(
        "cannot listen on {listen}: {source}; stop what uses it, or set gateway.listen \
         (GROUNDLOG__GATEWAY__LISTEN) to another address"
    )]
    Bind {
        /// The address that was asked for.
        listen: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// The password could not be brought into force.
    #[error("password: {0}")]
    Auth(AuthError),
    /// The log refused.
    #[error("gateway: {0}")]
    Log(#[from] LogError),
    /// The fold of command events stopped.
    #[error(transparent)]
    Run(#[from] RunError),
}
