//! Walking over the steps and writing text.

use std::collections::HashMap;
use std::rc::Rc;

use super::budget::Budget;
use super::segments;
use super::statements::{self, Program, Refusal, Tag};
use super::syntax::{Block, Kind, Node, Param, Step};
use super::value::Operand;
use super::{Sources, TARGET_NAME, TemplateError, Variables};

/// How a list of steps ended.
pub(super) enum Flow {
    /// At its end, with the value of the last expression.
    Done(Operand),
    Next(Operand),
    Break,
}

/// Renders one file with its variables.
pub(super) struct Renderer<'a> {
    pub(super) path: String,
    /// Names by block, the innermost last.
    pub(super) scopes: Vec<HashMap<String, Operand>>,
    pub(super) sources: Sources<'a>,
    pub(super) budget: Budget,
    tags: Vec<Tag>,
    /// The tag at hand.
    tag: usize,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(path: &str, variables: &Variables, sources: Sources<'a>) -> Self {
        let names =
            variables.iter().map(|(name, text)| (name.clone(), Operand::text(text.as_str())));
        Self::with(path.to_owned(), names.collect(), sources, Budget::new())
    }

    fn with(
        path: String,
        names: HashMap<String, Operand>,
        sources: Sources<'a>,
        budget: Budget,
    ) -> Self {
        Self { path, scopes: vec![names], sources, budget, tags: Vec::new(), tag: 0 }
    }

    pub(super) fn render(&mut self, text: &str) -> Result<String, TemplateError> {
        let segments = segments::split(text).map_err(|(line, code)| {
            let refusal = Refusal {
                tag: Tag { line, code },
                message: "the tag's end '%>' is missing".into(),
            };
            self.refused(refusal)
        })?;
        let Program { tags, steps } = statements::parse(segments).map_err(|r| self.refused(r))?;
        self.tags = tags;
        let mut out = String::with_capacity(text.len());
        match self.run(&steps, &mut out)? {
            Flow::Done(_) => Ok(out),
            Flow::Next(_) | Flow::Break => Err(self.fault("there is no block to leave".to_owned())),
        }
    }

    fn refused(&self, refusal: Refusal) -> TemplateError {
        let Refusal { tag: Tag { line, code }, message } = refusal;
        TemplateError { file: self.path.clone(), line, tag: code, message }
    }

    /// Makes an error about the tag at hand.
    pub(super) fn fault(&self, message: String) -> TemplateError {
        let tag = self.tags.get(self.tag).cloned();
        let tag = tag.unwrap_or(Tag { line: 0, code: String::new() });
        self.refused(Refusal { tag, message })
    }

    /// Gives a message the tag at hand.
    pub(super) fn at<T>(&self, result: Result<T, String>) -> Result<T, TemplateError> {
        result.map_err(|message| self.fault(message))
    }

    pub(super) fn spend(&mut self, units: usize) -> Result<(), TemplateError> {
        let spent = self.budget.spend(units);
        self.at(spent)
    }

    pub(super) fn run(&mut self, steps: &[Step], out: &mut String) -> Result<Flow, TemplateError> {
        let entered = self.budget.enter();
        self.at(entered)?;
        let mut last = Operand::Nil;
        for step in steps {
            self.tag = step.tag;
            match self.step(&step.kind, out)? {
                Flow::Done(value) => last = value,
                other => {
                    self.budget.leave();
                    return Ok(other);
                }
            }
        }
        self.budget.leave();
        Ok(Flow::Done(last))
    }

    fn write(&mut self, text: &str, out: &mut String) -> Result<(), TemplateError> {
        let checked = self.budget.check_output(out.len(), text.len());
        self.at(checked)?;
        out.push_str(text);
        Ok(())
    }

    fn step(&mut self, kind: &Kind, out: &mut String) -> Result<Flow, TemplateError> {
        let mut value = Operand::Nil;
        match kind {
            Kind::Text(text) => self.write(text, out)?,
            Kind::Show(node) => {
                let shown = self.value(node, out)?;
                self.spend(shown.weight())?;
                self.write(&shown.shown(), out)?;
            }
            Kind::Evaluate(node) => value = self.value(node, out)?,
            Kind::Assign { targets, operator, value: node } => {
                self.assign(targets, *operator, node, out)?;
            }
            Kind::Append { target, values } => value = self.append(target, values, out)?,
            Kind::Choice(branches) => return self.choose(branches, out),
            Kind::Case { subject, branches, otherwise } => {
                let subject = self.value(subject, out)?;
                for (values, body) in branches {
                    for wanted in values {
                        let wanted = self.value(wanted, out)?;
                        if super::operators::is_case(&wanted, &subject) {
                            return self.run(body, out);
                        }
                    }
                }
                return self.run(otherwise, out);
            }
            Kind::While { condition, body } => {
                while self.value(condition, out)?.is_true() {
                    self.spend(1)?;
                    if let Flow::Break = self.run(body, out)? {
                        break;
                    }
                }
            }
            Kind::Next(node) => {
                let value = match node {
                    Some(node) => self.value(node, out)?,
                    None => Operand::Nil,
                };
                return Ok(Flow::Next(value));
            }
            Kind::Break => return Ok(Flow::Break),
        }
        Ok(Flow::Done(value))
    }

    fn choose(
        &mut self,
        branches: &[(Option<Node>, Vec<Step>)],
        out: &mut String,
    ) -> Result<Flow, TemplateError> {
        for (condition, body) in branches {
            let chosen = match condition {
                Some(node) => self.value(node, out)?.is_true(),
                None => true,
            };
            if chosen {
                return self.run(body, out);
            }
        }
        Ok(Flow::Done(Operand::Nil))
    }

    /// Runs a block with values for its names; they and what it assigns first are gone after it.
    ///
    /// `None` when the block ends the loop.
    pub(super) fn call(
        &mut self,
        block: &Rc<Block>,
        values: Vec<Operand>,
        out: &mut String,
    ) -> Result<Option<Operand>, TemplateError> {
        self.spend(1)?;
        let scope = bind(&block.params, values);
        self.scopes.push(scope);
        let tag = self.tag;
        let flow = self.run(&block.body, out)?;
        self.tag = tag;
        self.scopes.pop();
        Ok(match flow {
            Flow::Done(value) | Flow::Next(value) => Some(value),
            Flow::Break => None,
        })
    }

    /// Renders a partial; it sees the target's name and its locals only.
    pub(super) fn partial(
        &mut self,
        file: &str,
        locals: Vec<(String, Operand)>,
    ) -> Result<String, TemplateError> {
        let base = file.rsplit('/').next().unwrap_or(file);
        if !base.starts_with('_') {
            return Err(self.fault(format!("the name of partial '{file}' must start with _")));
        }
        let entered = self.budget.enter_partial();
        self.at(entered)?;
        let path = beside(&self.path, file);
        let text = (self.sources.partial)(&path)
            .ok_or_else(|| self.fault(format!("partial '{path}' was not found")))?;
        self.spend(1 + text.len() / 16)?;
        let target = self.scopes.first().and_then(|names| names.get(TARGET_NAME)).cloned();
        let mut names: HashMap<String, Operand> =
            target.into_iter().map(|target| (TARGET_NAME.to_owned(), target)).collect();
        names.extend(locals);
        let budget = std::mem::replace(&mut self.budget, Budget::new());
        let mut inner = Renderer::with(path, names, self.sources, budget);
        let rendered = inner.render(&text);
        self.budget = inner.budget;
        self.budget.leave_partial();
        rendered
    }
}

/// Returns the path of a file that is named relative to another.
fn beside(path: &str, file: &str) -> String {
    let Some((folder, _)) = path.rsplit_once('/').filter(|_| !file.starts_with('/')) else {
        return file.to_owned();
    };
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in file.split('/') {
        let above = parts.last().is_some_and(|last| !["", ".", ".."].contains(last));
        match part {
            "." => {}
            ".." if above => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Gives the names of a block their values; a list is taken apart where there are several names.
fn bind(params: &[Param], mut values: Vec<Operand>) -> HashMap<String, Operand> {
    if let ([_, _, ..], [Operand::List(list)]) = (params, values.as_slice()) {
        values = list.inner.clone();
    }
    let mut values = values.into_iter();
    let mut names = HashMap::new();
    for param in params {
        let value = values.next().unwrap_or(Operand::Nil);
        match param {
            Param::One(name) => {
                names.insert(name.clone(), value);
            }
            Param::Many(inner) => {
                let elements = match value {
                    Operand::List(list) => list.inner.clone(),
                    other => vec![other],
                };
                let elements = elements.into_iter().chain(std::iter::repeat(Operand::Nil));
                names.extend(inner.iter().cloned().zip(elements));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partials_lie_beside_their_file() {
        assert_eq!(beside("cmd_tlm/t.txt", "_p.txt"), "cmd_tlm/_p.txt");
        assert_eq!(beside("cmd_tlm/sub/t.txt", "../_p.txt"), "cmd_tlm/_p.txt");
        assert_eq!(beside("t.txt", "_p.txt"), "_p.txt");
        assert_eq!(beside("/a/b/t.txt", "../../../../_p.txt"), "/../../_p.txt");
    }
}
