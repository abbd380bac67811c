//! Starts the whole system as a user does (the release binary, real sockets, a real folder) and
//! talks to it as users do: HTTP, command line, sockets of a spacecraft.

mod binary;
mod http;
mod load;
mod python;
mod server;
mod shared;
mod spacecraft;
mod stack;
mod system;
mod wait;

pub use binary::{
    Output, groundlog, groundlog_binary, groundlog_command, groundlog_with, workspace,
};
pub use http::{Answer, Http};
pub use load::Load;
pub use python::{finish, python};
pub use server::{Server, free_address, signal};
pub use shared::shared;
pub use spacecraft::{Spacecraft, packet, packet_sized, receive, send};
pub use stack::{SharedLog, Stack, StackOptions, bare_target};
pub use system::System;
pub use wait::wait_for;
