//! Expressions inside tags, as a tree.

use super::lexer::{Word, words};

/// Brackets and operators nested deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Nil,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// Text with `#{}` in it.
    Interpolated(String),
    Name(String),
    Environment(Box<Node>),
    List(Vec<Node>),
    Range {
        from: Box<Node>,
        to: Box<Node>,
        exclusive: bool,
    },
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary {
        operator: &'static str,
        left: Box<Node>,
        right: Box<Node>,
    },
    Ternary {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    Index {
        of: Box<Node>,
        at: Box<Node>,
    },
    Call {
        of: Box<Node>,
        method: String,
        args: Vec<Node>,
    },
    Render {
        file: Box<Node>,
        locals: Vec<(String, Node)>,
    },
}

/// Parses code that is one expression.
pub(super) fn parse(code: &str) -> Result<Node, String> {
    let words = words(code)?;
    let mut parser = Parser { words: &words, at: 0 };
    let node = parser.expression(0)?;
    match parser.peek() {
        None => Ok(node),
        Some(word) => Err(format!("{word:?} was not expected here")),
    }
}

/// Binary operators by rising precedence.
const LEVELS: [&[&str]; 6] =
    [&["||"], &["&&"], &["==", "!="], &["<", ">", "<=", ">="], &["+", "-"], &["*", "/", "%"]];

struct Parser<'a> {
    words: &'a [Word],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    fn take(&mut self, punctuation: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Punctuation(p)) if *p == punctuation);
        self.at += usize::from(found);
        found
    }

    fn take_name(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Name(word)) if word == name);
        self.at += usize::from(found);
        found
    }

    fn want(&mut self, punctuation: &str) -> Result<(), String> {
        if self.take(punctuation) { Ok(()) } else { Err(format!("'{punctuation}' is missing")) }
    }

    /// The words `and`, `or` and `not` bind weaker than everything else.
    fn expression(&mut self, depth: usize) -> Result<Node, String> {
        if depth > MAX_DEPTH {
            return Err("nested too deeply".to_owned());
        }
        let mut left = self.negation(depth)?;
        loop {
            let operator = if self.take_name("and") {
                "&&"
            } else if self.take_name("or") {
                "||"
            } else {
                return Ok(left);
            };
            left = binary(operator, left, self.negation(depth)?);
        }
    }

    fn negation(&mut self, depth: usize) -> Result<Node, String> {
        if depth > MAX_DEPTH {
            return Err("nested too deeply".to_owned());
        }
        if self.take_name("not") {
            return Ok(Node::Not(Box::new(self.negation(depth + 1)?)));
        }
        self.ternary(depth)
    }

    fn ternary(&mut self, depth: usize) -> Result<Node, String> {
        let condition = self.range(depth)?;
        if !self.take("?") {
            return Ok(condition);
        }
        let then = self.expression(depth + 1)?;
        self.want(":")?;
        let otherwise = self.expression(depth + 1)?;
        Ok(Node::Ternary {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        })
    }

    fn range(&mut self, depth: usize) -> Result<Node, String> {
        let from = self.level(0, depth)?;
        let exclusive = self.take("...");
        if !exclusive && !self.take("..") {
            return Ok(from);
        }
        let to = self.level(0, depth)?;
        Ok(Node::Range { from: Box::new(from), to: Box::new(to), exclusive })
    }

    fn level(&mut self, level: usize, depth: usize) -> Result<Node, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary(depth);
        };
        let mut left = self.level(level + 1, depth)?;
        loop {
            let found = match self.peek() {
                Some(Word::Punctuation(p)) => operators.iter().find(|o| *o == p).copied(),
                _ => None,
            };
            let Some(operator) = found else {
                return Ok(left);
            };
            self.at += 1;
            left = binary(operator, left, self.level(level + 1, depth)?);
        }
    }

    fn unary(&mut self, depth: usize) -> Result<Node, String> {
        if depth > MAX_DEPTH {
            return Err("nested too deeply".to_owned());
        }
        if self.take("!") {
            return Ok(Node::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.take("-") {
            return Ok(Node::Negate(Box::new(self.unary(depth + 1)?)));
        }
        let mut node = self.primary(depth)?;
        loop {
            if self.take(".") {
                let Some(Word::Name(method)) = self.next() else {
                    return Err("a method name is missing after '.'".to_owned());
                };
                let args = if self.take("(") { self.list(")", depth)? } else { Vec::new() };
                node = Node::Call { of: Box::new(node), method, args };
            } else if self.take("[") {
                let at = self.expression(depth + 1)?;
                self.want("]")?;
                node = Node::Index { of: Box::new(node), at: Box::new(at) };
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Node, String> {
        match self.next() {
            Some(Word::Integer(i)) => Ok(Node::Integer(i)),
            Some(Word::Float(f)) => Ok(Node::Float(f)),
            Some(Word::Text { text, interpolated: true }) => Ok(Node::Interpolated(text)),
            Some(Word::Text { text, .. } | Word::Symbol(text)) => Ok(Node::Text(text)),
            Some(Word::Punctuation("(")) => {
                let inner = self.expression(depth + 1)?;
                self.want(")")?;
                Ok(inner)
            }
            Some(Word::Punctuation("[")) => self.list("]", depth).map(Node::List),
            Some(Word::Name(name)) => self.named(&name, depth),
            Some(other) => Err(format!("{other:?} was not expected here")),
            None => Err("the expression is not complete".to_owned()),
        }
    }

    fn named(&mut self, name: &str, depth: usize) -> Result<Node, String> {
        match name {
            "nil" => Ok(Node::Nil),
            "true" => Ok(Node::Boolean(true)),
            "false" => Ok(Node::Boolean(false)),
            "ENV" => {
                self.want("[")?;
                let variable = self.expression(depth + 1)?;
                self.want("]")?;
                Ok(Node::Environment(Box::new(variable)))
            }
            "render" => self.render(depth),
            _ => Ok(Node::Name(name.to_owned())),
        }
    }

    fn render(&mut self, depth: usize) -> Result<Node, String> {
        let bracket = self.take("(");
        let file = Box::new(self.expression(depth + 1)?);
        let mut locals = Vec::new();
        if self.take(",") {
            match self.next() {
                Some(Word::Label(label) | Word::Symbol(label)) if label == "locals" => {}
                _ => return Err("render takes a file and locals: {…}".to_owned()),
            }
            self.take("=>");
            self.want("{")?;
            while !self.take("}") {
                let name = match self.next() {
                    Some(Word::Label(name)) => name,
                    Some(Word::Symbol(name) | Word::Text { text: name, .. }) => {
                        self.want("=>")?;
                        name
                    }
                    _ => return Err("a name is missing in locals".to_owned()),
                };
                locals.push((name, self.expression(depth + 1)?));
                if !self.take(",") {
                    self.want("}")?;
                    break;
                }
            }
        }
        if bracket {
            self.want(")")?;
        }
        Ok(Node::Render { file, locals })
    }

    fn list(&mut self, close: &str, depth: usize) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        while !self.take(close) {
            nodes.push(self.expression(depth + 1)?);
            if !self.take(",") {
                self.want(close)?;
                break;
            }
        }
        Ok(nodes)
    }
}

fn binary(operator: &'static str, left: Node, right: Node) -> Node {
    Node::Binary { operator, left: Box::new(left), right: Box::new(right) }
}
