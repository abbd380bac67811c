//! Interfaces: what is configured, what was last said of them, and wishes (cosmos-api §2.9).

use groundlog_packet::Value;
use groundlog_proto::wire::InterfaceStatus;
use indexmap::IndexMap;

use super::{
    arguments::one_name,
    call::Call,
    error::RpcError,
    table::{Arity, Method},
};
use crate::{
    interfaces::InterfaceInfo,
    operator::{connect, disconnect, state_word},
    system::System,
};

pub(super) fn methods() -> Vec<Method> {
    vec![
        Method::new("get_interface", Arity::Between(1, 1), &[], |call| {
            Box::pin(get_interface(call))
        }),
        Method::new("get_interface_names", Arity::Between(0, 0), &[], |call| {
            Box::pin(get_interface_names(call))
        }),
        Method::new("get_all_interface_info", Arity::Between(0, 0), &[], |call| {
            Box::pin(get_all_interface_info(call))
        }),
        Method::new("connect_interface", Arity::Between(1, usize::MAX), &[], |call| {
            Box::pin(connect_interface(call))
        }),
        Method::new("disconnect_interface", Arity::Between(1, 1), &[], |call| {
            Box::pin(disconnect_interface(call))
        }),
    ]
}

async fn get_interface(call: Call<'_>) -> Result<Value, RpcError> {
    let system = call.authorise().await?;
    let name = one_name(&call);
    let info = system.interfaces.get(&name).ok_or_else(|| {
        RpcError::runtime(format!("Interface '{name}' does not exist (get_interface)"))
    })?;
    let (time_ns, status) = system.interfaces.status(&info.name);
    let mut object = definition(info);
    object.extend(live(&status, time_ns));
    Ok(Value::Object(object))
}

async fn get_interface_names(call: Call<'_>) -> Result<Value, RpcError> {
    let system = call.authorise().await?;
    let names = system.interfaces.configured().map(|info| Value::from(info.name.as_str()));
    Ok(Value::Array(names.collect()))
}

async fn get_all_interface_info(call: Call<'_>) -> Result<Value, RpcError> {
    let system = call.authorise().await?;
    let row = |info: &InterfaceInfo| {
        let (_, status) = system.interfaces.status(&info.name);
        Value::Array(vec![
            Value::from(info.name.as_str()),
            Value::from(state_word(status.state())),
            Value::from(status.clients),
            // Nothing is queued in front of a link: it takes from the log what it can send.
            Value::Int(0),
            Value::Int(0),
            Value::from(status.tx_bytes),
            Value::from(status.rx_bytes),
            Value::from(status.tx_count),
            Value::from(status.rx_count),
            Value::Bool(info.disable_disconnect),
        ])
    };
    Ok(Value::Array(system.interfaces.configured().map(row).collect()))
}

/// Returns at once; the state follows on `status`. Unknown names are no error, as in the reference;
/// wrong parameters are one, and leave the interface as it is.
async fn connect_interface(call: Call<'_>) -> Result<Value, RpcError> {
    let system = call.authorise().await?;
    let parameters = call.params[1..].iter().map(ToString::to_string).collect();
    if let Some(name) = known(system, &call) {
        let done = connect(system, &name, parameters).await;
        done.map_err(|error| RpcError::runtime(error.to_string()))?;
    }
    Ok(Value::Null)
}

async fn disconnect_interface(call: Call<'_>) -> Result<Value, RpcError> {
    let system = call.authorise().await?;
    if let Some(name) = known(system, &call) {
        let done = disconnect(system, &name).await;
        done.map_err(|error| RpcError::runtime(error.to_string()))?;
    }
    Ok(Value::Null)
}

fn known(system: &System, call: &Call<'_>) -> Option<String> {
    system.interfaces.get(&one_name(call)).map(|info| info.name.clone())
}

type Members = IndexMap<String, Value>;

fn definition(info: &InterfaceInfo) -> Members {
    let texts = |list: &[String]| {
        Value::Array(list.iter().map(|text| Value::from(text.as_str())).collect())
    };
    let mut targets = info.tlm_target_names.clone();
    targets.extend(info.cmd_target_names.clone());
    targets.sort();
    targets.dedup();
    let enabled = |list: &[String]| {
        Value::Object(list.iter().map(|name| (name.clone(), Value::Bool(true))).collect())
    };
    let option = |(name, values): &(String, Vec<String>)| {
        let all = std::iter::once(name).chain(values).cloned().collect::<Vec<_>>();
        texts(&all)
    };
    members([
        ("name", Value::from(info.name.as_str())),
        ("config_params", texts(&info.config_params)),
        ("target_names", texts(&targets)),
        ("cmd_target_names", texts(&info.cmd_target_names)),
        ("tlm_target_names", texts(&info.tlm_target_names)),
        ("cmd_target_enabled", enabled(&info.cmd_target_names)),
        ("tlm_target_enabled", enabled(&info.tlm_target_names)),
        ("connect_on_startup", Value::Bool(info.connect_on_startup)),
        ("auto_reconnect", Value::Bool(info.auto_reconnect)),
        ("reconnect_delay", seconds(&info.reconnect_delay)),
        ("disable_disconnect", Value::Bool(info.disable_disconnect)),
        ("options", Value::Array(info.options.iter().map(option).collect())),
        ("protocols", Value::Array(info.protocols.iter().map(|it| texts(it)).collect())),
        ("plugin", Value::from(info.plugin.as_str())),
    ])
}

fn seconds(text: &str) -> Value {
    text.parse().map_or_else(|_| Value::from(text), Value::Float)
}

fn live(status: &InterfaceStatus, time_ns: i64) -> Members {
    members([
        ("state", Value::from(state_word(status.state()))),
        ("clients", Value::from(status.clients)),
        ("txsize", Value::Int(0)),
        ("rxsize", Value::Int(0)),
        ("txbytes", Value::from(status.tx_bytes)),
        ("rxbytes", Value::from(status.rx_bytes)),
        ("txcnt", Value::from(status.tx_count)),
        ("rxcnt", Value::from(status.rx_count)),
        ("updated_at", Value::from(time_ns)),
    ])
}

/// Makes an object's members.
pub(super) fn members<const N: usize>(entries: [(&str, Value); N]) -> Members {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
