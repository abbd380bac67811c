//! The list of methods: nothing else can be called (cosmos-api §2).

use std::{collections::HashMap, sync::LazyLock};

use super::{
    buffers,
    call::{Call, Handler},
    cmd, cmd_info, definition_objects,
    error::RpcError,
    inject, interface, overrides, set_tlm, target, tlm, tlm_info, tlm_packet,
};

/// How many positional arguments a method takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arity {
    /// The method counts itself, and refuses in its own words.
    Any,
    /// From so many to so many.
    Between(usize, usize),
}

/// One method.
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) arity: Arity,
    /// Keywords beside `scope`, `token` and `manual`.
    pub(crate) keywords: &'static [&'static str],
    /// `None`: on the reference's list, but not here yet.
    pub(crate) handler: Option<Handler>,
}

impl Method {
    pub(super) const fn new(
        name: &'static str,
        arity: Arity,
        keywords: &'static [&'static str],
        handler: Handler,
    ) -> Self {
        Self { name, arity, keywords, handler: Some(handler) }
    }
}

/// Names on the reference's list that answer with a clear refusal for now.
const NOT_SUPPORTED: &[&str] = &[
    "config_tool_names",
    "delete_config",
    "delete_limits_set",
    "disable_cmd",
    "disable_limits",
    "disable_limits_group",
    "disconnect_router",
    "connect_router",
    "enable_cmd",
    "enable_limits",
    "enable_limits_group",
    "get_all_router_info",
    "get_all_settings",
    "get_limits",
    "get_limits_events",
    "get_metrics",
    "get_out_of_limits",
    "get_overall_limits_state",
    "get_packets",
    "get_router",
    "get_router_names",
    "get_setting",
    "get_settings",
    "interface_cmd",
    "interface_details",
    "interface_protocol_cmd",
    "interface_target_disable",
    "interface_target_enable",
    "limits_enabled",
    "limits_enabled?",
    "list_configs",
    "list_settings",
    "load_config",
    "map_target_to_interface",
    "map_target_to_router",
    "offline_access_needed",
    "router_cmd",
    "router_details",
    "router_protocol_cmd",
    "router_target_disable",
    "router_target_enable",
    "save_config",
    "save_setting",
    "send_raw",
    "set_limits",
    "set_limits_set",
    "set_offline_access",
    "set_setting",
    "set_state_color",
    "start_raw_logging_interface",
    "start_raw_logging_router",
    "stash_all",
    "stash_delete",
    "stash_get",
    "stash_keys",
    "stash_set",
    "stop_raw_logging_interface",
    "stop_raw_logging_router",
    "subscribe_packets",
    "unmap_target_from_interface",
    "unmap_target_from_router",
    "update_news",
    "update_plugin_store",
];

static TABLE: LazyLock<HashMap<&'static str, Method>> = LazyLock::new(|| {
    let families = [
        tlm::methods(),
        tlm_packet::methods(),
        buffers::methods(),
        tlm_info::methods(),
        set_tlm::methods(),
        overrides::methods(),
        inject::methods(),
        cmd::methods(),
        cmd_info::methods(),
        definition_objects::methods(),
        interface::methods(),
        target::methods(),
    ];
    let refused = NOT_SUPPORTED.iter().map(|name| Method {
        name,
        arity: Arity::Any,
        keywords: &[],
        handler: None,
    });
    families.into_iter().flatten().chain(refused).map(|method| (method.name, method)).collect()
});

/// Finds a method by its lower-cased name.
pub(crate) fn find(name: &str) -> Option<&'static Method> {
    TABLE.get(name)
}

/// Checks keywords and the number of arguments.
///
/// # Errors
/// `Invalid params` that names the keyword or the counts.
pub(crate) fn check(method: &Method, call: &Call<'_>) -> Result<(), RpcError> {
    const COMMON: [&str; 3] = ["scope", "token", "manual"];
    for name in call.keyword_names() {
        if !COMMON.contains(&name) && !method.keywords.contains(&name) {
            return Err(RpcError::argument(format!("unknown keyword: :{name}")));
        }
    }
    let count = call.params.len();
    match method.arity {
        Arity::Between(least, most) if !(least..=most).contains(&count) => {
            let expected =
                if least == most { format!("{least}") } else { format!("{least}..{most}") };
            Err(RpcError::argument(format!(
                "wrong number of arguments (given {count}, expected {expected})"
            )))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name of cosmos-api §2 answers, and no other.
    #[test]
    fn the_list_is_complete() {
        assert_eq!(TABLE.len(), 123);
        for name in NOT_SUPPORTED {
            assert!(find(name).is_some_and(|method| method.handler.is_none()), "{name}");
        }
        assert!(find("subscribe_packet").is_none());
    }
}
