//! The receive buffer of a link: reads go in at the end, packets are framed at the front.

/// Bytes read and not yet framed. Grows only for a packet that is larger than itself.
#[derive(Debug)]
pub(crate) struct ReceiveBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Least room that a read is given.
    room: usize,
}

impl ReceiveBuffer {
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(4096);
        Self { bytes: vec![0; capacity], start: 0, end: 0, room: capacity / 2 }
    }

    /// Returns the room for the next read, at least half of the initial capacity.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
        if self.bytes.len() - self.end < self.room {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.bytes.len() - self.end < self.room {
                self.bytes.resize(self.bytes.len() * 2, 0);
            }
        }
        &mut self.bytes[self.end..]
    }

    /// Says how much of the room was filled.
    pub(crate) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Returns what has not been framed.
    pub(crate) fn unframed(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Forgets all but the last `left` bytes.
    pub(crate) fn keep(&mut self, left: usize) {
        self.start = self.end - left.min(self.end - self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::ReceiveBuffer;

    fn put(buffer: &mut ReceiveBuffer, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let space = buffer.space();
            let count = rest.len().min(space.len());
            space[..count].copy_from_slice(&rest[..count]);
            buffer.filled(count);
            rest = &rest[count..];
        }
    }

    #[test]
    fn keeps_order_over_moves_and_growth() {
        let bytes: Vec<u8> = (0..40_000_u32).map(|n| (n % 251) as u8).collect();
        let mut buffer = ReceiveBuffer::new(4096);
        put(&mut buffer, &bytes[..100]);
        assert_eq!(buffer.unframed(), &bytes[..100]);
        buffer.keep(10);
        put(&mut buffer, &bytes[100..]);
        assert_eq!(buffer.unframed(), &bytes[90..], "a packet larger than the buffer");
        buffer.keep(0);
        assert!(buffer.unframed().is_empty());
        let grown = buffer.space().len();
        put(&mut buffer, &bytes[..3000]);
        buffer.keep(1);
        assert_eq!(buffer.space().len() + 3000, grown);
    }
}
