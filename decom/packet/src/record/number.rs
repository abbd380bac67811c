//! Numbers as they lie in a record.

use super::layout::Element;
use crate::value::Value;

/// The kinds of numbers that the fast path converts and checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl Kind {
    /// Returns how many bytes a number takes in the record.
    pub(crate) fn width(self) -> u32 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Returns the kind of an element; `None` for texts and for integers beyond 64 bits.
    pub(crate) fn of(element: Element) -> Option<Self> {
        Some(match element {
            Element::Int { width: 1, signed: false } => Self::U8,
            Element::Int { width: 1, signed: true } => Self::I8,
            Element::Int { width: 2, signed: false } => Self::U16,
            Element::Int { width: 2, signed: true } => Self::I16,
            Element::Int { width: 4, signed: false } => Self::U32,
            Element::Int { width: 4, signed: true } => Self::I32,
            Element::Int { width: 8, signed: false } => Self::U64,
            Element::Int { width: 8, signed: true } => Self::I64,
            Element::Single => Self::F32,
            Element::Double => Self::F64,
            Element::Int { .. } | Element::Bytes { .. } => return None,
        })
    }

    /// Reads the number at a slot as a double.
    #[inline]
    pub(crate) fn number(self, record: &[u8], slot: u32) -> f64 {
        match self {
            Self::U8 => u8::load(record, slot).number(),
            Self::I8 => i8::load(record, slot).number(),
            Self::U16 => u16::load(record, slot).number(),
            Self::I16 => i16::load(record, slot).number(),
            Self::U32 => u32::load(record, slot).number(),
            Self::I32 => i32::load(record, slot).number(),
            Self::U64 => u64::load(record, slot).number(),
            Self::I64 => i64::load(record, slot).number(),
            Self::F32 => f32::load(record, slot).number(),
            Self::F64 => f64::load(record, slot).number(),
        }
    }

    /// Reads the integer at a slot; `None` for floats and beyond 63 bits and a sign.
    #[inline]
    pub(crate) fn integer(self, record: &[u8], slot: u32) -> Option<i64> {
        match self {
            Self::U8 => Some(u8::load(record, slot).into()),
            Self::I8 => Some(i8::load(record, slot).into()),
            Self::U16 => Some(u16::load(record, slot).into()),
            Self::I16 => Some(i16::load(record, slot).into()),
            Self::U32 => Some(u32::load(record, slot).into()),
            Self::I32 => Some(i32::load(record, slot).into()),
            Self::U64 => i64::try_from(u64::load(record, slot)).ok(),
            Self::I64 => Some(i64::load(record, slot)),
            Self::F32 | Self::F64 => None,
        }
    }

    /// Reads the number at a slot.
    pub(crate) fn value(self, record: &[u8], slot: u32) -> Value {
        match self {
            Self::F32 | Self::F64 => Value::Float(self.number(record, slot)),
            Self::U64 => Value::from(u64::load(record, slot)),
            _ => self.integer(record, slot).map_or(Value::Null, Value::from),
        }
    }
}

/// A number that can be loaded from a record.
pub(crate) trait Raw: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Loads the number at a slot; zero if the record ends before it, which a compiled slot
    /// does not let happen.
    fn load(record: &[u8], slot: u32) -> Self;
    /// Loads four numbers that lie one after the other in a record, as doubles.
    fn load_four(record: &[u8], slot: u32) -> [f64; 4];
    /// Copies a number of a packet, big endian or little, to its slot, and returns it.
    fn copy<const BIG: bool>(packet: &[u8], at: u32, record: &mut [u8], slot: u32) -> Self;
    /// Copies four numbers that lie one after the other, and returns them as doubles.
    fn copy_four<const BIG: bool>(packet: &[u8], at: u32, record: &mut [u8], slot: u32)
    -> [f64; 4];
    /// Returns whether four doubles that were made of such numbers lie within their bounds; may
    /// deny it for some that do. NaN occurs only where the numbers are floats, and never does.
    fn all_within(values: &[f64; 4], low: &[f64; 4], high: &[f64; 4]) -> bool;
    /// Returns the number as a double.
    fn number(self) -> f64;
    /// Returns the number as an integer, if it is one that fits.
    fn key(self) -> Option<i64>;
}

macro_rules! raw_integers {
    ($($integer:ty),+) => {
        $(impl Raw for $integer {
            #[inline(always)]
            fn load(record: &[u8], slot: u32) -> Self {
                Self::from_le_bytes(load(record, slot))
            }
            #[inline(always)]
            fn load_four(record: &[u8], slot: u32) -> [f64; 4] {
                const WIDTH: usize = size_of::<$integer>();
                let bytes: [u8; 4 * WIDTH] = load(record, slot);
                four_of(bytes.as_chunks().0, |bytes| Self::from_le_bytes(bytes).number())
            }
            #[inline(always)]
            fn copy<const BIG: bool>(packet: &[u8], at: u32, record: &mut [u8], slot: u32) -> Self {
                let bytes = load(packet, at);
                let number = if BIG { Self::from_be_bytes(bytes) } else { Self::from_le_bytes(bytes) };
                store(record, slot, number.to_le_bytes());
                number
            }
            #[inline(always)]
            fn copy_four<const BIG: bool>(
                packet: &[u8],
                at: u32,
                record: &mut [u8],
                slot: u32,
            ) -> [f64; 4] {
                const WIDTH: usize = size_of::<$integer>();
                let mut bytes: [u8; 4 * WIDTH] = load(packet, at);
                if BIG {
                    reverse_each::<WIDTH>(&mut bytes);
                }
                store(record, slot, bytes);
                four_of(bytes.as_chunks().0, |bytes| Self::from_le_bytes(bytes).number())
            }
            #[inline(always)]
            fn all_within(values: &[f64; 4], low: &[f64; 4], high: &[f64; 4]) -> bool {
                no_sign(values, low, high)
            }
            #[inline(always)]
            fn number(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn key(self) -> Option<i64> {
                i64::try_from(self).ok()
            }
        })+
    };
}
raw_integers!(u8, i8, u16, i16, u32, i32, u64, i64);

impl Raw for f32 {
    #[inline(always)]
    fn load(record: &[u8], slot: u32) -> Self {
        Self::from_le_bytes(load(record, slot))
    }
    #[inline(always)]
    fn load_four(record: &[u8], slot: u32) -> [f64; 4] {
        const WIDTH: usize = size_of::<f32>();
        let bytes: [u8; 4 * WIDTH] = load(record, slot);
        four_of(bytes.as_chunks().0, |bytes| Self::from_le_bytes(bytes).number())
    }
    #[inline(always)]
    fn copy<const BIG: bool>(packet: &[u8], at: u32, record: &mut [u8], slot: u32) -> Self {
        let bytes = load(packet, at);
        let number = if BIG { Self::from_be_bytes(bytes) } else { Self::from_le_bytes(bytes) };
        store(record, slot, number.to_le_bytes());
        number
    }
    #[inline(always)]
    fn copy_four<const BIG: bool>(
        packet: &[u8],
        at: u32,
        record: &mut [u8],
        slot: u32,
    ) -> [f64; 4] {
        const WIDTH: usize = size_of::<f32>();
        let mut bytes: [u8; 4 * WIDTH] = load(packet, at);
        if BIG {
            reverse_each::<WIDTH>(&mut bytes);
        }
        store(record, slot, bytes);
        four_of(bytes.as_chunks().0, |bytes| Self::from_le_bytes(bytes).number())
    }
    #[inline(always)]
    fn all_within(values: &[f64; 4], low: &[f64; 4], high: &[f64; 4]) -> bool {
        within(values, low, high)
    }
    #[inline(always)]
    fn number(self) -> f64 {
        self.into()
    }
    #[inline(always)]
    fn key(self) -> Option<i64> {
        f64::from(self).key()
    }
}

impl Raw for f64 {
    #[inline(always)]
    fn load(record: &[u8], slot: u32) -> Self {
        Self::from_le_bytes(load(record, slot))
    }
    #[inline(always)]
    fn load_four(record: &[u8], slot: u32) -> [f64; 4] {
        const WIDTH: usize = size_of::<f64>();
        let bytes: [u8; 4 * WIDTH] = load(record, slot);
        four_of(bytes.as_chunks().0, |bytes| Self::from_le_bytes(bytes).number())
    }
    #[inline(always)]
    fn copy<const BIG: bool>(packet: &[u8], at: u32, record: &mut [u8], slot: u32) -> Self {
        let bytes = load(packet, at);
        let number = if BIG { Self::from_be_bytes(bytes) } else { Self::from_le_bytes(bytes) };
        store(record, slot, number.to_le_bytes());
        number
    }
    #[inline(always)]
    fn copy_four<const BIG: bool>(
        packet: &[u8],
        at: u32,
        record: &mut [u8],
        slot: u32,
    ) -> [f64; 4] {
        const WIDTH: usize = size_of::<f64>();
        let mut bytes: [u8; 4 * WIDTH] = load(packet, at);
        if BIG {
            reverse_each::<WIDTH>(&mut bytes);
        }
        store(record, slot, bytes);
        four_of(bytes.as_chunks().0, |bytes| Self::from_le_bytes(bytes).number())
    }
    #[inline(always)]
    fn all_within(values: &[f64; 4], low: &[f64; 4], high: &[f64; 4]) -> bool {
        within(values, low, high)
    }
    #[inline(always)]
    fn number(self) -> f64 {
        self
    }
    #[inline(always)]
    fn key(self) -> Option<i64> {
        // Every whole number of this range is a double of its own; -0.0 is 0.
        let whole = self as i64;
        (whole as f64 == self && whole.unsigned_abs() <= 1 << 53).then_some(whole)
    }
}

/// Copies `N` bytes; zeros if there are none.
#[inline(always)]
pub(crate) fn load<const N: usize>(bytes: &[u8], at: u32) -> [u8; N] {
    let at = at as usize;
    match bytes.get(at..at + N).and_then(|slice| slice.first_chunk()) {
        Some(chunk) => *chunk,
        None => [0; N],
    }
}

/// Stores `N` bytes, if there is room.
#[inline(always)]
pub(crate) fn store<const N: usize>(bytes: &mut [u8], at: u32, value: [u8; N]) {
    let at = at as usize;
    if let Some(slot) = bytes.get_mut(at..at + N) {
        slot.copy_from_slice(&value);
    }
}

#[inline(always)]
fn within(values: &[f64; 4], low: &[f64; 4], high: &[f64; 4]) -> bool {
    let mut within = [true; 4];
    for index in 0..4 {
        within[index] = (low[index] <= values[index]) & (values[index] <= high[index]);
    }
    within == [true; 4]
}

/// Finds numbers outside their bounds by the signs of their distances, which takes fewer
/// instructions than comparing; not for NaN.
#[inline(always)]
fn no_sign(values: &[f64; 4], low: &[f64; 4], high: &[f64; 4]) -> bool {
    let mut signs = 0;
    for index in 0..4 {
        signs |= (values[index] - low[index]).to_bits() | (high[index] - values[index]).to_bits();
    }
    signs >> 63 == 0
}

/// Makes four doubles.
#[inline(always)]
fn four_of<const WIDTH: usize>(
    chunks: &[[u8; WIDTH]],
    number: impl Fn([u8; WIDTH]) -> f64,
) -> [f64; 4] {
    let mut four = [0.0; 4];
    for (four, chunk) in four.iter_mut().zip(chunks) {
        *four = number(*chunk);
    }
    four
}

/// Reverses the bytes of each number; of halves, four at once.
#[inline(always)]
fn reverse_each<const WIDTH: usize>(bytes: &mut [u8]) {
    const LOW: u64 = 0x00ff_00ff_00ff_00ff;
    if WIDTH == 2 {
        for halves in bytes.as_chunks_mut::<8>().0 {
            let four = u64::from_le_bytes(*halves);
            *halves = (((four & LOW) << 8) | ((four >> 8) & LOW)).to_le_bytes();
        }
        return;
    }
    for number in bytes.as_chunks_mut::<WIDTH>().0 {
        number.reverse();
    }
}
