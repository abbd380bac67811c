//! Texts in code: quotes, escapes, and values inside.

use super::{Lexer, Token};
use crate::definition::expression::Language;
use crate::value::Value;

/// Values inside texts inside values beyond this are not compiled.
const MAX_NESTING: usize = 8;

/// What the quotes and the letters before them mean.
#[derive(Clone, Copy)]
struct Style {
    quote: char,
    /// Whether escapes stand for other characters than themselves.
    escapes: Escapes,
    /// Whether values may stand inside.
    values: Option<Values>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    All,
    /// Of the backslash and the quote alone.
    Few,
    None,
}

/// How values are marked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    /// `#{value}`
    Ruby,
    /// `{value:format}`
    Python,
}

impl Lexer {
    /// Takes a text, with the letters of Python before its quote if there are any; `Ok(None)` where
    /// none begins, `Err` where it is more than this engine runs.
    pub(super) fn text<'a>(&mut self, rest: &'a str) -> Result<Option<&'a str>, ()> {
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (prefix, quoted) = rest.split_at(letters);
        let Some(quote) = quoted.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Ok(None);
        };
        let style = match (self.language, prefix.to_ascii_lowercase().as_str()) {
            (Language::Ruby, "") if quote == '"' => {
                Style { quote, escapes: Escapes::All, values: Some(Values::Ruby) }
            }
            (Language::Ruby, "") => Style { quote, escapes: Escapes::Few, values: None },
            (Language::Python, "" | "u") => Style { quote, escapes: Escapes::All, values: None },
            (Language::Python, "r") => Style { quote, escapes: Escapes::None, values: None },
            (Language::Python, "f") => {
                Style { quote, escapes: Escapes::All, values: Some(Values::Python) }
            }
            _ => return Err(()),
        };
        self.quoted(style, &quoted[1..]).map(Some).ok_or(())
    }

    fn quoted<'a>(&mut self, style: Style, inner: &'a str) -> Option<&'a str> {
        let mut rest = inner;
        let mut literal = String::new();
        let mut has_values = false;
        loop {
            let c = rest.chars().next()?;
            let behind = &rest[c.len_utf8()..];
            rest = match c {
                _ if c == style.quote => {
                    // Three quotes begin a text over several lines.
                    if rest.len() == inner.len() && behind.starts_with(style.quote) {
                        return None;
                    }
                    if has_values {
                        self.piece(&mut literal);
                        self.tokens.push(Token::TextEnd);
                    } else {
                        self.tokens.push(Token::Constant(Value::String(literal)));
                    }
                    return Some(behind);
                }
                '\\' => escape(style, behind, &mut literal)?,
                '#' if style.values == Some(Values::Ruby) && behind.starts_with('{') => {
                    self.begin_value(&mut has_values, &mut literal);
                    self.value(&behind[1..], style)?
                }
                // Variables of objects and of everything.
                '#' if style.values == Some(Values::Ruby) && behind.starts_with(['@', '$']) => {
                    return None;
                }
                '{' | '}' if style.values == Some(Values::Python) => {
                    if let Some(behind) = behind.strip_prefix(c) {
                        literal.push(c);
                        behind
                    } else if c == '{' {
                        self.begin_value(&mut has_values, &mut literal);
                        self.value(behind, style)?
                    } else {
                        return None;
                    }
                }
                _ => {
                    literal.push(c);
                    behind
                }
            };
        }
    }

    fn begin_value(&mut self, has_values: &mut bool, literal: &mut String) {
        if !*has_values {
            self.tokens.push(Token::TextStart);
        }
        *has_values = true;
        self.piece(literal);
        self.tokens.push(Token::ValueStart);
    }

    fn piece(&mut self, literal: &mut String) {
        if !literal.is_empty() {
            self.tokens.push(Token::Constant(Value::String(std::mem::take(literal))));
        }
    }

    /// Takes the code of a value up to its bracket, and what stands behind a colon in Python.
    fn value<'a>(&mut self, rest: &'a str, style: Style) -> Option<&'a str> {
        let Marks { end, colon } = marks(rest)?;
        let colon = colon.filter(|_| style.values == Some(Values::Python));
        let mut code = rest[..colon.unwrap_or(end)].trim();
        let open = self.open;
        self.values += 1;
        if self.values > MAX_NESTING {
            return None;
        }
        while !code.is_empty() {
            code = self.token(code)?.trim_start();
        }
        self.values -= 1;
        let format = colon.map(|colon| rest[colon + 1..end].to_owned());
        // Formats with values of their own, and escapes inside values.
        let plain = format.as_ref().is_none_or(|format| !format.contains(['{', '\\']));
        self.tokens.push(Token::ValueEnd(format));
        (self.open == open && plain).then_some(&rest[end + 1..])
    }
}

/// Where the code of a value ends, and where its format begins.
struct Marks {
    end: usize,
    colon: Option<usize>,
}

fn marks(text: &str) -> Option<Marks> {
    let mut open = 0_usize;
    let mut quote = None;
    let mut colon = None;
    for (index, c) in text.char_indices() {
        match (quote, c) {
            (_, '\\') => return None,
            (Some(end), _) => quote = Some(end).filter(|end| *end != c),
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => open += 1,
            (None, '}') if open == 0 => return Some(Marks { end: index, colon }),
            (None, ')' | ']' | '}') => open = open.checked_sub(1)?,
            (None, ':') if open == 0 && colon.is_none() => colon = Some(index),
            _ => {}
        }
    }
    None
}

/// Appends what an escape stands for; `None` for those that this engine does not know.
fn escape<'a>(style: Style, behind: &'a str, literal: &mut String) -> Option<&'a str> {
    let c = behind.chars().next()?;
    let rest = &behind[c.len_utf8()..];
    match (style.escapes, c) {
        (Escapes::All | Escapes::Few, '\\' | '"' | '\'') if c == '\\' || c == style.quote => {
            literal.push(c);
        }
        (Escapes::All, '"' | '\'') => literal.push(c),
        (Escapes::All, 'n') => literal.push('\n'),
        (Escapes::All, 't') => literal.push('\t'),
        (Escapes::All, 'r') => literal.push('\r'),
        (Escapes::All, '#') if style.values == Some(Values::Ruby) => literal.push(c),
        (Escapes::All, 'x') => {
            let digits = rest.get(..2)?;
            let byte = u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)?;
            literal.push(char::from(byte));
            return Some(&rest[2..]);
        }
        (Escapes::All, _) => return None,
        // A quote behind a backslash does not end the text, here neither.
        (Escapes::Few | Escapes::None, _) => {
            literal.push('\\');
            literal.push(c);
        }
    }
    Some(rest)
}
