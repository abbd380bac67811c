//! Values that a decommutated packet log holds.

use groundlog_packet::{
    Value,
    definition::{ValueType, is_reserved_item},
};

/// Between the name of an item and the form of its value; no name of an item has it.
const FORM: &str = "__";

/// The values of one packet, by their keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoggedValues<'a> {
    pub(super) entries: &'a [(String, Value)],
    pub(super) values: ValueType,
}

impl<'a> LoggedValues<'a> {
    /// Returns the value of an item in the form asked for.
    ///
    /// A form that the log lacks is the same as the one before it: COSMOS writes no converted value
    /// where nothing converts, and no formatted one where nothing formats.
    pub(super) fn of(self, item: &str) -> Value {
        let raw = || self.get(item, "").cloned();
        let converted = || self.get(item, "__C").cloned().or_else(raw);
        let value = match self.values {
            ValueType::Raw => raw(),
            ValueType::Converted => converted(),
            ValueType::Formatted => match self.get(item, "__F").cloned() {
                Some(formatted) => Some(formatted),
                None => converted().map(as_text),
            },
        };
        value.unwrap_or_default()
    }

    /// Lists the items, in the order of the log, without reserved ones.
    pub(super) fn items(self) -> impl Iterator<Item = &'a str> {
        let name = |entry: &'a (String, Value)| entry.0.split(FORM).next().unwrap_or_default();
        let entries = self.entries;
        let first = move |at: usize, item: &str| !entries[..at].iter().any(|it| name(it) == item);
        let items = entries.iter().map(name).enumerate();
        items
            .filter(move |(at, item)| first(*at, item))
            .map(|it| it.1)
            .filter(|item| !is_reserved_item(item))
    }

    fn get(self, item: &str, form: &str) -> Option<&'a Value> {
        let is = |key: &str| key.strip_prefix(item) == Some(form);
        self.entries.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
    }
}

fn as_text(value: Value) -> Value {
    match value {
        Value::Null | Value::Bytes(_) => value,
        Value::Array(values) => Value::Array(values.into_iter().map(as_text).collect()),
        other => Value::String(other.to_string()),
    }
}
