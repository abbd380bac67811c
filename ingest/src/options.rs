use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use groundlog_proto::{DefinitionHash, TopicNames};

use crate::{
    ConfigError,
    link::{Order, Wish},
};

/// Which way a protocol works (cosmos-runtime §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtocolDirection {
    /// Telemetry only: appended to the read chain.
    Read,
    /// Commands only: put in front of the write chain.
    Write,
    /// Both.
    ReadWrite,
}

/// One `PROTOCOL` line of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolOptions {
    /// Which way it works.
    pub direction: ProtocolDirection,
    /// Class or file name as written.
    pub class: String,
    /// Its parameters as written, in order.
    pub params: Vec<String>,
    /// Where it was written, as `file:line`, for messages.
    pub location: String,
}

/// One `INTERFACE` of a plug-in with its modifiers (cosmos-runtime §3.3).
#[derive(Debug, Clone, PartialEq)]
pub struct InterfaceOptions {
    /// Name, upper case.
    pub name: String,
    /// Class or file name as written.
    pub class: String,
    /// Constructor parameters as written, in order.
    pub params: Vec<String>,
    /// Where it was written, as `file:line`, for messages.
    pub location: String,
    /// `PROTOCOL` lines in the order of their declaration.
    pub protocols: Vec<ProtocolOptions>,
    /// `OPTION` lines: upper-case name and values; names unknown to the class are ignored by it.
    pub options: Vec<(String, Vec<String>)>,
    /// Targets whose commands go out here; a disabled mapping is left out.
    pub cmd_targets: Vec<String>,
    /// Targets whose telemetry comes in here; a disabled mapping is left out.
    pub tlm_targets: Vec<String>,
    /// False after `DONT_CONNECT`.
    pub connect_on_startup: bool,
    /// False after `DONT_RECONNECT`.
    pub auto_reconnect: bool,
    /// Pause between a lost or failed connection and the next attempt.
    pub reconnect_delay: Duration,
    /// Partition of the `raw` topic; interfaces that share a telemetry target share it.
    pub raw_partition: u32,
}

impl InterfaceOptions {
    /// COSMOS' pause before the next attempt to connect (cosmos-runtime §1.1).
    pub const RECONNECT_DELAY: Duration = Duration::from_secs(5);

    /// Describes an interface with COSMOS' defaults: connects at start, reconnects after 5 s, has
    /// no protocol and no target.
    pub fn new(name: &str, class: &str, params: &[&str]) -> Self {
        Self {
            name: name.to_uppercase(),
            class: class.to_owned(),
            params: params.iter().map(|&text| text.to_owned()).collect(),
            location: "plugin.txt".to_owned(),
            protocols: Vec::new(),
            options: Vec::new(),
            cmd_targets: Vec::new(),
            tlm_targets: Vec::new(),
            connect_on_startup: true,
            auto_reconnect: true,
            reconnect_delay: Self::RECONNECT_DELAY,
            raw_partition: 0,
        }
    }
}

/// Bounds of memory and time; the defaults suit a link of some 100 Mbit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestLimits {
    /// Receive buffer per link, in bytes: what one read of the socket can take.
    pub receive_bytes: usize,
    /// Largest packet that a protocol may frame, in bytes. Smaller than the log's own limit of
    /// 1 MiB per record, because the envelope comes on top.
    pub packet_bytes_max: usize,
    /// Framed bytes that may wait for the log's acknowledgement per link; beyond it the link stops
    /// reading its socket.
    pub unacknowledged_bytes_max: usize,
    /// How long a stopping link may take to have what it read acknowledged.
    pub drain: Duration,
    /// How many commands are remembered, at least, for their idempotency keys.
    pub commands_remembered: usize,
    /// How long a command found open at start waits for its link to connect.
    pub release_grace: Duration,
    /// Pause before something that the log refused is tried again.
    pub retry_delay: Duration,
    /// How long interfaces go on that the group took away while the log did not answer: from when
    /// it answers again, if neither this nor another process is given them.
    pub hold_max: Duration,
    /// How often counters of what is received go to the `status` topic, at most.
    pub status_period: Duration,
}

impl Default for IngestLimits {
    fn default() -> Self {
        Self {
            receive_bytes: 256 * 1024,
            packet_bytes_max: 1024 * 1000,
            unacknowledged_bytes_max: 8 * 1024 * 1024,
            drain: Duration::from_secs(10),
            commands_remembered: 10_000,
            release_grace: Duration::from_secs(10),
            retry_delay: Duration::from_secs(1),
            hold_max: Duration::from_secs(30),
            status_period: Duration::from_secs(1),
        }
    }
}

/// What operators want of interfaces (settings topic): asked anew whenever one is taken over,
/// because another process may have owned it meanwhile. Cheap to clone.
#[derive(Clone)]
pub struct Wanted(Arc<dyn Fn() -> BTreeMap<String, bool> + Send + Sync>);

impl Wanted {
    /// Takes who knows.
    pub fn new(ask: impl Fn() -> BTreeMap<String, bool> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// Returns which interfaces shall be connected, and which shall not.
    pub(crate) fn now(&self) -> BTreeMap<String, bool> {
        (self.0)()
    }
}

impl Default for Wanted {
    /// Nothing in particular: `connect_on_startup` holds.
    fn default() -> Self {
        Self::new(BTreeMap::new)
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wanted").field(&self.now()).finish()
    }
}

/// What [`crate::Ingest`] is built from.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// Scope of everything that comes in.
    pub scope: String,
    /// The active definitions; every raw record names them.
    pub definitions: DefinitionHash,
    /// Names of the topics.
    pub names: TopicNames,
    /// Number of partitions of `raw`, fixed when the topic is created.
    pub raw_partitions: u32,
    /// The interfaces.
    pub interfaces: Vec<InterfaceOptions>,
    /// Name of this process, stable over restarts; fences its own zombie.
    pub process: String,
    /// What operators last wanted of an interface, over `connect_on_startup`.
    pub wanted: Wanted,
    /// Bounds of memory and time.
    pub limits: IngestLimits,
}

impl IngestOptions {
    /// Describes an ingest role without interfaces, in scope `DEFAULT`.
    pub fn new(definitions: DefinitionHash) -> Self {
        Self {
            scope: "DEFAULT".to_owned(),
            definitions,
            names: TopicNames::default(),
            raw_partitions: 1,
            interfaces: Vec::new(),
            process: "ingest-0".to_owned(),
            wanted: Wanted::default(),
            limits: IngestLimits::default(),
        }
    }
    /// Checks parameters with which an interface shall be connected, as a connect directive names
    /// them: before the directive is given, so that who asks is told. An interface that is not
    /// declared, and no parameters, are right.
    ///
    /// # Errors
    /// [`ConfigError`] that names the parameter.
    pub fn check_parameters(&self, interface: &str, params: &[String]) -> Result<(), ConfigError> {
        self.order(interface, Wish::Connect(params.to_vec())).transpose().map(drop)
    }

    /// Returns what the link of an interface is to be told; `None` when there is none.
    pub(crate) fn order(&self, interface: &str, wish: Wish) -> Option<Result<Order, ConfigError>> {
        let declared = self.interfaces.iter().find(|one| one.name == interface)?;
        Some(wish.order(declared, self.limits.packet_bytes_max))
    }
}
