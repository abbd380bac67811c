//! States: names for values of an item.

use std::ops::RangeInclusive;

use indexmap::IndexMap;

use crate::value::Value;

/// Colour of a state, which makes it a limit (cosmos-packets §2.5 `STATE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Color {
    /// In limits.
    Green,
    /// Warning.
    Yellow,
    /// Alarm.
    Red,
}

impl Color {
    /// Reads the configuration word; any case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Green, Self::Yellow, Self::Red]
            .into_iter()
            .find(|color| word.eq_ignore_ascii_case(color.word()))
    }

    /// Returns the word, which is also the limits state.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Green => "GREEN",
            Self::Yellow => "YELLOW",
            Self::Red => "RED",
        }
    }
}

/// One state of an item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// The value that has this name; the text `ANY` stands for every other value.
    pub value: Value,
    /// Further whole numbers that have this name.
    pub ranges: Vec<RangeInclusive<i128>>,
    /// Description, when selecting the state makes a command hazardous.
    pub hazardous: Option<String>,
    /// Whether a command with this state is sent without a log message.
    pub messages_disabled: bool,
    /// Limits colour.
    pub color: Option<Color>,
}

/// The states of an item, by upper-cased name, in definition order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct States {
    entries: IndexMap<String, State>,
}

impl States {
    /// Adds a state; a state of the same name is replaced and keeps its place.
    pub fn insert(&mut self, name: &str, state: State) -> Option<State> {
        self.entries.insert(name.to_ascii_uppercase(), state)
    }

    /// Adds a state whose name is kept as it is written.
    pub(crate) fn insert_as_written(&mut self, name: &str, state: State) -> Option<State> {
        self.entries.insert(name.to_owned(), state)
    }

    /// Returns the name of a value: the first state with that value, else the `ANY` state.
    ///
    /// Source: cosmos-packets §5.1 step 3; null matches `ANY` too (P01A).
    #[must_use]
    pub fn name_of(&self, value: &Value) -> Option<&str> {
        let exact = self.entries.iter().find(|(_, state)| state.has(value));
        exact
            .or_else(|| self.entries.iter().find(|(_, state)| state.is_any()))
            .map(|(name, _)| name.as_str())
    }

    /// Returns the state of a name; any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&State> {
        let upper = || self.entries.get(name.to_ascii_uppercase().as_str());
        let any_case = || self.entries.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        self.entries.get(name).or_else(upper).or_else(|| any_case().map(|(_, state)| state))
    }

    /// Returns the state of a name, exactly as it is written.
    pub(crate) fn get_exact(&self, name: &str) -> Option<&State> {
        self.entries.get(name)
    }

    /// Gives every state the colour that a function has for its name.
    pub(crate) fn color(&mut self, color: impl Fn(&str) -> Option<Color>) {
        self.entries.iter_mut().for_each(|(name, state)| state.color = color(name));
    }

    /// Iterates over names and states in definition order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &State)> {
        self.entries.iter().map(|(name, state)| (name.as_str(), state))
    }

    /// Iterates over the names in definition order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Returns how many states there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns whether any state has a limits colour.
    #[must_use]
    pub fn has_colors(&self) -> bool {
        self.entries.values().any(|state| state.color.is_some())
    }
}

impl State {
    /// Returns whether a value has this name; what `ANY` stands for is not asked.
    #[must_use]
    pub fn has(&self, value: &Value) -> bool {
        let whole = match value {
            Value::Int(int) => Some(*int),
            Value::Float(float) if *float == float.trunc() => value.to_int(),
            _ => None,
        };
        self.value.equals_state(value)
            || whole.is_some_and(|whole| self.ranges.iter().any(|range| range.contains(&whole)))
    }

    /// Returns whether the state stands for every value that has no state of its own.
    #[must_use]
    pub fn is_any(&self) -> bool {
        matches!(&self.value, Value::String(text) if text == "ANY")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(value: Value) -> State {
        State { value, ..State::default() }
    }

    #[test]
    fn first_defined_wins_then_any() {
        let mut states = States::default();
        states.insert("first", state(Value::Int(1)));
        states.insert("SECOND", state(Value::Int(1)));
        assert_eq!(states.name_of(&Value::Float(1.0)), Some("FIRST"));
        assert_eq!(states.name_of(&Value::Null), None);
        states.insert("OTHER", state(Value::from("ANY")));
        assert_eq!(states.name_of(&Value::Null), Some("OTHER"));
        assert!(states.get("second").is_some());
    }

    #[test]
    fn ranges_and_names_as_written() {
        let mut states = States::default();
        states.insert_as_written("Off", state(Value::Int(0)));
        states.insert_as_written("On", State { ranges: vec![2..=9], ..state(Value::Int(1)) });
        assert_eq!(states.name_of(&Value::Int(9)), Some("On"));
        assert_eq!(states.name_of(&Value::Int(10)), None);
        assert_eq!(states.get("ON").map(|state| &state.value), Some(&Value::Int(1)));
    }
}
