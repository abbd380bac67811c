//! A command in positional arguments: one text, or target, command and parameters.

use groundlog_cvt::scalar_of;
use groundlog_packet::{Value, command};
use groundlog_projection::LoadedDefinitions;
use groundlog_proto::wire::{ScalarEntry, ScalarMap};

use super::{
    arguments::{PacketName, wrong_count},
    call::Call,
    error::RpcError,
};

/// A command as it was asked for, names in capitals.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Given {
    /// Target and command.
    pub(super) name: PacketName,
    /// Parameters in the order given; of equal names the last value.
    pub(super) parameters: Vec<(String, Value)>,
}

/// Reads a command; `method` is named where the number of arguments is wrong.
pub(super) fn given_command(
    call: &Call<'_>,
    method: &str,
    definitions: &LoadedDefinitions,
) -> Result<Given, RpcError> {
    match call.params.as_slice() {
        [Value::String(text)] => {
            let parsed = command::parse(text, Some(definitions.definitions()))
                .map_err(|error| RpcError::runtime(error.to_string()))?;
            Ok(given(&parsed.target, &parsed.command, parsed.parameters.into_iter()))
        }
        [target, name] | [target, name, Value::Null] => {
            Ok(given(&target.to_string(), &name.to_string(), std::iter::empty()))
        }
        [target, name, Value::Object(parameters)] => {
            let parameters = parameters.iter().map(|(name, value)| (name.clone(), value.clone()));
            Ok(given(&target.to_string(), &name.to_string(), parameters))
        }
        [_, _, other] => Err(RpcError::argument(format!(
            "command parameters must be a map of names and values, not {other}"
        ))),
        params => Err(wrong_count(method, params.len())),
    }
}

fn given(target: &str, command: &str, parameters: impl Iterator<Item = (String, Value)>) -> Given {
    let mut merged: Vec<(String, Value)> = Vec::new();
    for (name, value) in parameters {
        let name = name.to_uppercase();
        match merged.iter_mut().find(|(known, _)| *known == name) {
            Some((_, earlier)) => *earlier = value,
            None => merged.push((name, value)),
        }
    }
    let name = PacketName { target: target.to_uppercase(), packet: command.to_uppercase() };
    Given { name, parameters: merged }
}

/// Puts an object of parameters into its wire form.
pub(super) fn parameters_to_wire(parameters: &Value) -> ScalarMap {
    let Value::Object(parameters) = parameters else {
        return ScalarMap::default();
    };
    let entry = |(key, value): (&String, &Value)| ScalarEntry {
        key: key.clone(),
        value: Some(scalar_of(value)),
    };
    ScalarMap { entries: parameters.iter().map(entry).collect() }
}
