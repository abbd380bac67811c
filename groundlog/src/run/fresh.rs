//! What a start makes on the disk, and takes back when it fails.

use std::{fs, path::PathBuf};

use groundlog_log::{Log, LogError};

use crate::config::Config;

/// Folders that were not there before the start.
#[derive(Debug)]
pub(super) struct Fresh(Vec<PathBuf>);

impl Fresh {
    /// Notes which folders of a configuration are still to be made: the data's, and the log's
    /// where it lies elsewhere. A data folder of a shared log may be that of several processes.
    pub(super) fn of(config: &Config) -> Self {
        if !config.has_local_log() {
            return Self(Vec::new());
        }
        let url = config.log_url();
        let log = url.strip_prefix("embedded:").map(PathBuf::from);
        let folders = [config.system.data.clone()].into_iter().chain(log);
        Self(folders.filter(|folder| !folder.exists()).collect())
    }

    /// Keeps only what is ours: a log in which somebody has made topics since is theirs.
    ///
    /// # Errors
    /// The log's.
    pub(super) async fn unless_used(self, log: &dyn Log) -> Result<Self, LogError> {
        let used = !self.0.is_empty() && !log.topics().await?.is_empty();
        Ok(if used { Self(Vec::new()) } else { self })
    }

    /// Keeps only what is ours when the log could not be opened: one that another process holds, or
    /// that has anything to be damaged, was not made by this start.
    pub(super) fn unless_anothers(self, error: &anyhow::Error) -> Self {
        match log_error(error) {
            Some(LogError::DiskFull { .. } | LogError::Io { .. }) => self,
            _ => Self(Vec::new()),
        }
    }

    /// Removes them with what the failed start has put there; nothing was received or served yet.
    pub(super) fn take_back(self) {
        for folder in self.0 {
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(folder = %folder.display(), %error, "could not be removed");
                }
                _ => {}
            }
        }
    }
}

/// Says of a disk that is full what holds at a start: nothing goes on by itself.
pub(super) fn start_error(error: anyhow::Error) -> anyhow::Error {
    match log_error(&error) {
        Some(LogError::DiskFull { path }) => anyhow::anyhow!(
            "no space left on the device of {}: nothing was started; free some space and start again",
            path.display()
        ),
        _ => error,
    }
}

fn log_error(error: &anyhow::Error) -> Option<&LogError> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

#[cfg(test)]
mod tests {
    use groundlog_log::TopicSpec;
    use groundlog_proto::{TopicKind, TopicNames};

    use super::*;

    #[test]
    fn a_full_disk_at_the_start_is_no_promise() {
        let full = LogError::DiskFull { path: "data/log/x".into() };
        let error = anyhow::Error::new(full).context("cannot open the log");
        let said = format!("{:#}", start_error(error));
        assert!(said.contains("data/log/x: nothing was started"), "{said}");
        assert!(!said.contains("by itself"), "{said}");
        let other = start_error(anyhow::anyhow!("the port is taken"));
        assert_eq!(other.to_string(), "the port is taken");
    }

    #[tokio::test]
    async fn only_what_was_not_there_is_taken_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::default();
        config.system.data = folder.path().join("new");
        let there = folder.path().join("there");
        fs::create_dir_all(&there).expect("a folder");
        config.log.url = format!("embedded:{}", there.display());
        let fresh = Fresh::of(&config);
        fs::create_dir_all(config.system.data.join("processes")).expect("a folder");
        fresh.take_back();
        assert!(there.exists() && !config.system.data.exists());
        // Somebody else was faster.
        let log = groundlog_log::open("memory:", config.log_options()).expect("a log");
        let names = TopicNames::default();
        let made = TopicSpec::ensure_standard(&*log, &names, TopicKind::Raw, 1).await;
        made.expect("a topic");
        let fresh = Fresh::of(&config).unless_used(&*log).await.expect("topics");
        fs::create_dir_all(&config.system.data).expect("a folder");
        fresh.take_back();
        assert!(config.system.data.exists());
    }

    #[tokio::test]
    async fn a_log_that_cannot_be_opened_is_taken_back_unless_it_is_anothers() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::default();
        config.system.data = folder.path().join("new");
        let made = || fs::create_dir_all(config.system.data.join("log")).expect("a folder");
        let full = LogError::DiskFull { path: config.system.data.join("log/journal") };
        let full = anyhow::Error::new(full).context("cannot open the log");
        let fresh = Fresh::of(&config);
        made();
        fresh.unless_anothers(&full).take_back();
        assert!(!config.system.data.exists());
        // Somebody else was faster.
        let fresh = Fresh::of(&config);
        let open = || groundlog_log::open(&config.log_url(), config.log_options());
        let log = open().expect("a log");
        let Err(held) = open() else { panic!("opened twice") };
        fresh.unless_anothers(&held.into()).take_back();
        assert!(config.system.data.join("log").exists());
        log.close().await.expect("closed");
    }
}
