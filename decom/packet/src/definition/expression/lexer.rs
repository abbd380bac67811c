//! Words, numbers and signs of Ruby and Python code, with Python's indentation made visible.

mod text;

use super::Language;
use crate::value::{Value, integer_text};

/// Signs, longest first.
const SIGNS: [&str; 45] = [
    "...", "**=", "<=>", "//=", "<<=", ">>=", "&&=", "||=", "..", "**", "//", "<<", ">>", "<=",
    ">=", "==", "!=", "&&", "||", "::", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "+", "-",
    "*", "/", "%", "<", ">", "=", "!", "~", "&", "|", "^", "?", ":", ".", ",",
];

/// One piece of code.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    /// `:RAW`
    Symbol(String),
    Constant(Value),
    /// The start of a text with values inside: literals, and code between the next two.
    TextStart,
    ValueStart,
    /// With the format of the value, if there is one.
    ValueEnd(Option<String>),
    TextEnd,
    /// An operator, a bracket or other punctuation.
    Sign(&'static str),
    /// The end of a statement.
    Newline,
    /// The start of a deeper block of Python.
    Indent,
    /// Its end.
    Dedent,
}

impl Token {
    fn is_operator(&self) -> bool {
        matches!(self, Self::Sign(sign) if !matches!(*sign, ")" | "]" | "?"))
    }
}

/// Splits code; `None` where it holds something that no expression has.
pub(super) fn tokens(code: &str, language: Language) -> Option<Vec<Token>> {
    let mut lexer = Lexer { tokens: Vec::new(), open: 0, values: 0, indents: vec![0], language };
    for line in code.lines() {
        lexer.line(line)?;
    }
    lexer.newline();
    for _ in 1..lexer.indents.len() {
        lexer.tokens.push(Token::Dedent);
    }
    (lexer.open == 0).then_some(lexer.tokens)
}

struct Lexer {
    tokens: Vec<Token>,
    /// Brackets that are open; line ends inside them mean nothing.
    open: usize,
    /// Values inside texts inside values that are open.
    values: usize,
    /// Columns of the blocks of Python that are open.
    indents: Vec<usize>,
    language: Language,
}

impl Lexer {
    fn line(&mut self, line: &str) -> Option<()> {
        let mut rest = line.trim_start();
        if rest.is_empty() || rest.starts_with('#') {
            return Some(());
        }
        if self.language == Language::Python && !self.continues() {
            self.indent(line.len() - rest.len())?;
        }
        while !rest.is_empty() && !rest.starts_with('#') {
            rest = self.token(rest)?.trim_start();
        }
        if !self.continues() {
            self.newline();
        }
        Some(())
    }

    /// Returns whether the statement goes on in the next line.
    fn continues(&self) -> bool {
        let hangs = self.language == Language::Ruby;
        self.open > 0 || (hangs && self.tokens.last().is_some_and(Token::is_operator))
    }

    fn newline(&mut self) {
        if !matches!(
            self.tokens.last(),
            None | Some(Token::Newline | Token::Indent | Token::Dedent)
        ) {
            self.tokens.push(Token::Newline);
        }
    }

    fn indent(&mut self, column: usize) -> Option<()> {
        // The first statement says where the outermost block stands.
        if self.tokens.is_empty() {
            self.indents = vec![column];
        }
        if column > *self.indents.last()? {
            self.indents.push(column);
            self.tokens.push(Token::Indent);
        }
        while column < *self.indents.last()? {
            self.indents.pop();
            self.tokens.push(Token::Dedent);
        }
        (self.indents.last() == Some(&column)).then_some(())
    }

    fn token<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let first = rest.chars().next()?;
        if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|next: char| next.is_ascii_digit()))
        {
            return self.number(rest);
        }
        if let Some(behind) = self.text(rest).ok()? {
            return Some(behind);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return Some(self.word(rest));
        }
        if let Some(bracket) = ["(", ")", "[", "]"].into_iter().find(|sign| rest.starts_with(*sign))
        {
            match bracket {
                "(" | "[" => self.open += 1,
                _ => self.open = self.open.checked_sub(1)?,
            }
            self.tokens.push(Token::Sign(bracket));
            return Some(&rest[1..]);
        }
        if first == ';' {
            self.newline();
            return Some(&rest[1..]);
        }
        let is_argument = matches!(self.tokens.last(), Some(Token::Sign("," | "(")));
        if first == ':' && is_argument && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            let (word, behind) = split_word(&rest[1..]);
            self.tokens.push(Token::Symbol(word.to_owned()));
            return Some(behind);
        }
        let sign = SIGNS.into_iter().find(|sign| rest.starts_with(*sign))?;
        self.tokens.push(Token::Sign(sign));
        Some(&rest[sign.len()..])
    }

    fn word<'a>(&mut self, rest: &'a str) -> &'a str {
        let (word, behind) = split_word(rest);
        let is_method = matches!(self.tokens.last(), Some(Token::Sign(".")));
        match behind.strip_prefix('?').filter(|_| is_method && self.language == Language::Ruby) {
            Some(behind) => {
                self.tokens.push(Token::Word(format!("{word}?")));
                behind
            }
            None => {
                self.tokens.push(Token::Word(word.to_owned()));
                behind
            }
        }
    }

    fn number<'a>(&mut self, rest: &'a str) -> Option<&'a str> {
        let decimal = !rest.starts_with("0x") && !rest.starts_with("0X");
        let mut end = 0;
        let mut previous = ' ';
        for (index, c) in rest.char_indices() {
            let next = rest[index + c.len_utf8()..].chars().next();
            // A point before a word is a call of a method.
            let point =
                c == '.' && next.is_none_or(|next| !next.is_ascii_alphabetic() && next != '.');
            let sign = matches!(c, '+' | '-') && decimal && matches!(previous, 'e' | 'E');
            if !(c.is_ascii_alphanumeric() || c == '_' || point || sign) {
                break;
            }
            previous = c;
            end = index + c.len_utf8();
        }
        let text = &rest[..end];
        let value = match integer_text(text) {
            Some(integer) => Value::Int(integer),
            // Whole numbers that are none here (08, or too long) must not turn into floats.
            None if decimal && text.contains(['.', 'e', 'E']) => {
                Value::Float(text.replace('_', "").parse().ok()?)
            }
            None => return None,
        };
        self.tokens.push(Token::Constant(value));
        Some(&rest[end..])
    }
}

fn split_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at(end)
}
