//! Lists and maps written in one line: JSON, and the plain words that YAML's flow form adds.

use indexmap::IndexMap;

use super::words;
use crate::value::Value;

/// Brackets nested deeper than this are refused, so that a hostile text cannot exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Parses a whole text as one value; `None` if anything is left over or malformed.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.blanks();
    (reader.at == text.len()).then_some(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn blanks(&mut self) {
        while let Some(c) = self.peek().filter(|c| c.is_whitespace()) {
            self.at += c.len_utf8();
        }
    }

    fn take(&mut self, expected: char) -> bool {
        self.blanks();
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.blanks();
        match self.peek()? {
            '[' => self.list(depth),
            '{' => self.map(depth),
            quote @ ('"' | '\'') => self.quoted(quote).map(Value::String),
            _ => self.plain(false).map(|word| plain_value(&word)),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.take('[');
        let mut values = Vec::new();
        loop {
            if self.take(']') {
                return Some(Value::Array(values));
            }
            values.push(self.value(depth + 1)?);
            if !self.take(',') {
                return self.take(']').then_some(Value::Array(values));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        self.take('{');
        let mut entries = IndexMap::new();
        loop {
            if self.take('}') {
                return Some(Value::Object(entries));
            }
            self.blanks();
            let key = match self.peek()? {
                quote @ ('"' | '\'') => self.quoted(quote)?,
                _ => self.plain(true)?,
            };
            if !self.take(':') {
                return None;
            }
            entries.insert(key, self.value(depth + 1)?);
            if !self.take(',') {
                return self.take('}').then_some(Value::Object(entries));
            }
        }
    }

    fn plain(&mut self, key: bool) -> Option<String> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| matches!(c, ',' | ']' | '}' | '[' | '{') || (key && c == ':'));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        let word = word.trim();
        (!word.is_empty()).then(|| word.to_owned())
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        self.at += 1;
        let mut out = String::new();
        let mut chars = self.text[self.at..].char_indices();
        while let Some((index, c)) = chars.next() {
            if c == quote {
                self.at += index + 1;
                // A doubled single quote stands for itself.
                if quote == '\'' && self.peek() == Some('\'') {
                    return self.quoted(quote).map(|more| format!("{out}'{more}"));
                }
                return Some(out);
            }
            if c != '\\' || quote == '\'' {
                out.push(c);
                continue;
            }
            match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'b' => out.push('\u{8}'),
                'f' => out.push('\u{c}'),
                'u' => out.push(unicode_escape(&mut chars)?),
                other => out.push(other),
            }
        }
        None
    }
}

fn hex4(chars: &mut std::str::CharIndices<'_>) -> Option<u32> {
    let mut code = 0;
    for _ in 0..4 {
        code = code * 16 + chars.next()?.1.to_digit(16)?;
    }
    Some(code)
}

fn unicode_escape(chars: &mut std::str::CharIndices<'_>) -> Option<char> {
    let high = hex4(chars)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high);
    }
    if chars.next()?.1 != '\\' || chars.next()?.1 != 'u' {
        return None;
    }
    let low = hex4(chars)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)
}

fn plain_value(word: &str) -> Value {
    if word.eq_ignore_ascii_case("true") {
        return Value::Bool(true);
    }
    if word.eq_ignore_ascii_case("false") {
        return Value::Bool(false);
    }
    if word == "~" || word.eq_ignore_ascii_case("null") || word.eq_ignore_ascii_case("none") {
        return Value::Null;
    }
    words::number(word).unwrap_or_else(|| Value::String(word.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        assert_eq!(
            parse("[1, [2.5, \"a\"], 'b''c', word]"),
            Some(Value::Array(vec![
                Value::Int(1),
                Value::Array(vec![Value::Float(2.5), Value::from("a")]),
                Value::from("b'c"),
                Value::from("word"),
            ]))
        );
        assert_eq!(parse("[]"), Some(Value::Array(vec![])));
        assert_eq!(parse("[1,]"), Some(Value::Array(vec![Value::Int(1)])));
    }

    #[test]
    fn maps() {
        let Some(Value::Object(map)) = parse("{\"a\": 1, b: {\"c\": \"\\u00e9\\ud83d\\ude00\"}}")
        else {
            panic!("not a map");
        };
        assert_eq!(map["a"], Value::Int(1));
        assert!(matches!(&map["b"], Value::Object(inner) if inner["c"] == Value::from("é😀")));
    }

    #[test]
    fn malformed() {
        for text in ["[1", "[1] x", "{a}", "[\"x]", "{\"a\" 1}", "[1 2]x", "", "[[["] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"[".repeat(10_000)), None);
    }
}
