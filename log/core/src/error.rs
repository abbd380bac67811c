use std::{io, path::PathBuf, sync::Arc};

use groundlog_proto::{Fault, FaultClass, Offset, TopicName, TopicPartition};

/// What can go wrong with the log. Cloneable, because one failed sync fails many appends.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The URL names no backend.
    #[error("log url '{url}' is not understood; use embedded:DIR, kafka://HOST:PORT or memory:")]
    BadUrl {
        /// The URL as given.
        url: String,
    },
    /// There is no such topic.
    #[error("topic '{topic}' does not exist in {place}")]
    UnknownTopic {
        /// The topic asked for.
        topic: TopicName,
        /// Folder or broker.
        place: String,
    },
    /// There is no such partition.
    #[error("partition {partition} does not exist: the topic has {partitions} partitions")]
    UnknownPartition {
        /// The partition asked for.
        partition: TopicPartition,
        /// How many there are.
        partitions: u32,
    },
    /// The topic is not as specified.
    #[error(
        "topic '{topic}' has {found} partitions, configured are {wanted}; the number is fixed when \
         a topic is created: configure {found}, or choose another prefix"
    )]
    TopicMismatch {
        /// The topic.
        topic: TopicName,
        /// Partitions it has.
        found: u32,
        /// Partitions it should have.
        wanted: u32,
    },
    /// The offset was deleted by retention.
    #[error("{partition} offset {offset} is gone: retention has trimmed it, the oldest is {trim}")]
    Trimmed {
        /// The partition.
        partition: TopicPartition,
        /// The offset asked for.
        offset: Offset,
        /// The oldest that is left.
        trim: Offset,
    },
    /// Stored bytes are not what was written.
    #[error(
        "{partition} offset {offset}: {path} is damaged at byte {byte} ({what}); nothing was \
         changed. Restore the file from a copy, or move the folder away to start anew"
    )]
    Corrupt {
        /// The partition.
        partition: TopicPartition,
        /// The first offset that cannot be read.
        offset: Offset,
        /// The damaged file.
        path: PathBuf,
        /// Where in it.
        byte: u64,
        /// What is wrong there.
        what: String,
    },
    /// Another process writes this folder.
    #[error(
        "{path} is in use by another groundlog process; stop it, or give --data another folder"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was opened for reading.
    #[error("{path} is open for reading only")]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// No space is left; nothing of this append is visible, earlier records are safe.
    #[error("no space left on the device of {path}: free some space; appending goes on by itself")]
    DiskFull {
        /// The file that could not grow.
        path: PathBuf,
    },
    /// A record exceeds the bound.
    #[error("a record of {size} bytes for {partition} exceeds the limit of {limit} bytes")]
    RecordTooLarge {
        /// The partition.
        partition: TopicPartition,
        /// The record's key and value.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// One append exceeds the bound of a stored batch.
    #[error(
        "an append of {size} bytes to {partition} exceeds the limit of {limit} bytes; split it"
    )]
    AppendTooLarge {
        /// The partition.
        partition: TopicPartition,
        /// All keys and values of the append.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// A transaction holds more than may be buffered.
    #[error(
        "a transaction of {size} bytes exceeds the limit of {limit} bytes; commit smaller batches"
    )]
    TxnTooLarge {
        /// All keys and values so far.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The commit journal of the folder is not what was written.
    #[error(
        "{path} is damaged at byte {byte} ({what}); nothing was changed. Restore the file from a \
         copy, or move the folder away to start anew"
    )]
    JournalCorrupt {
        /// The damaged file.
        path: PathBuf,
        /// Where in it.
        byte: u64,
        /// What is wrong there.
        what: String,
    },
    /// A newer writer with the same id, or a moved partition, has taken over.
    #[error("'{id}' was fenced: another process took over")]
    Fenced {
        /// The writer's or member's id.
        id: String,
    },
    /// Writing has ended until the log is opened again: a sync, or a write that must not be
    /// repeated, has failed, and nobody knows what of it the disk holds.
    #[error(
        "{path} takes nothing more ({source}); nothing acknowledged as synced is lost, what was not \
         acknowledged may be there or not. Check the disk, then restart groundlog"
    )]
    Failed {
        /// The folder.
        path: PathBuf,
        /// What failed.
        source: Arc<LogError>,
    },
    /// The topic was made with other settings than groundlog relies on.
    #[error(
        "topic '{topic}' at {server} has {setting} {found}, needed is {wanted}; set it \
         (kafka-configs --bootstrap-server {server} --alter --topic {topic} --add-config \
         {setting}={wanted}), or choose another prefix"
    )]
    TopicSetting {
        /// The topic.
        topic: TopicName,
        /// The brokers named in the log's URL.
        server: Arc<str>,
        /// The setting's name.
        setting: &'static str,
        /// What it is.
        found: Box<str>,
        /// What it must be.
        wanted: Box<str>,
    },
    /// The topic has no generation.
    #[error(
        "topic '{topic}' at {server} was not made by groundlog, or its {setting} was changed (it is \
         {found}, and was the generation, 2^62 or more): set it back to what it was; if the topic \
         holds nothing of value, delete it; or choose another prefix"
    )]
    ForeignTopic {
        /// The topic.
        topic: TopicName,
        /// The brokers named in the log's URL.
        server: Arc<str>,
        /// The setting that holds the generation.
        setting: &'static str,
        /// What it is.
        found: Box<str>,
    },
    /// A setting of the log cannot be used.
    #[error("log setting {setting}: {reason}")]
    Setting {
        /// The setting.
        setting: Box<str>,
        /// Why not, and what to do.
        reason: Box<str>,
    },
    /// No broker answers.
    #[error(
        "no Kafka broker answers at {server} after {seconds} s ({reason}); check that it runs and \
         that log.url names it"
    )]
    Unreachable {
        /// The brokers named in the log's URL.
        server: Arc<str>,
        /// How long was waited.
        seconds: u64,
        /// What the last attempt said.
        reason: Box<str>,
    },
    /// A broker refused, or did not answer in time.
    #[error("Kafka at {server}, {what}: {reason}; {remedy}")]
    Kafka {
        /// The brokers named in the log's URL.
        server: Arc<str>,
        /// What was being done, with topic and partition.
        what: Box<str>,
        /// What the broker or its client library said.
        reason: Box<str>,
        /// What to do.
        remedy: &'static str,
        /// Whether trying again may help.
        class: FaultClass,
    },
    /// Nothing more can be appended until the log is opened again: the broker took records out of
    /// sequence or refused one for good, and what came after it must not overtake it.
    #[error(
        "Kafka at {server} takes nothing more from this process ({source}); what was acknowledged \
         is safe, what was not may be there or not. Remove the cause, then restart groundlog"
    )]
    AppendsEnded {
        /// The brokers named in the log's URL.
        server: Arc<str>,
        /// What failed.
        source: Arc<LogError>,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// The operating system refused.
    #[error("{context} {path}: {source}")]
    Io {
        /// What was being done.
        context: &'static str,
        /// To which file.
        path: PathBuf,
        /// The system's answer.
        source: Arc<io::Error>,
    },
}

impl Fault for LogError {
    fn class(&self) -> FaultClass {
        match self {
            Self::DiskFull { .. } | Self::Io { .. } | Self::Unreachable { .. } => {
                FaultClass::Transient
            }
            Self::Kafka { class, .. } => *class,
            Self::RecordTooLarge { .. } => FaultClass::Poison,
            _ => FaultClass::Fatal,
        }
    }
}
