//! Operator commands at the terminal: all go through the gateway, like any other client.

mod cmd;
mod health;
mod rebuild;
mod status;
mod tlm;

use clap::Args;

pub(crate) use cmd::{CmdArgs, run as cmd};
pub(crate) use health::{HealthArgs, run as health};
pub(crate) use rebuild::{RebuildArgs, run as rebuild};
pub(crate) use status::{StatusArgs, run as status};
pub(crate) use tlm::{TlmArgs, run as tlm};

use crate::client::ConnectionArgs;

/// What every operator command takes.
#[derive(Debug, Args)]
pub(crate) struct OperatorArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

impl OperatorArgs {
    fn client(&self) -> anyhow::Result<crate::client::Client> {
        self.connection.client()
    }
}
