//! The configuration: one TOML file, one section per crate, every key with a default.
//!
//! Precedence, lowest first: defaults, file, `GROUNDLOG__SECTION__KEY` in the environment,
//! command line. Unknown keys are refused, because a mistyped key that is ignored is a setting
//! that silently does not hold.

mod environment;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use groundlog_log::{KafkaOptions, LogOptions};
use serde::{Deserialize, Serialize};

use crate::role_set::{RoleName, RoleSet};
use environment::{ENVIRONMENT_PREFIX, about, set};

pub(crate) use environment::{environment, unread_variables};

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
    pub(crate) cvt: CvtConfig,
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
    /// Backend: `embedded:DIR` (empty DIR: the folder `log` under system.data),
    /// `kafka://HOST:PORT,…` or `memory:`.
    pub(crate) url: String,
    /// Prefix of every topic name.
    pub(crate) prefix: String,
    /// Partitions of the topics that carry packets; fixed when a topic is created.
    pub(crate) partitions: u32,
    /// Security and tuning towards Kafka.
    pub(crate) kafka: KafkaOptions,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            url: "embedded:".into(),
            prefix: "groundlog.".into(),
            partitions: 4,
            kafka: KafkaOptions::default(),
        }
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

/// The current value table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CvtConfig {
    /// Where it lies: `memory:`, in this process; `valkey://HOST:PORT/DB`, on a Valkey or Redis
    /// server, under COSMOS's keys; `valkeys://…`, there over TLS.
    pub(crate) url: String,
    /// User of that server; its default user when absent.
    pub(crate) user: Option<String>,
    /// File with the password for that server on its first line. When absent,
    /// GROUNDLOG_CVT_PASSWORD.
    pub(crate) password_file: Option<PathBuf>,
    /// Records between two snapshots of a table in this process.
    pub(crate) snapshot_records: u64,
}

impl Default for CvtConfig {
    fn default() -> Self {
        let FoldConfig { snapshot_records } = FoldConfig::default();
        Self { url: "memory:".into(), user: None, password_file: None, snapshot_records }
    }
}

impl CvtConfig {
    /// Returns what is the same for every fold.
    pub(crate) fn fold(&self) -> FoldConfig {
        FoldConfig { snapshot_records: self.snapshot_records }
    }

    /// Finds the password of the server: the file's first line, else the environment's.
    pub(crate) fn password(&self) -> anyhow::Result<Option<String>> {
        match &self.password_file {
            Some(file) => first_line(file, "cvt.password_file").map(Some),
            None => Ok(std::env::var("GROUNDLOG_CVT_PASSWORD").ok().filter(|it| !it.is_empty())),
        }
    }
}

/// Reads a secret.
fn first_line(file: &Path, key: &str) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read {key} {}", file.display()))?;
    text.lines().next().map(str::to_owned).with_context(|| {
        format!("{key} {} is empty; its first line is the password", file.display())
    })
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
        Self::from_sources(file, environment())
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
                let about = || about(&name, &value);
                set(&mut table, path, &value).with_context(about)?;
                // Each by itself: the error names the variable that has the unknown key.
                table.clone().try_into::<Self>().with_context(about)?;
            }
        }
        Ok(table.try_into()?)
    }

    /// Checks what types cannot say.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if !(self.has_local_log() || self.log.url.starts_with("kafka://")) {
            bail!("log.url is {:?}; give kafka://HOST:PORT, embedded:DIR or memory:", self.log.url);
        }
        self.log.kafka.check()?;
        if self.log.partitions == 0 {
            bail!("log.partitions is 0; give at least 1");
        }
        self.cvt.url.parse::<groundlog_cvt::CvtUrl>().context("cvt.url")?;
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
                     them, so a gateway needs the cvt role beside it (--role cvt,gateway), or \
                     cvt.url a server: valkey://HOST:PORT/DB"
                ),
                (false, true) => bail!(
                    "role cvt without role gateway: current values would lie in this process, \
                     where nobody reads them; run both in one process (--role cvt,gateway), or \
                     give cvt.url a server: valkey://HOST:PORT/DB"
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
        self.cvt.url == "memory:"
    }

    /// Returns the log's URL with the folder filled in.
    pub(crate) fn log_url(&self) -> String {
        match self.log.url.as_str() {
            "embedded:" => format!("embedded:{}", self.system.data.join("log").display()),
            url => url.to_owned(),
        }
    }

    /// Returns the options of the log's backends.
    pub(crate) fn log_options(&self) -> LogOptions {
        let mut options = LogOptions { kafka: self.log.kafka.clone(), ..LogOptions::default() };
        options.kafka.prefix.clone_from(&self.log.prefix);
        options
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
    fn kafka_has_a_section_of_its_own() {
        let file = "[log]\nurl = 'kafka://one:9092,two:9092'\nprefix = 'mine.'\n[log.kafka]\n\
                    security_protocol = 'sasl_plaintext'\nsasl_mechanism = 'PLAIN'\n\
                    replication_factor = 3\nproperties = { 'compression.type' = 'lz4' }";
        let user = [("GROUNDLOG__LOG__KAFKA__SASL_USERNAME", "someone")];
        let config = from(file, &user).unwrap();
        config.check().unwrap();
        assert_eq!(config.log_url(), "kafka://one:9092,two:9092");
        let options = config.log_options().kafka;
        assert_eq!(options.prefix, "mine.");
        assert_eq!(options.sasl_username.as_deref(), Some("someone"));
        assert_eq!(options.properties["compression.type"], "lz4");
        let refused = from("[log.kafka.properties]\nacks = '1'", &[]).unwrap().check();
        assert!(format!("{:#}", refused.unwrap_err()).contains("acks"));
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
        let valkey = format!("{kafka}[cvt]\nurl = 'valkey://127.0.0.1'\n");
        for good in ["['gateway']", "['cvt']", "['cvt', 'decom']"] {
            assert_eq!(roles(&valkey, good), "");
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
    fn current_values_lie_where_the_url_says() {
        let config = from("[cvt]\nurl = 'valkey://cvt:6379/2'\nuser = 'gl'", &[]).unwrap();
        config.check().unwrap();
        assert_eq!(config.cvt.user.as_deref(), Some("gl"));
        for (url, part) in
            [("redis:", "valkey://HOST:PORT/DB"), ("valkey://me:s3cret@cvt", "cvt.password_file")]
        {
            let config = from("", &[("GROUNDLOG__CVT__URL", url)]).unwrap();
            let error = format!("{:#}", config.check().unwrap_err());
            assert!(error.contains("cvt.url") && error.contains(part), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "of the server\n").unwrap();
        let config = CvtConfig { password_file: Some(file.path().into()), ..CvtConfig::default() };
        assert_eq!(config.password().unwrap().as_deref(), Some("of the server"));
        std::fs::write(file.path(), "").unwrap();
        let error = config.password().unwrap_err().to_string();
        assert!(error.contains("cvt.password_file"), "{error}");
    }

    #[test]
    fn unknown_keys_are_refused_by_name_and_line() {
        let error = format!("{:#}", from("[log]\npartitons = 2", &[]).unwrap_err());
        assert!(error.contains("partitons") && error.contains("line 2"), "{error}");
        let error = format!("{:#}", from("", &[("GROUNDLOG__LOG__URI", "x")]).unwrap_err());
        assert!(error.contains("GROUNDLOG__LOG__URI") && error.contains("uri"), "{error}");
        let error =
            format!("{:#}", from("", &[("GROUNDLOG__GATEWAY__LISTEN", "x:y")]).unwrap_err());
        assert!(error.contains("variable GROUNDLOG__GATEWAY__LISTEN=\"x:y\": "), "{error}");
        let secret = [("GROUNDLOG__LOG__KAFKA__SASL_PASSWORD", "s3cret")];
        let error = format!("{:#}", from("", &secret).unwrap_err());
        assert!(error.contains(secret[0].0) && !error.contains("s3cret"), "{error}");
    }
}
