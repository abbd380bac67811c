use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use groundlog_packet::{
    config::{ConfigError, ConfigErrors},
    definition::SourceLocation,
    plugin::PluginError,
    template::TemplateError,
};

use super::assemble::Assembled;

/// Everything that is wrong with plug-ins, each with file and line.
#[derive(Debug)]
pub(crate) struct LoadErrors {
    /// What has the errors.
    subject: &'static str,
    errors: Vec<String>,
}

impl Default for LoadErrors {
    fn default() -> Self {
        Self::of("the plug-in")
    }
}

impl LoadErrors {
    /// Starts without errors of something.
    pub(super) fn of(subject: &'static str) -> Self {
        Self { subject, errors: Vec::new() }
    }

    /// Returns the errors, each with its place.
    pub(crate) fn texts(&self) -> &[String] {
        &self.errors
    }

    pub(super) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Adds an error at a place.
    pub(super) fn add(&mut self, place: &dyn fmt::Display, message: &str) {
        self.errors.push(format!("{place}: {message}"));
    }

    /// Adds an error that names its place itself.
    pub(super) fn add_text(&mut self, error: &dyn fmt::Display) {
        self.errors.push(error.to_string());
    }

    /// Adds errors of a file that the user knows by another path.
    pub(super) fn add_config_of(&mut self, path: &str, mut errors: ConfigErrors) {
        errors.errors.iter_mut().for_each(|error| error.file = path.into());
        self.add_config(errors);
    }

    /// Adds all errors of others.
    pub(super) fn extend(&mut self, others: Self) {
        self.errors.extend(others.errors);
    }

    pub(super) fn add_template(&mut self, error: &TemplateError) {
        self.errors.push(error.to_string());
    }

    pub(super) fn add_config(&mut self, errors: ConfigErrors) {
        self.errors.extend(errors.errors.iter().map(entry));
    }

    pub(super) fn add_plugin(&mut self, error: PluginError) {
        match error {
            PluginError::Config(errors) => self.add_config(errors),
            PluginError::Template(error) => self.add_template(&error),
            other => self.errors.push(other.to_string()),
        }
    }

    /// Finds targets and interfaces that are there twice, and targets mapped that are not there.
    pub(super) fn check_names(&mut self, plugins: &[Assembled]) {
        let mut targets = BTreeSet::new();
        for target in plugins.iter().flat_map(|plugin| &plugin.targets) {
            let name = &target.published.name;
            if !targets.insert(name.as_str()) {
                self.add(&target.place, &format!("there is a second target {name}"));
            }
        }
        // A target whose statement was refused is not there, and that is said already.
        let all_known = plugins.iter().all(|plugin| !plugin.targets_missing);
        let mut names = BTreeSet::new();
        for interface in plugins.iter().flat_map(|plugin| &plugin.interfaces) {
            if !names.insert(interface.name.as_str()) {
                let message = format!("there is a second interface {}", interface.name);
                self.add(&interface.location, &message);
            }
            let mapped = interface.cmd_targets.iter().chain(&interface.tlm_targets);
            // By name, because most are mapped for commands and for telemetry at once.
            let unknown: BTreeMap<&str, &SourceLocation> = mapped
                .map(|mapping| (mapping.target.as_str(), &mapping.location))
                .filter(|(target, _)| all_known && !targets.contains(target))
                .collect();
            for (target, location) in unknown {
                let message = format!(
                    "interface {} maps target {target}, which no TARGET line declares",
                    interface.name
                );
                self.add(location, &message);
            }
        }
    }
}

/// Shows one refused statement: place, statement, reason, usage.
fn entry(error: &ConfigError) -> String {
    let ConfigError { file, line, statement, message, usage } = error;
    let mut text = format!("{file}:{line}: {message}");
    if !statement.is_empty() {
        text.push_str(&format!("\n    {statement}"));
    }
    if let Some(usage) = usage {
        text.push_str(&format!("\n    Usage: {usage}"));
    }
    text
}

impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.len() {
            1 => write!(f, "{} has an error:", self.subject)?,
            count => write!(f, "{} has {count} errors:", self.subject)?,
        }
        self.errors.iter().try_for_each(|error| write!(f, "\n{error}"))
    }
}

impl std::error::Error for LoadErrors {}
