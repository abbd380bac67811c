//! Starts the whole system as a user does (the release binary, real sockets, a real folder) and
//! talks to it as users do: HTTP, command line, sockets of a spacecraft.

mod binary;
mod http;
mod python;
mod shared;
mod spacecraft;
mod stack;
mod wait;

pub use binary::{Output, groundlog, groundlog_binary, groundlog_command, workspace};
pub use http::{Answer, Http};
pub use python::{finish, python};
pub use shared::shared;
pub use spacecraft::{Spacecraft, packet, packet_sized, receive, send};
pub use stack::{Stack, StackOptions, bare_target};
pub use wait::wait_for;
