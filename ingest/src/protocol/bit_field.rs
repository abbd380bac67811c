//! One unsigned integer at a bit offset, as COSMOS places it (cosmos-packets §3.3, §3.4).

/// Byte order of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Big,
    Little,
}

/// Place of an unsigned integer of 1 to 64 bits.
///
/// A little endian field that is no whole 8, 16, 32 or 64 bits on a byte boundary is named by its
/// most significant bit and extends towards lower addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BitField {
    pub(super) bit_offset: usize,
    pub(super) bit_size: usize,
    pub(super) order: ByteOrder,
    first: usize,
    count: usize,
    skip: usize,
    /// Whether bytes are taken from the highest address down.
    descending: bool,
}

impl BitField {
    /// Places a field; `None` when it has no bits, more than 64, or begins before byte 0.
    pub(super) fn new(bit_offset: usize, bit_size: usize, order: ByteOrder) -> Option<Self> {
        if !(1..=64).contains(&bit_size) {
            return None;
        }
        let plain = bit_offset.is_multiple_of(8) && matches!(bit_size, 8 | 16 | 32 | 64);
        let skip = bit_offset % 8;
        let count = (skip + bit_size).div_ceil(8);
        let start = bit_offset / 8;
        let (first, descending) = match order {
            ByteOrder::Big => (start, false),
            ByteOrder::Little if plain => (start, true),
            ByteOrder::Little => ((start + 1).checked_sub(count)?, true),
        };
        Some(Self { bit_offset, bit_size, order, first, count, skip, descending })
    }

    /// Returns how many bytes a buffer must have for the field to be readable.
    pub(super) fn bytes_needed(&self) -> usize {
        self.first + self.count
    }

    /// Returns the largest value.
    pub(super) fn max(&self) -> u64 {
        u64::MAX >> (64 - self.bit_size)
    }

    /// Reads the field; `None` when the buffer is too short.
    #[inline]
    pub(super) fn read(&self, data: &[u8]) -> Option<u64> {
        let bytes = data.get(self.first..self.first + self.count)?;
        if self.skip == 0 && self.bit_size == 16 && self.count == 2 {
            let pair = [bytes[0], bytes[1]];
            return Some(u64::from(if self.descending {
                u16::from_le_bytes(pair)
            } else {
                u16::from_be_bytes(pair)
            }));
        }
        let mut wide: u128 = 0;
        for index in 0..self.count {
            wide = wide << 8 | u128::from(bytes[self.index(index)]);
        }
        let below = self.count * 8 - self.skip - self.bit_size;
        Some((wide >> below) as u64 & self.max())
    }

    /// Writes the field; false when the buffer is too short. Other bits keep their value.
    pub(super) fn write(&self, data: &mut [u8], value: u64) -> bool {
        let Some(bytes) = data.get_mut(self.first..self.first + self.count) else {
            return false;
        };
        let below = self.count * 8 - self.skip - self.bit_size;
        let mut mask = u128::from(self.max()) << below;
        let mut wide = u128::from(value & self.max()) << below;
        for index in (0..self.count).rev() {
            let byte = &mut bytes[self.index(index)];
            *byte = *byte & !(mask as u8) | wide as u8;
            mask >>= 8;
            wide >>= 8;
        }
        true
    }

    /// Returns where the byte of that significance lies.
    fn index(&self, index: usize) -> usize {
        if self.descending { self.count - 1 - index } else { index }
    }
}

#[cfg(test)]
mod tests {
    use super::{BitField, ByteOrder};
    use crate::protocol::testing::hex;

    #[test]
    fn reads_the_worked_examples() {
        let little = [
            ("b5cd", 4, 4, 5),
            ("b5cd", 12, 8, 219),
            ("b5cd", 8, 4, 12),
            ("563412ff", 16, 24, 0x123456),
            ("34a2", 12, 12, 564),
            ("34a2", 8, 12, 2595),
            ("123456", 20, 16, 25409),
            ("0300", 0, 16, 3),
        ];
        for (bytes, offset, size, value) in little {
            let field = BitField::new(offset, size, ByteOrder::Little).unwrap();
            assert_eq!(field.read(&hex(bytes)), Some(value), "{bytes} {offset} {size}");
        }
        assert!(BitField::new(0, 12, ByteOrder::Little).is_none());
        let field = BitField::new(5, 11, ByteOrder::Big).unwrap();
        assert_eq!(field.read(&hex("1801")), Some(1));
        assert_eq!(field.read(&hex("18")), None);
        assert_eq!(field.bytes_needed(), 2);
        assert!(BitField::new(0, 65, ByteOrder::Big).is_none());
    }

    #[test]
    fn writes_what_it_reads_and_nothing_else() {
        for order in [ByteOrder::Big, ByteOrder::Little] {
            for offset in 0..40 {
                for size in 1..=64 {
                    let Some(field) = BitField::new(offset, size, order) else {
                        continue;
                    };
                    let value = 0x0123_4567_89ab_cdef & field.max();
                    let mut data = vec![0xff; 16];
                    assert!(field.write(&mut data, value));
                    assert_eq!(field.read(&data), Some(value));
                    assert!(field.write(&mut data, field.max()));
                    assert_eq!(data, vec![0xff; 16], "{offset} {size} {order:?}");
                }
            }
        }
    }
}
