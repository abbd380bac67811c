//! One interface of a plug-in and its modifiers (cosmos-runtime §1.1, §3.3).

use super::Modifier;
use crate::config::{Arguments, Statement};
use crate::definition::{SourceLocation, class_name};

/// Seconds between attempts to connect, unless `RECONNECT_DELAY` says otherwise.
const RECONNECT_DELAY_SECONDS: f64 = 5.0;

/// Longest `RECONNECT_DELAY`, a year in seconds: beyond it is a mistake.
const RECONNECT_DELAY_SECONDS_MAX: f64 = 31_536_000.0;

/// Which way a protocol works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// On what comes in.
    Read,
    /// On what goes out.
    Write,
    /// Both ways.
    ReadWrite,
}

impl Direction {
    /// Returns whether the protocol works on what comes in.
    #[must_use]
    pub fn reads(self) -> bool {
        self != Self::Write
    }

    /// Returns whether the protocol works on what goes out.
    #[must_use]
    pub fn writes(self) -> bool {
        self != Self::Read
    }
}

/// A `PROTOCOL` of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolDefinition {
    /// Which way it works.
    pub direction: Direction,
    /// Class name (cosmos-packets §2.8): `LENGTH` and `length_protocol.rb` are `LengthProtocol`.
    pub class: String,
    /// Its parameters.
    pub args: Vec<String>,
    /// Where it was named.
    pub location: SourceLocation,
}

/// A target that an interface serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetMapping {
    /// Upper-cased target name.
    pub target: String,
    /// Whether traffic flows before anyone changes that at run time.
    pub enabled: bool,
    /// Where it was mapped first.
    pub location: SourceLocation,
}

/// An `INTERFACE` of a plug-in.
#[derive(Debug, Clone, PartialEq)]
pub struct InterfaceDefinition {
    /// Upper-cased name.
    pub name: String,
    /// Class name, such as `TcpipClientInterface`.
    pub class: String,
    /// Its parameters.
    pub args: Vec<String>,
    /// Protocols in the order of their declaration.
    pub protocols: Vec<ProtocolDefinition>,
    /// Options by upper-cased name, in the order of their declaration; some may be repeated.
    pub options: Vec<(String, Vec<String>)>,
    /// Targets whose commands it sends.
    pub cmd_targets: Vec<TargetMapping>,
    /// Targets whose telemetry it receives.
    pub tlm_targets: Vec<TargetMapping>,
    /// Whether it connects by itself at start.
    pub connect_on_startup: bool,
    /// Whether it connects again after a loss.
    pub auto_reconnect: bool,
    /// Whether a user may not disconnect it.
    pub disable_disconnect: bool,
    /// Seconds between attempts to connect.
    pub reconnect_delay_seconds: f64,
    /// Modifiers that are kept but not acted upon.
    pub others: Vec<Modifier>,
    /// Where it was defined.
    pub location: SourceLocation,
}

impl InterfaceDefinition {
    pub(super) fn of(path: &str, statement: &Statement) -> Result<Self, String> {
        let arguments = Arguments::new(statement);
        Ok(Self {
            name: arguments.upper(0)?,
            class: class_name(arguments.text(1)?),
            args: arguments.rest(2),
            location: SourceLocation { file: path.into(), line: statement.line },
            ..Self::of_router()
        })
    }

    /// Makes a nameless one, against which the modifiers of a router are checked.
    pub(super) fn of_router() -> Self {
        Self {
            name: String::new(),
            class: String::new(),
            args: Vec::new(),
            protocols: Vec::new(),
            options: Vec::new(),
            cmd_targets: Vec::new(),
            tlm_targets: Vec::new(),
            connect_on_startup: true,
            auto_reconnect: true,
            disable_disconnect: false,
            reconnect_delay_seconds: RECONNECT_DELAY_SECONDS,
            others: Vec::new(),
            location: SourceLocation { file: "".into(), line: 0 },
        }
    }

    /// Applies a modifier; returns whether it is one that is acted upon.
    pub(super) fn modify(&mut self, path: &str, statement: &Statement) -> Result<bool, String> {
        let arguments = Arguments::new(statement);
        match arguments.keyword() {
            "MAP_TARGET" => {
                let mapping = mapping(path, statement)?;
                map(&mut self.cmd_targets, mapping.clone());
                map(&mut self.tlm_targets, mapping);
            }
            "MAP_CMD_TARGET" => map(&mut self.cmd_targets, mapping(path, statement)?),
            "MAP_TLM_TARGET" => map(&mut self.tlm_targets, mapping(path, statement)?),
            "DONT_CONNECT" => self.connect_on_startup = false,
            "DONT_RECONNECT" => self.auto_reconnect = false,
            "DISABLE_DISCONNECT" => self.disable_disconnect = true,
            "RECONNECT_DELAY" => {
                let seconds = arguments.float(0)?;
                if !(0.0..=RECONNECT_DELAY_SECONDS_MAX).contains(&seconds) {
                    return Err(format!(
                        "RECONNECT_DELAY must be 0 to {RECONNECT_DELAY_SECONDS_MAX} seconds."
                    ));
                }
                self.reconnect_delay_seconds = seconds;
            }
            "PROTOCOL" => self.protocols.push(protocol(path, arguments)?),
            "OPTION" => self.options.push((arguments.upper(0)?, arguments.rest(1))),
            // A deprecated word without effect in the reference, too.
            "DONT_LOG" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Returns the values of an option that counts once; the last one given wins.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&[String]> {
        let found = self.options.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, values)| values.as_slice())
    }
}

fn mapping(path: &str, statement: &Statement) -> Result<TargetMapping, String> {
    let arguments = Arguments::new(statement);
    let enabled = match arguments.optional(1).map(str::to_uppercase).as_deref() {
        None | Some("ENABLED") => true,
        Some("DISABLED") => false,
        Some(other) => {
            return Err(format!("Unknown word {other}. Must be ENABLED or DISABLED."));
        }
    };
    let location = SourceLocation { file: path.into(), line: statement.line };
    Ok(TargetMapping { target: arguments.upper(0)?, enabled, location })
}

fn map(targets: &mut Vec<TargetMapping>, mapping: TargetMapping) {
    match targets.iter_mut().find(|known| known.target == mapping.target) {
        Some(known) => known.enabled = mapping.enabled,
        None => targets.push(mapping),
    }
}

fn protocol(path: &str, arguments: Arguments<'_>) -> Result<ProtocolDefinition, String> {
    let direction = match arguments.upper(0)?.as_str() {
        "READ" => Direction::Read,
        "WRITE" => Direction::Write,
        "READ_WRITE" => Direction::ReadWrite,
        other => {
            return Err(format!("Unknown direction {other}. Must be READ, WRITE or READ_WRITE."));
        }
    };
    let file = arguments.text(1)?;
    Ok(ProtocolDefinition {
        direction,
        class: protocol_class(file),
        args: arguments.rest(2),
        location: SourceLocation { file: path.into(), line: arguments.statement.line },
    })
}

/// Makes the class name of a protocol; built-in ones may be named by one word in capitals.
fn protocol_class(file: &str) -> String {
    let short =
        !file.contains(['.', '/']) && file.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    if !short {
        return class_name(file);
    }
    class_name(&format!("{}_protocol", file.to_ascii_lowercase()))
}
