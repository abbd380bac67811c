//! Numbers as they lie in the raw section of a record.

use crate::record::Element;

/// The kinds of numbers that the fast path converts and checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
    /// Returns the kind of an element; `None` for texts and for integers beyond 64 bits.
    pub(super) fn of(element: Element) -> Option<Self> {
        Some(match element {
            Element::Int {
                width: 1,
                signed: false,
            } => Self::U8,
            Element::Int {
                width: 1,
                signed: true,
            } => Self::I8,
            Element::Int {
                width: 2,
                signed: false,
            } => Self::U16,
            Element::Int {
                width: 2,
                signed: true,
            } => Self::I16,
            Element::Int {
                width: 4,
                signed: false,
            } => Self::U32,
            Element::Int {
                width: 4,
                signed: true,
            } => Self::I32,
            Element::Int {
                width: 8,
                signed: false,
            } => Self::U64,
            Element::Int {
                width: 8,
                signed: true,
            } => Self::I64,
            Element::Single => Self::F32,
            Element::Double => Self::F64,
            Element::Int { .. } | Element::Bytes { .. } => return None,
        })
    }
}

/// A number that can be loaded from a record.
pub(super) trait Raw: Copy {
    /// Loads the number at a slot; zero if the record ends before it, which a compiled slot
    /// does not let happen.
    fn load(record: &[u8], slot: u32) -> Self;
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
pub(super) fn load<const N: usize>(bytes: &[u8], at: u32) -> [u8; N] {
    let at = at as usize;
    match bytes.get(at..at + N).and_then(|slice| slice.first_chunk()) {
        Some(chunk) => *chunk,
        None => [0; N],
    }
}

/// Stores `N` bytes, if there is room.
#[inline(always)]
pub(super) fn store<const N: usize>(bytes: &mut [u8], at: u32, value: [u8; N]) {
    let at = at as usize;
    if let Some(slot) = bytes.get_mut(at..at + N) {
        slot.copy_from_slice(&value);
    }
}
