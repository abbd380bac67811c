//! From the rendered text to components and their modifiers.

use indexmap::IndexMap;

use super::interface::InterfaceDefinition;
use super::keywords::Owner;
use super::{Modifier, PluginVariable, keywords, settings};
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
                usage: keywords::usage(&statement.keyword),
            });
        }
    }
    if errors.is_empty() { Ok(parser.plugin) } else { Err(ConfigErrors { errors }) }
}

/// The component that modifiers apply to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Current {
    None,
    /// One that was refused; its modifiers are passed over.
    Refused,
    Of(Owner),
}

struct Parser<'a> {
    path: &'a str,
    plugin: Plugin,
    current: Current,
}

impl Parser<'_> {
    fn statement(&mut self, statement: &Statement) -> Result<(), String> {
        let keyword = statement.keyword.as_str();
        let Some((minimum, maximum, _)) = keywords::top(keyword) else {
            return self.modifier(statement);
        };
        if keyword.starts_with("VARIABLE") {
            return Ok(());
        }
        let arguments = Arguments::new(statement);
        let Some(owner) = Owner::of(keyword) else {
            self.unsupported(statement, keyword);
            return arguments.count(minimum, maximum);
        };
        self.current = Current::Refused;
        arguments.count(minimum, maximum)?;
        match owner {
            Owner::Target => self.plugin.targets.push(PluginTarget {
                folder: arguments.text(0)?.to_owned(),
                name: arguments.upper(1)?,
                disable_erb: None,
                modifiers: Vec::new(),
                location: Modifier::of(self.path, statement).location,
            }),
            Owner::Interface => {
                let interface = InterfaceDefinition::of(self.path, statement)?;
                if self.plugin.interfaces.iter().any(|known| known.name == interface.name) {
                    return Err(format!("Interface {} is defined twice", interface.name));
                }
                self.plugin.interfaces.push(interface);
            }
            _ => {
                let name = arguments.text(0)?;
                self.unsupported(statement, &format!("{keyword} {name}"));
                let head = Modifier::of(self.path, statement);
                self.plugin.others.push(OtherComponent { head, modifiers: Vec::new() });
            }
        }
        self.current = Current::Of(owner);
        Ok(())
    }

    fn unsupported(&mut self, statement: &Statement, what: &str) {
        self.plugin.unsupported.push(format!(
            "{}:{}: {what} is not acted upon; it is kept for tools",
            self.path, statement.line
        ));
    }

    fn modifier(&mut self, statement: &Statement) -> Result<(), String> {
        let keyword = statement.keyword.as_str();
        let owner = match self.current {
            Current::Refused if keywords::is_modifier(keyword) => return Ok(()),
            Current::None if keywords::is_modifier(keyword) => {
                return Err(format!("No current component for {keyword}"));
            }
            Current::None | Current::Refused => return Err(format!("Unknown keyword '{keyword}'")),
            Current::Of(owner) => owner,
        };
        let (minimum, maximum, _) = keywords::modifier(owner, keyword)
            .ok_or_else(|| format!("Unknown keyword '{keyword}' for {}", owner.word()))?;
        Arguments::new(statement).count(minimum, maximum)?;
        match owner {
            Owner::Target => self.target_modifier(statement),
            Owner::Interface => self.interface_modifier(statement),
            Owner::Router => {
                // As those of interfaces, so that what is wrong is found.
                InterfaceDefinition::of_router().modify(self.path, statement)?;
                self.keep(statement)
            }
            _ => self.keep(statement),
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
        if keywords::is_ignored(keyword) {
            return Ok(());
        }
        settings::check(target, Arguments::new(statement))?;
        let name = target.name.clone();
        target.modifiers.push(modifier);
        self.unsupported(statement, &format!("{keyword} of TARGET {name}"));
        Ok(())
    }

    fn interface_modifier(&mut self, statement: &Statement) -> Result<(), String> {
        let Some(interface) = self.plugin.interfaces.last_mut() else {
            return Ok(());
        };
        if interface.modify(self.path, statement)? {
            return Ok(());
        }
        interface.others.push(Modifier::of(self.path, statement));
        let (keyword, name) = (&statement.keyword, interface.name.clone());
        self.unsupported(statement, &format!("{keyword} of INTERFACE {name}"));
        Ok(())
    }
}
