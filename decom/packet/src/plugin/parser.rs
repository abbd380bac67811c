//! From the rendered text to components and their modifiers.

use indexmap::IndexMap;

use super::interface::InterfaceDefinition;
use super::{Modifier, PluginVariable, keywords};
use crate::config::{Arguments, ConfigError, ConfigErrors, Statement, tokenize};
use crate::definition::SourceLocation;
use crate::template::Variables;

/// A `TARGET` of a plug-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginTarget {
    /// Folder below `targets/`.
    pub folder: String,
    /// Upper-cased name.
    pub name: String,
    /// `DISABLE_ERB`: files whose tags are left alone, as regular expressions; none: all files.
    pub disable_erb: Option<Vec<String>>,
    /// Modifiers that are kept but not acted upon.
    pub modifiers: Vec<Modifier>,
    /// Where it was defined.
    pub location: SourceLocation,
}

/// A component that is kept but not started: a router, microservice, tool, widget or engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherComponent {
    /// Keyword and parameters.
    pub head: Modifier,
    /// Its modifiers.
    pub modifiers: Vec<Modifier>,
}

/// Everything that a plugin.txt says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plugin {
    /// Declared variables.
    pub variables: IndexMap<String, PluginVariable>,
    /// Values with which the text was rendered, `scope` among them; targets are rendered with
    /// them, too.
    pub values: Variables,
    /// Targets in their order.
    pub targets: Vec<PluginTarget>,
    /// Interfaces in their order.
    pub interfaces: Vec<InterfaceDefinition>,
    /// Components that are not started.
    pub others: Vec<OtherComponent>,
    /// What is accepted but not acted upon, each with file and line.
    pub unsupported: Vec<String>,
}

/// Parses a rendered plugin.txt.
pub(super) fn parse(path: &str, text: &str) -> Result<Plugin, ConfigErrors> {
    let mut parser = Parser { path, plugin: Plugin::default(), current: Current::None };
    let mut errors = Vec::new();
    for statement in tokenize(text) {
        if let Err(message) = parser.statement(&statement) {
            errors.push(ConfigError {
                file: path.into(),
                line: statement.line,
                statement: statement.text.clone(),
                message,
                usage: keywords::usage(&statement.keyword).map(str::to_owned),
            });
        }
    }
    if errors.is_empty() { Ok(parser.plugin) } else { Err(ConfigErrors { errors }) }
}

/// The component that modifiers apply to: the last of its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Current {
    None,
    /// One that was refused; its modifiers are passed over.
    Refused,
    Target,
    Interface,
    Router,
    Other,
}

struct Parser<'a> {
    path: &'a str,
    plugin: Plugin,
    current: Current,
}

impl Parser<'_> {
    fn statement(&mut self, statement: &Statement) -> Result<(), String> {
        let keyword = statement.keyword.as_str();
        if !keywords::TOP.contains(&keyword) {
            return self.modifier(statement);
        }
        if keyword.starts_with("VARIABLE") {
            return Ok(());
        }
        if keyword == "NEEDS_DEPENDENCIES" {
            self.unsupported(statement, "NEEDS_DEPENDENCIES");
            return Ok(());
        }
        self.current = Current::Refused;
        let (minimum, maximum) = keywords::bounds(keyword);
        let arguments = Arguments::new(statement);
        arguments.count(minimum, maximum)?;
        self.current = match keyword {
            "TARGET" => {
                self.plugin.targets.push(PluginTarget {
                    folder: arguments.text(0)?.to_owned(),
                    name: arguments.upper(1)?,
                    disable_erb: None,
                    modifiers: Vec::new(),
                    location: Modifier::of(self.path, statement).location,
                });
                Current::Target
            }
            "INTERFACE" => {
                let interface = InterfaceDefinition::of(self.path, statement)?;
                if self.plugin.interfaces.iter().any(|known| known.name == interface.name) {
                    return Err(format!("Interface {} is defined twice", interface.name));
                }
                self.plugin.interfaces.push(interface);
                Current::Interface
            }
            _ => {
                let name = arguments.text(0)?;
                self.unsupported(statement, &format!("{keyword} {name}"));
                let head = Modifier::of(self.path, statement);
                self.plugin.others.push(OtherComponent { head, modifiers: Vec::new() });
                if keyword == "ROUTER" { Current::Router } else { Current::Other }
            }
        };
        Ok(())
    }

    fn unsupported(&mut self, statement: &Statement, what: &str) {
        self.plugin.unsupported.push(format!(
            "{}:{}: {what} is not supported yet; it is kept without effect",
            self.path, statement.line
        ));
    }

    fn modifier(&mut self, statement: &Statement) -> Result<(), String> {
        let keyword = statement.keyword.as_str();
        let unknown = || Err(format!("Unknown keyword '{keyword}'"));
        match self.current {
            Current::None => match is_known(keyword) {
                true => Err(format!("No current component for {keyword}")),
                false => unknown(),
            },
            Current::Refused => {
                if is_known(keyword) {
                    Ok(())
                } else {
                    unknown()
                }
            }
            Current::Target => self.target_modifier(statement),
            Current::Interface => self.interface_modifier(statement),
            Current::Router if is_interface_word(keyword) => self.keep(statement),
            Current::Other if keywords::OTHER_KEPT.contains(&keyword) => self.keep(statement),
            Current::Router | Current::Other => unknown(),
        }
    }

    fn keep(&mut self, statement: &Statement) -> Result<(), String> {
        let modifier = Modifier::of(self.path, statement);
        if let Some(component) = self.plugin.others.last_mut() {
            component.modifiers.push(modifier);
        }
        Ok(())
    }

    fn target_modifier(&mut self, statement: &Statement) -> Result<(), String> {
        let keyword = statement.keyword.as_str();
        let modifier = Modifier::of(self.path, statement);
        let Some(target) = self.plugin.targets.last_mut() else {
            return Ok(());
        };
        if keyword == "DISABLE_ERB" {
            target.disable_erb.get_or_insert_default().extend(modifier.args);
            return Ok(());
        }
        if keywords::TARGET_IGNORED.contains(&keyword) {
            return Ok(());
        }
        if !keywords::TARGET_KEPT.contains(&keyword) {
            return Err(format!("Unknown keyword '{keyword}' for TARGET"));
        }
        Arguments::new(statement).count(1, 1)?;
        let name = target.name.clone();
        target.modifiers.push(modifier);
        self.unsupported(statement, &format!("{keyword} of TARGET {name}"));
        Ok(())
    }

    fn interface_modifier(&mut self, statement: &Statement) -> Result<(), String> {
        let keyword = statement.keyword.as_str();
        if !is_interface_word(keyword) {
            return Err(format!("Unknown keyword '{keyword}' for INTERFACE"));
        }
        let (minimum, maximum) = keywords::bounds(keyword);
        Arguments::new(statement).count(minimum, maximum)?;
        let Some(interface) = self.plugin.interfaces.last_mut() else {
            return Ok(());
        };
        if interface.modify(self.path, statement)? {
            return Ok(());
        }
        interface.others.push(Modifier::of(self.path, statement));
        let name = interface.name.clone();
        self.unsupported(statement, &format!("{keyword} of INTERFACE {name}"));
        Ok(())
    }
}

fn is_interface_word(keyword: &str) -> bool {
    keywords::usage(keyword).is_some_and(|_| !keywords::TOP.contains(&keyword))
        || keyword == "DONT_LOG"
        || keywords::INTERFACE_KEPT.contains(&keyword)
}

fn is_known(keyword: &str) -> bool {
    is_interface_word(keyword)
        || keyword == "DISABLE_ERB"
        || keywords::TARGET_KEPT.contains(&keyword)
        || keywords::TARGET_IGNORED.contains(&keyword)
        || keywords::OTHER_KEPT.contains(&keyword)
}
