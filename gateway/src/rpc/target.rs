//! Targets (cosmos-api §2.10), and the one fact about limits sets that definitions alone answer.

use groundlog_packet::Value;

use super::{
    arguments::one_name,
    call::Call,
    error::RpcError,
    interface::members,
    table::{Arity, Method},
};

pub(super) fn methods() -> Vec<Method> {
    let names = |name| {
        Method::new(name, Arity::Between(0, 0), &[], |call| Box::pin(get_target_names(call)))
    };
    vec![
        names("get_target_names"),
        names("get_target_list"),
        Method::new("get_target", Arity::Between(1, 1), &[], |call| Box::pin(get_target(call))),
        Method::new("get_target_interfaces", Arity::Between(0, 0), &[], |call| {
            Box::pin(get_target_interfaces(call))
        }),
        Method::new("get_limits_sets", Arity::Between(0, 0), &[], |call| {
            Box::pin(get_limits_sets(call))
        }),
        Method::new("get_limits_set", Arity::Between(0, 0), &[], |call| {
            Box::pin(get_limits_set(call))
        }),
        Method::new("get_limits_groups", Arity::Between(0, 0), &[], |call| {
            Box::pin(get_limits_groups(call))
        }),
    ]
}

/// `UNKNOWN`, which takes packets that nobody identified, is a target too.
async fn get_target_names(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let mut names: Vec<_> =
        definitions.definitions().targets().map(|target| target.name.as_str()).collect();
    names.push("UNKNOWN");
    names.sort_unstable();
    names.dedup();
    Ok(Value::Array(names.into_iter().map(Value::from).collect()))
}

async fn get_target(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let Ok(target) = definitions.definitions().target(&one_name(&call)) else {
        return Ok(Value::Null);
    };
    let texts = |list: &[String]| {
        Value::Array(list.iter().map(|text| Value::from(text.as_str())).collect())
    };
    Ok(Value::Object(members([
        ("name", Value::from(target.name.as_str())),
        ("folder_name", Value::from(target.name.as_str())),
        ("requires", texts(&target.requires)),
        ("ignored_parameters", texts(&target.ignored_parameters)),
        ("ignored_items", texts(&target.ignored_items)),
        ("id", Value::from(definitions.hash().to_string())),
        ("plugin", Value::from(definitions.plugin())),
    ])))
}

async fn get_target_interfaces(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    let system = call.authorise().await?;
    let mut names: Vec<_> =
        definitions.definitions().targets().map(|target| target.name.as_str()).collect();
    names.sort_unstable();
    let row = |target: &str| {
        let maps = |list: &[String]| list.iter().any(|name| name == target);
        let mapped = system
            .interfaces
            .configured()
            .filter(|info| maps(&info.cmd_target_names) || maps(&info.tlm_target_names))
            .map(|info| info.name.as_str());
        let mapped = mapped.collect::<Vec<_>>().join(",");
        Value::Array(vec![Value::from(target), Value::from(mapped)])
    };
    Ok(Value::Array(names.into_iter().map(row).collect()))
}

async fn get_limits_sets(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let sets = definitions.definitions().limits_sets();
    Ok(Value::Array(sets.iter().map(|name| Value::from(name.as_str())).collect()))
}

async fn get_limits_set(call: Call<'_>) -> Result<Value, RpcError> {
    let system = call.authorise().await?;
    let settings = system.settings.current();
    Ok(Value::from(settings.limits_set.as_deref().unwrap_or("DEFAULT")))
}

async fn get_limits_groups(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let groups = definitions.definitions().limits_groups().iter().map(|(name, items)| {
        let items = items.iter().map(|item| {
            let names = [&item.target, &item.packet, &item.item];
            Value::Array(names.map(|name| Value::from(name.as_str())).to_vec())
        });
        (name.clone(), Value::Array(items.collect()))
    });
    Ok(Value::Object(groups.collect()))
}
