//! The eight `cmd` methods (cosmos-api §2.1, §2.2, §3.2, §3.3).

use std::time::Duration;

use groundlog_packet::{
    Packet, PacketKind, Value,
    command::{BuildOptions, BuiltCommand, build, given_command_text},
    definition::Item,
};
use groundlog_projection::LoadedDefinitions;
use groundlog_proto::wire::CommandRequest;
use indexmap::IndexMap;

use super::{
    arguments::PacketName,
    call::{Call, numeric},
    command_arguments::{Given, given_command, parameters_to_wire},
    error::RpcError,
    lookup,
    table::{Arity, Method},
};
use crate::{
    auth::USER,
    commands::{NewCommand, Outcome, SubmitError},
    json,
    system::System,
};

/// How long a caller waits for the end of a command unless it says otherwise.
const TIMEOUT_SECONDS: f64 = 30.0;
/// The longest wait that is taken literally: a year.
const TIMEOUT_SECONDS_MAX: f64 = 31_536_000.0;
/// Stands for values that must not be shown.
const OBFUSCATED: &str = "*****";

/// What a method leaves out, and how it takes values.
#[derive(Debug, Clone, Copy)]
struct Variant {
    range_check: bool,
    hazardous_check: bool,
    raw: bool,
}

pub(super) fn methods() -> Vec<Method> {
    macro_rules! variant {
        ($name:literal, $range:literal, $hazard:literal, $raw:literal) => {
            Method::new($name, Arity::Any, KEYWORDS, |call| {
                let variant = Variant { range_check: $range, hazardous_check: $hazard, raw: $raw };
                Box::pin(cmd(call, variant))
            })
        };
    }
    const KEYWORDS: &[&str] =
        &["timeout", "log_message", "validate", "queue", "queue_username", "idempotency_key"];
    vec![
        variant!("cmd", true, true, false),
        variant!("cmd_no_range_check", false, true, false),
        variant!("cmd_no_hazardous_check", true, false, false),
        variant!("cmd_no_checks", false, false, false),
        variant!("cmd_raw", true, true, true),
        variant!("cmd_raw_no_range_check", false, true, true),
        variant!("cmd_raw_no_hazardous_check", true, false, true),
        variant!("cmd_raw_no_checks", false, false, true),
    ]
}

async fn cmd(call: Call<'_>, variant: Variant) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    let given = given_command(&call, call.method, &definitions)?;
    log_message(&call)?;
    let timeout = timeout(&call)?;
    let system = call.authorise().await?;
    let checked = check(&call, variant, &definitions, &given);
    let text = method_text(&call, &definitions, &given);
    let mut command = NewCommand {
        target: given.name.target.clone(),
        command: given.name.packet.clone(),
        request: request(&call, variant, &definitions, &given, text.clone()),
    };
    let built = match checked.and_then(|built| routed(system, &given.name).map(|()| built)) {
        Ok(built) => built,
        Err(error) => {
            // The refusal is part of the command history; without the log it is still a refusal.
            if let Err(failed) = system.commands.reject(command, error.text()).await {
                tracing::error!(%failed, "a refused command could not be recorded");
            }
            return Err(error);
        }
    };
    let result = result_object(&call, variant, built.packet.packet(), &given, &text);
    command.request.packet = built.packet.buffer().to_vec().into();
    let submitted = system.commands.submit(command, timeout.map(Duration::from_secs_f64)).await;
    submitted.map_err(|error| submit_error(&error, &given.name, timeout))?;
    if validates(&call) {
        built.validate_sent().map_err(|error| RpcError::runtime(error.to_string()))?;
    }
    Ok(result)
}

/// Makes every check that needs no other process.
fn check(
    call: &Call<'_>,
    variant: Variant,
    definitions: &LoadedDefinitions,
    given: &Given,
) -> Result<BuiltCommand, RpcError> {
    let PacketName { target, packet: command } = &given.name;
    let packet = lookup::packet(definitions, PacketKind::Command, &given.name)?;
    queue(call)?;
    if packet.disabled {
        return Err(RpcError::disabled(target, command));
    }
    let options =
        BuildOptions { range_check: variant.range_check, raw: variant.raw, required_check: true };
    let built = build(definitions.definitions(), target, command, &given.parameters, options)
        .map_err(|error| RpcError::runtime(error.to_string()))?;
    match &built.hazardous {
        Some(description) if variant.hazardous_check => {
            Err(hazardous(call.method, &packet, given, description))
        }
        _ => {
            if validates(call) {
                built.validate().map_err(|error| RpcError::runtime(error.to_string()))?;
            }
            Ok(built)
        }
    }
}

/// Returns whether the command's validator is to be asked.
fn validates(call: &Call<'_>) -> bool {
    call.flag("validate", true)
}

/// Refuses a command that no interface would take up: nobody would ever end it.
fn routed(system: &System, name: &PacketName) -> Result<(), RpcError> {
    match system.interfaces.for_commands(&name.target) {
        Some(_) => Ok(()),
        None => Err(RpcError::runtime(format!(
            "No interface takes commands of target '{}': map one with MAP_TARGET or \
             MAP_CMD_TARGET",
            name.target
        ))),
    }
}

/// There are no queues yet, so none can be found.
fn queue(call: &Call<'_>) -> Result<(), RpcError> {
    match call.keyword("queue") {
        None | Some(Value::Bool(false)) => Ok(()),
        Some(name) => Err(RpcError::other(
            "OpenC3::QueueError",
            format!("Queue '{name}' not found in scope '{}'", call.scope()),
        )),
    }
}

fn hazardous(method: &str, packet: &Packet, given: &Given, description: &str) -> RpcError {
    let formatted = given_command_text(method, packet, &given.parameters);
    let shown = shown_parameters(Some(packet), &given.parameters);
    let (target, command) = (&given.name.target, &given.name.packet);
    let due =
        if description.is_empty() { String::new() } else { format!(" due to '{description}'") };
    let message = format!("{target} {command} with {shown} is Hazardous{due}.\n{formatted}");
    let variables = vec![
        ("@target_name", Value::from(target.as_str())),
        ("@cmd_name", Value::from(command.as_str())),
        ("@cmd_params", shown),
        ("@hazardous_description", Value::from(description)),
        ("@formatted", Value::from(formatted)),
    ];
    RpcError::hazardous(message, variables)
}

/// Makes an object of parameters, those that must not be shown blanked.
fn shown_parameters(packet: Option<&Packet>, parameters: &[(String, Value)]) -> Value {
    let secret = |name: &str| packet.and_then(|it| it.item(name)).is_some_and(|it| it.obfuscate);
    let shown = parameters.iter().map(|(name, value)| {
        let value = if secret(name) { Value::from(OBFUSCATED) } else { value.clone() };
        (name.clone(), value)
    });
    Value::Object(shown.collect())
}

fn request(
    call: &Call<'_>,
    variant: Variant,
    definitions: &LoadedDefinitions,
    given: &Given,
    text: String,
) -> CommandRequest {
    let name = &given.name;
    let found = definitions.definitions().packet(PacketKind::Command, &name.target, &name.packet);
    let packet = found.ok().map(|packet| &**packet);
    let key = call.keyword("idempotency_key").map(ToString::to_string);
    CommandRequest {
        scope: call.scope().to_owned(),
        user: USER.to_owned(),
        text,
        definitions: definitions.hash().as_bytes().to_vec().into(),
        idempotency_key: key.unwrap_or_default(),
        parameters: Some(parameters_to_wire(&shown_parameters(packet, &given.parameters))),
        range_check: variant.range_check,
        hazardous_check: variant.hazardous_check,
        raw: variant.raw,
        validate: validates(call),
        manual: call.keyword("manual").is_some(),
        log_message: call.flag("log_message", true),
        ..CommandRequest::default()
    }
}

/// Renders the call as an operator would type it.
fn method_text(call: &Call<'_>, definitions: &LoadedDefinitions, given: &Given) -> String {
    let PacketName { target, packet: command } = &given.name;
    match definitions.definitions().packet(PacketKind::Command, target, command) {
        Ok(packet) => given_command_text(call.method, packet, &given.parameters),
        Err(_) => format!("{}(\"{target} {command}\")", call.method),
    }
}

/// Makes the answer; all of it is text but the parameters (cosmos-api §3.2).
fn result_object(
    call: &Call<'_>,
    variant: Variant,
    packet: &Packet,
    given: &Given,
    text: &str,
) -> Value {
    let secret = packet.items.iter().filter(|item: &&Item| item.obfuscate);
    let secret = secret.map(|item| Value::from(item.name.as_str())).collect();
    let secret = json::to_vec(&Value::Array(secret));
    let mut object: IndexMap<String, Value> = IndexMap::new();
    let mut put = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
    let flag = |flag: bool| Value::from(if flag { "true" } else { "false" });
    put("target_name", Value::from(given.name.target.as_str()));
    put("cmd_name", Value::from(given.name.packet.as_str()));
    put("cmd_params", Value::Object(given.parameters.iter().cloned().collect()));
    put("range_check", flag(variant.range_check));
    put("hazardous_check", flag(variant.hazardous_check));
    put("raw", flag(variant.raw));
    put("cmd_string", Value::from(text));
    put("username", Value::from(USER));
    put("validate", flag(validates(call)));
    put("manual", flag(call.keyword("manual").is_some()));
    put("log_message", flag(call.flag("log_message", true)));
    put("obfuscated_items", Value::from_utf8_or_bytes(secret));
    if let Some(author) = call.keyword("queue_username") {
        put("queue_username", author.clone());
    }
    Value::Object(object)
}

fn log_message(call: &Call<'_>) -> Result<(), RpcError> {
    match call.keyword("log_message") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(other) => Err(RpcError::runtime(format!(
            "Invalid log_message parameter: {other}. Must be true or false."
        ))),
    }
}

/// Reads the timeout in seconds; `None`: nobody waits.
fn timeout(call: &Call<'_>) -> Result<Option<f64>, RpcError> {
    let seconds = match call.keyword("timeout") {
        None => TIMEOUT_SECONDS,
        Some(given) => numeric(given).ok_or_else(|| {
            RpcError::runtime(format!("Invalid timeout parameter: {given}. Must be numeric."))
        })?,
    };
    Ok((seconds > 0.0).then_some(seconds.min(TIMEOUT_SECONDS_MAX)))
}

fn submit_error(error: &SubmitError, name: &PacketName, timeout: Option<f64>) -> RpcError {
    let PacketName { target, packet: command } = name;
    RpcError::runtime(match error {
        SubmitError::Ended(Outcome { state, reason }) if reason.is_empty() => {
            format!("Command '{target} {command}' ended as {}", state.as_str_name())
        }
        SubmitError::Ended(Outcome { reason, .. }) => reason.clone(),
        SubmitError::TimedOut => {
            format!("Timeout of {}s waiting for cmd ack", timeout.unwrap_or_default())
        }
        SubmitError::Closed => format!(
            "The gateway stops: '{target} {command}' was requested, the topic commands tells its end"
        ),
        SubmitError::Log(reason) => format!("'{target} {command}' was not requested: {reason}"),
    })
}
