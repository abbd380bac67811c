//! The decommutation fold: raw records in, decommutated records and limits events out.
//!
//! [`Fold`] is the whole of it: pure, synchronous, one partition, no I/O. Everything that may
//! change what a record decodes to lies before it in the same partition, so the same records give
//! the same bytes, whenever and however often they are folded (D1). Around it, [`DecomProjection`]
//! is what the runner drives, and [`Decom`] the service.
//!
//! What a raw record yields (D2), always all of it or one dead letter:
//!
//! | raw record | yields |
//! |---|---|
//! | packet | one record: values, received count, packet time, limits states; limits events where states changed |
//! | packet that nothing identifies | one record `UNKNOWN UNKNOWN` without values |
//! | set (`set_tlm`) | one record that carries it unchanged |
//! | marker: barrier | one record that carries it unchanged |
//! | marker: limits setting | nothing but its effect on what follows, and the limits event of a disabled item |
//! | marker: writer epoch, tick | nothing |
//! | values (decommutated import) | a dead letter: nothing writes them yet |
//! | anything that does not parse or names definitions that cannot be had | a dead letter |
//!
//! Limits responses that are registered ([`groundlog_packet::registry`]) act on the world and are
//! no part of the fold: it only says which are due ([`FoldOutputs::responses`]). [`Decom`] calls
//! those of live packets, beside it; nobody calls them when history is read again.
//!
//! A stored record goes to `decom.stored`, counts on its own, and raises no limits events (R1).

mod encode;
mod error;
mod fold;
mod irregular;
mod limits_event;
mod limits_settings;
mod packet_state;
mod projection;
mod responses;
mod service;
mod size_bound;
mod snapshot;

pub use error::DecomError;
pub use fold::{Fold, FoldError, FoldOutputs, Source};
pub use irregular::{IrregularCounts, IrregularPackets, Irregularity};
pub use projection::DecomProjection;
pub use responses::DueResponse;
pub use service::{Decom, DecomOptions, Running};

/// Quality flag: from a recording or an import.
pub const FLAG_STORED: u32 = 1;
/// Quality flag: shorter than its definition.
pub const FLAG_INVALID: u32 = 2;
