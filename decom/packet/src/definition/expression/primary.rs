//! What stands for a value: constants, texts, variables, items, calls and parts.

use super::Language;
use super::compiler::Compiler;
use super::functions::Function;
use super::lexer::Token;
use super::machine::Op;
use super::operators::Binary;
use crate::definition::ValueType;
use crate::value::Value;

impl Compiler {
    /// Compiles methods and indices behind a value.
    pub(super) fn calls(&mut self) -> Option<()> {
        loop {
            if self.take_sign("[") {
                self.index()?;
            } else if self.take_sign(".") {
                let Token::Word(name) = self.advance()? else {
                    return None;
                };
                let (function, least, most) = Function::method(&name, self.language)?;
                self.call(function, 1, (least, most))?;
            } else {
                return Some(());
            }
        }
    }

    /// Compiles what stands in brackets behind a value: a place, or a part.
    fn index(&mut self) -> Option<()> {
        let python = self.language == Language::Python;
        // `[:2]`
        if python && self.take_sign(":") {
            self.push(Value::Null)?;
            return self.part(Function::Part);
        }
        self.expression()?;
        if python && self.take_sign(":") {
            return self.part(Function::Part);
        }
        if !python && self.take_sign("...") {
            return self.part(Function::Part);
        }
        if !python && self.take_sign("..") {
            return self.inclusive_part();
        }
        if !python && self.take_sign(",") {
            return self.part(Function::PartOfLength);
        }
        self.take_sign("]").then_some(())?;
        self.emit(Op::Index, 2, 1)
    }

    /// Compiles the second number of a part, which may be left out.
    fn part(&mut self, function: Function) -> Option<()> {
        if self.take_sign("]") {
            self.push(Value::Null)?;
        } else {
            self.expression()?;
            self.take_sign("]").then_some(())?;
        }
        self.emit(Op::Call { function, arguments: 3 }, 3, 1)
    }

    /// Compiles the end of `[from..to]`, where `to` belongs to the part; only as a number, which
    /// -1 makes the end.
    fn inclusive_part(&mut self) -> Option<()> {
        if self.take_sign("]") {
            self.push(Value::Null)?;
        } else {
            let negative = self.take_sign("-");
            let Token::Constant(Value::Int(last)) = self.advance()? else {
                return None;
            };
            let end = if negative { last.checked_neg()? } else { last }.checked_add(1)?;
            self.push(if negative && end == 0 { Value::Null } else { Value::Int(end) })?;
            self.take_sign("]").then_some(())?;
        }
        self.emit(Op::Call { function: Function::Part, arguments: 3 }, 3, 1)
    }

    /// Compiles a text with values inside.
    fn text(&mut self) -> Option<()> {
        let mut pieces = 0;
        loop {
            match self.advance()? {
                Token::TextEnd => return Some(()),
                Token::Constant(literal) => self.push(literal)?,
                Token::ValueStart => {
                    self.expression()?;
                    let Token::ValueEnd(format) = self.advance()? else {
                        return None;
                    };
                    let arguments = match format {
                        Some(format) => {
                            self.push(format)?;
                            2
                        }
                        None => 1,
                    };
                    let function = Function::Format;
                    self.emit(Op::Call { function, arguments }, usize::from(arguments), 1)?;
                }
                _ => return None,
            }
            pieces += 1;
            if pieces > 1 {
                self.emit(Op::Binary(Binary::Add), 2, 1)?;
            }
        }
    }

    /// Compiles the arguments of a function that has so many values already.
    fn call(
        &mut self,
        function: Function,
        given: usize,
        (least, most): (usize, usize),
    ) -> Option<()> {
        let count = if self.take_sign("(") { self.list(")")? } else { 0 };
        let brackets_missing =
            self.language == Language::Python && !matches!(self.before(), Some(Token::Sign(")")));
        if !(least..=most).contains(&count) || brackets_missing {
            return None;
        }
        let all = given + count;
        self.emit(Op::Call { function, arguments: u8::try_from(all).ok()? }, all, 1)
    }

    /// Compiles expressions with commas between them, up to a bracket; returns how many.
    fn list(&mut self, end: &'static str) -> Option<usize> {
        let mut count = 0;
        while !self.take_sign(end) {
            if count > 0 && !self.take_sign(",") {
                return None;
            }
            // A comma may stand behind the last one.
            if count > 0 && self.take_sign(end) {
                break;
            }
            self.expression()?;
            count += 1;
        }
        Some(count)
    }

    pub(super) fn primary(&mut self) -> Option<()> {
        match self.advance()? {
            Token::Constant(value) => {
                let short = value.as_bytes().is_none_or(|text| text.len() <= super::MAX_TEXT);
                if short { self.push(value) } else { None }
            }
            Token::TextStart => self.text(),
            Token::Sign("(") if self.language == Language::Python => self.brackets(),
            Token::Sign("(") => {
                self.expression()?;
                self.take_sign(")").then_some(())
            }
            Token::Sign("[") => {
                let count = self.list("]")?;
                self.emit(Op::List(u8::try_from(count).ok()?), count, 1)
            }
            Token::Word(word) => self.word(&word),
            _ => None,
        }
    }

    /// Compiles a value in brackets, or a tuple, which is a list here.
    fn brackets(&mut self) -> Option<()> {
        if self.take_sign(")") {
            return self.emit(Op::List(0), 0, 1);
        }
        self.expression()?;
        if !self.take_sign(",") {
            return self.take_sign(")").then_some(());
        }
        let count = 1 + self.list(")")?;
        self.emit(Op::List(u8::try_from(count).ok()?), count, 1)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let python = self.language == Language::Python;
        match (word, python) {
            ("true", false) | ("True", true) => return self.push(true),
            ("false", false) | ("False", true) => return self.push(false),
            ("nil", false) | ("None", true) => return self.push(Value::Null),
            ("if", false) => return self.nested(|compiler| compiler.ruby_if(false)),
            ("unless", false) => return self.nested(|compiler| compiler.ruby_if(true)),
            ("case", false) => return self.nested(Self::ruby_case),
            ("packet" | "myself" | "self", _) => return self.packet(),
            ("Math", false) | ("math", true) => return self.math(),
            ("struct", true) => return self.unpack(),
            ("int", true) if self.take_sign(".") => return self.integer_of_bytes(),
            _ => {}
        }
        if let Some(slot) = self.variable(word) {
            return self.emit(Op::Load(slot), 0, 1);
        }
        if word == "buffer" {
            return self.buffer();
        }
        let (function, least, most) = Function::free(word, self.language)?;
        self.call(function, 0, (least, most))
    }

    /// Compiles `packet.read('ITEM')`, with or without brackets and a value type.
    fn packet(&mut self) -> Option<()> {
        let reads = self.take_sign(".") && self.take_word("read");
        let bracket = reads && self.take_sign("(");
        let Token::Constant(Value::String(item)) = self.advance().filter(|_| reads)? else {
            return None;
        };
        let mut value_type = ValueType::Converted;
        if self.take_sign(",") {
            let (Token::Symbol(word) | Token::Constant(Value::String(word))) = self.advance()?
            else {
                return None;
            };
            value_type = ValueType::from_request(&word)?;
        }
        if bracket && !self.take_sign(")") {
            return None;
        }
        self.read(&item, value_type)
    }

    /// Compiles `struct.unpack(format, bytes)`.
    fn unpack(&mut self) -> Option<()> {
        let called = self.take_sign(".") && self.take_word("unpack") && self.take_sign("(");
        let Token::Constant(format @ Value::String(_)) = self.advance().filter(|_| called)? else {
            return None;
        };
        self.take_sign(",").then_some(())?;
        self.expression()?;
        self.take_sign(")").then_some(())?;
        self.push(format)?;
        self.emit(Op::Call { function: Function::Unpack, arguments: 2 }, 2, 1)
    }

    /// Compiles `int.from_bytes(bytes, byteorder='big', signed=True)` behind the point.
    fn integer_of_bytes(&mut self) -> Option<()> {
        (self.take_word("from_bytes") && self.take_sign("(")).then_some(())?;
        self.expression()?;
        let mut arguments = 1;
        while self.take_sign(",") {
            let name = if arguments == 1 { "byteorder" } else { "signed" };
            let named = self.take_word(name) && self.take_sign("=");
            // The sign can only be given by its name.
            (named || arguments == 1).then_some(())?;
            self.expression()?;
            arguments += 1;
        }
        let called = self.take_sign(")") && (2..=3).contains(&arguments);
        called.then_some(())?;
        self.emit(Op::Call { function: Function::FromBytes, arguments }, usize::from(arguments), 1)
    }

    fn math(&mut self) -> Option<()> {
        let ruby = self.language == Language::Ruby;
        let points = self.take_sign(".") || (ruby && self.take_sign("::"));
        if !points {
            return None;
        }
        let Token::Word(name) = self.advance()? else {
            return None;
        };
        match name.as_str() {
            "PI" | "pi" => return self.push(std::f64::consts::PI),
            "E" | "e" => return self.push(std::f64::consts::E),
            _ => {}
        }
        let (function, least, most) = Function::math(&name, self.language)?;
        self.call(function, 0, (least, most))
    }
}
