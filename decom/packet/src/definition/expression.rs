//! The code of generic conversions: Ruby or Python, compiled at load to a flat program.
//!
//! What users write is arithmetic on `value` and on other items, with conditions, variables and
//! the common functions. That much runs, each language by its own rules (a division of integers
//! floors in Ruby and is exact in Python; only Ruby takes 0 for true). Loops, blocks, classes and
//! whatever else there is in the languages is not compiled: such code is opaque.
//!
//! A program ends after at most as many steps as it is long, and makes no value of more than a few
//! kilobytes; what the languages raise an error for leaves no value.

mod compiler;
mod expressions;
mod functions;
mod lexer;
mod machine;
mod operators;
mod statements;
#[cfg(test)]
mod tests;

use super::types::ValueType;
use crate::value::Value;
use compiler::Compiler;
use machine::Program;

/// Longer code is not compiled.
const MAX_CODE: usize = 16 * 1024;
/// Longer texts in code are not compiled.
const MAX_TEXT: usize = operators::MAX_BYTES;

/// The languages of conversions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Ruby,
    Python,
}

/// Compiled code.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    program: Program,
}

impl Expression {
    /// Compiles code; `None` for code that is more than this engine runs.
    pub(crate) fn parse(code: &str, python: bool) -> Option<Self> {
        let language = if python { Language::Python } else { Language::Ruby };
        let code = Some(code).filter(|code| code.len() <= MAX_CODE)?;
        let tokens = lexer::tokens(code, language).filter(|tokens| !tokens.is_empty())?;
        let program = Compiler::new(tokens, language).compile()?;
        Some(Self { program })
    }

    /// Evaluates with the item's value; `read` yields other items of the packet.
    ///
    /// Returns `None` where the language raises an error: an operand is absent or of the wrong
    /// kind, a division by zero, an integer beyond 127 bits.
    pub(crate) fn evaluate<E>(
        &self,
        value: &Value,
        read: &mut dyn FnMut(&str, ValueType) -> Result<Value, E>,
    ) -> Result<Option<Value>, E> {
        self.program.run(value, read)
    }
}
