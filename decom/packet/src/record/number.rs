//! Numbers as they lie in a record: raw ones big endian, converted ones little endian.

use super::form::Element;
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

    /// Reads the number at a slot as the integer that states are looked up by, if it is one.
    #[inline]
    pub(crate) fn key(self, record: &[u8], slot: u32) -> Option<i64> {
        match self {
            Self::F32 => f32::load::<true>(record, slot).key(),
            Self::F64 => f64::load::<true>(record, slot).key(),
            Self::Converted => Converted::load::<true>(record, slot).key(),
            integer => integer.integer(record, slot),
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
    /// Loads numbers that lie one after the other, as doubles.
    fn load_many<const BIG: bool, const N: usize>(bytes: &[u8], at: u32) -> [f64; N];
    /// Returns whether doubles that were made of such numbers all lie within their bounds; may deny
    /// it for some that do. NaN occurs only where the numbers are floats, and never does.
    fn all_within<const N: usize>(values: &[f64; N], low: &[f64; N], high: &[f64; N]) -> bool;
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
            fn load_many<const BIG: bool, const N: usize>(bytes: &[u8], at: u32) -> [f64; N] {
                const WIDTH: usize = size_of::<$type>();
                let at = at as usize;
                let mut numbers = [0.0; N];
                if let Some(bytes) = bytes.get(at..at + N * WIDTH) {
                    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks::<WIDTH>().0) {
                        *number = Self::load::<BIG>(bytes, 0).number();
                    }
                }
                numbers
            }
            #[inline(always)]
            fn all_within<const N: usize>(
                values: &[f64; N],
                low: &[f64; N],
                high: &[f64; N],
            ) -> bool {
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
    distances_are_positive,
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
raw_numbers!(compare_all, f64::from, |x| whole(f64::from(x)), f32, f64);

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
    fn load_many<const BIG: bool, const N: usize>(bytes: &[u8], at: u32) -> [f64; N] {
        <f64 as Raw>::load_many::<false, N>(bytes, at)
    }
    #[inline(always)]
    fn all_within<const N: usize>(values: &[f64; N], low: &[f64; N], high: &[f64; N]) -> bool {
        compare_all(values, low, high)
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

// Each side in a loop of its own, in the order of the numbers, becomes a loop over vectors.

#[inline(always)]
fn compare_all<const N: usize>(values: &[f64; N], low: &[f64; N], high: &[f64; N]) -> bool {
    let mut within = true;
    for index in 0..N {
        within &= low[index] <= values[index];
    }
    for index in 0..N {
        within &= values[index] <= high[index];
    }
    within
}

/// Looks at the signs of distances, which takes fewer instructions than comparing; not for NaN.
#[inline(always)]
fn distances_are_positive<const N: usize>(
    values: &[f64; N],
    low: &[f64; N],
    high: &[f64; N],
) -> bool {
    let (mut below, mut above) = (0, 0);
    for index in 0..N {
        below |= (values[index] - low[index]).to_bits();
    }
    for index in 0..N {
        above |= (high[index] - values[index]).to_bits();
    }
    (below | above) >> 63 == 0
}
