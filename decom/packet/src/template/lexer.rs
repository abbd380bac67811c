//! Words of the code inside tags.

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Integer(i64),
    Float(f64),
    /// Text; double quoted ones may hold `#{}`.
    Text {
        text: String,
        interpolated: bool,
    },
    Name(String),
    /// `name:` as in `locals: {n: 1}`.
    Label(String),
    /// `:name`
    Symbol(String),
    Punctuation(&'static str),
}

/// Longer ones first, so that `==` is not read as two assignments.
const PUNCTUATION: [&str; 28] = [
    "...", "..", "==", "!=", "<=", ">=", "&&", "||", "=>", "<", ">", "!", "=", "+", "-", "*", "/",
    "%", "?", ":", "(", ")", "[", "]", "{", "}", ",", ".",
];

/// Splits code into words; the error says what cannot be read.
pub(super) fn words(code: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '0'..='9' => number(rest, &mut words)?,
            '"' | '\'' => text(rest, first, &mut words)?,
            'a'..='z' | 'A'..='Z' | '_' => name(rest, &mut words),
            ':' if starts_name(&rest[1..]) => {
                let end = name_end(&rest[1..]);
                words.push(Word::Symbol(rest[1..=end].to_owned()));
                end + 1
            }
            '|' if !rest.starts_with("||") => {
                words.push(Word::Punctuation("|"));
                1
            }
            ';' => return Err("several statements in one tag are not supported".to_owned()),
            _ => {
                let found = PUNCTUATION.into_iter().find(|p| rest.starts_with(p));
                let found = found.ok_or_else(|| format!("'{first}' is not supported"))?;
                words.push(Word::Punctuation(found));
                found.len()
            }
        };
        rest = rest[length..].trim_start();
    }
    Ok(words)
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn name_end(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn name(text: &str, words: &mut Vec<Word>) -> usize {
    let mut end = name_end(text);
    let after = &text[end..];
    // A question mark belongs to a method name such as `empty?`, but not to a ternary.
    let is_method = matches!(words.last(), Some(Word::Punctuation(".")));
    if is_method && after.starts_with('?') {
        end += 1;
    } else if after.starts_with(':') && !after.starts_with("::") && !is_method {
        // `name:` is a label, unless a ternary is open that wants its colon.
        let ternary = words.contains(&Word::Punctuation("?"));
        if !ternary {
            words.push(Word::Label(text[..end].to_owned()));
            return end + 1;
        }
    }
    words.push(Word::Name(text[..end].to_owned()));
    end
}

fn number(text: &str, words: &mut Vec<Word>) -> Result<usize, String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let fraction = text[end..]
        .strip_prefix('.')
        .map_or(0, |after| after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len()));
    if fraction > 0 {
        let end = end + 1 + fraction;
        let float = text[..end].replace('_', "").parse();
        words.push(Word::Float(float.map_err(|_| format!("'{}' is no number", &text[..end]))?));
        return Ok(end);
    }
    let integer = crate::value::integer_text(&text[..end]).and_then(|i| i64::try_from(i).ok());
    words.push(Word::Integer(integer.ok_or_else(|| format!("'{}' is no number", &text[..end]))?));
    Ok(end)
}

fn text(source: &str, quote: char, words: &mut Vec<Word>) -> Result<usize, String> {
    let mut out = String::new();
    let mut interpolated = false;
    let mut chars = source.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        if c == quote {
            words.push(Word::Text { text: out, interpolated });
            return Ok(index + 1);
        }
        if c == '#' && quote == '"' && source[index + 1..].starts_with('{') {
            interpolated = true;
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        match (quote, chars.next().map(|(_, c)| c)) {
            ('"', Some('n')) => out.push('\n'),
            ('"', Some('t')) => out.push('\t'),
            (_, Some(escaped @ ('\\' | '\'' | '"'))) => out.push(escaped),
            (_, Some(other)) => {
                out.push('\\');
                out.push(other);
            }
            (_, None) => break,
        }
    }
    Err("a text has no closing quote".to_owned())
}
