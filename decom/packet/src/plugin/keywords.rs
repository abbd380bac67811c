//! The keywords of plugin.txt: usage, bounds, and what belongs to what.

/// Keywords that start a component or declare a variable.
pub(super) const TOP: [&str; 11] = [
    "VARIABLE",
    "VARIABLE_DESCRIPTION",
    "VARIABLE_STATE",
    "NEEDS_DEPENDENCIES",
    "INTERFACE",
    "ROUTER",
    "TARGET",
    "MICROSERVICE",
    "TOOL",
    "WIDGET",
    "SCRIPT_ENGINE",
];

/// Modifiers of interfaces and routers that are kept but not acted upon.
pub(super) const INTERFACE_KEPT: [&str; 14] = [
    "LOG_STREAM",
    "SECRET",
    "ENV",
    "WORK_DIR",
    "PORT",
    "CMD",
    "CONTAINER",
    "ROUTE_PREFIX",
    "SHARD",
    "DB_SHARD",
    "BRIDGE",
    "BRIDGE_OPTION",
    "BRIDGE_PROTOCOL",
    "BRIDGE_SECRET",
];

/// Modifiers of targets that are kept but not acted upon.
pub(super) const TARGET_KEPT: [&str; 18] = [
    "CMD_BUFFER_DEPTH",
    "CMD_LOG_CYCLE_TIME",
    "CMD_LOG_CYCLE_SIZE",
    "CMD_LOG_RETAIN_TIME",
    "TLM_BUFFER_DEPTH",
    "TLM_LOG_CYCLE_TIME",
    "TLM_LOG_CYCLE_SIZE",
    "TLM_LOG_RETAIN_TIME",
    "CMD_DECOM_RETAIN_TIME",
    "TLM_DECOM_RETAIN_TIME",
    "DECOM_FLUSH_PERIOD",
    "LOG_RETAIN_TIME",
    "CLEANUP_POLL_TIME",
    "TARGET_MICROSERVICE",
    "PACKET",
    "SHARD",
    "DB_SHARD",
    "STORED_LIMITS_MODE",
];

/// Old words of targets that mean nothing any more.
pub(super) const TARGET_IGNORED: [&str; 14] = [
    "CMD_DECOM_LOG_CYCLE_TIME",
    "CMD_DECOM_LOG_CYCLE_SIZE",
    "CMD_DECOM_LOG_RETAIN_TIME",
    "TLM_DECOM_LOG_CYCLE_TIME",
    "TLM_DECOM_LOG_CYCLE_SIZE",
    "TLM_DECOM_LOG_RETAIN_TIME",
    "REDUCED_MINUTE_LOG_RETAIN_TIME",
    "REDUCED_HOUR_LOG_RETAIN_TIME",
    "REDUCED_DAY_LOG_RETAIN_TIME",
    "REDUCED_LOG_RETAIN_TIME",
    "REDUCER_DISABLE",
    "REDUCER_DISABLED",
    "REDUCER_MAX_CPU_UTILIZATION",
    "REDUCED_MAX_CPU_UTILIZATION",
];

/// Modifiers of microservices, tools, widgets and script engines.
pub(super) const OTHER_KEPT: [&str; 22] = [
    "ENV",
    "WORK_DIR",
    "PORT",
    "TOPIC",
    "TARGET_NAME",
    "CMD",
    "OPTION",
    "CONTAINER",
    "SECRET",
    "ROUTE_PREFIX",
    "DISABLE_ERB",
    "SHARD",
    "DB_SHARD",
    "STOPPED",
    "URL",
    "INLINE_URL",
    "WINDOW",
    "ICON",
    "CATEGORY",
    "SHOWN",
    "POSITION",
    "IMPORT_MAP_ITEM",
];

/// Returns least and most parameters of a keyword that is acted upon.
pub(super) fn bounds(keyword: &str) -> (usize, usize) {
    match keyword {
        "INTERFACE" | "ROUTER" | "PROTOCOL" | "OPTION" => (2, usize::MAX),
        "TARGET" | "MICROSERVICE" | "TOOL" | "SCRIPT_ENGINE" => (2, 2),
        "WIDGET" => (1, 2),
        "MAP_TARGET" | "MAP_CMD_TARGET" | "MAP_TLM_TARGET" => (1, 2),
        "RECONNECT_DELAY" => (1, 1),
        "DONT_CONNECT" | "DONT_RECONNECT" | "DISABLE_DISCONNECT" | "DONT_LOG" => (0, 0),
        _ => (0, usize::MAX),
    }
}

/// Returns the usage text of a keyword, if it has one.
pub(super) fn usage(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "VARIABLE" => "VARIABLE <NAME> <DEFAULT>",
        "VARIABLE_DESCRIPTION" => "VARIABLE_DESCRIPTION <TEXT>",
        "VARIABLE_STATE" => "VARIABLE_STATE [DESCRIPTION] <VALUE>",
        "TARGET" => "TARGET <FOLDER> <NAME>",
        "INTERFACE" => "INTERFACE <NAME> <CLASS FILE> [PARAMETERS...]",
        "ROUTER" => "ROUTER <NAME> <CLASS FILE> [PARAMETERS...]",
        "PROTOCOL" => "PROTOCOL <READ|WRITE|READ_WRITE> <CLASS FILE> [PARAMETERS...]",
        "OPTION" => "OPTION <NAME> <VALUES...>",
        "MAP_TARGET" => "MAP_TARGET <TARGET NAME> [ENABLED|DISABLED]",
        "MAP_CMD_TARGET" => "MAP_CMD_TARGET <TARGET NAME> [ENABLED|DISABLED]",
        "MAP_TLM_TARGET" => "MAP_TLM_TARGET <TARGET NAME> [ENABLED|DISABLED]",
        "RECONNECT_DELAY" => "RECONNECT_DELAY <SECONDS>",
        "DONT_CONNECT" => "DONT_CONNECT",
        "DONT_RECONNECT" => "DONT_RECONNECT",
        "DISABLE_DISCONNECT" => "DISABLE_DISCONNECT",
        "MICROSERVICE" => "MICROSERVICE <FOLDER> <NAME>",
        "TOOL" => "TOOL <FOLDER> <NAME>",
        "WIDGET" => "WIDGET <NAME> [LABEL]",
        "SCRIPT_ENGINE" => "SCRIPT_ENGINE <EXTENSION> <FILE>",
        _ => return None,
    })
}
