//! The packet that an object conversion reads or writes.

use std::fmt;
use std::sync::Arc;

use super::packet::{Packet, PacketKind};

/// A packet whose bytes are the value of an item, by its name and, once all packets are known, with
/// its definition.
#[derive(Clone)]
pub struct ObjectPacket {
    /// Command or telemetry; `None` for whichever there is, a command before telemetry.
    pub kind: Option<PacketKind>,
    /// Upper-cased target.
    pub target: String,
    /// Upper-cased packet.
    pub packet: String,
    /// `None` where there is no such packet, and where objects are nested too deep.
    pub(crate) definition: Option<Arc<Packet>>,
}

impl ObjectPacket {
    /// Returns the definition of the packet, if there is one.
    #[must_use]
    pub fn definition(&self) -> Option<&Arc<Packet>> {
        self.definition.as_ref()
    }
}

/// By name: the definition of the other packet is a matter of that packet.
impl PartialEq for ObjectPacket {
    fn eq(&self, other: &Self) -> bool {
        let name = |object: &Self| (object.kind, object.target.clone(), object.packet.clone());
        name(self) == name(other)
    }
}

impl fmt::Debug for ObjectPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ObjectPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{kind} packet {} {}", self.target, self.packet),
            None => write!(f, "packet {} {}", self.target, self.packet),
        }
    }
}
