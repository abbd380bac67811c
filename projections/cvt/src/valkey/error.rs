use groundlog_proto::{Fault, FaultClass, TopicPartition};

/// What can go wrong with a server that the current value table lies on.
#[derive(Debug, thiserror::Error)]
pub enum ValkeyError {
    /// The URL says nothing that can be used.
    #[error("'{url}' names no current value table: {what}")]
    Url {
        /// What was given, without anything secret.
        url: String,
        /// What is wrong, and what would be right.
        what: &'static str,
    },
    /// Nobody answers there, or not in time.
    #[error(
        "{server} cannot be reached ({why}); check that it runs there and that cvt.url is right"
    )]
    Unreachable {
        /// The server's URL.
        server: String,
        /// The system's word.
        why: String,
    },
    /// It does not know who asks, or does not let them.
    #[error(
        "{server} refuses groundlog ({why}); check cvt.user and the password: the first line of \
         cvt.password_file, or GROUNDLOG_CVT_PASSWORD"
    )]
    Denied {
        /// The server's URL.
        server: String,
        /// Its word.
        why: String,
    },
    /// It lacks what the table needs.
    #[error("{server} is {found}; the current value table needs Valkey 7.2 or Redis 6.2 or later")]
    TooOld {
        /// The server's URL.
        server: String,
        /// Name and version.
        found: String,
    },
    /// It removes keys when its memory is full.
    #[error(
        "{server} has the maxmemory-policy {policy}, which removes current values when memory is \
         full; set noeviction, or a volatile policy"
    )]
    Evicts {
        /// The server's URL.
        server: String,
        /// The policy.
        policy: String,
    },
    /// It takes no writes.
    #[error("{server} is a replica and takes no writes; name its primary in cvt.url")]
    Replica {
        /// The server's URL.
        server: String,
    },
    /// Its memory is used up.
    #[error("{server} has no memory left (maxmemory); give it more, or a server of its own")]
    Full {
        /// The server's URL.
        server: String,
    },
    /// Other nodes have part of the keys.
    #[error(
        "{server} is one of several nodes of a cluster, and {why}; the current value table needs \
         a server, or a node, that holds every slot"
    )]
    Part {
        /// The server's URL.
        server: String,
        /// Its word.
        why: String,
    },
    /// Something in the table's place is not the table's. It was left as it is.
    #[error(
        "key '{key}' on {server} {what}; it was left as it is: name another database in cvt.url, \
         another system.scope or log.prefix, or delete the key if nobody needs it"
    )]
    Foreign {
        /// The server's URL.
        server: String,
        /// The key.
        key: String,
        /// What it is, as the sentence goes on.
        what: String,
    },
    /// It cannot answer now.
    #[error("{server} answers: {why}")]
    Busy {
        /// The server's URL.
        server: String,
        /// Its word.
        why: String,
    },
    /// It has lost what was in the table.
    #[error("{server} has lost current values of {partition}; they are folded again")]
    Lost {
        /// The server's URL.
        server: String,
        /// Whose.
        partition: TopicPartition,
    },
}

impl Fault for ValkeyError {
    fn class(&self) -> FaultClass {
        match self {
            Self::Unreachable { .. }
            | Self::Replica { .. }
            | Self::Full { .. }
            | Self::Busy { .. }
            | Self::Lost { .. } => FaultClass::Transient,
            Self::Url { .. }
            | Self::Denied { .. }
            | Self::TooOld { .. }
            | Self::Evicts { .. }
            | Self::Part { .. }
            | Self::Foreign { .. } => FaultClass::Fatal,
        }
    }
}
