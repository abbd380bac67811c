//! Arguments of calls, entries of maps and the names of blocks.

use super::lexer::Word;
use super::parser::Parser;
use super::syntax::{Node, Param};
use super::value::Operand;

impl Parser {
    /// Reads arguments without brackets, up to the end of the statement.
    pub(super) fn bare_arguments(&mut self, depth: usize) -> Result<Vec<Node>, String> {
        let mut args = Vec::new();
        let mut named = Vec::new();
        loop {
            self.argument(&mut args, &mut named, depth)?;
            if !self.take(",") {
                return Ok(with_named(args, named));
            }
            self.skip_separators();
        }
    }

    /// Reads what stands between brackets; `name: value` pairs become one map at the end.
    pub(super) fn arguments(&mut self, close: &str, depth: usize) -> Result<Vec<Node>, String> {
        let mut args = Vec::new();
        let mut named = Vec::new();
        loop {
            self.skip_separators();
            if self.take(close) {
                return Ok(with_named(args, named));
            }
            self.argument(&mut args, &mut named, depth)?;
            self.skip_separators();
            if !self.take(",") {
                self.want(close)?;
                return Ok(with_named(args, named));
            }
        }
    }

    fn argument(
        &mut self,
        args: &mut Vec<Node>,
        named: &mut Vec<(Node, Node)>,
        depth: usize,
    ) -> Result<(), String> {
        if let Some(Word::Label(name)) = self.peek() {
            let key = Node::Literal(Operand::Symbol(name.as_str().into()));
            self.next();
            self.skip_separators();
            named.push((key, self.ternary(depth + 1)?));
            return Ok(());
        }
        if self.take("&") {
            let of = Box::new(self.primary(depth + 1)?);
            args.push(Node::Prefix { operator: "&", of });
            return Ok(());
        }
        let value = self.expression(depth + 1)?;
        if self.take("=>") {
            named.push((value, self.ternary(depth + 1)?));
        } else {
            args.push(value);
        }
        Ok(())
    }

    pub(super) fn entries(&mut self, depth: usize) -> Result<Vec<(Node, Node)>, String> {
        let mut args = Vec::new();
        let mut entries = Vec::new();
        loop {
            self.skip_separators();
            if self.take("}") {
                return Ok(entries);
            }
            self.argument(&mut args, &mut entries, depth)?;
            if !args.is_empty() {
                return Err("an entry of a map is 'key => value' or 'name: value'".to_owned());
            }
            self.skip_separators();
            if !self.take(",") {
                self.want("}")?;
                return Ok(entries);
            }
        }
    }

    /// Reads the names between the bars of a block.
    pub(super) fn params(&mut self) -> Result<Vec<Param>, String> {
        let mut params = Vec::new();
        if self.take("||") || !self.take("|") {
            return Ok(params);
        }
        loop {
            params.push(match self.next() {
                Some(Word::Name(name)) => Param::One(name),
                Some(Word::Punctuation("(")) => {
                    let mut names = Vec::new();
                    while let Some(Word::Name(name)) = self.next() {
                        names.push(name);
                        if !self.take(",") {
                            break;
                        }
                    }
                    self.want(")")?;
                    Param::Many(names)
                }
                _ => return Err("a name is missing between the bars of the block".to_owned()),
            });
            if !self.take(",") {
                self.want("|")?;
                return Ok(params);
            }
        }
    }
}

fn with_named(mut args: Vec<Node>, named: Vec<(Node, Node)>) -> Vec<Node> {
    if !named.is_empty() {
        args.push(Node::Map(named));
    }
    args
}
