//! Protocols one after the other (cosmos-runtime §2.1).

use super::{
    Attributes, Flow, FrameSink, ProtocolError, ProtocolPair, ReadProtocol, WriteProtocol,
};

/// The read protocols of one interface, in the order of their declaration.
///
/// The first reads straight from the receive buffer of the link; what a later one holds back lies
/// in a buffer of its own, bounded.
pub(crate) struct ReadChain {
    stages: Vec<Stage>,
    held_bytes_max: usize,
}

struct Stage {
    class: &'static str,
    protocol: Box<dyn ReadProtocol>,
    allow_empty: Option<bool>,
    held: Vec<u8>,
}

impl ReadChain {
    pub(crate) fn new(held_bytes_max: usize) -> Self {
        Self { stages: Vec::new(), held_bytes_max }
    }

    /// Appends a protocol.
    pub(super) fn push(
        &mut self,
        class: &'static str,
        protocol: Box<dyn ReadProtocol>,
        allow_empty: Option<bool>,
    ) {
        self.stages.push(Stage { class, protocol, allow_empty, held: Vec::new() });
    }

    /// Returns how many bytes later protocols hold back.
    pub(crate) fn held_bytes(&self) -> usize {
        self.stages.iter().map(|stage| stage.held.len()).sum()
    }

    /// Names the protocols, first to last.
    #[cfg(test)]
    pub(crate) fn classes(&self) -> Vec<&'static str> {
        self.stages.iter().map(|stage| stage.class).collect()
    }

    /// Frames what lies in `input`, see [`ReadProtocol::read`]. Without protocols everything that
    /// one read gave is one packet.
    pub(crate) fn read(
        &mut self,
        input: &mut &[u8],
        out: &mut dyn FrameSink,
    ) -> Result<(), ProtocolError> {
        let attributes = Attributes::default();
        match self.stages.split_first_mut() {
            Some((first, rest)) => {
                let mut next = Next { rest, out, held_bytes_max: self.held_bytes_max };
                first.protocol.read(input, &attributes, &mut next)
            }
            None => out.frame(std::mem::take(input), &attributes),
        }
    }

    /// Begins anew: hands out what later protocols held back, and resets all of them.
    pub(crate) fn reset(&mut self, out: &mut dyn FrameSink) {
        for stage in &mut self.stages {
            if !stage.held.is_empty() {
                out.discarded(&stage.held, "connection closed inside a packet");
                stage.held.clear();
            }
            stage.protocol.reset();
        }
    }
}

/// Where the frames of one stage go: through the rest of the chain.
struct Next<'a> {
    rest: &'a mut [Stage],
    out: &'a mut dyn FrameSink,
    held_bytes_max: usize,
}

impl FrameSink for Next<'_> {
    #[inline]
    fn frame(&mut self, data: &[u8], attributes: &Attributes<'_>) -> Result<(), ProtocolError> {
        let Some((stage, rest)) = self.rest.split_first_mut() else {
            return self.out.frame(data, attributes);
        };
        let last = rest.is_empty();
        let mut next = Next { rest, out: self.out, held_bytes_max: self.held_bytes_max };
        if data.is_empty() {
            // Empty data goes past a protocol, unless it says otherwise or is the last.
            return if stage.allow_empty.unwrap_or(!last) {
                next.frame(data, attributes)
            } else {
                Ok(())
            };
        }
        if stage.held.is_empty() {
            let mut input = data;
            let result = stage.protocol.read(&mut input, attributes, &mut next);
            stage.held.extend_from_slice(input);
            result?;
        } else {
            stage.held.extend_from_slice(data);
            let held = std::mem::take(&mut stage.held);
            let mut input = held.as_slice();
            let result = stage.protocol.read(&mut input, attributes, &mut next);
            stage.held.extend_from_slice(input);
            result?;
        }
        if stage.held.len() > self.held_bytes_max {
            return Err(ProtocolError::BufferFull {
                class: stage.class,
                held: stage.held.len(),
                limit: self.held_bytes_max,
            });
        }
        Ok(())
    }

    fn discarded(&mut self, data: &[u8], reason: &str) {
        self.out.discarded(data, reason);
    }
}

/// The write protocols of one interface, in the order in which they work: the reverse of their
/// declaration.
#[derive(Default)]
pub(crate) struct WriteChain(Vec<(&'static str, Box<dyn WriteProtocol>)>);

impl WriteChain {
    /// Puts a protocol in front.
    pub(super) fn push_front(&mut self, class: &'static str, protocol: Box<dyn WriteProtocol>) {
        self.0.insert(0, (class, protocol));
    }

    /// Names the protocols in the order in which they work.
    #[cfg(test)]
    pub(crate) fn classes(&self) -> Vec<&'static str> {
        self.0.iter().map(|(class, _)| *class).collect()
    }

    /// Turns a packet into the bytes for the transport; `None` when a protocol stops it.
    pub(crate) fn write(&mut self, mut packet: Vec<u8>) -> Result<Option<Vec<u8>>, ProtocolError> {
        for (_, protocol) in &mut self.0 {
            if protocol.write_packet(&mut packet)? == Flow::Stop {
                return Ok(None);
            }
        }
        for (_, protocol) in &mut self.0 {
            if protocol.write_data(&mut packet)? == Flow::Stop {
                return Ok(None);
            }
        }
        Ok(Some(packet))
    }

    pub(crate) fn reset(&mut self) {
        self.0.iter_mut().for_each(|(_, protocol)| protocol.reset());
    }
}

/// Puts both sides of a declared protocol where its direction says.
pub(super) fn declare(
    pair: ProtocolPair,
    direction: crate::ProtocolDirection,
    read: &mut ReadChain,
    write: &mut WriteChain,
) {
    use crate::ProtocolDirection::{Read, ReadWrite, Write};
    let ProtocolPair { class, read: reader, write: writer, allow_empty } = pair;
    if matches!(direction, Read | ReadWrite) {
        read.push(class, reader, allow_empty);
    }
    if matches!(direction, Write | ReadWrite) {
        write.push_front(class, writer);
    }
}
