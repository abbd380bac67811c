//! The current value table: the last packet of every name, as a fold of `decom`.
//!
//! Order is the packet's position in `decom`, never its time: a rebooted clock must not freeze a
//! display. A record moves its packet only forward (compare and set by position), so applying one
//! twice changes nothing. A batch conflates to the last record of each packet; `set_tlm` overlays
//! and counts come out the same however records are cut into batches. Stored packets move their
//! count and nothing else (R1).
//!
//! The table lies in this process, or on a Valkey server that several processes share
//! ([`CvtStore`]). In this process it is restored from the snapshot in `state` and the records after
//! it; a server keeps a checkpoint beside the values, and what it has lost is folded again.
//! [`rebuild`] proves on a running system that folding everything anew gives the same bytes (P3).

mod current;
mod error;
mod fold;
mod image;
mod memory;
mod projection;
mod reader;
pub mod rebuild;
mod scalar;
mod service;
mod store;
mod table;
#[cfg(any(test, feature = "test-server"))]
pub mod test_server;
#[cfg(test)]
mod tests;
mod url;
mod valkey;

pub use current::CurrentPacket;
pub use error::CvtError;
pub use image::{Difference, Image};
pub use reader::{CurrentValues, Latest, candidates, latest_of};
pub use scalar::{scalar_of, value_of};
pub use service::{Cvt, CvtOptions, Running};
pub use store::{CvtStore, StoreOptions};
pub use url::{Address, CvtUrl};
pub use valkey::ValkeyError;
