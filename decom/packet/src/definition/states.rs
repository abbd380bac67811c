//! States: names for values of an item.

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
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The value that has this name; the text `ANY` stands for every other value.
    pub value: Value,
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

    /// Returns the name of a value: the first state with that value, else the `ANY` state.
    ///
    /// Source: cosmos-packets §5.1 step 3; null matches `ANY` too (P01A).
    #[must_use]
    pub fn name_of(&self, value: &Value) -> Option<&str> {
        let exact = self.entries.iter().find(|(_, state)| state.value.equals_state(value));
        exact
            .or_else(|| self.entries.iter().find(|(_, state)| state.is_any()))
            .map(|(name, _)| name.as_str())
    }

    /// Returns the state of a name; any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&State> {
        self.entries.get(name).or_else(|| self.entries.get(name.to_ascii_uppercase().as_str()))
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
        State { value, hazardous: None, messages_disabled: false, color: None }
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
}
