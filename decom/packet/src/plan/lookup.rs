//! State look-up: from a value to the index of its state.

use crate::definition::States;
use crate::record::NO_STATE;
use crate::value::Value;

/// Spans of state values up to this many entries get a table.
const MAX_TABLE: i64 = 1024;
/// Whole numbers beyond this are not all doubles.
const EXACT: i128 = 1 << 53;

/// States whose values are whole numbers, for the fast path.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    /// Value of the table's first entry.
    first: i64,
    table: Box<[u16]>,
    /// Sorted; used when the values span too much for a table.
    sorted: Box<[(i64, u16)]>,
    /// Index for every other value: the ANY state or none.
    other: u16,
}

impl Lookup {
    /// Compiles states; `None` unless all their values are whole numbers that doubles hold.
    pub(super) fn compile(states: &States) -> Option<Self> {
        let mut sorted: Vec<(i64, u16)> = Vec::new();
        for (index, (_, state)) in states.iter().enumerate() {
            let value = match state.value {
                _ if state.is_any() => continue,
                Value::Int(value) => value,
                Value::Float(value) if value == value.trunc() => value as i128,
                // 0.5 can only be met by a float; NaN by nothing.
                _ => return None,
            };
            if value.abs() > EXACT {
                return None;
            }
            let value = value as i64;
            // The first state defined for a value wins.
            if !sorted.iter().any(|(known, _)| *known == value) {
                sorted.push((value, u16::try_from(index).ok()?));
            }
        }
        sorted.sort_unstable();
        let other = any_index(states);
        let first = sorted.first().map_or(0, |(value, _)| *value);
        let last = sorted.last().map_or(-1, |(value, _)| *value);
        if last - first >= MAX_TABLE {
            return Some(Self {
                first,
                table: Box::default(),
                sorted: sorted.into(),
                other,
            });
        }
        let mut table = vec![other; (last - first + 1) as usize];
        for (value, index) in &sorted {
            table[(value - first) as usize] = *index;
        }
        Some(Self {
            first,
            table: table.into(),
            sorted: Box::default(),
            other,
        })
    }

    /// Returns the index of the state that a value has, or [`NO_STATE`].
    #[inline]
    pub(super) fn index(&self, key: Option<i64>) -> u16 {
        let Some(key) = key else { return self.other };
        // Keys below the first wrap around to far beyond the table.
        let at = key.wrapping_sub(self.first) as u64;
        match usize::try_from(at).ok().and_then(|at| self.table.get(at)) {
            Some(index) => *index,
            None if self.sorted.is_empty() => self.other,
            None => self.search(key),
        }
    }

    fn search(&self, key: i64) -> u16 {
        self.sorted
            .binary_search_by_key(&key, |(value, _)| *value)
            .map_or(self.other, |found| self.sorted[found].1)
    }
}

fn any_index(states: &States) -> u16 {
    position(states.iter().position(|(_, state)| state.is_any()))
}

fn position(index: Option<usize>) -> u16 {
    index
        .and_then(|index| u16::try_from(index).ok())
        .unwrap_or(NO_STATE)
}

/// Returns the index of the state that any value has: the first equal one, else ANY, else none.
pub(super) fn index_of(states: &States, value: &Value) -> u16 {
    let found = states
        .iter()
        .position(|(_, state)| state.value.equals_state(value));
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
            let state = State {
                value,
                hazardous: None,
                messages_disabled: false,
                color: None,
            };
            states.insert(name, state);
        }
        states
    }

    fn agrees(states: &States) {
        let lookup = Lookup::compile(states).unwrap();
        for key in (-3000..3000).chain([i64::MIN, i64::MAX, 1 << 53, 70_000]) {
            let value = Value::from(key);
            assert_eq!(lookup.index(Some(key)), index_of(states, &value), "{key}");
        }
        assert_eq!(lookup.index(None), index_of(states, &Value::Float(0.5)));
    }

    #[test]
    fn tables_and_searches_find_what_comparing_finds() {
        agrees(&states(&[]));
        agrees(&states(&[
            ("A", Value::Int(0)),
            ("B", Value::Int(1)),
            ("C", Value::Int(1)),
        ]));
        agrees(&states(&[("A", Value::Int(-2)), ("B", Value::Float(7.0))]));
        agrees(&states(&[
            ("A", Value::Int(-2)),
            ("X", Value::from("ANY")),
            ("B", Value::Int(2)),
        ]));
        agrees(&states(&[("A", Value::Int(-2)), ("B", Value::Int(70_000))]));
        assert!(Lookup::compile(&states(&[("H", Value::Float(0.5))])).is_none());
        assert!(Lookup::compile(&states(&[("T", Value::from("TEXT"))])).is_none());
    }
}
