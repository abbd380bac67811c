//! A packet's definition with bytes of its own.

use std::sync::Arc;

use indexmap::IndexMap;
use thiserror::Error;

use super::error::AccessError;
use super::layout::Layout;
use super::view::{PacketTimes, PacketView};
use crate::definition::{Packet, ValueType, VariableBitSize, VariableLength};
use crate::process::ProcessorStates;
use crate::value::Value;

/// A buffer does not have the defined length; it is kept as it is all the same (§3.5).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{packet}: buffer of {actual} bytes, defined are {defined}; items outside it read as null")]
pub struct LengthError {
    /// Target and packet.
    pub packet: String,
    /// Length of the buffer in bytes.
    pub actual: usize,
    /// Length by the definition in bytes.
    pub defined: usize,
}

/// A packet whose items can be read and written.
#[derive(Debug, Clone)]
pub struct PacketBuffer {
    pub(super) packet: Arc<Packet>,
    pub(super) buffer: Vec<u8>,
    pub(super) layout: Layout,
    pub(super) processors: ProcessorStates,
    /// Times and count that travel with the bytes.
    pub times: PacketTimes,
    /// What else travels with the bytes: the parts of a request that are not its body.
    pub extra: IndexMap<String, Value>,
    /// What the caller gave for the parameters of a command.
    pub(crate) given: Given,
}

/// What the caller gave for the parameters of a command; write conversions may look at it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    /// Names in capitals.
    pub(crate) values: Vec<(String, Value)>,
    /// Whether the values are raw ones.
    pub(crate) raw: bool,
}

/// Makes the bytes of a packet without values: zeros, and the terminators that end nothing.
pub(crate) fn blank(packet: &Packet) -> Vec<u8> {
    let mut bytes = vec![0; packet.defined_length()];
    // From the last to the first, so that none moves another.
    for item in packet.items.iter().rev().filter(|item| item.bit_offset >= 0) {
        let Some(VariableBitSize {
            length: VariableLength::Terminator(end), in_field: false, ..
        }) = &item.variable_bit_size
        else {
            continue;
        };
        let at = usize::try_from(item.bit_offset / 8).unwrap_or(0).min(bytes.len());
        bytes.splice(at..at, end.iter().copied());
    }
    bytes
}

impl PacketBuffer {
    /// Makes a packet of zeros of the defined length; values that end at a terminator are empty.
    #[must_use]
    pub fn new(packet: Arc<Packet>) -> Self {
        let buffer = blank(&packet);
        let times = PacketTimes::default();
        let layout = Layout::of(&packet, &buffer, times);
        let processors = ProcessorStates::new(&packet);
        let (extra, given) = (IndexMap::new(), Given::default());
        Self { packet, buffer, layout, processors, times, extra, given }
    }

    /// Takes over bytes; nothing is cut or padded.
    ///
    /// # Errors
    /// [`LengthError`] to be logged when the length is not as defined; the bytes are taken over
    /// all the same.
    pub fn set_buffer(&mut self, bytes: Vec<u8>) -> Result<(), LengthError> {
        self.buffer = bytes;
        self.refresh();
        check_length(&self.packet, self.buffer.len(), self.layout.is_broken())
    }

    /// Finds the places of the items again after the bytes have changed.
    pub(super) fn refresh(&mut self) {
        self.layout = Layout::of(&self.packet, &self.buffer, self.times);
    }

    /// Runs the packet's processors on the bytes, once per packet.
    pub fn process(&mut self) {
        self.processors.run(&self.packet, &self.buffer, self.times);
    }

    /// Returns the definition.
    #[must_use]
    pub fn packet(&self) -> &Arc<Packet> {
        &self.packet
    }

    /// Returns the bytes.
    #[must_use]
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Returns the bytes and gives up the rest.
    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Returns a view for reading.
    #[must_use]
    pub fn view(&self) -> PacketView<'_> {
        PacketView {
            packet: &self.packet,
            buffer: &self.buffer,
            times: self.times,
            layout: std::borrow::Cow::Borrowed(&self.layout),
            processors: Some(&self.processors),
            extra: Some(&self.extra),
            given: Some(&self.given),
            depth: 0,
        }
    }

    /// Reads an item; see [`PacketView::read`].
    ///
    /// # Errors
    /// [`AccessError`] when there is no such item or it cannot be read.
    pub fn read(&self, name: &str, value_type: ValueType) -> Result<Value, AccessError> {
        self.view().read(name, value_type)
    }
}

fn check_length(packet: &Packet, actual: usize, broken: bool) -> Result<(), LengthError> {
    if !packet.accessor.is_binary() {
        return Ok(());
    }
    let defined = packet.defined_length();
    let wrong = match actual.cmp(&defined) {
        std::cmp::Ordering::Less => !packet.short_buffer_allowed,
        std::cmp::Ordering::Equal => false,
        std::cmp::Ordering::Greater => packet.is_fixed_size(),
    };
    if wrong || (broken && !packet.short_buffer_allowed) {
        let packet = format!("{} {}", packet.target_name, packet.packet_name);
        return Err(LengthError { packet, actual, defined });
    }
    Ok(())
}

/// Checks a received buffer's length against its definition (§3.5).
///
/// # Errors
/// [`LengthError`] to be logged.
impl PacketView<'_> {
    /// Checks the buffer's length against the definition.
    ///
    /// # Errors
    /// [`LengthError`] to be logged; the items can be read all the same.
    pub fn check_length(&self) -> Result<(), LengthError> {
        check_length(self.packet, self.buffer.len(), self.layout.is_broken())
    }
}
