//! Words of the code inside tags.

use regex_lite::RegexBuilder;

/// One word.
#[derive(Debug, Clone)]
pub(super) enum Word {
    Integer(i64),
    Float(f64),
    /// Pieces of a text: literal ones, and code between `#{` and `}`.
    Text(Vec<Piece>),
    /// `%w[a b]`, or `%i[a b]` with symbols.
    Words {
        words: Vec<String>,
        symbols: bool,
    },
    Pattern(regex_lite::Regex),
    Name(String),
    /// `name:` as in `locals: {n: 1}`.
    Label(String),
    /// `:name`
    Symbol(String),
    Punctuation(&'static str),
    /// The end of a line, of a tag, or `;`.
    Separator,
    /// Text outside of tags.
    Outside(String),
    /// The start of `<%= %>`.
    Show,
}

/// A piece of a text.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Literal(String),
    Code(String),
}

/// Longer ones first, so that `==` is not read as two assignments.
const PUNCTUATION: [&str; 46] = [
    "...", "<=>", "**=", "||=", "&&=", "..", "==", "!=", "<=", ">=", "&&", "||", "=>", "=~", "+=",
    "-=", "*=", "/=", "%=", "<<", ">>", "**", "&.", "<", ">", "!", "=", "+", "-", "*", "/", "%",
    "?", ":", "(", ")", "[", "]", "{", "}", ",", ".", "|", "&", "^", "~",
];

/// Words after which a value follows, not an operator.
const BEFORE_VALUES: [&str; 12] =
    ["if", "unless", "elsif", "when", "case", "and", "or", "not", "then", "do", "while", "until"];

/// Splits code into words; the error says what cannot be read.
pub(super) fn words(code: &str) -> Result<Vec<Word>, String> {
    let mut lexer = Lexer { words: Vec::new(), brackets: 0, ternaries: 0 };
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = lexer.word(rest, first)?;
        rest = &rest[length..];
    }
    Ok(lexer.words)
}

struct Lexer {
    words: Vec<Word>,
    /// Open round and square brackets, inside which lines do not end statements.
    brackets: usize,
    /// Question marks that wait for their colon.
    ternaries: usize,
}

impl Lexer {
    fn word(&mut self, rest: &str, first: char) -> Result<usize, String> {
        match first {
            '\n' => {
                self.line_end(&rest[1..]);
                Ok(1)
            }
            _ if first.is_whitespace() => Ok(first.len_utf8()),
            '#' => Ok(rest.find('\n').unwrap_or(rest.len())),
            ';' => {
                self.words.push(Word::Separator);
                Ok(1)
            }
            '0'..='9' => self.number(rest),
            '"' | '\'' => self.text(rest, first),
            'a'..='z' | 'A'..='Z' | '_' => Ok(self.name(rest)),
            '/' if self.wants_value() => self.pattern(rest),
            '%' if self.wants_value() => self.word_list(rest),
            ':' if rest.starts_with("::") => Err("'::' is not supported".to_owned()),
            ':' if starts_name(&rest[1..]) => {
                let end = 1 + name_end(&rest[1..]);
                // As in `&:empty?`.
                let end = end + usize::from(rest[end..].starts_with('?'));
                self.words.push(Word::Symbol(rest[1..end].to_owned()));
                Ok(end)
            }
            // An operator's name, as in `reduce(:+)`.
            ':' if rest[1..].starts_with(['+', '*']) && rest[2..].starts_with(')') => {
                self.words.push(Word::Symbol(rest[1..2].to_owned()));
                Ok(2)
            }
            _ => self.punctuation(rest, first),
        }
    }

    fn punctuation(&mut self, rest: &str, first: char) -> Result<usize, String> {
        let found = PUNCTUATION.into_iter().find(|p| rest.starts_with(p));
        let found = found.ok_or_else(|| format!("'{first}' is not supported"))?;
        match found {
            "(" | "[" => self.brackets += 1,
            ")" | "]" => self.brackets = self.brackets.saturating_sub(1),
            "?" => self.ternaries += 1,
            ":" => self.ternaries = self.ternaries.saturating_sub(1),
            _ => {}
        }
        self.words.push(Word::Punctuation(found));
        Ok(found.len())
    }

    /// A line ends a statement, unless it is not complete or the next line goes on with `.method`.
    fn line_end(&mut self, after: &str) {
        let goes_on =
            after.trim_start().strip_prefix('.').is_some_and(|rest| !rest.starts_with('.'));
        let incomplete = match self.words.last() {
            Some(Word::Punctuation(p)) => !matches!(*p, ")" | "]" | "}" | "|"),
            _ => false,
        };
        if self.brackets == 0 && !incomplete && !goes_on {
            self.words.push(Word::Separator);
        }
    }

    /// Returns whether a value must come next, so that `/` and `%` start one.
    fn wants_value(&self) -> bool {
        match self.words.last() {
            None | Some(Word::Separator | Word::Label(_) | Word::Show) => true,
            Some(Word::Punctuation(p)) => !matches!(*p, ")" | "]" | "}"),
            Some(Word::Name(name)) => BEFORE_VALUES.contains(&name.as_str()),
            _ => false,
        }
    }

    fn name(&mut self, text: &str) -> usize {
        let mut end = name_end(text);
        let after = &text[end..];
        let is_method = matches!(self.words.last(), Some(Word::Punctuation("." | "&.")));
        // A question mark belongs to a method such as `empty?`, but not to a ternary.
        let marked = after.starts_with('?') || after.starts_with('!') && !after.starts_with("!=");
        if is_method && marked || text.starts_with("defined?") {
            end += 1;
        } else if self.is_label(after) && !is_method {
            self.words.push(Word::Label(text[..end].to_owned()));
            return end + 1;
        }
        self.words.push(Word::Name(text[..end].to_owned()));
        end
    }

    /// `name:` is a label, unless a ternary is open that wants its colon.
    fn is_label(&self, after: &str) -> bool {
        self.ternaries == 0 && after.starts_with(':') && !after.starts_with("::")
    }

    fn number(&mut self, text: &str) -> Result<usize, String> {
        let word_end = |from: usize| {
            let rest = &text[from..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            from + end.unwrap_or(rest.len())
        };
        let mut end = word_end(0);
        let fraction = text[end..]
            .strip_prefix('.')
            .is_some_and(|f| f.starts_with(|c: char| c.is_ascii_digit()));
        if fraction {
            end = word_end(end + 1);
        }
        let exponent = |word: &str| word.ends_with(['e', 'E']) && !word.starts_with("0x");
        if exponent(&text[..end]) && text[end..].starts_with(['-', '+']) {
            end = word_end(end + 1);
        }
        let word = &text[..end];
        let wrong = || format!("'{word}' is no number");
        let integer = crate::value::integer_text(word).and_then(|i| i64::try_from(i).ok());
        self.words.push(match integer {
            Some(integer) => Word::Integer(integer),
            None => Word::Float(word.replace('_', "").parse().map_err(|_| wrong())?),
        });
        Ok(end)
    }

    fn text(&mut self, source: &str, quote: char) -> Result<usize, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut at = 1;
        loop {
            let rest = &source[at..];
            let c = rest.chars().next().ok_or("a text has no closing quote")?;
            at += c.len_utf8();
            if c == quote {
                break;
            }
            if c == '#' && quote == '"' && rest[1..].starts_with('{') {
                let end = code_end(&rest[2..]).ok_or("'}' is missing after '#{'")?;
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                pieces.push(Piece::Code(rest[2..2 + end].to_owned()));
                at += 2 + end;
                continue;
            }
            if c != '\\' {
                literal.push(c);
                continue;
            }
            let escaped = source[at..].chars().next().ok_or("a text has no closing quote")?;
            at += escaped.len_utf8();
            escape(quote, escaped, &mut literal)?;
        }
        pieces.push(Piece::Literal(literal));
        let label =
            self.is_label(&source[at..]) && matches!(pieces.as_slice(), [Piece::Literal(_)]);
        match pieces.first() {
            Some(Piece::Literal(name)) if label => {
                self.words.push(Word::Label(name.clone()));
                at += 1;
            }
            _ => self.words.push(Word::Text(pieces)),
        }
        Ok(at)
    }

    fn pattern(&mut self, source: &str) -> Result<usize, String> {
        let mut end = 1;
        let bytes = source.as_bytes();
        while *bytes.get(end).ok_or("a pattern has no closing '/'")? != b'/' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let inner = source[1..end].replace("\\/", "/");
        let flags = name_end(&source[end + 1..]);
        let flag_text = &source[end + 1..end + 1 + flags];
        if flag_text.chars().any(|flag| !matches!(flag, 'i' | 'x')) {
            return Err(format!("the flags '{flag_text}' of a pattern are not supported"));
        }
        self.words.push(Word::Pattern(compile(&inner, flag_text)?));
        Ok(end + 1 + flags)
    }

    /// Reads `%w[a b]` and `%i[a b]`.
    fn word_list(&mut self, source: &str) -> Result<usize, String> {
        let refused = || Err("'%' is not supported here".to_owned());
        let symbols = match source.get(1..2) {
            Some("w") => false,
            Some("i") => true,
            _ => return refused(),
        };
        let close = match source.get(2..3) {
            Some("[") => ']',
            Some("(") => ')',
            Some("{") => '}',
            _ => return refused(),
        };
        let end = source.find(close).ok_or_else(|| format!("'{close}' is missing after %w"))?;
        let words = source[3..end].split_whitespace().map(str::to_owned).collect();
        self.words.push(Word::Words { words, symbols });
        Ok(end + 1)
    }
}

/// Compiles a pattern as Ruby reads it: `^` and `$` are ends of lines.
pub(super) fn compile(pattern: &str, flags: &str) -> Result<regex_lite::Regex, String> {
    RegexBuilder::new(pattern)
        .multi_line(true)
        .case_insensitive(flags.contains('i'))
        .ignore_whitespace(flags.contains('x'))
        .size_limit(1 << 16)
        .build()
        .map_err(|error| format!("the pattern /{pattern}/ is not supported: {error}"))
}

fn escape(quote: char, escaped: char, literal: &mut String) -> Result<(), String> {
    match (quote, escaped) {
        (_, '\\') => literal.push('\\'),
        ('\'', '\'') => literal.push('\''),
        ('\'', other) => literal.extend(['\\', other]),
        (_, 'n') => literal.push('\n'),
        (_, 't') => literal.push('\t'),
        (_, 'r') => literal.push('\r'),
        (_, 's') => literal.push(' '),
        (_, letter) if letter.is_ascii_alphanumeric() => {
            return Err(format!("the escape '\\{letter}' is not supported"));
        }
        (_, other) => literal.push(other),
    }
    Ok(())
}

/// Returns where the code of a `#{` ends, brackets and texts inside it passed over.
fn code_end(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in code.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn name_end(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}
