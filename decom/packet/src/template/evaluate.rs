//! Walking over the tree and writing text.

use std::collections::HashMap;

use super::expression::{self, Node};
use super::operators::{self, Operand};
use super::segments;
use super::tree::{self, Over, Place, Step};
use super::{Sources, TARGET_NAME, TemplateError, Variables};

/// Rendered texts longer than this are refused: a loop has run away.
const MAX_OUTPUT: usize = 64 << 20;

/// Steps of all loops together beyond this are refused.
const MAX_STEPS: usize = 10_000_000;

/// Partials that render partials deeper than this are refused.
const MAX_PARTIALS: usize = 16;

/// Renders one file with its variables.
pub(super) struct Renderer<'a> {
    path: String,
    variables: HashMap<String, Operand>,
    sources: Sources<'a>,
    depth: usize,
    steps: usize,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(path: &str, variables: &Variables, sources: Sources<'a>) -> Self {
        let variables = variables
            .iter()
            .map(|(name, text)| (name.clone(), Operand::Text(text.clone())))
            .collect();
        Self { path: path.to_owned(), variables, sources, depth: 0, steps: 0 }
    }

    pub(super) fn render(&mut self, text: &str) -> Result<String, TemplateError> {
        let segments = segments::split(text).map_err(|(line, tag)| {
            self.error(&Place { line, tag }, "the tag's end '%>' is missing".to_owned())
        })?;
        let steps = tree::build(segments).map_err(|r| self.error(&r.place, r.message))?;
        let mut out = String::with_capacity(text.len());
        self.run(&steps, &mut out)?;
        Ok(out)
    }

    fn error(&self, place: &Place, message: String) -> TemplateError {
        TemplateError { file: self.path.clone(), line: place.line, tag: place.tag.clone(), message }
    }

    fn run(&mut self, steps: &[Step], out: &mut String) -> Result<(), TemplateError> {
        for step in steps {
            match step {
                Step::Text(text) => out.push_str(text),
                Step::Show { node, place } => {
                    let shown = self.value(node, place)?;
                    out.push_str(&shown.to_string());
                }
                Step::Assign { name, node, place } => {
                    let value = self.value(node, place)?;
                    self.variables.insert(name.clone(), value);
                }
                Step::Choice { branches, place } => self.choose(branches, place, out)?,
                Step::Loop { over, node, names, body, place } => {
                    let items = self.items(*over, node, place)?;
                    self.repeat(items, names, body, place, out)?;
                }
            }
        }
        Ok(())
    }

    fn choose(
        &mut self,
        branches: &[(Option<Node>, Vec<Step>)],
        place: &Place,
        out: &mut String,
    ) -> Result<(), TemplateError> {
        for (condition, body) in branches {
            let chosen = match condition {
                Some(node) => self.value(node, place)?.is_true(),
                None => true,
            };
            if chosen {
                return self.run(body, out);
            }
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        items: Vec<Vec<Operand>>,
        names: &[String],
        body: &[Step],
        place: &Place,
        out: &mut String,
    ) -> Result<(), TemplateError> {
        // The block's own names hide outer ones and are gone after it.
        let hidden: Vec<(String, Option<Operand>)> =
            names.iter().map(|name| (name.clone(), self.variables.get(name).cloned())).collect();
        for values in items {
            self.steps += 1;
            if self.steps > MAX_STEPS || out.len() > MAX_OUTPUT {
                return Err(self.error(place, "the loop makes too much text".to_owned()));
            }
            for (name, value) in names.iter().zip(values) {
                self.variables.insert(name.clone(), value);
            }
            self.run(body, out)?;
        }
        for (name, value) in hidden {
            match value {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(&name),
            };
        }
        Ok(())
    }

    /// Returns the values that a loop gives its names, step by step.
    fn items(
        &mut self,
        over: Over,
        node: &Node,
        place: &Place,
    ) -> Result<Vec<Vec<Operand>>, TemplateError> {
        let value = self.value(node, place)?;
        match (over, value) {
            (Over::Times, Operand::Integer(count)) => {
                let items = self.integers(0, count, place)?;
                Ok(items.into_iter().map(|item| vec![item]).collect())
            }
            (Over::Each, Operand::List(items)) => {
                Ok(items.into_iter().map(|item| vec![item]).collect())
            }
            (Over::EachWithIndex, Operand::List(items)) => Ok(items
                .into_iter()
                .zip(0..)
                .map(|(item, i)| vec![item, Operand::Integer(i)])
                .collect()),
            (Over::Times, other) => Err(self.error(place, format!("'{other}' is no integer"))),
            (_, other) => Err(self.error(place, format!("'{other}' is no list or range"))),
        }
    }

    fn integers(&self, from: i64, end: i64, place: &Place) -> Result<Vec<Operand>, TemplateError> {
        let length = usize::try_from(end.saturating_sub(from)).unwrap_or(0);
        if length > MAX_STEPS {
            return Err(self.error(place, format!("{length} steps are too many")));
        }
        Ok((from..end).map(Operand::Integer).collect())
    }

    fn value(&mut self, node: &Node, place: &Place) -> Result<Operand, TemplateError> {
        Ok(match node {
            Node::Nil => Operand::Nil,
            Node::Boolean(b) => Operand::Boolean(*b),
            Node::Integer(i) => Operand::Integer(*i),
            Node::Float(f) => Operand::Float(*f),
            Node::Text(text) => Operand::Text(text.clone()),
            Node::Interpolated(text) => Operand::Text(self.interpolate(text, place)?),
            Node::Name(name) => self.variables.get(name).cloned().ok_or_else(|| {
                self.error(place, format!("'{name}' is not defined here; declare it as VARIABLE"))
            })?,
            Node::Environment(name) => {
                let name = self.value(name, place)?.to_string();
                (self.sources.environment)(&name).map_or(Operand::Nil, Operand::Text)
            }
            Node::List(nodes) => {
                let items = nodes.iter().map(|node| self.value(node, place));
                Operand::List(items.collect::<Result<_, _>>()?)
            }
            Node::Range { from, to, exclusive } => {
                let (from, to) = (self.value(from, place)?, self.value(to, place)?);
                let (Operand::Integer(from), Operand::Integer(to)) = (from, to) else {
                    return Err(self.error(place, "a range needs two integers".to_owned()));
                };
                let end = if *exclusive { to } else { to.saturating_add(1) };
                Operand::List(self.integers(from, end, place)?)
            }
            Node::Not(inner) => Operand::Boolean(!self.value(inner, place)?.is_true()),
            Node::Negate(inner) => {
                let inner = self.value(inner, place)?;
                let negated = operators::binary("-", &Operand::Integer(0), &inner);
                negated.map_err(|message| self.error(place, message))?
            }
            Node::Binary { operator, left, right } => self.binary(operator, left, right, place)?,
            Node::Ternary { condition, then, otherwise } => {
                let chosen = if self.value(condition, place)?.is_true() { then } else { otherwise };
                self.value(chosen, place)?
            }
            Node::Index { of, at } => self.index(of, at, place)?,
            Node::Call { of, method, args } => {
                let of = self.value(of, place)?;
                let args = args.iter().map(|node| self.value(node, place));
                let args = args.collect::<Result<Vec<_>, _>>()?;
                operators::call(&of, method, &args).map_err(|m| self.error(place, m))?
            }
            Node::Render { file, locals } => Operand::Text(self.partial(file, locals, place)?),
        })
    }

    fn binary(
        &mut self,
        operator: &str,
        left: &Node,
        right: &Node,
        place: &Place,
    ) -> Result<Operand, TemplateError> {
        let left = self.value(left, place)?;
        match operator {
            "&&" if !left.is_true() => return Ok(left),
            "||" if left.is_true() => return Ok(left),
            _ => {}
        }
        let right = self.value(right, place)?;
        if matches!(operator, "&&" | "||") {
            return Ok(right);
        }
        operators::binary(operator, &left, &right).map_err(|message| self.error(place, message))
    }

    fn index(&mut self, of: &Node, at: &Node, place: &Place) -> Result<Operand, TemplateError> {
        match (self.value(of, place)?, self.value(at, place)?) {
            (Operand::List(items), Operand::Integer(at)) => {
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let at = if at < 0 { at + length } else { at };
                let found = usize::try_from(at).ok().and_then(|at| items.get(at).cloned());
                Ok(found.unwrap_or(Operand::Nil))
            }
            _ => Err(self.error(place, "only lists have an index, which is an integer".to_owned())),
        }
    }

    fn interpolate(&mut self, text: &str, place: &Place) -> Result<String, TemplateError> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("#{") {
            out.push_str(&rest[..at]);
            let inner = &rest[at + 2..];
            let end = inner
                .find('}')
                .ok_or_else(|| self.error(place, "'}' is missing after '#{'".to_owned()))?;
            let node = expression::parse(&inner[..end]).map_err(|m| self.error(place, m))?;
            out.push_str(&self.value(&node, place)?.to_string());
            rest = &inner[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    /// Renders a partial; it sees the target's name and its locals only.
    fn partial(
        &mut self,
        file: &Node,
        locals: &[(String, Node)],
        place: &Place,
    ) -> Result<String, TemplateError> {
        let file = self.value(file, place)?.to_string();
        let base = file.rsplit('/').next().unwrap_or(&file);
        if !base.starts_with('_') {
            return Err(
                self.error(place, format!("the name of partial '{file}' must start with _"))
            );
        }
        if self.depth >= MAX_PARTIALS {
            return Err(self.error(place, format!("partial '{file}' renders itself")));
        }
        let path = match self.path.rsplit_once('/') {
            Some((folder, _)) if !file.starts_with('/') => format!("{folder}/{file}"),
            _ => file.clone(),
        };
        let text = (self.sources.partial)(&path)
            .ok_or_else(|| self.error(place, format!("partial '{path}' was not found")))?;
        let mut variables = HashMap::new();
        if let Some(target) = self.variables.get(TARGET_NAME) {
            variables.insert(TARGET_NAME.to_owned(), target.clone());
        }
        for (name, node) in locals {
            variables.insert(name.clone(), self.value(node, place)?);
        }
        let mut inner = Renderer {
            path,
            variables,
            sources: self.sources,
            depth: self.depth + 1,
            steps: self.steps,
        };
        let rendered = inner.render(&text);
        self.steps = inner.steps;
        rendered
    }
}
