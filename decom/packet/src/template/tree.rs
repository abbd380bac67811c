//! From segments to a tree of blocks.

use super::expression::{self, Node};
use super::segments::Segment;

/// Blocks nested deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// One step of rendering.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Text(String),
    Show {
        node: Node,
        place: Place,
    },
    Assign {
        name: String,
        node: Node,
        place: Place,
    },
    Loop {
        over: Over,
        node: Node,
        names: Vec<String>,
        body: Vec<Step>,
        place: Place,
    },
    /// Conditions with their bodies; the last one may have none.
    Choice {
        branches: Vec<(Option<Node>, Vec<Step>)>,
        place: Place,
    },
}

/// What a loop goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Each,
    EachWithIndex,
    Times,
}

/// Line and text of a tag.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) tag: String,
}

/// A tag that cannot be understood.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) place: Place,
    pub(super) message: String,
}

/// How a list of steps ended.
enum Ending {
    EndOfText,
    End,
    Else,
    Elsif(Node),
}

/// Builds the tree of a whole template.
pub(super) fn build(segments: Vec<Segment>) -> Result<Vec<Step>, Refusal> {
    let mut builder = Builder { segments: segments.into_iter(), place: None };
    let (steps, ending) = builder.steps(0)?;
    match ending {
        Ending::EndOfText => Ok(steps),
        _ => Err(builder.refuse("there is no open block that this could belong to")),
    }
}

struct Builder {
    segments: std::vec::IntoIter<Segment>,
    /// The tag at hand.
    place: Option<Place>,
}

impl Builder {
    fn refuse(&self, message: &str) -> Refusal {
        let place = self.place.clone().unwrap_or(Place { line: 0, tag: String::new() });
        Refusal { place, message: message.to_owned() }
    }

    fn node(&self, code: &str) -> Result<Node, Refusal> {
        expression::parse(code).map_err(|message| {
            self.refuse(&format!("{message}; render the file beforehand if it needs all of Ruby"))
        })
    }

    fn steps(&mut self, depth: usize) -> Result<(Vec<Step>, Ending), Refusal> {
        let mut steps = Vec::new();
        while let Some(segment) = self.segments.next() {
            let (code, line, shown) = match segment {
                Segment::Text(text) => {
                    steps.push(Step::Text(text));
                    continue;
                }
                Segment::Expression { code, line } => (code, line, true),
                Segment::Statement { code, line } => (code, line, false),
            };
            let place = Place { line, tag: code.clone() };
            self.place = Some(place.clone());
            if depth > MAX_DEPTH {
                return Err(self.refuse("nested too deeply"));
            }
            if shown {
                steps.push(Step::Show { node: self.node(&code)?, place });
                continue;
            }
            match code.as_str() {
                "" => {}
                "end" => return Ok((steps, Ending::End)),
                "else" => return Ok((steps, Ending::Else)),
                _ => match code.strip_prefix("elsif") {
                    Some(condition) if starts_condition(condition) => {
                        return Ok((steps, Ending::Elsif(self.node(condition)?)));
                    }
                    _ => steps.extend(self.statement(&code, place, depth)?),
                },
            }
        }
        Ok((steps, Ending::EndOfText))
    }

    fn statement(
        &mut self,
        code: &str,
        place: Place,
        depth: usize,
    ) -> Result<Option<Step>, Refusal> {
        for (word, negated) in [("if", false), ("unless", true)] {
            if let Some(condition) = code.strip_prefix(word).filter(|rest| starts_condition(rest)) {
                let condition = condition.trim_end().strip_suffix(" then").unwrap_or(condition);
                let node = self.node(condition)?;
                let node = if negated { Node::Not(Box::new(node)) } else { node };
                return self.choice(node, place, depth).map(Some);
            }
        }
        if let Some((head, names)) = loop_head(code) {
            return self.loop_over(head, names, place, depth).map(Some);
        }
        if let Some((name, value)) = assignment(code) {
            return Ok(Some(Step::Assign {
                name: name.to_owned(),
                node: self.node(value)?,
                place,
            }));
        }
        // A bare expression has no effect, but it must be one that is understood.
        self.node(code)?;
        Ok(None)
    }

    fn choice(&mut self, first: Node, place: Place, depth: usize) -> Result<Step, Refusal> {
        let mut branches = Vec::new();
        let mut condition = Some(first);
        loop {
            let (body, ending) = self.steps(depth + 1)?;
            let was_else = condition.is_none();
            branches.push((condition, body));
            condition = match ending {
                Ending::End => return Ok(Step::Choice { branches, place }),
                Ending::EndOfText => {
                    return Err(Refusal { place, message: "its 'end' is missing".to_owned() });
                }
                _ if was_else => return Err(self.refuse("'else' must be the last branch")),
                Ending::Else => None,
                Ending::Elsif(node) => Some(node),
            };
        }
    }

    fn loop_over(
        &mut self,
        head: &str,
        names: Vec<String>,
        place: Place,
        depth: usize,
    ) -> Result<Step, Refusal> {
        let kinds = [
            (".each_with_index", Over::EachWithIndex),
            (".each", Over::Each),
            (".times", Over::Times),
        ];
        let found = kinds
            .into_iter()
            .find_map(|(suffix, over)| head.strip_suffix(suffix).map(|receiver| (receiver, over)));
        let (receiver, over) = found
            .ok_or_else(|| self.refuse("only each, each_with_index and times may have a block"))?;
        let node = self.node(receiver)?;
        let (body, ending) = self.steps(depth + 1)?;
        match ending {
            Ending::End => Ok(Step::Loop { over, node, names, body, place }),
            _ => Err(Refusal { place, message: "its 'end' is missing".to_owned() }),
        }
    }
}

fn starts_condition(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '(' | '!'))
}

/// Splits `receiver.each do |a, b|` into receiver and names.
fn loop_head(code: &str) -> Option<(&str, Vec<String>)> {
    let (head, names) = match code.strip_suffix('|') {
        Some(inner) => {
            let (head, names) = inner.rsplit_once('|')?;
            (head.trim_end(), names.split(',').map(|name| name.trim().to_owned()).collect())
        }
        None => (code, Vec::new()),
    };
    let head = head.strip_suffix("do").or_else(|| head.strip_suffix('{'))?;
    Some((head.trim_end(), names))
}

/// Splits `name = value`.
fn assignment(code: &str) -> Option<(&str, &str)> {
    let (name, value) = code.split_once('=')?;
    let name = name.trim_end();
    let is_name = !name.is_empty()
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && !value.starts_with('=')).then_some((name, value))
}
