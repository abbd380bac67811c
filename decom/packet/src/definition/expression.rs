//! The code of generic conversions: Ruby or Python, compiled at load to a flat program.
//!
//! What users write is arithmetic on `value` and on other items, with conditions, variables and
//! the common functions. That much runs, each language by its own rules (a division of integers
//! floors in Ruby and is exact in Python; only Ruby takes 0 for true). Loops, blocks, classes and
//! whatever else there is in the languages is not compiled: such code is opaque.
//!
//! A program ends after at most as many steps as it is long, and makes no value of more than a few
//! kilobytes; what the languages raise an error for leaves no value.

mod bytes;
mod call;
mod compiler;
mod expressions;
mod functions;
mod lexer;
mod machine;
mod numbers;
mod operators;
mod primary;
mod statements;
#[cfg(test)]
mod tests;
mod texts;

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

/// What code sees beside the item's value.
pub(crate) struct Surroundings<'a, E> {
    /// The bytes of the packet.
    pub(crate) buffer: &'a [u8],
    /// Reads other items of the packet.
    pub(crate) read: &'a mut dyn FnMut(&str, ValueType) -> Result<Value, E>,
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

    /// Evaluates with the item's value.
    ///
    /// Returns `None` where the language raises an error: an operand is absent or of the wrong
    /// kind, a division by zero, an integer beyond 127 bits.
    pub(crate) fn evaluate<E>(
        &self,
        value: &Value,
        packet: Surroundings<'_, E>,
    ) -> Result<Option<Value>, E> {
        self.program.run(value, packet)
    }
}
