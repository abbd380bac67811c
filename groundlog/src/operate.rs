//! Operator commands at the terminal: all go through the gateway, like any other client.

mod cmd;
mod health;
mod rebuild;
mod status;
mod tlm;

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

pub(crate) use cmd::CmdArgs;
pub(crate) use health::HealthArgs;
pub(crate) use rebuild::RebuildArgs;
pub(crate) use status::StatusArgs;
pub(crate) use tlm::TlmArgs;

use crate::{
    client::{ClientError, ConnectionArgs},
    output::say,
    usage::told,
};

/// Sends a command.
pub(crate) fn cmd(args: &CmdArgs) -> anyhow::Result<ExitCode> {
    documented(cmd::run(args), args.operator.json)
}

/// Asks whether the system serves.
pub(crate) fn health(args: &HealthArgs) -> anyhow::Result<ExitCode> {
    documented(health::run(args), args.json)
}

/// Rebuilds a projection.
pub(crate) fn rebuild(args: &RebuildArgs) -> anyhow::Result<ExitCode> {
    documented(rebuild::run(args), args.operator.json)
}

/// Shows the state of the system.
pub(crate) fn status(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    documented(status::run(args), args.operator.json)
}

/// Shows telemetry.
pub(crate) fn tlm(args: &TlmArgs) -> anyhow::Result<ExitCode> {
    documented(tlm::run(args), args.operator.json)
}

/// Prints an error as a document, too, where a program reads what is printed.
fn documented(done: anyhow::Result<ExitCode>, as_json: bool) -> anyhow::Result<ExitCode> {
    if as_json && let Err(error) = &done {
        say!("{}", error_document(error));
    }
    done
}

/// Returns an error as a program reads it: a method's with code and class, as the JSON API has it.
fn error_document(error: &anyhow::Error) -> Value {
    let message = told(error);
    match error.downcast_ref() {
        Some(ClientError::Rpc { code, class, .. }) => {
            json!({ "error": { "code": code, "class": class, "message": message } })
        }
        _ => json!({ "error": { "message": message } }),
    }
}

/// What every operator command takes.
#[derive(Debug, Args)]
pub(crate) struct OperatorArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// One JSON document instead of text, of an error, too (error.message)
    #[arg(long)]
    json: bool,
}

impl OperatorArgs {
    fn client(&self) -> anyhow::Result<crate::client::Client> {
        self.connection.client()
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn errors_are_documents() {
        let message = "INST CLEAR is hazardous".to_owned();
        let refused = ClientError::Rpc { code: -32502, class: "HazardousError".into(), message };
        let expected = json!({"error": {
            "code": -32502, "class": "HazardousError", "message": "INST CLEAR is hazardous"
        }});
        assert_eq!(error_document(&refused.into()), expected);
        let other = Err::<(), _>(anyhow::anyhow!("no such file")).context("cannot read pass");
        let expected = json!({"error": {"message": "cannot read pass: no such file"}});
        assert_eq!(error_document(&other.expect_err("an error")), expected);
    }
}
