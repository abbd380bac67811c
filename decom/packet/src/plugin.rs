//! plugin.txt: variables, targets and interfaces (cosmos-packets §2.7, cosmos-runtime §3).
//!
//! The text is read twice: once as it is for its `VARIABLE` lines, then rendered with their values
//! for everything else. Nothing is opened or connected here.

mod interface;
mod keywords;
mod parser;
mod settings;

use indexmap::IndexMap;
use thiserror::Error;

use crate::config::{ConfigError, ConfigErrors, tokenize};
use crate::template::{self, Sources, TemplateError, Variables};

pub use interface::{Direction, InterfaceDefinition, ProtocolDefinition, TargetMapping};
pub use parser::{OtherComponent, Plugin, PluginTarget};

use crate::config::{Arguments, Statement};
use crate::definition::SourceLocation;

/// Names that a `VARIABLE` must not have, because every template has them.
const RESERVED_VARIABLES: [&str; 3] = ["target_name", "microservice_name", "scope"];

/// A `VARIABLE` of a plug-in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PluginVariable {
    /// Value when the user gives none.
    pub default: String,
    /// What it is for.
    pub description: Option<String>,
    /// Values to choose from, each with its description; empty: any value.
    pub choices: Vec<(String, Option<String>)>,
}

/// A keyword that is kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modifier {
    /// Upper-cased keyword.
    pub keyword: String,
    /// Its parameters.
    pub args: Vec<String>,
    /// Where it stands.
    pub location: SourceLocation,
}

impl Modifier {
    fn of(path: &str, statement: &Statement) -> Self {
        Self {
            keyword: statement.keyword.clone(),
            args: Arguments::new(statement).rest(0),
            location: SourceLocation { file: path.into(), line: statement.line },
        }
    }
}

/// Why a plugin.txt is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PluginError {
    /// Statements that are wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A template tag that cannot be rendered.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A value was given for a variable that the plug-in does not declare.
    #[error("{path}: variable '{name}' is not declared; declared are: {declared}")]
    UnknownVariable {
        /// Path of the plugin.txt.
        path: String,
        /// Name given.
        name: String,
        /// Names declared.
        declared: String,
    },
}

/// Collects the variables of a plugin.txt without rendering it.
///
/// # Errors
/// [`ConfigErrors`] when a variable's statement is wrong or its name is reserved.
pub fn variables(path: &str, text: &str) -> Result<IndexMap<String, PluginVariable>, ConfigErrors> {
    let mut found: IndexMap<String, PluginVariable> = IndexMap::new();
    let mut errors = Vec::new();
    for statement in tokenize(text) {
        let arguments = Arguments::new(&statement);
        let result = match statement.keyword.as_str() {
            "VARIABLE" => declare(arguments, &mut found),
            "VARIABLE_DESCRIPTION" => arguments.count(1, usize::MAX).and_then(|()| {
                let (_, variable) = found.last_mut().ok_or("No current VARIABLE")?;
                variable.description = Some(arguments.rest(0).join(" "));
                Ok(())
            }),
            "VARIABLE_STATE" => arguments.count(1, 2).and_then(|()| {
                let (_, variable) = found.last_mut().ok_or("No current VARIABLE")?;
                let first = arguments.text(0)?.to_owned();
                variable.choices.push(match arguments.optional(1) {
                    Some(value) => (value.to_owned(), Some(first)),
                    None => (first, None),
                });
                Ok(())
            }),
            _ => Ok(()),
        };
        if let Err(message) = result {
            errors.push(ConfigError {
                file: path.into(),
                line: statement.line,
                statement: statement.text.clone(),
                message,
                usage: keywords::usage(&statement.keyword),
            });
        }
    }
    if errors.is_empty() { Ok(found) } else { Err(ConfigErrors { errors }) }
}

fn declare(
    arguments: Arguments<'_>,
    found: &mut IndexMap<String, PluginVariable>,
) -> Result<(), String> {
    arguments.count(2, usize::MAX)?;
    let name = arguments.text(0)?;
    if RESERVED_VARIABLES.contains(&name) {
        return Err(format!("VARIABLE name '{name}' is reserved"));
    }
    let default = arguments.rest(1).join(" ");
    found.insert(name.to_owned(), PluginVariable { default, ..PluginVariable::default() });
    Ok(())
}

/// Reads a plugin.txt: collects its variables, renders it with them and parses it.
///
/// `given` replaces defaults; `scope` is the variable of that name.
///
/// # Errors
/// [`PluginError`] with every wrong statement, or the tag or variable that cannot be used.
pub fn load(
    path: &str,
    text: &str,
    given: &Variables,
    scope: &str,
    sources: &Sources<'_>,
) -> Result<Plugin, PluginError> {
    let declared = variables(path, text)?;
    let mut values: Variables =
        declared.iter().map(|(name, v)| (name.clone(), v.default.clone())).collect();
    for (name, value) in given {
        if !declared.contains_key(name) {
            return Err(PluginError::UnknownVariable {
                path: path.to_owned(),
                name: name.clone(),
                declared: declared.keys().cloned().collect::<Vec<_>>().join(", "),
            });
        }
        values.insert(name.clone(), value.clone());
    }
    values.insert("scope".to_owned(), scope.to_owned());
    let rendered = template::render(path, text, &values, sources)?;
    let mut plugin = parser::parse(path, &rendered)?;
    plugin.variables = declared;
    plugin.values = values;
    Ok(plugin)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Sources<'static> = Sources { partial: &|_| None, environment: &|_| None };

    const TEXT: &str = "\
VARIABLE inst_target INST
VARIABLE_DESCRIPTION \"Name of the target\"
VARIABLE port 8080
  VARIABLE_STATE \"The usual\" 8080
TARGET INST <%= inst_target %>
  DISABLE_ERB
<% if port.to_i > 0 %>
INTERFACE <%= inst_target %>_INT tcpip_client_interface.rb host.local <%= port %> <%= port %> 10.0 nil
  MAP_TARGET <%= inst_target %>
  MAP_CMD_TARGET OTHER DISABLED
  PROTOCOL READ_WRITE LENGTH 32 16 7
  PROTOCOL READ openc3/interfaces/protocols/crc_protocol.py
  OPTION CONNECT_CMD LOG \"INST ABORT\"
  DONT_CONNECT
  RECONNECT_DELAY 2.5
<% end %>
ROUTER R_INT tcpip_server_interface.rb 1 1
  MAP_TARGET INST
TOOL folder Name
";

    fn load_text(text: &str, given: &Variables) -> Result<Plugin, PluginError> {
        load("plugin.txt", text, given, "DEFAULT", &NONE)
    }

    #[test]
    fn whole_plugin() {
        let plugin = load_text(TEXT, &Variables::new()).unwrap();
        assert_eq!(plugin.variables["port"].choices, [("8080".into(), Some("The usual".into()))]);
        assert_eq!(
            (plugin.targets[0].folder.as_str(), plugin.targets[0].name.as_str()),
            ("INST", "INST")
        );
        assert_eq!(plugin.targets[0].disable_erb, Some(vec![]));
        let interface = &plugin.interfaces[0];
        assert_eq!(interface.name, "INST_INT");
        assert_eq!(interface.class, "TcpipClientInterface");
        assert_eq!(interface.args, ["host.local", "8080", "8080", "10.0", "nil"]);
        assert_eq!(interface.protocols.len(), 2);
        assert_eq!(interface.protocols[1].class, "CrcProtocol");
        assert_eq!(interface.protocols[1].direction, Direction::Read);
        assert_eq!(interface.tlm_targets.len(), 1);
        assert!(!interface.cmd_targets[1].enabled);
        assert!(!interface.connect_on_startup && interface.auto_reconnect);
        assert_eq!(interface.reconnect_delay_seconds, 2.5);
        assert_eq!(interface.options[0].1, ["LOG", "INST ABORT"]);
        assert_eq!(plugin.others.len(), 2);
        assert!(plugin.unsupported.iter().any(|text| text.starts_with("plugin.txt:17: ROUTER")));
    }

    #[test]
    fn given_values_replace_defaults() {
        let given = Variables::from([("inst_target".into(), "SAT".into())]);
        let plugin = load_text(TEXT, &given).unwrap();
        assert_eq!(plugin.targets[0].name, "SAT");
        assert_eq!(plugin.interfaces[0].name, "SAT_INT");
        let unknown = Variables::from([("nope".into(), "x".into())]);
        assert!(load_text(TEXT, &unknown).unwrap_err().to_string().contains("inst_target, port"));
    }

    #[test]
    fn every_error_is_named() {
        let text = "MAP_TARGET X\nINTERFACE I\nINTERFACE I c.rb\n  PROTOCOL UP x\n  BOGUS\n  RECONNECT_DELAY x\n";
        let PluginError::Config(errors) = load_text(text, &Variables::new()).unwrap_err() else {
            panic!("another kind of error");
        };
        let lines: Vec<u32> = errors.errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [1, 2, 4, 5, 6]);
        assert!(load_text("VARIABLE scope X\n", &Variables::new()).is_err());
    }
}
