//! From words to expressions; arguments are in [`super::arguments`], statements in
//! [`super::statements`].

use super::lexer::{self, Piece, Word};
use super::syntax::{Access, Node};
use super::value::Operand;

/// Brackets, operators and blocks nested deeper than this are refused.
pub(super) const DEPTH_MAX: usize = 40;

/// Binary operators by rising precedence.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["<=>", "==", "!=", "=~"],
    &["<", ">", "<=", ">="],
    &["|", "^"],
    &["&"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
    &["**"],
];

/// Walks over the words of a whole template; each knows its tag.
pub(super) struct Parser {
    words: Vec<(usize, Word)>,
    at: usize,
}

impl Parser {
    pub(super) fn new(words: Vec<(usize, Word)>) -> Self {
        Self { words, at: 0 }
    }

    /// Returns the tag of the word at hand, or of the last one.
    pub(super) fn tag(&self) -> usize {
        let at = self.at.min(self.words.len().saturating_sub(1));
        self.words.get(at).map_or(0, |(tag, _)| *tag)
    }

    pub(super) fn peek(&self) -> Option<&Word> {
        self.words.get(self.at).map(|(_, word)| word)
    }

    pub(super) fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.at).map(|(_, word)| word.clone());
        self.at += usize::from(word.is_some());
        word
    }

    pub(super) fn take(&mut self, punctuation: &str) -> bool {
        let found = self.sees(punctuation);
        self.at += usize::from(found);
        found
    }

    fn sees(&self, punctuation: &str) -> bool {
        matches!(self.peek(), Some(Word::Punctuation(p)) if *p == punctuation)
    }

    pub(super) fn sees_name(&self, name: &str) -> bool {
        matches!(self.peek(), Some(Word::Name(word)) if word == name)
    }

    pub(super) fn take_name(&mut self, name: &str) -> bool {
        let found = self.sees_name(name);
        self.at += usize::from(found);
        found
    }

    /// Takes one of several punctuations.
    pub(super) fn take_one(&mut self, of: &[&'static str]) -> Option<&'static str> {
        of.iter().find(|p| self.take(p)).copied()
    }

    pub(super) fn want(&mut self, punctuation: &str) -> Result<(), String> {
        if self.take(punctuation) { Ok(()) } else { Err(format!("'{punctuation}' is missing")) }
    }

    pub(super) fn skip_separators(&mut self) {
        while matches!(self.peek(), Some(Word::Separator)) {
            self.at += 1;
        }
    }

    /// The words `and`, `or` and `not` bind weaker than everything else.
    pub(super) fn expression(&mut self, depth: usize) -> Result<Node, String> {
        let first = self.negation(depth)?;
        let mut rest = Vec::new();
        loop {
            let operator = if self.take_name("and") {
                "&&"
            } else if self.take_name("or") {
                "||"
            } else {
                return Ok(chain(first, rest));
            };
            rest.push((operator, self.negation(depth)?));
        }
    }

    fn negation(&mut self, depth: usize) -> Result<Node, String> {
        if depth > DEPTH_MAX {
            return Err("nested too deeply".to_owned());
        }
        if self.take_name("not") {
            let of = Box::new(self.negation(depth + 1)?);
            return Ok(Node::Prefix { operator: "!", of });
        }
        self.ternary(depth)
    }

    /// An expression without `and`, `or` and `not`.
    pub(super) fn ternary(&mut self, depth: usize) -> Result<Node, String> {
        if depth > DEPTH_MAX {
            return Err("nested too deeply".to_owned());
        }
        let condition = self.range(depth)?;
        if !self.take("?") {
            return Ok(condition);
        }
        let then = Box::new(self.ternary(depth + 1)?);
        self.want(":")?;
        let otherwise = Box::new(self.ternary(depth + 1)?);
        Ok(Node::Ternary { condition: Box::new(condition), then, otherwise })
    }

    fn range(&mut self, depth: usize) -> Result<Node, String> {
        let from = self.level(0, depth)?;
        let exclusive = match self.take_one(&["...", ".."]) {
            None => return Ok(from),
            Some(dots) => dots == "...",
        };
        let to = Box::new(self.level(0, depth)?);
        Ok(Node::Range { from: Box::new(from), to, exclusive })
    }

    fn level(&mut self, level: usize, depth: usize) -> Result<Node, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary(depth);
        };
        let first = self.level(level + 1, depth)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.take_one(operators) {
            rest.push((operator, self.level(level + 1, depth)?));
        }
        Ok(chain(first, rest))
    }

    fn unary(&mut self, depth: usize) -> Result<Node, String> {
        if depth > DEPTH_MAX {
            return Err("nested too deeply".to_owned());
        }
        if let Some(operator) = self.take_one(&["!", "-", "~"]) {
            let of = Box::new(self.unary(depth + 1)?);
            return Ok(Node::Prefix { operator, of });
        }
        let base = self.primary(depth)?;
        let mut accesses = Vec::new();
        loop {
            let safe = self.sees("&.");
            if self.take(".") || self.take("&.") {
                accesses.push(self.method(safe, depth)?);
            } else if self.sees("[") && is_indexable(&base, &accesses) {
                self.at += 1;
                accesses.push(Access::Index(self.arguments("]", depth)?));
            } else if accesses.is_empty() {
                return Ok(base);
            } else {
                return Ok(Node::Postfix { base: Box::new(base), accesses });
            }
        }
    }

    fn method(&mut self, safe: bool, depth: usize) -> Result<Access, String> {
        let Some(Word::Name(method)) = self.next() else {
            return Err("a method name is missing after '.'".to_owned());
        };
        let args = if self.take("(") {
            self.arguments(")", depth)?
        } else if self.starts_literal() {
            self.bare_arguments(depth)?
        } else {
            Vec::new()
        };
        // `&:name` is a block that calls one method.
        let block = match args.last() {
            Some(Node::Prefix { operator: "&", .. }) => None,
            _ => self.block(depth)?,
        };
        Ok(Access::Call { method, args, block, safe })
    }

    /// Returns whether a value follows that can only be an argument.
    pub(super) fn starts_literal(&self) -> bool {
        matches!(
            self.peek(),
            Some(
                Word::Text(_)
                    | Word::Integer(_)
                    | Word::Float(_)
                    | Word::Symbol(_)
                    | Word::Words { .. }
                    | Word::Pattern(_)
            )
        )
    }

    pub(super) fn primary(&mut self, depth: usize) -> Result<Node, String> {
        match self.next() {
            Some(Word::Integer(i)) => Ok(Node::Literal(Operand::Integer(i))),
            Some(Word::Float(f)) => Ok(Node::Literal(Operand::Float(f))),
            Some(Word::Symbol(name)) => Ok(Node::Literal(Operand::Symbol(name.into()))),
            Some(Word::Pattern(pattern)) => Ok(Node::Literal(Operand::Pattern(pattern.into()))),
            Some(Word::Text(pieces)) => interpolated(pieces, depth),
            Some(Word::Words { words, symbols }) => {
                let word = |word: String| match symbols {
                    true => Operand::Symbol(word.into()),
                    false => Operand::text(word),
                };
                Ok(Node::List(words.into_iter().map(|w| Node::Literal(word(w))).collect()))
            }
            Some(Word::Punctuation("(")) => {
                self.skip_separators();
                let inner = self.expression(depth + 1)?;
                self.skip_separators();
                self.want(")")?;
                Ok(inner)
            }
            Some(Word::Punctuation("[")) => self.arguments("]", depth).map(Node::List),
            Some(Word::Punctuation("{")) => self.entries(depth).map(Node::Map),
            Some(Word::Name(name)) => self.named(name, depth),
            Some(Word::Separator | Word::Outside(_) | Word::Show) | None => {
                Err("the expression is not complete".to_owned())
            }
            Some(Word::Punctuation(other)) => Err(format!("'{other}' was not expected here")),
            Some(Word::Label(name)) => Err(format!("'{name}:' was not expected here")),
        }
    }
}

/// A literal list in brackets cannot be told from an index only behind other values.
fn is_indexable(base: &Node, accesses: &[Access]) -> bool {
    !accesses.is_empty() || !matches!(base, Node::Literal(Operand::Integer(_) | Operand::Float(_)))
}

fn chain(first: Node, rest: Vec<(&'static str, Node)>) -> Node {
    if rest.is_empty() { first } else { Node::Chain { first: Box::new(first), rest } }
}

fn interpolated(pieces: Vec<Piece>, depth: usize) -> Result<Node, String> {
    if let [Piece::Literal(text)] = pieces.as_slice() {
        return Ok(Node::Literal(Operand::text(text.as_str())));
    }
    let nodes = pieces.into_iter().map(|piece| match piece {
        Piece::Literal(text) => Ok(Node::Literal(Operand::text(text))),
        Piece::Code(code) => {
            let words = lexer::words(&code)?.into_iter().map(|word| (0, word)).collect();
            let mut inner = Parser::new(words);
            let node = inner.expression(depth + 1)?;
            match inner.peek() {
                None => Ok(node),
                Some(_) => Err(format!("'#{{{code}}}' is more than one expression")),
            }
        }
    });
    Ok(Node::Interpolated(nodes.collect::<Result<_, String>>()?))
}
