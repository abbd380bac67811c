//! The values of expressions, and what assignments change.

use std::rc::Rc;

use indexmap::IndexMap;

use super::TemplateError;
use super::evaluate::Renderer;
use super::functions;
use super::methods;
use super::operators;
use super::syntax::{Access, Block, Kind, Node, Param, Step, Target};
use super::value::Operand;

impl Renderer<'_> {
    pub(super) fn value(
        &mut self,
        node: &Node,
        out: &mut String,
    ) -> Result<Operand, TemplateError> {
        let entered = self.budget.spend(1).and_then(|()| self.budget.enter());
        self.at(entered)?;
        let value = self.evaluate(node, out);
        self.budget.leave();
        value
    }

    pub(super) fn values(
        &mut self,
        nodes: &[Node],
        out: &mut String,
    ) -> Result<Vec<Operand>, TemplateError> {
        nodes.iter().map(|node| self.value(node, out)).collect()
    }

    fn evaluate(&mut self, node: &Node, out: &mut String) -> Result<Operand, TemplateError> {
        Ok(match node {
            Node::Literal(value) => value.clone(),
            Node::Interpolated(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    let piece = self.value(piece, out)?;
                    self.spend(piece.weight())?;
                    let piece = piece.shown();
                    self.spend_text(text.len() + piece.len())?;
                    text.push_str(&piece);
                }
                Operand::text(text)
            }
            Node::Name(name) => self.named(name)?,
            Node::List(nodes) => {
                let items = self.values(nodes, out)?;
                self.at(Operand::list(items))?
            }
            Node::Map(nodes) => {
                let mut entries = IndexMap::new();
                for (key, value) in nodes {
                    let key = self.value(key, out)?;
                    let key = self.at(key.key())?;
                    entries.insert(key, self.value(value, out)?);
                }
                self.at(Operand::map(entries))?
            }
            Node::Range { from, to, exclusive } => {
                let ends = (self.value(from, out)?, self.value(to, out)?);
                let range = operators::range(&ends.0, &ends.1, *exclusive);
                self.at(range)?
            }
            Node::Prefix { operator, of } => {
                let of = self.value(of, out)?;
                let result = operators::prefix(operator, &of);
                self.at(result)?
            }
            Node::Chain { first, rest } => self.chain(first, rest, out)?,
            Node::Ternary { condition, then, otherwise } => {
                let chosen = if self.value(condition, out)?.is_true() { then } else { otherwise };
                self.value(chosen, out)?
            }
            Node::Postfix { base, accesses } => self.postfix(base, accesses, out)?,
            Node::Function { name, args } => {
                let args = self.values(args, out)?;
                functions::call(self, name, &args)?
            }
            Node::Defined(name) => match self.find(name) {
                Some(_) => Operand::text("local-variable"),
                None => Operand::Nil,
            },
        })
    }

    pub(super) fn spend_text(&mut self, bytes: usize) -> Result<(), TemplateError> {
        let spent = self.budget.spend_text(bytes);
        self.at(spent)
    }

    fn find(&self, name: &str) -> Option<&Operand> {
        self.scopes.iter().rev().find_map(|names| names.get(name))
    }

    fn named(&self, name: &str) -> Result<Operand, TemplateError> {
        self.find(name).cloned().ok_or_else(|| {
            self.fault(format!("'{name}' is not defined here; declare it as VARIABLE"))
        })
    }

    fn chain(
        &mut self,
        first: &Node,
        rest: &[(&'static str, Node)],
        out: &mut String,
    ) -> Result<Operand, TemplateError> {
        let mut left = self.value(first, out)?;
        for (operator, right) in rest {
            match *operator {
                "&&" if !left.is_true() => continue,
                "||" if left.is_true() => continue,
                "&&" | "||" => left = self.value(right, out)?,
                _ => {
                    let right = self.value(right, out)?;
                    let result = operators::binary(operator, &left, &right, &mut self.budget);
                    left = self.at(result)?;
                }
            }
        }
        Ok(left)
    }

    fn postfix(
        &mut self,
        base: &Node,
        accesses: &[Access],
        out: &mut String,
    ) -> Result<Operand, TemplateError> {
        let mut rest = accesses;
        let mut value = match base {
            Node::Name(name) if name == "ENV" => {
                let (first, others) = accesses
                    .split_first()
                    .ok_or_else(|| self.fault("ENV is used as ENV['NAME']".to_owned()))?;
                rest = others;
                self.environment(first, out)?
            }
            _ => self.value(base, out)?,
        };
        let mut at = 0;
        while let Some(access) = rest.get(at) {
            at += 1;
            match access {
                Access::Index(keys) => {
                    let keys = self.values(keys, out)?;
                    let found = operators::index(&value, &keys, &mut self.budget);
                    value = self.at(found)?;
                }
                Access::Call { safe: true, .. } if matches!(value, Operand::Nil) => {}
                Access::Call { method, args, block, .. } => {
                    let mut args = args.as_slice();
                    let block = match args.split_last() {
                        Some((Node::Prefix { operator: "&", of }, before)) => {
                            args = before;
                            Some(shorthand(of).ok_or_else(|| {
                                self.fault("only '&:name' can stand for a block".to_owned())
                            })?)
                        }
                        _ => block.clone(),
                    };
                    let args = self.values(args, out)?;
                    // `each.with_index` and `map.with_index` are loops of two words.
                    let next = match (method.as_str(), &block, rest.get(at)) {
                        (
                            "each" | "map" | "collect",
                            None,
                            Some(Access::Call { method, args, block: Some(block), .. }),
                        ) if method == "with_index" => Some((args, block.clone())),
                        _ => None,
                    };
                    value = match next {
                        Some((start, block)) => {
                            at += 1;
                            let start = self.values(start, out)?;
                            let name =
                                if method == "each" { "each_with_index" } else { "map_with_index" };
                            methods::call_with_block(self, &value, name, &start, &block, out)?
                        }
                        None => match block {
                            Some(block) => {
                                methods::call_with_block(self, &value, method, &args, &block, out)?
                            }
                            None => {
                                let result = methods::call(&value, method, &args, &mut self.budget);
                                self.at(result)?
                            }
                        },
                    };
                }
            }
        }
        Ok(value)
    }

    fn environment(&mut self, access: &Access, out: &mut String) -> Result<Operand, TemplateError> {
        let (method, args) = match access {
            Access::Index(args) => ("[]", args),
            Access::Call { method, args, block: None, .. } => (method.as_str(), args),
            Access::Call { .. } => return Err(self.fault("ENV takes no block".to_owned())),
        };
        let args = self.values(args, out)?;
        let Some(Operand::Text(name)) = args.first() else {
            return Err(self.fault("ENV is used as ENV['NAME']".to_owned()));
        };
        let found = (self.sources.environment)(name).map(Operand::text);
        match (method, found, args.get(1)) {
            ("[]", found, None) => Ok(found.unwrap_or(Operand::Nil)),
            ("fetch", Some(found), _) => Ok(found),
            ("fetch", None, Some(default)) => Ok(default.clone()),
            ("fetch", None, None) => Err(self.fault(format!("ENV has no '{name}'"))),
            ("key?" | "has_key?" | "include?", found, None) => {
                Ok(Operand::Boolean(found.is_some()))
            }
            _ => Err(self.fault(format!("ENV.{method} is not supported"))),
        }
    }

    pub(super) fn assign(
        &mut self,
        targets: &[Target],
        operator: Option<&'static str>,
        node: &Node,
        out: &mut String,
    ) -> Result<(), TemplateError> {
        let [target] = targets else {
            let value = self.value(node, out)?;
            let values = match value {
                Operand::List(list) => list.inner.clone(),
                other => vec![other],
            };
            let values = values.into_iter().chain(std::iter::repeat(Operand::Nil));
            return targets
                .iter()
                .zip(values)
                .try_for_each(|(target, value)| self.store(target, value, out));
        };
        let value = match operator {
            None => self.value(node, out)?,
            Some(operator) => {
                let current = self.current(target, operator, out)?;
                match operator {
                    "||" if current.is_true() => return Ok(()),
                    "&&" if !current.is_true() => return Ok(()),
                    "||" | "&&" => self.value(node, out)?,
                    _ => {
                        let value = self.value(node, out)?;
                        let result =
                            operators::binary(operator, &current, &value, &mut self.budget);
                        self.at(result)?
                    }
                }
            }
        };
        self.store(target, value, out)
    }

    /// Returns the value that `target operator= …` starts from.
    fn current(
        &mut self,
        target: &Target,
        operator: &str,
        out: &mut String,
    ) -> Result<Operand, TemplateError> {
        match target {
            Target::Name(name) if operator == "||" => {
                Ok(self.find(name).cloned().unwrap_or(Operand::Nil))
            }
            Target::Name(name) => self.named(name),
            Target::Entry { name, key } => {
                let key = self.value(key, out)?;
                let found = operators::index(&self.named(name)?, &[key], &mut self.budget);
                self.at(found)
            }
        }
    }

    fn store(
        &mut self,
        target: &Target,
        value: Operand,
        out: &mut String,
    ) -> Result<(), TemplateError> {
        match target {
            Target::Name(name) => {
                // A name that no block outside knows belongs to the innermost one.
                let known = self.scopes.iter().rposition(|names| names.contains_key(name));
                let innermost = self.scopes.len().saturating_sub(1);
                if let Some(names) = self.scopes.get_mut(known.unwrap_or(innermost)) {
                    names.insert(name.clone(), value);
                }
                Ok(())
            }
            Target::Entry { name, key } => {
                let key = self.value(key, out)?;
                self.change(name, |container| operators::set_entry(container, &key, value))
            }
        }
    }

    pub(super) fn append(
        &mut self,
        target: &Target,
        values: &[Node],
        out: &mut String,
    ) -> Result<Operand, TemplateError> {
        let values = self.values(values, out)?;
        let result = match target {
            Target::Name(name) => self.change(name, |list| operators::append(list, values)),
            Target::Entry { name, key } => {
                let key = self.value(key, out)?;
                self.change(name, |container| {
                    let mut inner = operators::take_entry(container, &key)?;
                    operators::append(&mut inner, values)?;
                    operators::set_entry(container, &key, inner)
                })
            }
        };
        result.map(|()| Operand::Nil)
    }

    /// Changes a variable in its place.
    fn change(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut Operand) -> Result<(), String>,
    ) -> Result<(), TemplateError> {
        let known = self.scopes.iter_mut().rev().find_map(|names| names.get_mut(name));
        let result = match known {
            Some(value) => change(value),
            None => Err(format!("'{name}' is not defined here")),
        };
        self.at(result)
    }
}

/// Makes the block that `&:name` stands for.
fn shorthand(of: &Node) -> Option<Rc<Block>> {
    let Node::Literal(Operand::Symbol(method)) = of else {
        return None;
    };
    // A name that no template can spell.
    let name = "&".to_owned();
    let call =
        Access::Call { method: method.to_string(), args: Vec::new(), block: None, safe: false };
    let node = Node::Postfix { base: Box::new(Node::Name(name.clone())), accesses: vec![call] };
    let step = Step { tag: 0, kind: Kind::Evaluate(node) };
    Some(Rc::new(Block { params: vec![Param::One(name)], body: vec![step] }))
}
