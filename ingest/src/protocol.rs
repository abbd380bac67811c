//! Protocols turn the bytes of an interface into packets and packets into bytes.
//!
//! They do no I/O and know no time: whoever owns the socket shows them what has arrived so far
//! and takes the packets away, still lying in the receive buffer. Framing is a pure function of
//! the byte sequence; how reads cut it makes no difference (only [`burst`] is *about* reads).
//! Bytes that belong to no packet are handed out too, never dropped here.
//!
//! Source: cosmos-runtime §2.

mod bit_field;
mod burst;
mod chain;
mod length;
mod registry;
mod sync;

use std::collections::BTreeMap;

use groundlog_proto::Nanos;

pub(crate) use self::{
    chain::{ReadChain, WriteChain},
    registry::{build_chains, build_inline},
};

/// What a source said about a packet beside its bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attributes<'a> {
    /// The packet's time, where the protocol carries one.
    pub(crate) packet_time: Option<Nanos>,
    /// From a recording.
    pub(crate) stored: bool,
    /// Target, where the protocol names it; else empty.
    pub(crate) target: &'a str,
    /// Packet, where the protocol names it; else empty.
    pub(crate) name: &'a str,
    /// Further facts.
    pub(crate) extra: Option<&'a BTreeMap<String, String>>,
}

/// Takes what a protocol makes of the bytes, in their order.
pub(crate) trait FrameSink {
    /// Takes one packet.
    ///
    /// # Errors
    /// What a later protocol of the chain has against it.
    fn frame(&mut self, data: &[u8], attributes: &Attributes<'_>) -> Result<(), ProtocolError>;

    /// Takes bytes that belong to no packet, with the reason in words.
    fn discarded(&mut self, data: &[u8], reason: &str);
}

/// The reading side of a protocol.
pub(crate) trait ReadProtocol: Send {
    /// Hands out every packet that lies complete in `input` and advances `input` behind what was
    /// used; the rest is shown again with more bytes behind it.
    ///
    /// # Errors
    /// [`ProtocolError`] when the bytes cannot be framed; `input` then begins with the bytes that
    /// could not. The connection is to be closed (cosmos-runtime §2.15).
    fn read(
        &mut self,
        input: &mut &[u8],
        attributes: &Attributes<'_>,
        out: &mut dyn FrameSink,
    ) -> Result<(), ProtocolError>;

    /// Forgets everything about the connection; called when one begins or ends.
    fn reset(&mut self);
}

/// The writing side of a protocol.
pub(crate) trait WriteProtocol: Send {
    /// Changes the packet before any protocol adds bytes of its own.
    ///
    /// # Errors
    /// [`ProtocolError`] when the packet cannot be sent this way.
    fn write_packet(&mut self, packet: &mut Vec<u8>) -> Result<Flow, ProtocolError>;

    /// Changes the bytes that go to the transport.
    ///
    /// # Errors
    /// As [`WriteProtocol::write_packet`].
    fn write_data(&mut self, data: &mut Vec<u8>) -> Result<Flow, ProtocolError>;

    /// Forgets everything about the connection.
    fn reset(&mut self);
}

/// What becomes of a packet on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It goes on.
    Continue,
    /// It is not sent.
    Stop,
}

/// Why bytes cannot be framed, or a packet cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtocolError {
    /// The length field exceeds the configured maximum.
    #[error(
        "length value {value} of the {bit_size}-bit field at bit {bit_offset} exceeds the maximum \
         length {limit}"
    )]
    LengthAboveMaximum {
        /// Value of the field.
        value: u64,
        /// The maximum.
        limit: u64,
        /// Place of the field.
        bit_offset: usize,
        /// Size of the field.
        bit_size: usize,
    },
    /// A packet of that length would not even contain its length field.
    #[error(
        "length value {value} means a packet of {total_bits} bits, but its length field ends at \
         bit {needed_bits}"
    )]
    LengthTooSmall {
        /// Value of the field.
        value: u64,
        /// The packet that it means; may be negative.
        total_bits: i128,
        /// Where the field ends.
        needed_bits: usize,
    },
    /// The packet is larger than groundlog takes.
    #[error(
        "a packet of {total} bytes is announced, the limit is {limit}; check place, size and \
         units of the length field"
    )]
    PacketTooLarge {
        /// Bytes announced.
        total: u128,
        /// Bytes allowed.
        limit: usize,
    },
    /// A later protocol of a chain holds back too much.
    #[error("{class} holds back {held} bytes without finding a packet, the limit is {limit}")]
    BufferFull {
        /// The protocol.
        class: &'static str,
        /// Bytes held.
        held: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The field cannot hold the length of a packet to be sent.
    #[error(
        "a packet of {length} bytes cannot be sent: its length value {value} does not fit in \
         the {bit_size}-bit field"
    )]
    LengthDoesNotFit {
        /// Bytes of the packet.
        length: usize,
        /// The value for the field.
        value: i128,
        /// Size of the field.
        bit_size: usize,
    },
    /// The packet to be sent is too short for what the protocol writes into it.
    #[error("a packet of {length} bytes cannot be sent: {what} needs {needed} bytes")]
    PacketTooShort {
        /// Bytes of the packet.
        length: usize,
        /// What is written into it.
        what: &'static str,
        /// Bytes needed.
        needed: usize,
    },
}

/// Both sides of one declared protocol, either of which may be absent from a chain.
pub(crate) struct ProtocolPair {
    pub(crate) class: &'static str,
    pub(crate) read: Box<dyn ReadProtocol>,
    pub(crate) write: Box<dyn WriteProtocol>,
    /// The last parameter of every protocol: what becomes of empty data.
    pub(crate) allow_empty: Option<bool>,
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Collects what comes out.
    #[derive(Debug, Default, PartialEq, Eq, Clone)]
    pub(crate) struct Collected {
        pub(crate) frames: Vec<Vec<u8>>,
        pub(crate) discarded: Vec<(Vec<u8>, String)>,
    }

    impl FrameSink for Collected {
        fn frame(&mut self, data: &[u8], _: &Attributes<'_>) -> Result<(), ProtocolError> {
            self.frames.push(data.to_vec());
            Ok(())
        }

        fn discarded(&mut self, data: &[u8], reason: &str) {
            self.discarded.push((data.to_vec(), reason.to_owned()));
        }
    }

    /// Feeds a protocol read by read, as a link does; returns the bytes left over.
    pub(crate) fn feed(
        protocol: &mut dyn ReadProtocol,
        reads: &[&[u8]],
        out: &mut Collected,
    ) -> Result<Vec<u8>, ProtocolError> {
        let mut buffer = Vec::new();
        for read in reads {
            buffer.extend_from_slice(read);
            let mut rest = buffer.as_slice();
            protocol.read(&mut rest, &Attributes::default(), out)?;
            buffer = rest.to_vec();
        }
        Ok(buffer)
    }

    /// Decodes hexadecimal digits, spaces allowed.
    pub(crate) fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            text.chars().filter_map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }
}
