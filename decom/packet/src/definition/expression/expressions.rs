//! Expressions: operators by their precedence, calls, and what stands for a value.

use super::Language;
use super::compiler::Compiler;
use super::lexer::Token;
use super::machine::Op;
use super::operators::Binary;

/// What stands between two operands.
#[derive(Clone, Copy)]
enum Infix {
    Either,
    Both,
    Operator(Binary),
}

/// Precedence of comparisons in Python, which can be chained, and of `not`, which is above `and`.
const PYTHON_COMPARISON: u8 = 4;
const PYTHON_NOT: u8 = 3;
/// Precedence of signs before a value, and of powers, which bind closer.
const SIGN: u8 = 11;
const POWER: u8 = 12;

impl Compiler {
    /// Compiles an expression, which leaves one value.
    pub(super) fn expression(&mut self) -> Option<()> {
        self.nested(|compiler| match compiler.language {
            Language::Ruby => compiler.ruby_words(),
            Language::Python => compiler.python_conditional(),
        })
    }

    /// `not`, `and`, `or` of Ruby, which bind least; the last two alike.
    fn ruby_words(&mut self) -> Option<()> {
        self.ruby_not()?;
        loop {
            let op = if self.take_word("and") {
                Op::JumpIfFalseOrPop(0)
            } else if self.take_word("or") {
                Op::JumpIfTrueOrPop(0)
            } else {
                return Some(());
            };
            let jump = self.jump(op, 1)?;
            self.ruby_not()?;
            self.land(jump);
        }
    }

    fn ruby_not(&mut self) -> Option<()> {
        if self.take_word("not") {
            self.nested(Self::ruby_not)?;
            return self.emit(Op::Not, 1, 1);
        }
        self.ternary()
    }

    /// `condition ? value : other`
    fn ternary(&mut self) -> Option<()> {
        self.operands(1)?;
        if !self.take_sign("?") {
            return Some(());
        }
        self.branches(
            |compiler| compiler.nested(Self::ternary),
            |compiler| {
                if compiler.take_sign(":") { compiler.nested(Self::ternary) } else { None }
            },
        )
    }

    /// `value if condition else other`
    fn python_conditional(&mut self) -> Option<()> {
        let start = self.ops.len();
        self.operands(1)?;
        if !self.take_word("if") {
            return Some(());
        }
        self.conditional(
            start,
            |compiler| compiler.operands(1),
            |compiler| {
                if compiler.take_word("else") { compiler.expression() } else { None }
            },
        )
    }

    /// Compiles operands with the operators between them that bind at least so closely.
    fn operands(&mut self, least: u8) -> Option<()> {
        self.nested(|compiler| {
            compiler.prefixed()?;
            while let Some((precedence, infix, words)) = compiler.infix() {
                if precedence < least {
                    break;
                }
                compiler.skip(words);
                match infix {
                    Infix::Either | Infix::Both => {
                        let op = match infix {
                            Infix::Both => Op::JumpIfFalseOrPop(0),
                            _ => Op::JumpIfTrueOrPop(0),
                        };
                        let jump = compiler.jump(op, 1)?;
                        compiler.operands(precedence + 1)?;
                        compiler.land(jump);
                    }
                    // Powers are grouped from the right.
                    Infix::Operator(Binary::Power) => {
                        compiler.operands(POWER)?;
                        compiler.emit(Op::Binary(Binary::Power), 2, 1)?;
                    }
                    Infix::Operator(operator)
                        if precedence == PYTHON_COMPARISON
                            && compiler.language == Language::Python =>
                    {
                        compiler.comparisons(operator)?;
                    }
                    Infix::Operator(operator) => {
                        compiler.operands(precedence + 1)?;
                        compiler.emit(Op::Binary(operator), 2, 1)?;
                    }
                }
            }
            Some(())
        })
    }

    /// Compiles `a < b < c` of Python behind the first sign: each pair must hold.
    fn comparisons(&mut self, first: Binary) -> Option<()> {
        let mut operator = first;
        let mut failed = Vec::new();
        loop {
            self.operands(PYTHON_COMPARISON + 1)?;
            let next = match self.infix() {
                Some((PYTHON_COMPARISON, Infix::Operator(next), words)) => {
                    self.skip(words);
                    next
                }
                _ => {
                    self.emit(Op::Binary(operator), 2, 1)?;
                    failed.into_iter().for_each(|jump| self.land(jump));
                    return Some(());
                }
            };
            let slot = self.hidden_variable()?;
            self.emit(Op::Store(slot), 0, 0)?;
            self.emit(Op::Binary(operator), 2, 1)?;
            failed.push(self.jump(Op::JumpIfFalseOrPop(0), 1)?);
            self.emit(Op::Load(slot), 0, 1)?;
            operator = next;
        }
    }

    /// Returns precedence and meaning of the operator that comes next, and its count of words.
    fn infix(&self) -> Option<(u8, Infix, usize)> {
        use Binary as B;
        let python = self.language == Language::Python;
        let operator = |precedence, operator| Some((precedence, Infix::Operator(operator), 1));
        let sign = match self.peek()? {
            Token::Sign(sign) => *sign,
            Token::Word(word) if python => {
                let next_is = |word: &str| matches!(self.peek_behind(), Some(Token::Word(next)) if next == word);
                return match word.as_str() {
                    "or" => Some((1, Infix::Either, 1)),
                    "and" => Some((2, Infix::Both, 1)),
                    "in" => operator(PYTHON_COMPARISON, B::In),
                    "not" if next_is("in") => {
                        Some((PYTHON_COMPARISON, Infix::Operator(B::NotIn), 2))
                    }
                    "is" if next_is("not") => {
                        Some((PYTHON_COMPARISON, Infix::Operator(B::NotEqual), 2))
                    }
                    "is" => operator(PYTHON_COMPARISON, B::Equal),
                    _ => None,
                };
            }
            _ => return None,
        };
        match (sign, python) {
            ("||", false) => Some((1, Infix::Either, 1)),
            ("&&", false) => Some((2, Infix::Both, 1)),
            ("==", false) => operator(3, B::Equal),
            ("!=", false) => operator(3, B::NotEqual),
            ("<=>", false) => operator(3, B::Order),
            ("==", true) => operator(PYTHON_COMPARISON, B::Equal),
            ("!=", true) => operator(PYTHON_COMPARISON, B::NotEqual),
            ("<", _) => operator(PYTHON_COMPARISON, B::Less),
            ("<=", _) => operator(PYTHON_COMPARISON, B::LessOrEqual),
            (">", _) => operator(PYTHON_COMPARISON, B::Greater),
            (">=", _) => operator(PYTHON_COMPARISON, B::GreaterOrEqual),
            ("|", _) => operator(5, B::Or),
            // One step closer than `|` in Python, as close in Ruby.
            ("^", false) => operator(5, B::Xor),
            ("^", true) => operator(6, B::Xor),
            ("&", _) => operator(7, B::And),
            ("<<", _) => operator(8, B::ShiftLeft),
            (">>", _) => operator(8, B::ShiftRight),
            ("+", _) => operator(9, B::Add),
            ("-", _) => operator(9, B::Subtract),
            ("*", _) => operator(10, B::Multiply),
            ("/", _) => operator(10, B::Divide),
            ("%", _) => operator(10, B::Modulo),
            ("//", true) => operator(10, B::FloorDivide),
            ("**", _) => operator(POWER, B::Power),
            _ => None,
        }
    }

    fn skip(&mut self, words: usize) {
        for _ in 0..words {
            self.advance();
        }
    }

    /// Compiles an operand with the signs before it.
    fn prefixed(&mut self) -> Option<()> {
        if self.language == Language::Python && self.take_word("not") {
            self.operands(PYTHON_NOT)?;
            return self.emit(Op::Not, 1, 1);
        }
        let ruby = self.language == Language::Ruby;
        if self.take_sign("-") {
            self.operands(SIGN)?;
            return self.emit(Op::Negate, 1, 1);
        }
        if self.take_sign("+") {
            return self.operands(SIGN);
        }
        if self.take_sign("~") {
            self.operands(SIGN)?;
            return self.emit(Op::Invert, 1, 1);
        }
        if ruby && self.take_sign("!") {
            self.operands(POWER + 1)?;
            return self.emit(Op::Not, 1, 1);
        }
        self.primary()?;
        self.calls()
    }
}
