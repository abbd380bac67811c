//! From segments to steps: what stands in tags is one program, the text between them part of it.

use std::rc::Rc;

use super::lexer::{self, Word};
use super::parser::{DEPTH_MAX, Parser};
use super::segments::Segment;
use super::syntax::{Access, Block, Kind, Node, Step, Target};

/// Operators that may stand before `=` in an assignment, with and without it.
const ASSIGNMENTS: [(&str, &str); 8] = [
    ("+=", "+"),
    ("-=", "-"),
    ("*=", "*"),
    ("/=", "/"),
    ("%=", "%"),
    ("**=", "**"),
    ("||=", "||"),
    ("&&=", "&&"),
];

/// Words that end the steps before them.
const ENDINGS: [&str; 4] = ["end", "else", "elsif", "when"];

/// Line and text of a tag.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) line: u32,
    pub(super) code: String,
}

/// A parsed template.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) tags: Vec<Tag>,
    pub(super) steps: Vec<Step>,
}

/// A tag that cannot be understood.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) tag: Tag,
    pub(super) message: String,
}

/// Parses the segments of a template.
pub(super) fn parse(segments: Vec<Segment>) -> Result<Program, Refusal> {
    let mut tags = vec![Tag { line: 1, code: String::new() }];
    let mut words = Vec::new();
    for segment in segments {
        let (code, line, shown) = match segment {
            Segment::Text(text) => {
                words.push((tags.len() - 1, Word::Outside(text)));
                continue;
            }
            Segment::Expression { code, line } => (code, line, true),
            Segment::Statement { code, line } => (code, line, false),
        };
        let tag = Tag { line, code };
        let found = lexer::words(&tag.code)
            .map_err(|message| Refusal { tag: tag.clone(), message: with_remedy(message) })?;
        tags.push(tag);
        let at = tags.len() - 1;
        words.extend(shown.then_some((at, Word::Show)));
        words.extend(found.into_iter().map(|word| (at, word)));
        words.push((at, Word::Separator));
    }
    let mut parser = Parser::new(words);
    let steps = parser.steps(0).and_then(|steps| match parser.peek() {
        None => Ok(steps),
        Some(_) => Err("there is no open block that this could belong to".to_owned()),
    });
    match steps {
        Ok(steps) => Ok(Program { tags, steps }),
        Err(message) => {
            let tag = tags[parser.tag()].clone();
            Err(Refusal { tag, message: with_remedy(message) })
        }
    }
}

fn with_remedy(message: String) -> String {
    format!("{message}; render the file beforehand if it needs all of Ruby")
}

impl Parser {
    /// Reads steps up to a word that ends the block, which is left.
    fn steps(&mut self, depth: usize) -> Result<Vec<Step>, String> {
        if depth > DEPTH_MAX {
            return Err("nested too deeply".to_owned());
        }
        let mut steps = Vec::new();
        loop {
            self.skip_separators();
            let ends = match self.peek() {
                None | Some(Word::Punctuation("}")) => true,
                Some(Word::Name(name)) => ENDINGS.contains(&name.as_str()),
                _ => false,
            };
            if ends {
                return Ok(steps);
            }
            let tag = self.tag();
            let kind = self.statement(depth)?;
            let kind = self.modified(kind, tag, depth)?;
            steps.push(Step { tag, kind });
            match self.peek() {
                None | Some(Word::Separator | Word::Outside(_) | Word::Punctuation("}")) => {}
                // What follows `do |i|` or `then` in the same tag.
                Some(Word::Show) => {}
                Some(Word::Name(name)) if ENDINGS.contains(&name.as_str()) => {}
                _ if matches!(steps.last(), Some(Step { kind: Kind::Text(_), .. })) => {}
                _ => return Err("the statement has more words than are understood".to_owned()),
            }
        }
    }

    fn statement(&mut self, depth: usize) -> Result<Kind, String> {
        match self.peek() {
            Some(Word::Outside(text)) => {
                let text = Rc::from(text.as_str());
                self.next();
                return Ok(Kind::Text(text));
            }
            Some(Word::Show) => {
                self.next();
                return self.expression(depth).map(Kind::Show);
            }
            _ => {}
        }
        for (word, negated) in [("if", false), ("unless", true)] {
            if self.take_name(word) {
                let condition = self.condition(negated, depth)?;
                return self.choice(condition, depth);
            }
        }
        for (word, negated) in [("while", false), ("until", true)] {
            if self.take_name(word) {
                let condition = self.condition(negated, depth)?;
                self.take_name("do");
                let body = self.steps(depth + 1)?;
                self.end()?;
                return Ok(Kind::While { condition, body });
            }
        }
        if self.take_name("case") {
            return self.case(depth);
        }
        if self.take_name("break") {
            return Ok(Kind::Break);
        }
        if self.take_name("next") {
            let bare = matches!(self.peek(), None | Some(Word::Separator))
                || self.sees_name("if")
                || self.sees_name("unless");
            let value = if bare { None } else { Some(self.expression(depth)?) };
            return Ok(Kind::Next(value));
        }
        self.assignment(depth)
    }

    fn condition(&mut self, negated: bool, depth: usize) -> Result<Node, String> {
        let node = self.expression(depth)?;
        Ok(if negated { Node::Prefix { operator: "!", of: Box::new(node) } } else { node })
    }

    /// Reads `if` or `unless` behind a statement.
    fn modified(&mut self, kind: Kind, tag: usize, depth: usize) -> Result<Kind, String> {
        if matches!(kind, Kind::Text(_)) {
            return Ok(kind);
        }
        for (word, negated) in [("if", false), ("unless", true)] {
            if self.take_name(word) {
                let condition = self.condition(negated, depth)?;
                return Ok(Kind::Choice(vec![(Some(condition), vec![Step { tag, kind }])]));
            }
        }
        Ok(kind)
    }

    fn end(&mut self) -> Result<(), String> {
        if self.take_name("end") { Ok(()) } else { Err("an 'end' is missing".to_owned()) }
    }

    fn choice(&mut self, first: Node, depth: usize) -> Result<Kind, String> {
        let mut branches = Vec::new();
        let mut condition = Some(first);
        loop {
            self.take_name("then");
            let body = self.steps(depth + 1)?;
            let was_else = condition.is_none();
            branches.push((condition, body));
            if was_else || self.sees_name("end") {
                self.end()?;
                return Ok(Kind::Choice(branches));
            }
            condition = if self.take_name("elsif") {
                Some(self.expression(depth)?)
            } else if self.take_name("else") {
                None
            } else {
                return Err("an 'end' is missing".to_owned());
            };
        }
    }

    fn case(&mut self, depth: usize) -> Result<Kind, String> {
        let subject = self.expression(depth)?;
        // Blanks between `case` and the first `when` are not shown.
        while matches!(self.peek(), Some(Word::Separator | Word::Outside(_))) {
            self.next();
        }
        let mut branches = Vec::new();
        while self.take_name("when") {
            let mut values = vec![self.ternary(depth)?];
            while self.take(",") {
                values.push(self.ternary(depth)?);
            }
            self.take_name("then");
            branches.push((values, self.steps(depth + 1)?));
        }
        let otherwise = if self.take_name("else") { self.steps(depth + 1)? } else { Vec::new() };
        self.end()?;
        Ok(Kind::Case { subject, branches, otherwise })
    }

    fn assignment(&mut self, depth: usize) -> Result<Kind, String> {
        let first = self.expression(depth)?;
        if self.take("=") {
            let value = self.assigned(depth)?;
            return Ok(Kind::Assign { targets: vec![target(first)?], operator: None, value });
        }
        if self.take(",") {
            return self.many(first, depth);
        }
        for (word, operator) in ASSIGNMENTS {
            if self.take(word) {
                let value = self.assigned(depth)?;
                let targets = vec![target(first)?];
                return Ok(Kind::Assign { targets, operator: Some(operator), value });
            }
        }
        Ok(appended(&first).unwrap_or(Kind::Evaluate(first)))
    }

    fn assigned(&mut self, depth: usize) -> Result<Node, String> {
        self.skip_separators();
        self.expression(depth)
    }

    /// Reads the rest of `a, b = 1, 2`.
    fn many(&mut self, first: Node, depth: usize) -> Result<Kind, String> {
        let mut targets = vec![target(first)?];
        loop {
            targets.push(target(self.ternary(depth)?)?);
            if !self.take(",") {
                break;
            }
        }
        self.want("=")?;
        let mut values = vec![self.assigned(depth)?];
        while self.take(",") {
            values.push(self.assigned(depth)?);
        }
        let value = match values.pop() {
            Some(only) if values.is_empty() => only,
            last => {
                values.extend(last);
                Node::List(values)
            }
        };
        Ok(Kind::Assign { targets, operator: None, value })
    }

    /// Reads `do |i| … end` or `{ |i| … }` behind a method, if there is one.
    pub(super) fn block(&mut self, depth: usize) -> Result<Option<Rc<Block>>, String> {
        let braces = match (self.take_name("do"), self.take("{")) {
            (false, false) => return Ok(None),
            (_, braces) => braces,
        };
        let params = self.params()?;
        let body = self.steps(depth + 1)?;
        if braces {
            self.want("}")?;
        } else {
            self.end()?;
        }
        Ok(Some(Rc::new(Block { params, body })))
    }
}

/// Reads what can be changed out of an expression.
fn target(node: Node) -> Result<Target, String> {
    let refused = || Err("only names and their entries can be assigned".to_owned());
    match node {
        Node::Name(name) => Ok(Target::Name(name)),
        Node::Postfix { base, mut accesses } => match (*base, accesses.pop()) {
            (Node::Name(name), Some(Access::Index(mut keys))) if accesses.is_empty() => {
                match (keys.pop(), keys.is_empty()) {
                    (Some(key), true) => Ok(Target::Entry { name, key }),
                    _ => refused(),
                }
            }
            _ => refused(),
        },
        _ => refused(),
    }
}

/// Returns the step of `list << value` and `list.push(value)`.
fn appended(node: &Node) -> Option<Kind> {
    match node {
        Node::Chain { first, rest } if rest.iter().all(|(operator, _)| *operator == "<<") => {
            let target = target((**first).clone()).ok()?;
            let values = rest.iter().map(|(_, value)| value.clone()).collect();
            Some(Kind::Append { target, values })
        }
        Node::Postfix { base, accesses } => {
            let (last, before) = accesses.split_last()?;
            let Access::Call { method, args, block: None, .. } = last else {
                return None;
            };
            if !["push", "append"].contains(&method.as_str()) {
                return None;
            }
            let receiver = match before {
                [] => (**base).clone(),
                _ => Node::Postfix { base: base.clone(), accesses: before.to_vec() },
            };
            Some(Kind::Append { target: target(receiver).ok()?, values: args.clone() })
        }
        _ => None,
    }
}
