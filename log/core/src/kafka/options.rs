use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rdkafka::{ClientConfig, config::RDKafkaLogLevel};
use serde::{Deserialize, Serialize};

use super::properties;
use crate::{LogError, RECORD_BYTES_MAX};

/// Names the password where it must not stand in a file.
const PASSWORD_VARIABLE: &str = "GROUNDLOG_KAFKA_PASSWORD";

/// Largest batch that the producers send. A batch must hold the largest record.
pub(super) const BATCH_BYTES_MAX: usize = RECORD_BYTES_MAX + (64 << 10);

/// How long the broker lets a transaction stay open: as long as a process that died with one holds
/// readers of its partitions up.
pub(super) const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a member may be silent before its partitions move.
const SESSION_TIMEOUT: Duration = Duration::from_secs(6);

/// How long a member's events may go unserved before its partitions move. A thread serves them as
/// long as the member asks for events itself.
const POLL_INTERVAL: Duration = Duration::from_secs(60);

/// How often a member says that it lives, and so learns that it was fenced.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(1500);

/// How the log talks to Kafka: section `[log.kafka]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaOptions {
    /// Starts the names of consumer groups and transactional ids, as that of the topics starts
    /// theirs: the configuration takes it from there. Systems that share a broker need prefixes of
    /// their own. Default `groundlog.`.
    #[serde(skip)]
    pub prefix: String,
    /// `plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`. Those with TLS, and SCRAM, need a build
    /// with the feature `kafka-tls`; the container image has it.
    pub security_protocol: SecurityProtocol,
    /// `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    pub sasl_mechanism: Option<String>,
    /// User name towards the broker.
    pub sasl_username: Option<String>,
    /// File with the password on its first line. Where it is absent, the environment variable
    /// GROUNDLOG_KAFKA_PASSWORD holds.
    pub sasl_password_file: Option<PathBuf>,
    /// Certificates (PEM) of the authorities that the broker's must come from. Default: the
    /// system's.
    pub ca_file: Option<PathBuf>,
    /// This client's certificate (PEM), where the broker asks for one.
    pub certificate_file: Option<PathBuf>,
    /// The certificate's private key (PEM).
    pub key_file: Option<PathBuf>,
    /// File with the private key's password on its first line.
    pub key_password_file: Option<PathBuf>,
    /// Replicas of the topics that are created. Default: the broker's. With a single broker, or 1
    /// here, records of synced topics are brought to the disk before they are acknowledged, because
    /// no replica holds them.
    pub replication_factor: Option<u16>,
    /// How long appends wait at the producer for others to go with, in milliseconds. Default 1.
    pub linger_ms: u16,
    /// Most memory for records that the broker has not taken yet, in MiB, per writer. Default 256.
    pub queue_mib: u32,
    /// Properties of librdkafka beyond these. Those that would break the log's contracts (such as
    /// acks, idempotence or isolation) are refused.
    pub properties: BTreeMap<String, String>,
}

/// How a connection to the broker is secured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// Not at all.
    #[default]
    Plaintext,
    /// TLS.
    Ssl,
    /// User and password, without TLS.
    SaslPlaintext,
    /// User and password over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl Default for KafkaOptions {
    fn default() -> Self {
        Self {
            prefix: "groundlog.".to_owned(),
            security_protocol: SecurityProtocol::default(),
            sasl_mechanism: None,
            sasl_username: None,
            sasl_password_file: None,
            ca_file: None,
            certificate_file: None,
            key_file: None,
            key_password_file: None,
            replication_factor: None,
            linger_ms: 1,
            queue_mib: 256,
            properties: BTreeMap::new(),
        }
    }
}

impl KafkaOptions {
    /// Checks what types cannot say, without reaching for a broker.
    ///
    /// # Errors
    /// [`LogError::Setting`], naming the setting.
    pub fn check(&self) -> Result<(), LogError> {
        properties::check(&self.properties)?;
        let security = self.security_protocol;
        let has_scram = self.sasl_mechanism.as_ref().is_some_and(|name| name.starts_with("SCRAM"));
        if !cfg!(feature = "kafka-tls")
            && (security.has_tls() || (security.has_sasl() && has_scram))
        {
            return Err(setting(
                "kafka.security_protocol",
                "this build has no TLS, which SCRAM needs as well; build with --features kafka-tls, \
                 or use the container image",
            ));
        }
        if security.has_sasl() && (self.sasl_mechanism.is_none() || self.sasl_username.is_none()) {
            return Err(setting(
                "kafka.security_protocol",
                "SASL needs kafka.sasl_mechanism and kafka.sasl_username",
            ));
        }
        if !security.has_sasl() && self.sasl_username.is_some() {
            return Err(setting(
                "kafka.sasl_username",
                "is not used with this kafka.security_protocol; give sasl_plaintext or sasl_ssl",
            ));
        }
        if self.queue_mib == 0 || self.queue_mib > 2047 {
            return Err(setting("kafka.queue_mib", "give 1 to 2047"));
        }
        Ok(())
    }

    /// What a client is given that only administers.
    pub(super) fn client(&self, servers: &str) -> Result<ClientConfig, LogError> {
        Ok(self.extended(self.base(servers)?))
    }

    /// Adds the user's properties, which go before defaults.
    fn extended(&self, mut config: ClientConfig) -> ClientConfig {
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }

    fn base(&self, servers: &str) -> Result<ClientConfig, LogError> {
        self.check()?;
        let mut config = ClientConfig::new();
        config.set_log_level(RDKafkaLogLevel::Error);
        config
            .set("bootstrap.servers", servers)
            .set("client.id", "groundlog")
            .set("security.protocol", self.security_protocol.as_str())
            .set("socket.nagle.disable", "true")
            .set("socket.keepalive.enable", "true")
            .set("log.connection.close", "false")
            .set("reconnect.backoff.ms", "50")
            // A broker that comes back is found within a second.
            .set("reconnect.backoff.max.ms", "1000");
        if self.security_protocol.has_sasl() {
            if let Some(mechanism) = &self.sasl_mechanism {
                config.set("sasl.mechanism", mechanism);
            }
            if let Some(username) = &self.sasl_username {
                config.set("sasl.username", username);
            }
            config.set("sasl.password", self.password()?);
        }
        if self.security_protocol.has_tls() {
            let files = [
                ("ssl.ca.location", &self.ca_file),
                ("ssl.certificate.location", &self.certificate_file),
                ("ssl.key.location", &self.key_file),
            ];
            for (name, file) in files {
                if let Some(file) = file {
                    config.set(name, file.to_string_lossy());
                }
            }
            if let Some(file) = &self.key_password_file {
                config.set("ssl.key.password", first_line("kafka.key_password_file", file)?);
            }
        }
        Ok(config)
    }

    fn password(&self) -> Result<String, LogError> {
        if let Some(file) = &self.sasl_password_file {
            return first_line("kafka.sasl_password_file", file);
        }
        let reason = "is absent, and so is the environment variable GROUNDLOG_KAFKA_PASSWORD";
        std::env::var(PASSWORD_VARIABLE).map_err(|_| setting("kafka.sasl_password_file", reason))
    }

    /// What every producer is given: nothing lost, nothing twice, nothing out of order.
    pub(super) fn producer(&self, servers: &str) -> Result<ClientConfig, LogError> {
        let mut config = self.base(servers)?;
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", self.linger_ms.to_string())
            .set("queue.buffering.max.kbytes", (self.queue_mib * 1024).to_string())
            // Bytes are the bound.
            .set("queue.buffering.max.messages", "0")
            .set("message.max.bytes", BATCH_BYTES_MAX.to_string())
            .set("retry.backoff.ms", "50");
        Ok(self.extended(config))
    }

    /// What every consumer is given: committed records only, and an error where an offset has
    /// expired, never another offset (X15).
    pub(super) fn consumer(&self, servers: &str) -> Result<ClientConfig, LogError> {
        let mut config = self.base(servers)?;
        config
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("allow.auto.create.topics", "false")
            .set("check.crcs", "true")
            .set("enable.partition.eof", "true")
            // A new place in a partition is asked for when the open request has ended.
            .set("fetch.wait.max.ms", "100")
            // Where the defaults make a consumer that was full wait for a second.
            .set("fetch.queue.backoff.ms", "5")
            .set("fetch.error.backoff.ms", "100")
            .set("queued.max.messages.kbytes", "16384");
        Ok(self.extended(config))
    }

    /// What a member of a group is given beyond that.
    pub(super) fn member(
        &self,
        servers: &str,
        group: &str,
        member: &str,
    ) -> Result<ClientConfig, LogError> {
        let mut config = self.consumer(servers)?;
        config
            .set("group.id", group)
            // The slot has a stable name: whoever comes with it fences its predecessor.
            .set("group.instance.id", member)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", SESSION_TIMEOUT.as_millis().to_string())
            .set("heartbeat.interval.ms", HEARTBEAT.as_millis().to_string())
            .set("max.poll.interval.ms", POLL_INTERVAL.as_millis().to_string());
        Ok(self.extended(config))
    }

    /// What a transactional producer is given beyond what every producer is.
    pub(super) fn transactional(&self, servers: &str, id: &str) -> Result<ClientConfig, LogError> {
        let mut config = self.producer(servers)?;
        config
            .set("transactional.id", id)
            .set("transaction.timeout.ms", TRANSACTION_TIMEOUT.as_millis().to_string())
            // What comes before the last transaction is complete is refused, and asked for again; from
            // there on doubled each time.
            .set("retry.backoff.ms", "2")
            // A transaction is there as a whole when it is sent: nothing to wait for.
            .set("linger.ms", "0");
        Ok(self.extended(config))
    }
}

fn first_line(name: &str, file: &Path) -> Result<String, LogError> {
    let text = fs::read_to_string(file)
        .map_err(|error| setting(name, &format!("cannot read {}: {error}", file.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

pub(super) fn setting(name: &str, reason: &str) -> LogError {
    LogError::Setting { setting: name.into(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut KafkaOptions)) -> KafkaOptions {
        let mut options = KafkaOptions::default();
        change(&mut options);
        options
    }

    fn refused(options: &KafkaOptions) -> String {
        options.client("localhost:9092").expect_err("it is refused").to_string()
    }

    #[test]
    fn sasl_comes_with_user_and_password() {
        let incomplete =
            with(|options| options.security_protocol = SecurityProtocol::SaslPlaintext);
        assert!(refused(&incomplete).contains("kafka.sasl_mechanism"));
        let unused = with(|options| options.sasl_username = Some("someone".into()));
        assert!(refused(&unused).contains("kafka.sasl_username"));
        let file = tempfile::NamedTempFile::new().expect("file");
        fs::write(file.path(), "secret word\nignored\n").expect("written");
        let mut complete = with(|options| {
            options.security_protocol = SecurityProtocol::SaslPlaintext;
            options.sasl_mechanism = Some("PLAIN".into());
            options.sasl_username = Some("someone".into());
            options.sasl_password_file = Some(file.path().to_owned());
        });
        let config = complete.client("localhost:9092").expect("complete");
        assert_eq!(config.get("sasl.password"), Some("secret word"));
        assert_eq!(config.get("security.protocol"), Some("sasl_plaintext"));
        complete.sasl_password_file = Some("/nowhere".into());
        assert!(refused(&complete).contains("/nowhere"));
    }

    #[test]
    #[cfg(not(feature = "kafka-tls"))]
    fn tls_needs_a_build_that_has_it() {
        let tls = with(|options| options.security_protocol = SecurityProtocol::Ssl);
        assert!(refused(&tls).contains("kafka-tls"));
        let scram = with(|options| {
            options.security_protocol = SecurityProtocol::SaslPlaintext;
            options.sasl_mechanism = Some("SCRAM-SHA-512".into());
            options.sasl_username = Some("someone".into());
        });
        assert!(refused(&scram).contains("kafka-tls"));
    }

    #[test]
    fn every_client_is_accepted_by_the_library() {
        let options = with(|options| {
            options.properties.insert("client.rack".into(), "a".into());
        });
        let configs = [
            options.producer("localhost:9092"),
            options.consumer("localhost:9092"),
            options.member("localhost:9092", "group", "member"),
            options.transactional("localhost:9092", "id"),
        ];
        for config in configs {
            let config = config.expect("complete");
            assert_eq!(config.get("client.rack"), Some("a"));
            config.create_native_config().expect("every property is known and in range");
        }
    }
}
