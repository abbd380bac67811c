//! What names stand for: constants, functions, variables.

use super::lexer::Word;
use super::parser::Parser;
use super::syntax::Node;
use super::value::Operand;

/// Calls without a receiver whose brackets may be left out.
pub(super) const FUNCTIONS: [&str; 8] =
    ["render", "format", "sprintf", "raise", "Integer", "Float", "String", "Array"];

/// Words that end or start statements, and so are no names.
const RESERVED: [&str; 22] = [
    "if", "unless", "elsif", "else", "end", "case", "when", "while", "until", "do", "then", "next",
    "break", "and", "or", "not", "in", "return", "begin", "def", "class", "for",
];

impl Parser {
    pub(super) fn named(&mut self, name: String, depth: usize) -> Result<Node, String> {
        match name.as_str() {
            "nil" => return Ok(Node::Literal(Operand::Nil)),
            "true" => return Ok(Node::Literal(Operand::Boolean(true))),
            "false" => return Ok(Node::Literal(Operand::Boolean(false))),
            "defined?" => {
                let bracket = self.take("(");
                let Some(Word::Name(name)) = self.next() else {
                    return Err("defined? takes a name".to_owned());
                };
                if bracket {
                    self.want(")")?;
                }
                return Ok(Node::Defined(name));
            }
            _ if RESERVED.contains(&name.as_str()) => {
                return Err(format!("'{name}' was not expected here"));
            }
            _ => {}
        }
        if self.take("(") {
            let args = self.arguments(")", depth)?;
            return Ok(Node::Function { name, args });
        }
        if FUNCTIONS.contains(&name.as_str()) {
            let args = self.bare_arguments(depth)?;
            return Ok(Node::Function { name, args });
        }
        if self.starts_literal() {
            return Err(format!("'{name}' is not supported"));
        }
        Ok(Node::Name(name))
    }
}
