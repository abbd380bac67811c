//! What is wrong with a document: everything at once, each with its place.

use std::collections::HashSet;
use std::sync::Arc;

use super::xml::{Element, Fault};
use crate::config::{ConfigError, ConfigErrors};
use crate::definition::SourceLocation;

/// Errors beyond this many are only counted.
const MAX_ERRORS: usize = 1_000;
/// Warnings beyond this many are only counted.
const MAX_WARNINGS: usize = 10_000;

/// Collects errors and warnings.
pub(super) struct Diagnostics {
    file: Arc<str>,
    errors: Vec<ConfigError>,
    more_errors: usize,
    warnings: Vec<String>,
    more_warnings: usize,
    /// Elements and messages that were said; a container is laid out once for each of its heirs.
    said: HashSet<(u32, String)>,
}

impl Diagnostics {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.into(),
            errors: Vec::new(),
            more_errors: 0,
            warnings: Vec::new(),
            more_warnings: 0,
            said: HashSet::new(),
        }
    }

    /// Notes an error of an element, once.
    pub(super) fn error(&mut self, element: Element<'_>, message: impl Into<String>) {
        let message = message.into();
        if self.errors.len() >= MAX_ERRORS {
            self.more_errors += 1;
        } else if self.said.insert((element.index(), message.clone())) {
            let position = element.position();
            self.errors.push(ConfigError {
                file: self.file.clone(),
                line: position.line,
                statement: String::new(),
                message: format!("column {}: {element}: {message}", position.column),
                usage: None,
            });
        }
    }

    /// Notes that the text is no document.
    pub(super) fn fault(&mut self, fault: &Fault) {
        let Fault { position, message } = fault;
        self.errors.push(ConfigError {
            file: self.file.clone(),
            line: position.line,
            statement: String::new(),
            message: format!("column {}: {message}", position.column),
            usage: None,
        });
    }

    /// Notes what is read otherwise than it may be meant, once.
    pub(super) fn warn(&mut self, element: Element<'_>, message: impl Into<String>) {
        let message = message.into();
        if self.warnings.len() >= MAX_WARNINGS {
            self.more_warnings += 1;
        } else if self.said.insert((element.index(), message.clone())) {
            let position = element.position();
            let (line, column) = (position.line, position.column);
            self.warnings.push(format!("{}:{line}:{column}: {element}: {message}", self.file));
        }
    }

    /// Says which children and attributes of an element are not among the known ones.
    pub(super) fn only(&mut self, element: Element<'_>, attributes: &[&str], children: &[&str]) {
        for (name, _) in element.attributes().filter(|(name, _)| !attributes.contains(name)) {
            self.error(element, format!("the attribute {name} is not supported here"));
        }
        for child in element.children() {
            if !child.is_native() {
                self.error(child, "an element of another namespace is not supported");
            } else if !children.contains(&child.name()) {
                self.error(child, format!("is not supported in <{}>", element.name()));
            }
        }
    }

    pub(super) fn location(&self, element: Element<'_>) -> SourceLocation {
        SourceLocation { file: self.file.clone(), line: element.position().line }
    }

    /// Returns the warnings, or all errors if there are any.
    pub(super) fn finish(mut self) -> Result<Vec<String>, ConfigErrors> {
        if !self.errors.is_empty() {
            return Err(self.errors());
        }
        if self.more_warnings > 0 {
            self.warnings.push(format!("{}: {} more warnings", self.file, self.more_warnings));
        }
        Ok(self.warnings)
    }

    /// Returns the errors by line.
    pub(super) fn errors(mut self) -> ConfigErrors {
        self.errors.sort_by_key(|error| error.line);
        if self.more_errors > 0 {
            self.errors.push(ConfigError {
                file: self.file,
                line: 0,
                statement: String::new(),
                message: format!("{} more errors", self.more_errors),
                usage: None,
            });
        }
        ConfigErrors { errors: self.errors }
    }
}
