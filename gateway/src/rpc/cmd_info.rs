//! What was sent, and what would be: `build_cmd`, `get_cmd_*` (cosmos-api §2.1).
//!
//! Counts are of released commands: the reference also counts what it built and then refused.

use groundlog_packet::{
    PacketKind, Value,
    access::{PacketTimes, PacketView},
    command::{BuildOptions, build, hazard_of_given},
    definition::ValueType,
};
use groundlog_proto::{DefinitionHash, Nanos};

use super::{
    arguments::{PacketName, command_packet, command_parameter, one_name, pairs},
    buffers::{Buffer, bytes_object},
    call::Call,
    command_arguments::given_command,
    error::RpcError,
    interface::members,
    lookup,
    table::{Arity, Method},
};
use crate::{commands::LastCommand, system::System, values::packet_names};

pub(super) fn methods() -> Vec<Method> {
    const BUILD: &[&str] = &["range_check", "raw", "timeout"];
    const HIDDEN: &[&str] = &["hidden"];
    let (any, one) = (Arity::Any, Arity::Between(1, 1));
    vec![
        Method::new("build_cmd", any, BUILD, |call| Box::pin(build_cmd(call))),
        Method::new("build_command", any, BUILD, |call| Box::pin(build_cmd(call))),
        Method::new("get_cmd_hazardous", any, &[], |call| Box::pin(get_cmd_hazardous(call))),
        Method::new("get_cmd_buffer", any, &[], |call| Box::pin(get_cmd_buffer(call))),
        Method::new("get_cmd_value", any, &["type"], |call| Box::pin(get_cmd_value(call))),
        Method::new("get_cmd_time", Arity::Between(0, 2), &[], |call| Box::pin(get_cmd_time(call))),
        Method::new("get_cmd_cnt", any, &[], |call| Box::pin(get_cmd_cnt(call))),
        Method::new("get_cmd_cnts", one, &[], |call| Box::pin(get_cmd_cnts(call))),
        Method::new("get_all_cmd_names", one, HIDDEN, |call| Box::pin(get_all_cmd_names(call))),
        Method::new("get_all_command_names", one, HIDDEN, |call| Box::pin(get_all_cmd_names(call))),
    ]
}

async fn build_cmd(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    let given = given_command(&call, "build_command", &definitions)?;
    call.authorise().await?;
    let packet = lookup::packet(&definitions, PacketKind::Command, &given.name)?;
    let options = BuildOptions {
        range_check: call.flag("range_check", true),
        raw: call.flag("raw", false),
        required_check: true,
    };
    let PacketName { target, packet: command } = &given.name;
    let built = build(definitions.definitions(), target, command, &given.parameters, options)
        .map_err(|error| RpcError::runtime(error.to_string()))?;
    let now = Nanos::now().0;
    let text = |text: String| Value::String(text);
    Ok(Value::Object(members([
        ("id", text(format!("{}-0", now / 1_000_000))),
        ("result", Value::from("SUCCESS")),
        ("time", text(now.to_string())),
        ("received_time", text(now.to_string())),
        ("target_name", Value::from(packet.target_name.as_str())),
        ("packet_name", Value::from(packet.packet_name.as_str())),
        ("received_count", Value::from("0")),
        ("buffer", bytes_object(built.packet.buffer())),
    ])))
}

async fn get_cmd_hazardous(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    let given = given_command(&call, call.method, &definitions)?;
    call.authorise().await?;
    let packet = lookup::packet(&definitions, PacketKind::Command, &given.name)?;
    Ok(Value::Bool(hazard_of_given(&packet, &given.parameters).is_some()))
}

/// Finds the last command of a name and how many there were.
fn last(system: &System, name: &PacketName) -> Option<(LastCommand, u64)> {
    let state = system.commands.state();
    let last = state.last(&name.target, &name.packet)?.clone();
    Some((last, state.count(&name.target, &name.packet)))
}

async fn get_cmd_buffer(call: Call<'_>) -> Result<Value, RpcError> {
    let name = command_packet(&call)?;
    let definitions = call.definitions().await?;
    let system = call.authorise().await?;
    lookup::packet(&definitions, PacketKind::Command, &name)?;
    let Some((last, count)) = last(system, &name) else {
        return Ok(Value::Null);
    };
    let extra = [
        ("cmd_string".to_owned(), last.request.text.clone()),
        ("username".to_owned(), last.request.user.clone()),
        ("interface_name".to_owned(), last.interface.clone()),
    ];
    let buffer = Buffer {
        target: &name.target,
        packet: &name.packet,
        time_ns: last.time_ns,
        received_time_ns: last.time_ns,
        received_count: count,
        stored: false,
        bytes: &last.request.packet,
        extra: &extra,
    };
    Ok(Value::Object(buffer.object()))
}

async fn get_cmd_value(call: Call<'_>) -> Result<Value, RpcError> {
    let path = command_parameter(&call, 4)?;
    let word = match call.params.get(3) {
        Some(word) => word.to_string().to_uppercase(),
        None => call.word("type", "CONVERTED"),
    };
    let form = ValueType::from_request(&word).ok_or_else(|| {
        RpcError::runtime(format!("Unknown type '{word}' for {path} (get_cmd_value)"))
    })?;
    let system = call.authorise().await?;
    let name = PacketName { target: path.target, packet: path.packet };
    let Some((last, count)) = last(system, &name) else {
        return Ok(Value::Null);
    };
    if path.item == "RECEIVED_COUNT" {
        return Ok(Value::from(count));
    }
    // The bytes mean what the definitions they were built with say, not those in force now.
    let hash = DefinitionHash::from_wire(&last.request.definitions);
    let loaded = match hash {
        Some(hash) => system.definition_store.get(hash).await,
        None => return Ok(Value::Null),
    };
    let loaded = loaded.map_err(|error| RpcError::runtime(error.to_string()))?;
    let packet = lookup::packet(&loaded, PacketKind::Command, &name)?;
    let time = Some(last.time_ns);
    let times = PacketTimes { received: time, packet: time, received_count: count };
    let view = PacketView::new(&packet, &last.request.packet, times);
    // An item that does not exist reads as null: existence is not checked (cosmos-api §2.1).
    Ok(view.read(&path.item, form).unwrap_or_default())
}

async fn get_cmd_time(call: Call<'_>) -> Result<Value, RpcError> {
    let name = |place: usize| {
        let given = call.params.get(place).filter(|value| !value.is_null());
        given.map(|value| value.to_string().to_uppercase())
    };
    let (target, command) = (name(0), name(1));
    let definitions = call.definitions().await?;
    let system = call.authorise().await?;
    if let Some(target) = &target {
        let found = definitions.definitions().target(target);
        found.map_err(|_| lookup::target_error(target, call.scope()))?;
    }
    let state = system.commands.state();
    let row = |target: Option<&str>, command: Option<&str>, time_ns: i64| {
        let text = |name: Option<&str>| name.map_or(Value::Null, Value::from);
        let (seconds, rest) =
            (time_ns.div_euclid(1_000_000_000), time_ns.rem_euclid(1_000_000_000));
        let times = [Value::from(seconds), Value::from(rest / 1000)];
        Value::Array([text(target), text(command)].into_iter().chain(times).collect())
    };
    Ok(match (&target, &command) {
        (Some(target), Some(command)) => {
            let time_ns = state.last(target, command).map_or(0, |last| last.time_ns);
            row(Some(target), Some(command), time_ns)
        }
        (target, _) => match state.newest(target.as_deref()) {
            Some((target, command, last)) => row(Some(target), Some(command), last.time_ns),
            None => row(None, None, 0),
        },
    })
}

async fn get_cmd_cnt(call: Call<'_>) -> Result<Value, RpcError> {
    let name = command_packet(&call)?;
    let definitions = call.definitions().await?;
    let system = call.authorise().await?;
    lookup::packet(&definitions, PacketKind::Command, &name)?;
    Ok(Value::from(system.commands.state().count(&name.target, &name.packet)))
}

async fn get_cmd_cnts(call: Call<'_>) -> Result<Value, RpcError> {
    let names = pairs(&call.params[0]).ok_or_else(|| {
        RpcError::runtime(
            "get_cmd_cnts takes an array of arrays containing target, packet_name, e.g. \
             [['INST', 'COLLECT'], ['INST', 'ABORT']]",
        )
    })?;
    let system = call.authorise().await?;
    let state = system.commands.state();
    let counts = names.iter().map(|name| Value::from(state.count(&name.target, &name.packet)));
    Ok(Value::Array(counts.collect()))
}

async fn get_all_cmd_names(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let hidden = call.flag("hidden", false);
    let names = packet_names(&definitions, PacketKind::Command, &one_name(&call), hidden);
    Ok(Value::Array(names.into_iter().map(Value::String).collect()))
}
