//! Numbers as they lie in a record: raw ones big endian, converted ones little endian.

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
    /// A converted value, which lies little endian in the record.
    Converted,
}

impl Kind {
    /// Returns how many bytes a number takes in the record.
    pub(crate) fn width(self) -> u32 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 | Self::Converted => 8,
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
            Self::U8 => u8::load::<true>(record, slot).number(),
            Self::I8 => i8::load::<true>(record, slot).number(),
            Self::U16 => u16::load::<true>(record, slot).number(),
            Self::I16 => i16::load::<true>(record, slot).number(),
            Self::U32 => u32::load::<true>(record, slot).number(),
            Self::I32 => i32::load::<true>(record, slot).number(),
            Self::U64 => u64::load::<true>(record, slot).number(),
            Self::I64 => i64::load::<true>(record, slot).number(),
            Self::F32 => f32::load::<true>(record, slot).number(),
            Self::F64 => f64::load::<true>(record, slot).number(),
            Self::Converted => Converted::load::<true>(record, slot).number(),
        }
    }

    /// Reads the integer at a slot; `None` for floats and beyond 63 bits and a sign.
    #[inline]
    pub(crate) fn integer(self, record: &[u8], slot: u32) -> Option<i64> {
        match self {
            Self::U8 => Some(u8::load::<true>(record, slot).into()),
            Self::I8 => Some(i8::load::<true>(record, slot).into()),
            Self::U16 => Some(u16::load::<true>(record, slot).into()),
            Self::I16 => Some(i16::load::<true>(record, slot).into()),
            Self::U32 => Some(u32::load::<true>(record, slot).into()),
            Self::I32 => Some(i32::load::<true>(record, slot).into()),
            Self::U64 => i64::try_from(u64::load::<true>(record, slot)).ok(),
            Self::I64 => Some(i64::load::<true>(record, slot)),
            Self::F32 | Self::F64 | Self::Converted => None,
        }
    }

    /// Reads the number at a slot.
    pub(crate) fn value(self, record: &[u8], slot: u32) -> Value {
        match self {
            Self::F32 | Self::F64 | Self::Converted => Value::Float(self.number(record, slot)),
            Self::U64 => Value::from(u64::load::<true>(record, slot)),
            _ => self.integer(record, slot).map_or(Value::Null, Value::from),
        }
    }
}

/// A number that can be loaded from a record or a packet.
pub(crate) trait Raw: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Loads a number, big endian or little; zero if the bytes end before it, which a compiled
    /// place does not let happen.
    fn load<const BIG: bool>(bytes: &[u8], at: u32) -> Self;
    /// Loads four numbers that lie one after the other, as doubles.
    fn load_four<const BIG: bool>(bytes: &[u8], at: u32) -> [f64; 4];
    /// Returns whether four doubles that were made of such numbers lie within their bounds; may
    /// deny it for some that do. NaN occurs only where the numbers are floats, and never does.
    fn all_within(values: &[f64; 4], low: &[f64; 4], high: &[f64; 4]) -> bool;
    /// Returns the number as a double.
    fn number(self) -> f64;
    /// Returns the number as an integer, if it is one that fits.
    fn key(self) -> Option<i64>;
}

macro_rules! raw_numbers {
    ($within:ident, $number:expr, $key:expr, $($type:ty),+) => {
        $(impl Raw for $type {
            #[inline(always)]
            fn load<const BIG: bool>(bytes: &[u8], at: u32) -> Self {
                let bytes = load(bytes, at);
                if BIG { Self::from_be_bytes(bytes) } else { Self::from_le_bytes(bytes) }
            }
            #[inline(always)]
            fn load_four<const BIG: bool>(bytes: &[u8], at: u32) -> [f64; 4] {
                const WIDTH: usize = size_of::<$type>();
                let mut bytes: [u8; 4 * WIDTH] = load(bytes, at);
                if BIG {
                    reverse_each::<WIDTH>(&mut bytes);
                }
                let mut four = [0.0; 4];
                for (four, bytes) in four.iter_mut().zip(bytes.as_chunks().0) {
                    *four = Self::from_le_bytes(*bytes).number();
                }
                four
            }
            #[inline(always)]
            fn all_within(values: &[f64; 4], low: &[f64; 4], high: &[f64; 4]) -> bool {
                $within(values, low, high)
            }
            #[inline(always)]
            fn number(self) -> f64 {
                let number: fn($type) -> f64 = $number;
                number(self)
            }
            #[inline(always)]
            fn key(self) -> Option<i64> {
                let key: fn($type) -> Option<i64> = $key;
                key(self)
            }
        })+
    };
}
// One text for all widths: what is needed for the widest is superfluous for the others.
raw_numbers!(
    no_sign,
    |x| x as f64,
    |x| i64::try_from(x).ok(),
    u8,
    i8,
    u16,
    i16,
    u32,
    i32,
    u64,
    i64
);
raw_numbers!(within, f64::from, |x| whole(f64::from(x)), f32, f64);

/// Returns a double that is a whole number; -0.0 is 0.
#[inline(always)]
fn whole(double: f64) -> Option<i64> {
    // Every whole number of this range is a double of its own.
    let whole = double as i64;
    (whole as f64 == double && whole.unsigned_abs() <= 1 << 53).then_some(whole)
}

/// A converted value, which lies little endian in the record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Converted(f64);

impl Raw for Converted {
    #[inline(always)]
    fn load<const BIG: bool>(bytes: &[u8], at: u32) -> Self {
        Self(<f64 as Raw>::load::<false>(bytes, at))
    }
    #[inline(always)]
    fn load_four<const BIG: bool>(bytes: &[u8], at: u32) -> [f64; 4] {
        <f64 as Raw>::load_four::<false>(bytes, at)
    }
    #[inline(always)]
    fn all_within(values: &[f64; 4], low: &[f64; 4], high: &[f64; 4]) -> bool {
        within(values, low, high)
    }
    #[inline(always)]
    fn number(self) -> f64 {
        self.0
    }
    #[inline(always)]
    fn key(self) -> Option<i64> {
        whole(self.0)
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
