//! Compiles code in one pass, without a tree, so that long code cannot exhaust the stack.

use super::Language;
use super::lexer::Token;
use super::machine::{Op, Program, SLOTS};

/// Expressions and blocks nested deeper than this are not compiled.
const MAX_NESTING: usize = 96;
/// Longer programs are not compiled.
const MAX_OPS: usize = 4096;
/// Items that one program may read; conversions that read each other would otherwise take for
/// ever without a circle.
const MAX_READS: usize = 24;

/// The state of compiling.
pub(super) struct Compiler {
    tokens: Vec<Token>,
    at: usize,
    pub(super) ops: Vec<Op>,
    /// Variables; the first is `value`.
    names: Vec<String>,
    pub(super) language: Language,
    nesting: usize,
    reads: usize,
    /// Intermediate values at this point, and at most.
    depth: usize,
    deepest: usize,
}

/// Where a jump stands whose end is not known yet.
#[must_use]
pub(super) struct Jump(usize);

impl Compiler {
    pub(super) fn new(tokens: Vec<Token>, language: Language) -> Self {
        Self {
            tokens,
            at: 0,
            ops: Vec::new(),
            names: vec!["value".to_owned()],
            language,
            nesting: 0,
            reads: 0,
            depth: 0,
            deepest: 0,
        }
    }

    /// Compiles all of the code; `None` if it is more than this engine runs.
    pub(super) fn compile(mut self) -> Option<Program> {
        self.block()?;
        let slots = self.names.len() + self.deepest;
        // The value alone is not converted by code that says nothing.
        let complete = self.at == self.tokens.len() && !self.ops.is_empty();
        let (ops, variables) = (self.ops, self.names.len());
        let program = Program { ops, variables, slots, language: self.language };
        (complete && slots <= SLOTS).then_some(program)
    }

    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn peek_behind(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1)
    }

    /// Returns the token that was taken last.
    pub(super) fn before(&self) -> Option<&Token> {
        self.tokens.get(self.at.checked_sub(1)?)
    }

    pub(super) fn advance(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned()?;
        self.at += 1;
        Some(token)
    }

    pub(super) fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_sign(&mut self, sign: &'static str) -> bool {
        self.take(&Token::Sign(sign))
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    /// Compiles something nested.
    pub(super) fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return None;
        }
        inner(self)?;
        self.nesting -= 1;
        Some(())
    }

    /// Adds a step that takes and leaves so many values.
    pub(super) fn emit(&mut self, op: Op, takes: usize, leaves: usize) -> Option<()> {
        self.depth = self.depth.checked_sub(takes)? + leaves;
        self.deepest = self.deepest.max(self.depth);
        self.ops.push(op);
        (self.ops.len() <= MAX_OPS).then_some(())
    }

    pub(super) fn push(&mut self, value: impl Into<crate::value::Value>) -> Option<()> {
        self.emit(Op::Push(value.into()), 0, 1)
    }

    pub(super) fn read(
        &mut self,
        item: &str,
        value_type: crate::definition::ValueType,
    ) -> Option<()> {
        self.reads += 1;
        let item = item.to_uppercase().into();
        self.emit(Op::Read { item, value_type }, 0, 1)?;
        (self.reads <= MAX_READS).then_some(())
    }

    /// Reads the bytes of the packet.
    pub(super) fn buffer(&mut self) -> Option<()> {
        // They are copied, as what items hold is.
        self.reads += 1;
        self.emit(Op::Buffer, 0, 1)?;
        (self.reads <= MAX_READS).then_some(())
    }

    /// Adds a jump whose end [`Compiler::land`] gives.
    pub(super) fn jump(&mut self, op: Op, takes: usize) -> Option<Jump> {
        let jump = Jump(self.ops.len());
        self.emit(op, takes, 0)?;
        Some(jump)
    }

    /// Lets a jump end here.
    pub(super) fn land(&mut self, Jump(at): Jump) {
        let by = (self.ops.len() - at - 1) as u32;
        if let Some(
            Op::Jump(to) | Op::JumpIfFalse(to) | Op::JumpIfFalseOrPop(to) | Op::JumpIfTrueOrPop(to),
        ) = self.ops.get_mut(at)
        {
            *to = by;
        }
    }

    /// Adds `if` with two branches that leave one value each; the condition is on the stack.
    pub(super) fn branches(
        &mut self,
        then: impl FnOnce(&mut Self) -> Option<()>,
        otherwise: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        let to_else = self.jump(Op::JumpIfFalse(0), 1)?;
        then(self)?;
        let to_end = self.jump(Op::Jump(0), 0)?;
        self.depth = self.depth.checked_sub(1)?;
        self.land(to_else);
        otherwise(self)?;
        self.land(to_end);
        Some(())
    }

    /// Makes what was compiled from a step on wait for a condition that stands behind it in the
    /// code; `otherwise` follows the condition. Jumps are relative, so that steps can be moved.
    pub(super) fn conditional(
        &mut self,
        from: usize,
        condition: impl FnOnce(&mut Self) -> Option<()>,
        otherwise: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        let then = self.ops.split_off(from);
        self.depth = self.depth.checked_sub(1)?;
        condition(self)?;
        self.branches(
            |compiler| {
                compiler.depth += 1;
                compiler.ops.extend(then);
                Some(())
            },
            otherwise,
        )
    }

    /// Returns the slot of a variable, if it was set before.
    pub(super) fn variable(&self, name: &str) -> Option<u8> {
        let place = self.names.iter().position(|known| known == name)?;
        u8::try_from(place).ok()
    }

    /// Returns the slot of a variable, making it where it is new.
    pub(super) fn make_variable(&mut self, name: &str) -> Option<u8> {
        if self.variable(name).is_none() {
            self.names.push(name.to_owned());
        }
        self.variable(name).filter(|slot| usize::from(*slot) < SLOTS)
    }

    /// Makes a variable that no code can name.
    pub(super) fn hidden_variable(&mut self) -> Option<u8> {
        let name = format!("{} hidden", self.names.len());
        self.make_variable(&name)
    }
}
