//! FORMATTED values: format string, units, default text (cosmos-packets §5.1 step 4).

use crate::definition::{Item, default_text};
use crate::value::Value;

/// Makes the FORMATTED form of one converted value that is not the name of a state.
///
/// Null stays null, lists become lists of texts.
pub(crate) fn formatted(item: &Item, converted: &Value) -> Value {
    match converted {
        Value::Null => Value::Null,
        Value::Array(values) => {
            Value::Array(values.iter().map(|value| formatted(item, value)).collect())
        }
        // Bytes are their own text; what is not UTF-8 stays bytes.
        Value::Bytes(bytes) if item.format_string.is_none() && item.units.is_none() => {
            Value::from_utf8_or_bytes(bytes.clone())
        }
        value => {
            // A value that the format string cannot show is shown plainly rather than not at all.
            let mut text = item
                .format_string
                .as_ref()
                .and_then(|format| format.format(value).ok())
                .unwrap_or_else(|| default_text(value));
            if let Some(units) = &item.units {
                text.push(' ');
                text.push_str(&units.abbreviation);
            }
            Value::String(text)
        }
    }
}
