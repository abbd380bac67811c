use std::{fmt, sync::Arc};

/// The full name of a topic, prefix and namespace included. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicName(Arc<str>);

impl TopicName {
    /// Takes a full name as it stands.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicName({})", self.0)
    }
}

/// Keeps a rebuild or a playback away from the live system: part of every topic, checkpoint,
/// current-value and table name (invariant N1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Namespace {
    /// The running system.
    #[default]
    Live,
    /// A projection rebuilt beside the live one.
    Rebuild(String),
    /// A playback of recorded data.
    Replay(String),
}

impl Namespace {
    /// Returns what goes into names: empty for the live system, else `rebuild-NAME.` or
    /// `replay-NAME.`.
    pub fn prefix(&self) -> String {
        match self {
            Self::Live => String::new(),
            Self::Rebuild(name) => format!("rebuild-{name}."),
            Self::Replay(name) => format!("replay-{name}."),
        }
    }
}

/// The topics of groundlog (ARCHITECTURE.md has the table of keys, order and retention).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicKind {
    /// What came in live.
    Raw,
    /// The same from dumps, imports, replays.
    RawStored,
    /// Decommutated live packets.
    Decom,
    /// Decommutated stored packets.
    DecomStored,
    /// Limits transitions.
    Limits,
    /// Command events.
    Commands,
    /// Bytes of commands with obfuscated parameters.
    CommandPayload,
    /// Definition sets by content hash.
    Definitions,
    /// Durable state as events.
    Settings,
    /// One-shot directives and ownership.
    Control,
    /// The system about itself.
    Status,
    /// Snapshots of folds, compacted.
    State,
    /// What could not be processed.
    DeadLetter,
}

impl TopicKind {
    /// All kinds, in the order of the table in ARCHITECTURE.md.
    pub const ALL: [Self; 13] = [
        Self::Raw,
        Self::RawStored,
        Self::Decom,
        Self::DecomStored,
        Self::Limits,
        Self::Commands,
        Self::CommandPayload,
        Self::Definitions,
        Self::Settings,
        Self::Control,
        Self::Status,
        Self::State,
        Self::DeadLetter,
    ];

    /// Returns the name without prefix and namespace, as operators type it.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::RawStored => "raw.stored",
            Self::Decom => "decom",
            Self::DecomStored => "decom.stored",
            Self::Limits => "limits",
            Self::Commands => "commands",
            Self::CommandPayload => "command.payload",
            Self::Definitions => "definitions",
            Self::Settings => "settings",
            Self::Control => "control",
            Self::Status => "status",
            Self::State => "state",
            Self::DeadLetter => "dead-letter",
        }
    }

    /// Finds a kind by its short name.
    pub fn from_short_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.short_name() == name)
    }
}

/// Makes topic names: configured prefix, namespace, kind.
#[derive(Debug, Clone)]
pub struct TopicNames {
    prefix: String,
}

impl TopicNames {
    /// The prefix used unless configured otherwise.
    pub const DEFAULT_PREFIX: &'static str = "groundlog.";

    /// Names topics of one namespace under a prefix.
    pub fn new(prefix: &str, namespace: &Namespace) -> Self {
        Self { prefix: format!("{prefix}{}", namespace.prefix()) }
    }

    /// Returns the full name of a topic.
    pub fn topic(&self, kind: TopicKind) -> TopicName {
        TopicName::new(&format!("{}{}", self.prefix, kind.short_name()))
    }

    /// Puts prefix and namespace before a name that must not be shared with another system or
    /// namespace on the same broker, such as that of a transactional writer.
    pub fn scoped(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Returns the kind of a topic of this prefix and namespace.
    pub fn kind(&self, topic: &TopicName) -> Option<TopicKind> {
        topic.as_str().strip_prefix(&self.prefix).and_then(TopicKind::from_short_name)
    }
}

impl Default for TopicNames {
    fn default() -> Self {
        Self::new(Self::DEFAULT_PREFIX, &Namespace::Live)
    }
}
