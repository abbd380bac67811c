use std::{path::Path, sync::Arc};

use crate::{EmbeddedLog, EmbeddedOptions, KafkaLog, KafkaOptions, Log, LogError, MemoryLog};

/// Options of every backend; the one that the URL names uses its own.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// For `embedded:`.
    pub embedded: EmbeddedOptions,
    /// For `kafka:`.
    pub kafka: KafkaOptions,
}

impl From<&LogOptions> for LogOptions {
    fn from(options: &LogOptions) -> Self {
        options.clone()
    }
}

impl From<&EmbeddedOptions> for LogOptions {
    fn from(embedded: &EmbeddedOptions) -> Self {
        Self { embedded: embedded.clone(), ..Self::default() }
    }
}

/// Opens a log by URL: `memory:` makes a new one in this process, `embedded:DIR` opens a folder for
/// writing, `kafka://HOST:PORT,…` connects to brokers, blocking until one answers.
///
/// # Errors
/// [`LogError::BadUrl`]; otherwise see [`EmbeddedLog::open`] and [`KafkaLog::connect`].
pub fn open(url: &str, options: impl Into<LogOptions>) -> Result<Arc<dyn Log>, LogError> {
    let bad = || LogError::BadUrl { url: url.to_owned() };
    let (scheme, rest) = url.split_once(':').ok_or_else(bad)?;
    let options = options.into();
    match scheme {
        "memory" if rest.is_empty() => Ok(Arc::new(MemoryLog::new())),
        "embedded" if !rest.is_empty() => {
            Ok(Arc::new(EmbeddedLog::open(Path::new(rest), &options.embedded)?))
        }
        "kafka" => {
            let servers = rest.strip_prefix("//").filter(|servers| is_list_of_servers(servers));
            Ok(Arc::new(KafkaLog::connect(servers.ok_or_else(bad)?, &options.kafka)?))
        }
        _ => Err(bad()),
    }
}

fn is_list_of_servers(servers: &str) -> bool {
    servers.split(',').all(|server| {
        let port = server.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0))
    })
}

/// Opens a folder for reading, up to the committed end, while another process may write it.
///
/// # Errors
/// See [`EmbeddedLog::open_read_only`].
pub fn open_read_only(dir: &Path) -> Result<Arc<dyn Log>, LogError> {
    Ok(Arc::new(EmbeddedLog::open_read_only(dir, &EmbeddedOptions::default())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_name_no_backend_are_refused() {
        for url in [
            "",
            "memory",
            "memory:x",
            "embedded:",
            "kafka:",
            "kafka://",
            "kafka://host",
            "kafka://host:",
            "kafka://host:0",
            "kafka://:9092",
            "kafka://host:1,",
            "kafka://a:1,b",
            "nats://host:1",
        ] {
            let refused = open(url, LogOptions::default()).map(drop);
            assert!(
                matches!(&refused, Err(LogError::BadUrl { url: named }) if named == url),
                "{url}"
            );
        }
        assert!(open("memory:", &EmbeddedOptions::default()).is_ok());
    }
}
