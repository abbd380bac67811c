//! The configuration: one TOML file, one section per crate, every key with a default.
//!
//! Precedence, lowest first: defaults, file, `GROUNDLOG__SECTION__KEY` in the environment,
//! command line. Unknown keys are refused, because a mistyped key that is ignored is a setting
//! that silently does not hold.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::role_set::{RoleName, RoleSet};

/// Prefix of environment variables that override keys.
const ENVIRONMENT_PREFIX: &str = "GROUNDLOG__";

/// The whole configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The system as a whole.
    pub(crate) system: SystemConfig,
    /// The log.
    pub(crate) log: LogConfig,
    /// What is loaded: a plug-in folder or a bare target folder. The demo when absent.
    pub(crate) plugin: PluginConfig,
    /// Decommutation.
    pub(crate) decom: FoldConfig,
    /// The current value table.
    pub(crate) cvt: FoldConfig,
    /// The JSON-RPC gateway.
    pub(crate) gateway: GatewayConfig,
}

/// The system as a whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SystemConfig {
    /// Folder for everything that must survive a restart.
    pub(crate) data: PathBuf,
    /// COSMOS scope of everything here.
    pub(crate) scope: String,
    /// Longest time a stop may take to drain, in seconds.
    pub(crate) drain_seconds_max: u64,
    /// Roles of this process: `ingest`, `decom`, `cvt`, `gateway`.
    pub(crate) roles: RoleSet,
    /// Name of this process among all of the system: its slot in every group. When absent made of
    /// the host's name, the roles and a number that the data folder keeps.
    pub(crate) process: Option<String>,
    /// Address and port for this process's own `/health` and `/metrics`.
    pub(crate) metrics_listen: Option<SocketAddr>,
}

impl Default for SystemConfig {
    fn default() -> Self {
        Self {
            data: "groundlog-data".into(),
            scope: "DEFAULT".into(),
            drain_seconds_max: 10,
            roles: RoleSet::default(),
            process: None,
            metrics_listen: None,
        }
    }
}

/// The log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// Backend: `embedded:DIR` (empty DIR: the folder `log` under system.data) or `memory:`.
    pub(crate) url: String,
    /// Prefix of every topic name.
    pub(crate) prefix: String,
    /// Partitions of the topics that carry packets; fixed when a topic is created.
    pub(crate) partitions: u32,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { url: "embedded:".into(), prefix: "groundlog.".into(), partitions: 4 }
    }
}

/// What is loaded.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PluginConfig {
    /// Plug-in folder, or a bare target folder. Empty: the demo.
    pub(crate) path: Option<PathBuf>,
    /// Values of the plug-in's variables.
    pub(crate) variables: BTreeMap<String, String>,
    /// For a bare target folder: where its packets come from, `tcp://HOST:PORT`.
    pub(crate) connect: Option<String>,
    /// For a bare target folder: how packets are framed, as after PROTOCOL READ_WRITE in a
    /// plug-in. CCSDS space packets are recognised by their definitions.
    pub(crate) protocol: Option<String>,
}

/// A fold of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FoldConfig {
    /// Records between two snapshots; bounds what a restart folds again.
    pub(crate) snapshot_records: u64,
}

impl Default for FoldConfig {
    fn default() -> Self {
        Self { snapshot_records: 200_000 }
    }
}

/// The gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GatewayConfig {
    /// Address and port. Not beyond loopback while the password is the demo's.
    pub(crate) listen: SocketAddr,
    /// File with the password on its first line; it goes before the stored one. When absent the
    /// stored one holds, and where none is stored OPENC3_API_PASSWORD.
    pub(crate) password_file: Option<PathBuf>,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 2900)), password_file: None }
    }
}

impl GatewayConfig {
    /// Finds the password that shall be in force: the file's first line. None keeps the stored
    /// one.
    pub(crate) fn password(&self) -> anyhow::Result<Option<String>> {
        let Some(file) = &self.password_file else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read gateway.password_file {}", file.display()))?;
        Ok(text.lines().next().map(str::to_owned))
    }

    /// Finds the password for a first start: OPENC3_API_PASSWORD. Clients take theirs from the
    /// same variable, so it must not replace a stored one.
    pub(crate) fn first_password() -> Option<String> {
        std::env::var("OPENC3_API_PASSWORD").ok().filter(|password| !password.is_empty())
    }
}

impl Config {
    /// Reads the file (if any), then the environment.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        Self::from_sources(file, std::env::vars())
    }

    fn from_sources(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let mut table = match file {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read configuration {}", path.display()))?;
                // Parsed as the real type first: its errors name line and column.
                toml::from_str::<Self>(&text)
                    .with_context(|| format!("configuration {}", path.display()))?;
                text.parse::<toml::Table>()
                    .with_context(|| format!("configuration {}", path.display()))?
            }
        };
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix(ENVIRONMENT_PREFIX) {
                set(&mut table, path, &value)
                    .with_context(|| format!("environment variable {name}"))?;
            }
        }
        table.try_into().context("configuration (environment GROUNDLOG__… included)")
    }

    /// Checks what types cannot say.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if !(self.has_local_log() || self.log.url.starts_with("kafka://")) {
            bail!("log.url is {:?}; give kafka://HOST:PORT, embedded:DIR or memory:", self.log.url);
        }
        if self.log.partitions == 0 {
            bail!("log.partitions is 0; give at least 1");
        }
        if self.system.scope.is_empty() {
            bail!("system.scope is empty; COSMOS's own is DEFAULT");
        }
        if let Some(process) = &self.system.process {
            check_process(process)?;
        }
        self.check_roles()
    }

    /// Checks that the roles of this process can do something where log and values lie.
    fn check_roles(&self) -> anyhow::Result<()> {
        let roles = &self.system.roles;
        if roles.is_empty() {
            bail!("system.roles is empty; give at least one of ingest, decom, cvt, gateway");
        }
        if self.has_local_log() && !roles.is_all() {
            let (given, url) = (roles.words().join(","), &self.log.url);
            bail!(
                "role {given} alone: the log {url} belongs to one process, so all roles must run \
                 in it. Leave --role (system.roles) out, or give log.url a broker that processes \
                 share: kafka://HOST:PORT"
            );
        }
        if self.has_values_in_process() {
            match (roles.has(RoleName::Gateway), roles.has(RoleName::Cvt)) {
                (true, false) => bail!(
                    "role gateway without role cvt: current values lie in the process that fills \
                     them, so a gateway needs the cvt role beside it (--role cvt,gateway)"
                ),
                (false, true) => bail!(
                    "role cvt without role gateway: current values would lie in this process, \
                     where nobody reads them; run both in one process (--role cvt,gateway)"
                ),
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns whether the log belongs to this process alone.
    pub(crate) fn has_local_log(&self) -> bool {
        self.log.url == "memory:" || self.log.url.starts_with("embedded:")
    }

    /// Returns whether current values lie in the process that fills them.
    pub(crate) fn has_values_in_process(&self) -> bool {
        true
    }

    /// Returns the log's URL with the folder filled in.
    pub(crate) fn log_url(&self) -> String {
        match self.log.url.as_str() {
            "embedded:" => format!("embedded:{}", self.system.data.join("log").display()),
            url => url.to_owned(),
        }
    }
}

/// Checks the name of a process: it becomes part of group names and of transactional ids.
fn check_process(process: &str) -> anyhow::Result<()> {
    const LONGEST: usize = 100;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if process.is_empty() || process.len() > LONGEST || !process.chars().all(plain) {
        bail!(
            "process name {process:?}: give 1 to {LONGEST} letters, digits, dots, underscores, \
             hyphens"
        );
    }
    Ok(())
}

/// Sets `SECTION__KEY` of a table; a value is TOML where it reads as such, else text.
fn set(table: &mut toml::Table, path: &str, value: &str) -> anyhow::Result<()> {
    let path = path.to_lowercase();
    let Some((section, key)) = path.split_once("__") else {
        bail!("has no key: use {ENVIRONMENT_PREFIX}SECTION__KEY");
    };
    let parsed = format!("value = {value}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .filter(|value| value.is_integer() || value.is_bool() || value.is_array());
    let section = table
        .entry(section)
        .or_insert_with(|| toml::Value::Table(toml::Table::new()))
        .as_table_mut()
        .context("names no section")?;
    section.insert(key.into(), parsed.unwrap_or_else(|| toml::Value::String(value.into())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str, environment: &[(&str, &str)]) -> anyhow::Result<Config> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        let pairs: Vec<_> =
            environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::from_sources(Some(file.path()), pairs.into_iter())
    }

    #[test]
    fn environment_overrides_file_overrides_default() {
        let config = from(
            "[log]\npartitions = 2\n[gateway]\nlisten = '127.0.0.1:1'",
            &[("GROUNDLOG__LOG__PARTITIONS", "3"), ("GROUNDLOG__SYSTEM__DATA", "/tmp/7")],
        )
        .unwrap();
        assert_eq!(config.log.partitions, 3);
        assert_eq!(config.gateway.listen.port(), 1);
        assert_eq!(config.log_url(), "embedded:/tmp/7/log");
    }

    #[test]
    fn only_the_file_says_which_password_shall_hold() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "of my own\nsecond line\n").unwrap();
        let mut gateway = GatewayConfig::default();
        assert_eq!(gateway.password().unwrap(), None);
        gateway.password_file = Some(file.path().to_owned());
        assert_eq!(gateway.password().unwrap().as_deref(), Some("of my own"));
    }

    #[test]
    fn roles_that_cannot_work_are_refused_with_the_remedy() {
        let kafka = "[log]\nurl = 'kafka://127.0.0.1:9092'\n";
        let check = |text: &str, environment: &[(&str, &str)]| {
            let checked = from(text, environment).and_then(|config| config.check());
            checked.err().map(|error| format!("{error:#}")).unwrap_or_default()
        };
        let roles = |log: &str, roles: &str| check(&format!("{log}[system]\nroles = {roles}"), &[]);
        assert_eq!(roles("", "['gateway', 'cvt', 'decom', 'ingest']"), "");
        for log in ["", "[log]\nurl = 'memory:'\n", "[log]\nurl = 'embedded:/tmp/x'\n"] {
            let refused = roles(log, "['decom']");
            assert!(
                refused.contains("role decom alone") && refused.contains("kafka://"),
                "{refused}"
            );
        }
        assert!(roles(kafka, "['gateway']").contains("--role cvt,gateway"));
        assert!(roles(kafka, "['cvt', 'decom']").contains("nobody reads"));
        for good in ["['ingest']", "['decom']", "['cvt', 'gateway']", "['ingest', 'decom']"] {
            assert_eq!(roles(kafka, good), "");
        }
        assert!(roles(kafka, "[]").contains("at least one"));
        assert!(roles(kafka, "['archiv']").contains("archiv"));
        let environment = [("GROUNDLOG__SYSTEM__ROLES", "['decom']")];
        assert!(check("", &environment).contains("role decom alone"));
    }

    #[test]
    fn a_process_name_is_a_plain_word() {
        let check = |name: &str| {
            let config = from(&format!("[system]\nprocess = '{name}'"), &[]).unwrap();
            config.check().is_ok()
        };
        assert!(check("host-1.decom_2"));
        for bad in ["", "a b", "a/b", "ä", &"x".repeat(101)] {
            assert!(!check(bad), "{bad}");
        }
    }

    #[test]
    fn unknown_keys_are_refused_by_name_and_line() {
        let error = format!("{:#}", from("[log]\npartitons = 2", &[]).unwrap_err());
        assert!(error.contains("partitons") && error.contains("line 2"), "{error}");
        let error = format!("{:#}", from("", &[("GROUNDLOG__LOG__URI", "x")]).unwrap_err());
        assert!(error.contains("uri"), "{error}");
    }
}
