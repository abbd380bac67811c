//! Operations that turn raw numbers into converted values and watch their limits.

use super::compile::NO_ENTRY;
use crate::definition::polynomial;
use crate::limits::{LimitsState, Transition};
use crate::record::{Converted, Kind, Raw, load, store};

/// How numbers lie where they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) kind: Kind,
    pub(super) source: Source,
}

/// Where numbers are read: in the packet, if they are whole bytes there, because reading back
/// what was just written in pieces would wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// They are in their slots already.
    Record,
    /// Whole bytes of the packet, most significant first.
    Big,
    /// Whole bytes of the packet, least significant first.
    Little,
}

/// Evaluates an expression that is compiled for each type of numbers and endianness.
macro_rules! of_form {
    (@ $type:ident $number:ident, $big:ident $is_big:literal, $body:expr) => {{
        type $type = $number;
        const $big: bool = $is_big;
        $body
    }};
    ($form:expr, $type:ident, $big:ident => $body:expr) => {
        match ($form.kind, $form.source == Source::Little) {
            (Kind::U8, _) => of_form!(@ $type u8, $big true, $body),
            (Kind::I8, _) => of_form!(@ $type i8, $big true, $body),
            (Kind::U16, false) => of_form!(@ $type u16, $big true, $body),
            (Kind::I16, false) => of_form!(@ $type i16, $big true, $body),
            (Kind::U32, false) => of_form!(@ $type u32, $big true, $body),
            (Kind::I32, false) => of_form!(@ $type i32, $big true, $body),
            (Kind::U64, false) => of_form!(@ $type u64, $big true, $body),
            (Kind::I64, false) => of_form!(@ $type i64, $big true, $body),
            (Kind::F32, false) => of_form!(@ $type f32, $big true, $body),
            (Kind::F64, false) => of_form!(@ $type f64, $big true, $body),
            (Kind::U16, true) => of_form!(@ $type u16, $big false, $body),
            (Kind::I16, true) => of_form!(@ $type i16, $big false, $body),
            (Kind::U32, true) => of_form!(@ $type u32, $big false, $body),
            (Kind::I32, true) => of_form!(@ $type i32, $big false, $body),
            (Kind::U64, true) => of_form!(@ $type u64, $big false, $body),
            (Kind::I64, true) => of_form!(@ $type i64, $big false, $body),
            (Kind::F32, true) => of_form!(@ $type f32, $big false, $body),
            (Kind::F64, true) => of_form!(@ $type f64, $big false, $body),
            (Kind::Converted, _) => of_form!(@ $type Converted, $big true, $body),
        }
    };
}

/// The limits' bounds of all entries.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'a> {
    pub(super) low: &'a [f64],
    pub(super) high: &'a [f64],
}

impl<'a> Bounds<'a> {
    /// Returns whether a number may change the state of an entry, if there is one.
    #[inline(always)]
    pub(super) fn may_change(self, entry: u32, value: f64) -> bool {
        let entry = entry as usize;
        match (self.low.get(entry), self.high.get(entry)) {
            (Some(low), Some(high)) => !((*low <= value) & (value <= *high)),
            _ => false,
        }
    }

    /// Returns the bounds of some entries, or those of numbers without limits.
    #[inline(always)]
    fn of<const N: usize>(self, entry: u32) -> (&'a [f64; N], &'a [f64; N]) {
        let entry = entry as usize;
        let some = |bounds: &'a [f64]| bounds.get(entry..entry + N).and_then(<[f64]>::first_chunk);
        (
            some(self.low).unwrap_or(const { &[f64::NEG_INFINITY; N] }),
            some(self.high).unwrap_or(const { &[f64::INFINITY; N] }),
        )
    }
}

/// Numbers that lie one after the other where they are read, among the converted values and among
/// the limits entries: converted by c0 + c1·x and watched together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<const N: usize> {
    pub(super) constants: [f64; N],
    pub(super) slopes: [f64; N],
    /// First byte of the numbers, in the packet or in the record.
    pub(super) at: u32,
    /// Slot of the first converted value.
    pub(super) target: u32,
    /// First limits entry, or [`NO_ENTRY`].
    pub(super) entry: u32,
    /// How many of them were in the block before as well and have been checked there.
    pub(super) known: u32,
}

impl<const N: usize> Block<N> {
    /// Converts the numbers; returns whether any of them may change its limits state.
    #[inline(always)]
    pub(super) fn run(
        &self,
        form: Form,
        packet: &[u8],
        record: &mut [u8],
        bounds: Bounds<'_>,
    ) -> bool {
        let from_record = form.source == Source::Record;
        of_form!(form, T, BIG => {
            let from = if from_record { &*record } else { packet };
            let numbers = T::load_many::<BIG, N>(from, self.at);
            self.convert::<T>(&numbers, record, bounds)
        })
    }

    #[inline(always)]
    fn convert<T: Raw>(&self, numbers: &[f64; N], record: &mut [u8], bounds: Bounds<'_>) -> bool {
        // Loops without closures, which become loops over vectors.
        let mut values = [0.0; N];
        for index in 0..N {
            values[index] = self.constants[index] + self.slopes[index] * numbers[index];
        }
        let target = self.target as usize;
        if let Some(slots) = record.get_mut(target..target + N * 8) {
            for (slot, value) in slots.as_chunks_mut().0.iter_mut().zip(values) {
                *slot = value.to_le_bytes();
            }
        }
        let (low, high) = bounds.of::<N>(self.entry);
        !T::all_within(&values, low, high)
    }

    pub(super) fn check(
        &self,
        record: &[u8],
        limits: &mut LimitsState,
        transitions: &mut Vec<Transition>,
    ) {
        if self.entry == NO_ENTRY {
            return;
        }
        for index in self.known..N as u32 {
            let value = f64::from_le_bytes(load(record, self.target + index * 8));
            limits.check_number((self.entry + index) as usize, value, transitions);
        }
    }
}

/// One number that is converted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Single {
    pub(super) constant: f64,
    pub(super) slope: f64,
    /// Slot of the converted value.
    pub(super) target: u32,
    pub(super) check: Check,
}

/// One number that is watched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Check {
    /// First byte of the number, in the packet or in the record.
    pub(super) at: u32,
    /// Limits entry, or [`NO_ENTRY`].
    pub(super) entry: u32,
}

impl Check {
    /// Returns the number.
    #[inline(always)]
    pub(super) fn number(&self, form: Form, packet: &[u8], record: &[u8]) -> f64 {
        let from = if form.source == Source::Record { record } else { packet };
        of_form!(form, T, BIG => T::load::<BIG>(from, self.at).number())
    }
}

impl Single {
    /// Converts the number and returns its converted value.
    #[inline(always)]
    pub(super) fn run(&self, form: Form, packet: &[u8], record: &mut [u8]) -> f64 {
        let value = self.constant + self.slope * self.check.number(form, packet, record);
        store(record, self.target, value.to_le_bytes());
        value
    }

    pub(super) fn check(
        &self,
        record: &[u8],
        limits: &mut LimitsState,
        transitions: &mut Vec<Transition>,
    ) {
        if self.check.entry != NO_ENTRY {
            let value = f64::from_le_bytes(load(record, self.target));
            limits.check_number(self.check.entry as usize, value, transitions);
        }
    }
}

/// A polynomial of any degree but one.
#[derive(Debug)]
pub(super) struct Polynomial {
    pub(super) slot: u32,
    pub(super) target: u32,
    pub(super) coefficients: Box<[f64]>,
}

impl Polynomial {
    #[inline(always)]
    pub(super) fn value(&self, x: f64) -> f64 {
        polynomial(&self.coefficients, x)
    }
}
