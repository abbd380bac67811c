//! Statements: assignments, branches, results. Each leaves one value, as in Ruby.

use super::Language;
use super::compiler::Compiler;
use super::lexer::Token;
use super::machine::Op;
use super::operators::Binary;
use crate::value::Value;

/// Words that end a block of Ruby.
const ENDS: [&str; 4] = ["end", "else", "elsif", "when"];

/// Assignments that change a variable.
const CHANGES: [(&str, Binary); 12] = [
    ("+=", Binary::Add),
    ("-=", Binary::Subtract),
    ("*=", Binary::Multiply),
    ("/=", Binary::Divide),
    ("//=", Binary::FloorDivide),
    ("%=", Binary::Modulo),
    ("**=", Binary::Power),
    ("<<=", Binary::ShiftLeft),
    (">>=", Binary::ShiftRight),
    ("&=", Binary::And),
    ("|=", Binary::Or),
    ("^=", Binary::Xor),
];

impl Compiler {
    /// Compiles statements up to the end of their block; the value of the last one is left.
    pub(super) fn block(&mut self) -> Option<()> {
        let mut first = true;
        loop {
            while self.take(&Token::Newline) {}
            let ends = match self.peek() {
                None | Some(Token::Dedent) => true,
                Some(Token::Word(word)) => {
                    self.language == Language::Ruby && ENDS.contains(&word.as_str())
                }
                _ => false,
            };
            if ends {
                return if first { self.push(Value::Null) } else { Some(()) };
            }
            if !first {
                self.emit(Op::Pop, 1, 0)?;
            }
            first = false;
            self.nested(Self::statement)?;
        }
    }

    fn statement(&mut self) -> Option<()> {
        if self.language == Language::Python {
            if self.take_word("if") {
                return self.python_if();
            }
            if self.take_word("import") {
                // Only what is there anyway.
                let known = self.take_word("math") || self.take_word("struct");
                return if known && self.ends_statement() { self.push(Value::Null) } else { None };
            }
            if self.take_word("pass") {
                return if self.ends_statement() { self.push(Value::Null) } else { None };
            }
        }
        let start = self.ops.len();
        self.simple()?;
        while self.language == Language::Ruby {
            let negated = self.is_word("unless");
            if !negated && !self.is_word("if") {
                break;
            }
            self.advance();
            self.conditional(
                start,
                |compiler| {
                    compiler.expression()?;
                    if negated { compiler.emit(Op::Not, 1, 1) } else { Some(()) }
                },
                |compiler| compiler.push(Value::Null),
            )?;
        }
        self.ends_statement().then_some(())
    }

    /// Returns whether a statement may end here.
    fn ends_statement(&mut self) -> bool {
        match self.peek() {
            None | Some(Token::Newline | Token::Dedent) => true,
            Some(Token::Word(word)) => {
                self.language == Language::Ruby && ENDS.contains(&word.as_str())
            }
            _ => false,
        }
    }

    /// Compiles a statement without a condition behind it.
    fn simple(&mut self) -> Option<()> {
        if self.take_word("return") {
            let bare = matches!(self.peek(), None | Some(Token::Newline | Token::Dedent))
                || (self.language == Language::Ruby
                    && (self.is_word("if") || self.is_word("unless")));
            if bare {
                self.push(Value::Null)?
            } else {
                self.expression()?
            }
            // What follows counts on a value.
            return self.emit(Op::Return, 1, 1);
        }
        let (Some(Token::Word(name)), Some(Token::Sign(sign))) = (self.peek(), self.peek_behind())
        else {
            return self.expression();
        };
        let (name, sign) = (name.clone(), *sign);
        let change = CHANGES.iter().find(|(word, _)| *word == sign).map(|(_, change)| *change);
        if sign != "=" && change.is_none() {
            return self.expression();
        }
        self.advance();
        self.advance();
        match change {
            Some(change) => {
                let slot = self.variable(&name)?;
                self.emit(Op::Load(slot), 0, 1)?;
                self.expression()?;
                self.emit(Op::Binary(change), 2, 1)?;
                self.emit(Op::Store(slot), 0, 0)
            }
            None => {
                self.expression()?;
                let slot = self.make_variable(&name)?;
                self.emit(Op::Store(slot), 0, 0)
            }
        }
    }

    /// Compiles `if` of Ruby behind its word.
    pub(super) fn ruby_if(&mut self, negated: bool) -> Option<()> {
        self.expression()?;
        if negated {
            self.emit(Op::Not, 1, 1)?;
        }
        self.take_word("then");
        self.branches(Self::block, |compiler| {
            if compiler.take_word("elsif") {
                return compiler.nested(|compiler| compiler.ruby_if(false));
            }
            if compiler.take_word("else") {
                compiler.block()?
            } else {
                compiler.push(Value::Null)?
            }
            compiler.take_word("end").then_some(())
        })
    }

    /// Compiles `case` of Ruby behind its word.
    pub(super) fn ruby_case(&mut self) -> Option<()> {
        let slot = self.hidden_variable()?;
        self.expression()?;
        self.emit(Op::Store(slot), 0, 0)?;
        self.emit(Op::Pop, 1, 0)?;
        while self.take(&Token::Newline) {}
        if self.take_word("when") { self.when(slot) } else { None }
    }

    fn when(&mut self, slot: u8) -> Option<()> {
        let mut matched = None;
        loop {
            self.emit(Op::Load(slot), 0, 1)?;
            self.expression()?;
            self.emit(Op::Binary(Binary::Equal), 2, 1)?;
            let before = matched.take();
            if let Some(jump) = before {
                self.land(jump);
            }
            if !self.take_sign(",") {
                break;
            }
            matched = Some(self.jump(Op::JumpIfTrueOrPop(0), 1)?);
        }
        self.take_word("then");
        self.branches(Self::block, |compiler| {
            if compiler.take_word("when") {
                return compiler.nested(|compiler| compiler.when(slot));
            }
            if compiler.take_word("else") {
                compiler.block()?
            } else {
                compiler.push(Value::Null)?
            }
            compiler.take_word("end").then_some(())
        })
    }

    /// Compiles `if` of Python behind its word.
    fn python_if(&mut self) -> Option<()> {
        self.expression()?;
        self.branches(Self::suite, |compiler| {
            if compiler.take_word("elif") {
                return compiler.nested(Self::python_if);
            }
            if compiler.take_word("else") { compiler.suite() } else { compiler.push(Value::Null) }
        })
    }

    /// Compiles what stands behind a colon: a block, or a statement in the same line.
    fn suite(&mut self) -> Option<()> {
        if !self.take_sign(":") {
            return None;
        }
        if !self.take(&Token::Newline) {
            self.nested(Self::statement)?;
            self.take(&Token::Newline);
            return Some(());
        }
        if !self.take(&Token::Indent) {
            return None;
        }
        self.nested(Self::block)?;
        self.take(&Token::Dedent).then_some(())
    }
}
