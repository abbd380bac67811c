//! Reading and writing the items of one buffer, by name and value type (cosmos-packets §5).
//!
//! [`PacketView`] borrows a buffer and reads; [`PacketBuffer`] owns one and writes. Both take the
//! definition as it stands, item by item; [`crate::plan`] is the fast way to decode whole packets.

mod buffer;
mod conversions;
mod decommutated;
mod error;
mod http;
mod layout;
mod obfuscate;
pub(crate) mod object;
mod variable;
mod view;
mod write;

pub(crate) use buffer::{Given, blank};
pub use buffer::{LengthError, PacketBuffer};
pub use decommutated::decommutated;
pub use error::AccessError;
pub use view::{PacketTimes, PacketView};

pub(crate) use write::state_replaced;
