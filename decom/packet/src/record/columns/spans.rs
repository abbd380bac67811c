//! Reading neighbours of one kind from a record into a column.

use super::Columns;
use crate::record::number::{Kind, Raw};

/// What a slot holds, and so the column to which its value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// A raw number.
    Raw(Kind),
    /// A converted number.
    Converted,
    /// The index of a state.
    State,
    /// The code of a limits state.
    Limits,
}

/// Neighbours in a record that are neighbours in their column, as many as the code says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    code: Code,
    /// The first slot.
    at: u32,
    /// The first row.
    row: u32,
}

macro_rules! codes {
    ($($cell:pat => $column:ident $width:literal $load:expr, $eight:ident $four:ident $two:ident $one:ident;)+) => {
        /// What is read, and how many at once. One enumeration, so that one jump finds the loop.
        #[derive(Debug, Clone, Copy)]
        enum Code { $($eight, $four, $two, $one,)+ }

        impl Code {
            fn of(cell: Cell, count: usize) -> Self {
                match (cell, count) {
                    $(
                        ($cell, 8) => Self::$eight,
                        ($cell, 4) => Self::$four,
                        ($cell, 2) => Self::$two,
                        ($cell, _) => Self::$one,
                    )+
                }
            }
        }

        impl Cell {
            /// Returns the bytes of a slot.
            fn width(self) -> u32 {
                match self { $($cell => $width,)+ }
            }
        }

        /// Reads all spans.
        #[inline(always)]
        pub(super) fn read(spans: &[Span], record: &[u8], columns: &mut Columns) {
            for span in spans {
                match span.code {
                    $(
                        Code::$eight => span.read::<_, $width, 8>(record, &mut columns.$column, $load),
                        Code::$four => span.read::<_, $width, 4>(record, &mut columns.$column, $load),
                        Code::$two => span.read::<_, $width, 2>(record, &mut columns.$column, $load),
                        Code::$one => span.read::<_, $width, 1>(record, &mut columns.$column, $load),
                    )+
                }
            }
        }
    };
}
codes! {
    Cell::Raw(Kind::U8) => raw 1 number::<u8, 1>, U8x8 U8x4 U8x2 U8x1;
    Cell::Raw(Kind::I8) => raw 1 number::<i8, 1>, I8x8 I8x4 I8x2 I8x1;
    Cell::Raw(Kind::U16) => raw 2 number::<u16, 2>, U16x8 U16x4 U16x2 U16x1;
    Cell::Raw(Kind::I16) => raw 2 number::<i16, 2>, I16x8 I16x4 I16x2 I16x1;
    Cell::Raw(Kind::U32) => raw 4 number::<u32, 4>, U32x8 U32x4 U32x2 U32x1;
    Cell::Raw(Kind::I32) => raw 4 number::<i32, 4>, I32x8 I32x4 I32x2 I32x1;
    Cell::Raw(Kind::U64) => raw 8 number::<u64, 8>, U64x8 U64x4 U64x2 U64x1;
    Cell::Raw(Kind::I64) => raw 8 number::<i64, 8>, I64x8 I64x4 I64x2 I64x1;
    Cell::Raw(Kind::F32) => raw 4 number::<f32, 4>, F32x8 F32x4 F32x2 F32x1;
    Cell::Raw(Kind::F64) => raw 8 number::<f64, 8>, F64x8 F64x4 F64x2 F64x1;
    Cell::Raw(Kind::Converted) | Cell::Converted => converted 8 |bytes| f64::from_le_bytes(*bytes),
        Convertedx8 Convertedx4 Convertedx2 Convertedx1;
    Cell::State => states 2 |bytes| u16::from_le_bytes(*bytes), Statex8 Statex4 Statex2 Statex1;
    Cell::Limits => limits 1 |[code]| *code, Limitsx8 Limitsx4 Limitsx2 Limitsx1;
}

#[inline(always)]
fn number<T: Raw, const WIDTH: usize>(bytes: &[u8; WIDTH]) -> f64 {
    T::load::<true>(bytes, 0).number()
}

impl Span {
    #[inline(always)]
    fn read<T: Copy + Default, const WIDTH: usize, const N: usize>(
        self,
        record: &[u8],
        column: &mut [T],
        load: impl Fn(&[u8; WIDTH]) -> T,
    ) {
        let (at, row) = (self.at as usize, self.row as usize);
        // All are loaded before the first is stored, so that both are done with vectors.
        let mut values = [T::default(); N];
        if let Some(from) = record.get(at..at + N * WIDTH) {
            for (value, bytes) in values.iter_mut().zip(from.as_chunks().0) {
                *value = load(bytes);
            }
        }
        if let Some(to) = column.get_mut(row..row + N) {
            to.copy_from_slice(&values);
        }
    }
}

/// Joins slots of one kind, given with their rows in ascending order.
pub(super) fn join(cell: Cell, slots: &[(u32, u32)], spans: &mut Vec<Span>) {
    let width = cell.width();
    let follows = |a: &(u32, u32), b: &(u32, u32)| {
        u64::from(b.0) == u64::from(a.0) + u64::from(width) && b.1 == a.1 + 1
    };
    for neighbours in slots.chunk_by(follows) {
        let mut add = |first: usize, count: usize| {
            let (at, row) = neighbours[first];
            spans.push(Span { code: Code::of(cell, count), at, row });
        };
        // The last span of those that do not come out even overlaps the one before it.
        let length = neighbours.len();
        (0..length / 8).for_each(|eight| add(eight * 8, 8));
        match length % 8 {
            0 => {}
            5.. if length < 8 => {
                add(0, 4);
                add(length - 4, 4);
            }
            5.. => add(length - 8, 8),
            _ if length >= 4 => add(length - 4, 4),
            3 => {
                add(0, 2);
                add(1, 2);
            }
            rest => add(0, rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_read_to_its_row() {
        for length in 0..40_u8 {
            for gap in 0..=length {
                // A gap in the record, then one among the rows.
                let slot = |index: u8| index + u8::from(index >= gap);
                let row = |index: u8| index + u8::from(index >= gap / 2);
                let record: Vec<u8> = (0..=length).map(|byte| byte ^ 0x55).collect();
                let slots: Vec<_> =
                    (0..length).map(|i| (u32::from(slot(i)), u32::from(row(i)))).collect();
                let limits = vec![0xee; usize::from(length) + 1];
                let mut columns = Columns { limits, ..Columns::default() };
                let mut spans = Vec::new();
                join(Cell::Limits, &slots, &mut spans);
                read(&spans, &record, &mut columns);
                for index in 0..length {
                    assert_eq!(columns.limits[usize::from(row(index))], slot(index) ^ 0x55);
                }
                assert_eq!(columns.limits.iter().filter(|code| **code == 0xee).count(), 1);
            }
        }
    }
}
