//! State look-up: from a value to the index of its state.

use crate::definition::States;
use crate::limits::color_code;
use crate::record::NO_STATE;
use crate::value::Value;

/// Spans of state values up to this many entries get a table.
const MAX_SPAN: i64 = 1 << 16;
/// Whole numbers beyond this are not all doubles.
const EXACT: i128 = 1 << 53;

/// States whose values are whole numbers that span little.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    /// Value of the first entry.
    first: i64,
    table: Box<[Found]>,
    /// For every other value: the ANY state or none.
    other: Found,
}

/// A state: its index, or [`NO_STATE`], and the code of its colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) index: u16,
    pub(super) color: u8,
}

impl Found {
    fn of(states: &States, index: u16) -> Self {
        let state = states.iter().nth(usize::from(index));
        Self { index, color: color_code(state.and_then(|(_, state)| state.color)) }
    }
}

impl Lookup {
    /// Compiles states; `None` unless all their values are whole numbers that doubles hold and that
    /// lie together.
    pub(super) fn compile(states: &States) -> Option<Self> {
        let mut spans: Vec<(i64, i64, u16)> = Vec::new();
        for (index, (_, state)) in states.iter().enumerate() {
            let value = match state.value {
                _ if state.is_any() => continue,
                Value::Int(value) => value,
                Value::Float(value) if value == value.trunc() => value as i128,
                // 0.5 can only be met by a float; NaN by nothing.
                _ => return None,
            };
            let ends = state.ranges.iter().map(|range| (*range.start(), *range.end()));
            for (low, high) in std::iter::once((value, value)).chain(ends) {
                if low.abs() > EXACT || high.abs() > EXACT {
                    return None;
                }
                spans.push((low as i64, high as i64, u16::try_from(index).ok()?));
            }
        }
        let first = spans.iter().map(|(low, ..)| *low).min().unwrap_or(0);
        let last = spans.iter().map(|(_, high, _)| *high).max().unwrap_or(-1);
        if last - first >= MAX_SPAN {
            return None;
        }
        let other = Found::of(states, any_index(states));
        let mut table = vec![other; (last - first + 1) as usize];
        // The first state defined for a value wins.
        for (low, high, index) in spans.iter().rev() {
            let found = Found::of(states, *index);
            (*low..=*high).for_each(|value| table[(value - first) as usize] = found);
        }
        Some(Self { first, table: table.into(), other })
    }

    /// Returns the state that a value has.
    #[inline(always)]
    pub(super) fn find(&self, key: Option<i64>) -> Found {
        let Some(key) = key else {
            return self.other;
        };
        // Keys below the first wrap around to far beyond the table.
        let at = key.wrapping_sub(self.first) as u64;
        usize::try_from(at).ok().and_then(|at| self.table.get(at)).copied().unwrap_or(self.other)
    }

    /// Returns the states of all bytes.
    pub(super) fn of_bytes(&self) -> Box<[Found; 256]> {
        Box::new(std::array::from_fn(|byte| self.find(Some(byte as i64))))
    }
}

fn any_index(states: &States) -> u16 {
    position(states.iter().position(|(_, state)| state.is_any()))
}

fn position(index: Option<usize>) -> u16 {
    index.and_then(|index| u16::try_from(index).ok()).unwrap_or(NO_STATE)
}

/// Returns the index of the state that any value has: the first equal one, else ANY, else none.
pub(super) fn index_of(states: &States, value: &Value) -> u16 {
    let found = states.iter().position(|(_, state)| state.has(value));
    match position(found) {
        NO_STATE => any_index(states),
        index => index,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::State;

    fn states(values: &[(&str, Value)]) -> States {
        let mut states = States::default();
        for (name, value) in values {
            let value = value.clone();
            let state = State { value, ..State::default() };
            states.insert(name, state);
        }
        states
    }

    fn agrees(states: &States) {
        let lookup = Lookup::compile(states).unwrap();
        for key in (-3000..3000).chain([i64::MIN, i64::MAX, 1 << 53, 70_000]) {
            let value = Value::from(key);
            assert_eq!(lookup.find(Some(key)).index, index_of(states, &value), "{key}");
        }
        assert_eq!(lookup.find(None).index, index_of(states, &Value::Float(0.5)));
    }

    #[test]
    fn tables_find_what_comparing_finds() {
        agrees(&states(&[]));
        agrees(&states(&[("A", Value::Int(0)), ("B", Value::Int(1)), ("C", Value::Int(1))]));
        agrees(&states(&[("A", Value::Int(-2)), ("B", Value::Float(7.0))]));
        agrees(&states(&[("A", Value::Int(-2)), ("X", Value::from("ANY")), ("B", Value::Int(2))]));
        agrees(&states(&[("A", Value::Int(-2)), ("B", Value::Int(50_000))]));
        let mut ranges = states(&[("A", Value::Int(4))]);
        let further = State { ranges: vec![-2..=-1, 6..=2000], ..State::default() };
        ranges.insert("B", State { value: Value::Int(5), ..further });
        agrees(&ranges);
        assert_eq!(index_of(&ranges, &Value::Float(7.0)), 1);
        let far = State { ranges: vec![7..=1 << 17], ..State::default() };
        ranges.insert("C", State { value: Value::Int(3000), ..far });
        assert!(Lookup::compile(&ranges).is_none());
        assert!(
            Lookup::compile(&states(&[("A", Value::Int(0)), ("B", Value::Int(1 << 16))])).is_none()
        );
        assert!(Lookup::compile(&states(&[("H", Value::Float(0.5))])).is_none());
        assert!(Lookup::compile(&states(&[("T", Value::from("TEXT"))])).is_none());
    }
}
