//! The one-line text form: `TARGET COMMAND with NAME VALUE, …` (cosmos-packets §7.4).

use super::error::CommandTextError;
use crate::config::{convert_to_value, hex_bytes, quoted_end, unquoted};
use crate::definition::{DataType, Definitions, Packet, PacketKind};
use crate::value::Value;

/// A command text in its parts, names as they were written.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandText {
    /// Target name.
    pub target: String,
    /// Command name.
    pub command: String,
    /// Names and values in the order of their first mention; of equal names the last value.
    pub parameters: Vec<(String, Value)>,
}

/// Splits a command text; with definitions, `0x…` for texts and blocks becomes bytes.
///
/// # Errors
/// [`CommandTextError`] when the text does not follow the grammar.
pub fn parse(
    text: &str,
    definitions: Option<&Definitions>,
) -> Result<CommandText, CommandTextError> {
    if text.is_empty() {
        return Err(CommandTextError::Empty);
    }
    let (head, tail) = match split_at_with(text) {
        Some((head, tail)) => (head, Some(tail)),
        None if text.to_ascii_lowercase().contains("with") => {
            return Err(CommandTextError::NoParameters(text.to_owned()));
        }
        None => (text, None),
    };
    let mut words = head.split_whitespace();
    let (target, command) = match (words.next(), words.next(), words.next()) {
        (Some(target), Some(command), None) => (target, command),
        (_, None, _) => return Err(CommandTextError::MissingName(text.to_owned())),
        _ => return Err(CommandTextError::TooManyNames(text.to_owned())),
    };
    let packet = definitions
        .and_then(|definitions| definitions.packet(PacketKind::Command, target, command).ok());
    let parameters = match tail {
        Some(tail) => pairs(text, tail, packet.map(|packet| &**packet))?,
        None => Vec::new(),
    };
    Ok(CommandText { target: target.to_owned(), command: command.to_owned(), parameters })
}

/// Splits at the first white space, `with` in any case, white space.
fn split_at_with(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find(char::is_whitespace)?;
        let rest = text[at..].trim_start();
        let word = rest.get(..4).filter(|word| word.eq_ignore_ascii_case("with"));
        if word.is_some() && rest[4..].starts_with(char::is_whitespace) {
            let tail = rest[4..].trim_start();
            if !tail.is_empty() {
                return Some((&text[..at], tail));
            }
        }
        from = text.len() - rest.len();
        if rest.is_empty() {
            return None;
        }
    }
}

fn pairs(
    text: &str,
    tail: &str,
    packet: Option<&Packet>,
) -> Result<Vec<(String, Value)>, CommandTextError> {
    let mut parameters: Vec<(String, Value)> = Vec::new();
    let mut name: Option<&str> = None;
    let mut value: Option<Value> = None;
    let mut store = |name: &str, value: Value| match parameters.iter_mut().find(|p| p.0 == name) {
        Some(existing) => existing.1 = value,
        None => parameters.push((name.to_owned(), value)),
    };
    for token in tokens(tail) {
        match (name, value.take(), token) {
            (Some(pending), Some(given), ",") => {
                store(pending, given);
                name = None;
            }
            (_, _, ",") => return Err(CommandTextError::MissingParameter(text.to_owned())),
            (None, _, word) => name = Some(unquoted_name(word)),
            (Some(pending), None, word) => value = Some(parameter_value(word, pending, packet)),
            (Some(_), Some(_), _) => return Err(CommandTextError::MissingComma(text.to_owned())),
        }
    }
    match (name, value) {
        (Some(pending), Some(given)) => store(pending, given),
        (Some(_), None) => return Err(CommandTextError::MissingValue(text.to_owned())),
        _ => {}
    }
    Ok(parameters)
}

fn unquoted_name(word: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = word.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    word
}

/// Turns a word into a parameter's value: quoted text stays text, `0x…` is bytes where the
/// parameter holds text or bytes, everything else by the value words of cosmos-packets §1.6.
#[must_use]
pub fn parameter_value(word: &str, name: &str, packet: Option<&Packet>) -> Value {
    let token = unquoted(word);
    if token.quoted {
        return Value::String(token.text);
    }
    let item = packet.and_then(|packet| packet.item(&name.to_uppercase()));
    let holds_bytes =
        item.is_some_and(|i| matches!(i.data_type, DataType::String | DataType::Block));
    let bytes = holds_bytes.then(|| hex_bytes(word)).flatten();
    bytes.map_or_else(|| convert_to_value(word), Value::Bytes)
}

/// Yields quoted texts, bracketed lists, commas and runs without white space or comma.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text[at..].trim_start();
        at = text.len() - rest.len();
        let bytes = rest.as_bytes();
        let end = match bytes.first()? {
            b'"' | b'\'' => quoted_end(bytes, 0),
            b'[' => list_end(bytes),
            b',' => Some(1),
            _ => None,
        };
        let end = end.unwrap_or_else(|| {
            let stop = rest.find(|c: char| c.is_whitespace() || c == ',');
            stop.unwrap_or(rest.len())
        });
        at += end;
        Some(&rest[..end])
    })
}

/// Returns the end of a bracketed list with at most one inner level.
fn list_end(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0;
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
        if depth > 2 {
            return None;
        }
        if depth == 0 {
            return Some(index + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Vec<(String, Value)> {
        parse(text, None).unwrap().parameters
    }

    #[test]
    fn names_and_values() {
        let command = parse("INST  COLLECT   WITH TYPE \"NORMAL\", DURATION 5.0", None).unwrap();
        assert_eq!((command.target.as_str(), command.command.as_str()), ("INST", "COLLECT"));
        assert_eq!(
            command.parameters,
            [("TYPE".into(), Value::from("NORMAL")), ("DURATION".into(), Value::Float(5.0))]
        );
        assert!(parameters("inst collect").is_empty());
        assert_eq!(parameters("I X with A 1, A 2"), [("A".into(), Value::Int(2))]);
        assert_eq!(parameters("I X with A 1,B 2,").len(), 2);
        assert_eq!(parameters("I X\twith\tA 'it is, ok'"), [("A".into(), "it is, ok".into())]);
    }

    #[test]
    fn lists() {
        let nested = parameters("I X with A [[1,2],[3,4]], B [1, \"a\"]");
        assert!(matches!(&nested[0].1, Value::Array(outer) if outer.len() == 2));
        assert_eq!(nested[1].1, Value::Array(vec![Value::Int(1), Value::from("a")]));
    }

    #[test]
    fn refusals() {
        let message = |text| parse(text, None).unwrap_err().to_string();
        assert_eq!(message(""), "ERROR: text must not be empty");
        assert_eq!(
            message("INST COLLECT with"),
            "ERROR: 'with' must be followed by parameters : INST COLLECT with"
        );
        assert_eq!(
            message("INST"),
            "ERROR: Both Target Name and Command Name must be given : INST"
        );
        assert!(message("A B C with D 1").starts_with("ERROR: Only Target Name"));
        assert!(message("INST WITHDRAW").starts_with("ERROR: 'with' must"));
        assert!(message("A B with C 1 D 2").starts_with("Missing comma"));
        assert!(message("A B with C").starts_with("Missing value"));
        assert!(message("A B with , C 1").starts_with("Missing command parameter"));
        assert!(message("A B with C {\"a\": 1}").starts_with("Missing comma"));
    }
}
