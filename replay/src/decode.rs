//! Packets of files decoded by their definitions: the times in their items, and tables.

mod columns;
mod decoder;
mod logged;
mod packets;
mod rows;
mod select;
mod text;
mod unix;

use thiserror::Error;

pub use decoder::{DecodeOptions, PacketDecoder};
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
    /// No such item.
    #[error("there is no item {name} in {}; `groundlog decode --help` says how items are named", list(.searched))]
    Item {
        /// What was asked for.
        name: String,
        /// The packets that were searched.
        searched: Vec<String>,
    },
    /// A name of other than one to three words.
    #[error("'{name}' names no item: write ITEM, PACKET ITEM or TARGET PACKET ITEM")]
    ItemName {
        /// What was asked for.
        name: String,
    },
    /// A name of several items.
    #[error("{name} may be {}; write which", list(.meant))]
    AmbiguousItem {
        /// What was asked for.
        name: String,
        /// Every item that it may mean.
        meant: Vec<String>,
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
