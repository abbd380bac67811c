//! The current value table: the last packet of every name, as a fold of `decom`.
//!
//! Order is the packet's position in `decom`, never its time: a rebooted clock must not freeze a
//! display. A record moves its packet only forward (compare and set by position), so applying one
//! twice changes nothing. A batch conflates to the last record of each packet; `set_tlm` overlays
//! and counts come out the same however records are cut into batches. Stored packets move their
//! count and nothing else (R1).
//!
//! The table lies in this process. It is restored from the snapshot in `state` and the records
//! after it; [`rebuild`] proves on a running system that folding everything anew gives the same
//! bytes (P3).

mod current;
mod error;
mod fold;
mod image;
mod projection;
mod reader;
pub mod rebuild;
mod scalar;
mod service;
mod table;
#[cfg(test)]
mod tests;

pub use current::CurrentPacket;
pub use error::CvtError;
pub use image::{Difference, Image};
pub use reader::CurrentValues;
pub use scalar::{scalar_of, value_of};
pub use service::{Cvt, CvtOptions, Running};
