//! Packets of files decoded by their definitions: the times in their items, and tables.

mod columns;
mod packets;
mod rows;
mod text;
mod unix;

use thiserror::Error;

pub use packets::{DecodeOptions, PacketDecoder};
pub use rows::{Counts, RowFormat, RowWriter};
pub use unix::DefinedTimes;

/// Why definitions do not serve for what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No such target.
    #[error("there is no target {target}; the definitions have {}", list(.known))]
    Target {
        /// What was asked for.
        target: String,
        /// The targets there are.
        known: Vec<String>,
    },
    /// No such packet.
    #[error("there is no telemetry packet {packet}; the definitions have {}", list(.known))]
    Packet {
        /// What was asked for.
        packet: String,
        /// The packets there are, with their targets.
        known: Vec<String>,
    },
    /// A table with columns of several packets.
    #[error("a CSV table holds one packet, and the definitions have {}; choose one with --packet \
             (and --target), or write JSON lines with --jsonl", list(.known))]
    SeveralPackets {
        /// The packets there are, with their targets.
        known: Vec<String>,
    },
    /// No packet has the item that should hold its time.
    #[error("no telemetry packet has the item {item} that --time names")]
    TimeItem {
        /// The item.
        item: String,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
