//! From text to statements and tokens (cosmos-packets §1.2 to §1.4).

/// One word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The word without its outer quotes; escapes are kept.
    pub text: String,
    /// Whether the word was quoted.
    pub quoted: bool,
}

/// One statement: keyword and parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// First word, in capitals; never unquoted.
    pub keyword: String,
    /// The other words, up to a comment.
    pub parameters: Vec<Token>,
    /// Number of the last physical line, from 1.
    pub line: u32,
    /// The joined text, for error messages.
    pub text: String,
}

impl Statement {
    /// Returns the first parameter whose quote is not closed; it would fall apart into words.
    pub(crate) fn unclosed(&self) -> Option<&Token> {
        self.parameters.iter().find(|token| !token.quoted && token.text.starts_with(['"', '\'']))
    }
}

/// Splits a text into statements, comments left out, without verbatim blocks.
#[must_use]
pub fn tokenize(text: &str) -> Vec<Statement> {
    let mut lexer = Lexer::new(text);
    std::iter::from_fn(|| lexer.next_statement()).collect()
}

/// Walks over the lines of a file and yields statements, or verbatim lines on request.
pub(crate) struct Lexer<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    /// What is lost by the rules of continuation, each with its line.
    pub(crate) losses: Vec<(u32, &'static str)>,
}

/// What a verbatim line is.
pub(crate) enum Verbatim<'a> {
    /// A line of code, with its indentation.
    Code(&'a str),
    /// The statement that ends the block.
    End(Statement),
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { lines: text.lines().enumerate(), losses: Vec::new() }
    }

    /// Returns the next statement; `None` at the end, where an open continuation is lost.
    pub(crate) fn next_statement(&mut self) -> Option<Statement> {
        let mut joined = String::new();
        let mut joining = false;
        let mut last_line = 0;
        for (index, line) in self.lines.by_ref() {
            let mut line = line.trim();
            if line.is_empty() {
                continue;
            }
            last_line = index;
            if joined.starts_with('#') && !line.starts_with('#') {
                let loss = "a comment that ends in +, \\ or & makes this line part of it";
                self.losses.push((line_number(index), loss));
            }
            if joining {
                if line.starts_with('#') {
                    continue;
                }
                line = without_first(line);
            }
            match line.chars().last() {
                Some(last @ ('+' | '\\')) => {
                    let kept = without_last(without_last(line).trim());
                    joined.push_str(kept);
                    if last == '+' {
                        joined.push('\n');
                    }
                    joining = true;
                    continue;
                }
                Some('&') => {
                    joined.push_str(without_last(line));
                    continue;
                }
                _ => joined.push_str(line),
            }
            joining = false;
            let text = std::mem::take(&mut joined);
            if let Some(statement) = statement(text, index) {
                return Some(statement);
            }
        }
        if !joined.is_empty() && !joined.starts_with('#') {
            let loss = "the file ends where this statement goes on, so that it is lost";
            self.losses.push((line_number(last_line), loss));
        }
        None
    }

    /// Returns the next line of a verbatim block; `None` at the end of the file.
    pub(crate) fn next_verbatim(&mut self) -> Option<Verbatim<'a>> {
        for (index, line) in self.lines.by_ref() {
            let first = line.trim_start();
            if first.is_empty() || first.starts_with('#') {
                continue;
            }
            let word = first.split_ascii_whitespace().next().unwrap_or("").to_ascii_uppercase();
            let ends = ["GENERIC_READ_CONVERSION_END", "GENERIC_WRITE_CONVERSION_END"];
            if ends.contains(&word.as_str()) {
                return statement(line.trim().to_owned(), index).map(Verbatim::End);
            }
            return Some(Verbatim::Code(line));
        }
        None
    }

    /// Passes over a verbatim block up to its end; a block that does not end is left alone.
    pub(crate) fn skip_verbatim(&mut self) {
        let rest = self.lines.clone();
        while let Some(line) = self.next_verbatim() {
            if matches!(line, Verbatim::End(_)) {
                return;
            }
        }
        self.lines = rest;
    }
}

fn without_first(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

fn without_last(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next_back();
    chars.as_str()
}

fn statement(text: String, index: usize) -> Option<Statement> {
    let mut tokens = raw_tokens(&text);
    let keyword = tokens.next()?.to_uppercase();
    if keyword.starts_with('#') {
        return None;
    }
    let is_comment = |token: &&str| token.starts_with('#') && !token.starts_with("#{");
    let parameters = tokens.take_while(|token| !is_comment(token)).map(unquoted).collect();
    Some(Statement { keyword, parameters, line: line_number(index), text })
}

fn line_number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// Removes the quotes of a token of length 2 or more whose ends are the same quote.
pub(crate) fn unquoted(token: &str) -> Token {
    for quote in ['"', '\''] {
        let inner = token.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return Token { text: inner.to_owned(), quoted: true };
        }
    }
    Token { text: token.to_owned(), quoted: false }
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Yields the words of a statement, quotes included.
pub(crate) fn raw_tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let bytes = text.as_bytes();
        while bytes.get(at).copied().is_some_and(is_blank) {
            at += 1;
        }
        let first = *bytes.get(at)?;
        let end = match first {
            b'"' | b'\'' => quoted_end(bytes, at),
            _ => None,
        };
        let end = end.unwrap_or_else(|| {
            let blank = bytes[at..].iter().position(|b| is_blank(*b));
            blank.map_or(bytes.len(), |length| at + length)
        });
        let token = &text[at..end];
        at = end;
        Some(token)
    })
}

/// Returns the end of the quoted token that starts at `start`, or `None` if it is not closed.
pub(crate) fn quoted_end(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\\' => {
                // A backslash protects one character, but not a line end.
                if bytes.get(at + 1).is_none_or(|next| *next == b'\n') {
                    return None;
                }
                at += 2;
            }
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(String, Vec<String>, u32)> {
        tokenize(text)
            .into_iter()
            .map(|s| (s.keyword, s.parameters.into_iter().map(|t| t.text).collect(), s.line))
            .collect()
    }

    fn one(text: &str) -> (String, Vec<String>, u32) {
        let mut all = words(text);
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0)
    }

    #[test]
    fn quotes_and_comments() {
        assert_eq!(one("a \"b c\" 'd' #e\n").1, ["b c", "d"]);
        assert_eq!(one("a a\"b c\"d\n").1, ["a\"b", "c\"d"]);
        assert_eq!(one("a \"open end\n").1, ["\"open", "end"]);
        assert_eq!(one("a #{x} b # c\n").1, ["#{x}", "b"]);
        assert_eq!(one("A \"b\"\"c\" 'd'e").1, ["b", "c", "d", "e"]);
        assert_eq!(one("D \"say \\\"hi\\\" now\"").1, ["say \\\"hi\\\" now"]);
        assert!(words("# x\n\n  #y\n").is_empty());
    }

    #[test]
    fn continuations() {
        assert_eq!(one("A b&\nc d\n"), ("A".into(), vec!["bc".into(), "d".into()], 2));
        assert_eq!(one("A \"x\" +\n# comment\n  \"y\"\n").1, ["x\ny"]);
        assert_eq!(one("A 'x ' \\\n   'y'\n").1, ["x y"]);
        assert_eq!(one("A 1 +\n2 3\n").1, ["3"]);
        assert_eq!(one("# see C++\nITEM A\nITEM B\n"), ("ITEM".into(), vec!["B".into()], 3));
        assert!(words("A b &").is_empty());
    }
}
