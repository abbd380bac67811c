//! The keywords of plugin.txt: what belongs to what, how many parameters it takes, its usage.

/// The component that a modifier follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Target,
    Interface,
    Router,
    Microservice,
    Tool,
    Widget,
    ScriptEngine,
}

const OWNERS: [Owner; 7] = [
    Owner::Target,
    Owner::Interface,
    Owner::Router,
    Owner::Microservice,
    Owner::Tool,
    Owner::Widget,
    Owner::ScriptEngine,
];

impl Owner {
    /// Returns the component that a top-level keyword starts.
    pub(super) fn of(keyword: &str) -> Option<Self> {
        OWNERS.into_iter().find(|owner| owner.word() == keyword)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Target => "TARGET",
            Self::Interface => "INTERFACE",
            Self::Router => "ROUTER",
            Self::Microservice => "MICROSERVICE",
            Self::Tool => "TOOL",
            Self::Widget => "WIDGET",
            Self::ScriptEngine => "SCRIPT_ENGINE",
        }
    }
}

/// Least and most parameters of a keyword, and their names.
pub(super) type Facts = (usize, usize, &'static str);

/// No upper bound on the parameters.
const MANY: usize = usize::MAX;

/// Returns the facts of a top-level keyword.
pub(super) fn top(keyword: &str) -> Option<Facts> {
    Some(match keyword {
        "VARIABLE" => (2, MANY, "<NAME> <DEFAULT>"),
        "VARIABLE_DESCRIPTION" => (1, MANY, "<TEXT>"),
        "VARIABLE_STATE" => (1, 2, "[DESCRIPTION] <VALUE>"),
        "NEEDS_DEPENDENCIES" => (0, 0, ""),
        "INTERFACE" | "ROUTER" => (2, MANY, "<NAME> <CLASS FILE> [PARAMETERS...]"),
        "TARGET" | "MICROSERVICE" | "TOOL" => (2, 2, "<FOLDER> <NAME>"),
        "WIDGET" => (1, 2, "<NAME> [LABEL]"),
        "SCRIPT_ENGINE" => (2, 2, "<EXTENSION> <FILE>"),
        _ => return None,
    })
}

/// Returns the facts of a modifier of a component.
pub(super) fn modifier(owner: Owner, keyword: &str) -> Option<Facts> {
    match owner {
        Owner::Target => target(keyword),
        Owner::Interface => link(keyword).or_else(|| bridge(keyword)),
        Owner::Router => link(keyword),
        Owner::Microservice => microservice(keyword),
        Owner::Tool => tool(keyword),
        Owner::Widget | Owner::ScriptEngine => {
            (keyword == "DISABLE_ERB").then_some((0, MANY, "[REGULAR EXPRESSIONS...]"))
        }
    }
}

/// Returns whether a keyword modifies some component.
pub(super) fn is_modifier(keyword: &str) -> bool {
    OWNERS.into_iter().any(|owner| modifier(owner, keyword).is_some())
}

/// Returns keyword and parameters, as they are shown to the user.
pub(super) fn usage(keyword: &str) -> Option<String> {
    let modifiers = || OWNERS.into_iter().find_map(|owner| modifier(owner, keyword));
    let (_, _, parameters) = top(keyword).or_else(modifiers)?;
    Some(format!("{keyword} {parameters}").trim_end().to_owned())
}

/// Modifiers of interfaces and routers.
fn link(keyword: &str) -> Option<Facts> {
    Some(match keyword {
        "MAP_TARGET" | "MAP_CMD_TARGET" | "MAP_TLM_TARGET" => {
            (1, 2, "<TARGET NAME> [ENABLED|DISABLED]")
        }
        "DONT_CONNECT" | "DONT_RECONNECT" | "DISABLE_DISCONNECT" | "DONT_LOG" => (0, 0, ""),
        "RECONNECT_DELAY" => (1, 1, "<SECONDS>"),
        "LOG_STREAM" => (0, 4, "[CYCLE TIME] [CYCLE SIZE] [CYCLE HOUR] [CYCLE MINUTE]"),
        "PROTOCOL" => (2, MANY, "<READ|WRITE|READ_WRITE> <CLASS FILE> [PARAMETERS...]"),
        "OPTION" => (2, MANY, "<NAME> <VALUES...>"),
        _ => return process(keyword),
    })
}

/// Modifiers of everything that runs as a process.
fn process(keyword: &str) -> Option<Facts> {
    Some(match keyword {
        "SECRET" => (3, 5, "<ENV|FILE> <SECRET NAME> <VARIABLE|PATH> [OPTION NAME] [STORE]"),
        "ENV" => (2, 2, "<KEY> <VALUE>"),
        "WORK_DIR" => (1, 1, "<FOLDER>"),
        "PORT" => (1, 2, "<NUMBER> [TCP|UDP|SCTP]"),
        "CMD" => (1, MANY, "<WORDS...>"),
        "CONTAINER" => (1, 1, "<IMAGE>"),
        "ROUTE_PREFIX" => (1, 1, "<PATH>"),
        "SHARD" | "DB_SHARD" => (1, 1, "<NUMBER>"),
        _ => return None,
    })
}

fn bridge(keyword: &str) -> Option<Facts> {
    Some(match keyword {
        "BRIDGE" => (1, 1, "<BRIDGE NAME>"),
        "BRIDGE_OPTION" => (2, MANY, "<NAME> <VALUES...>"),
        "BRIDGE_PROTOCOL" => (2, MANY, "<READ|WRITE|READ_WRITE> <CLASS FILE> [PARAMETERS...]"),
        "BRIDGE_SECRET" => (3, 5, "<ENV|FILE> <SECRET NAME> <VARIABLE|PATH> [OPTION NAME] [STORE]"),
        _ => return None,
    })
}

fn microservice(keyword: &str) -> Option<Facts> {
    Some(match keyword {
        "TOPIC" => (1, 1, "<TOPIC NAME>"),
        "TARGET_NAME" => (1, 1, "<TARGET NAME>"),
        "OPTION" => (2, MANY, "<NAME> <VALUES...>"),
        "DISABLE_ERB" => (0, MANY, "[REGULAR EXPRESSIONS...]"),
        "STOPPED" => (0, 0, ""),
        _ => return process(keyword),
    })
}

fn tool(keyword: &str) -> Option<Facts> {
    Some(match keyword {
        "URL" | "INLINE_URL" => (1, 1, "<URL>"),
        "WINDOW" => (1, 1, "<INLINE|IFRAME|NEW>"),
        "ICON" => (1, 1, "<ICON NAME>"),
        "CATEGORY" => (1, 1, "<CATEGORY NAME>"),
        "SHOWN" => (1, 1, "<TRUE|FALSE>"),
        "POSITION" => (1, 1, "<NUMBER>"),
        "DISABLE_ERB" => (0, MANY, "[REGULAR EXPRESSIONS...]"),
        "IMPORT_MAP_ITEM" => (2, 2, "<KEY> <VALUE>"),
        _ => return None,
    })
}

fn target(keyword: &str) -> Option<Facts> {
    Some(match keyword {
        "CMD_BUFFER_DEPTH" | "TLM_BUFFER_DEPTH" => (1, 1, "<PACKETS>"),
        "CMD_LOG_CYCLE_SIZE" | "TLM_LOG_CYCLE_SIZE" => (1, 1, "<BYTES>"),
        "CMD_LOG_CYCLE_TIME" | "TLM_LOG_CYCLE_TIME" | "DECOM_FLUSH_PERIOD"
        | "CLEANUP_POLL_TIME" => (1, 1, "<SECONDS>"),
        "CMD_LOG_RETAIN_TIME" | "TLM_LOG_RETAIN_TIME" | "LOG_RETAIN_TIME" => {
            (1, 1, "<SECONDS|NIL>")
        }
        "CMD_DECOM_RETAIN_TIME" | "TLM_DECOM_RETAIN_TIME" => (1, 1, "<NUMBER AND h|d|w|M|y>"),
        "TARGET_MICROSERVICE" => (1, 1, "<DECOM|COMMANDLOG|PACKETLOG|CLEANUP>"),
        "PACKET" => (1, 1, "<PACKET NAME>"),
        "DISABLE_ERB" => (0, MANY, "[REGULAR EXPRESSIONS...]"),
        "SHARD" | "DB_SHARD" => (1, 1, "<NUMBER>"),
        "STORED_LIMITS_MODE" => (1, 1, "<PROCESS|LOG|DISABLE>"),
        _ if is_ignored(keyword) => (0, MANY, "(an old word without effect)"),
        _ => return None,
    })
}

/// Returns whether a word of targets means nothing any more.
pub(super) fn is_ignored(keyword: &str) -> bool {
    let log = |rest: &str| ["CYCLE_TIME", "CYCLE_SIZE", "RETAIN_TIME"].contains(&rest);
    let decommutated = ["CMD_DECOM_LOG_", "TLM_DECOM_LOG_"];
    let reduced = [
        "REDUCED_MINUTE_LOG_RETAIN_TIME",
        "REDUCED_HOUR_LOG_RETAIN_TIME",
        "REDUCED_DAY_LOG_RETAIN_TIME",
        "REDUCED_LOG_RETAIN_TIME",
        "REDUCER_DISABLE",
        "REDUCER_DISABLED",
        "REDUCER_MAX_CPU_UTILIZATION",
        "REDUCED_MAX_CPU_UTILIZATION",
    ];
    reduced.contains(&keyword)
        || decommutated.into_iter().any(|start| keyword.strip_prefix(start).is_some_and(log))
}
