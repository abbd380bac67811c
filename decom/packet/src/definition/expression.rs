//! The arithmetic that generic conversions use: numbers, `value`, other items, `+ - * / % **`.
//!
//! Generic conversions hold Ruby or Python code. Most of it in real definitions is one
//! arithmetic expression, which means the same in both languages except for the division of
//! integers; that much is evaluated, everything else is named as unsupported at load.

use super::types::ValueType;
use crate::value::{Value, integer_text};

/// Parentheses nested deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    root: Node,
    /// Whether `/` of two integers gives a float (Python) or floors (Ruby).
    float_division: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Constant(Value),
    Value,
    Read { item: String, value_type: ValueType },
    Negate(Box<Node>),
    Binary { operator: Operator, left: Box<Node>, right: Box<Node> },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

impl Expression {
    /// Parses code that is one expression; `None` for any other code.
    pub(crate) fn parse(code: &str, python: bool) -> Option<Self> {
        let code = code.trim();
        let code = code.strip_prefix("return ").unwrap_or(code);
        let mut parser = Parser { rest: code };
        let root = parser.sum(0)?;
        parser.blanks();
        parser.rest.is_empty().then_some(Self { root, float_division: python })
    }

    /// Evaluates with the item's value; `read` yields other items of the packet.
    ///
    /// Returns `None` when an operand is absent or no number, or a result has no value.
    pub(crate) fn evaluate<E>(
        &self,
        value: &Value,
        read: &mut dyn FnMut(&str, ValueType) -> Result<Value, E>,
    ) -> Result<Option<Value>, E> {
        self.node(&self.root, value, read)
    }

    fn node<E>(
        &self,
        node: &Node,
        value: &Value,
        read: &mut dyn FnMut(&str, ValueType) -> Result<Value, E>,
    ) -> Result<Option<Value>, E> {
        Ok(match node {
            Node::Constant(constant) => Some(constant.clone()),
            Node::Value => Some(value.clone()),
            Node::Read { item, value_type } => Some(read(item, *value_type)?),
            Node::Negate(inner) => match self.node(inner, value, read)? {
                Some(Value::Int(i)) => i.checked_neg().map(Value::Int),
                Some(Value::Float(f)) => Some(Value::Float(-f)),
                _ => None,
            },
            Node::Binary { operator, left, right } => {
                let left = self.node(left, value, read)?;
                let right = self.node(right, value, read)?;
                match (left, right) {
                    (Some(left), Some(right)) => self.binary(*operator, &left, &right),
                    _ => None,
                }
            }
        })
    }

    fn binary(&self, operator: Operator, left: &Value, right: &Value) -> Option<Value> {
        if let (Value::String(a), Value::String(b), Operator::Add) = (left, right, operator) {
            return Some(Value::String(format!("{a}{b}")));
        }
        if let (Value::Int(a), Value::Int(b)) = (left, right) {
            let exact = match operator {
                Operator::Add => a.checked_add(*b),
                Operator::Subtract => a.checked_sub(*b),
                Operator::Multiply => a.checked_mul(*b),
                Operator::Modulo => a.checked_rem_euclid(*b).map(|r| floor_modulo(r, *b)),
                Operator::Divide if !self.float_division => floor_division(*a, *b),
                Operator::Power => u32::try_from(*b).ok().and_then(|b| a.checked_pow(b)),
                Operator::Divide => {
                    return (*b != 0).then(|| Value::Float(*a as f64 / *b as f64));
                }
            };
            return exact.map(Value::Int);
        }
        if !left.is_number() || !right.is_number() {
            return None;
        }
        let (a, b) = (left.as_f64()?, right.as_f64()?);
        Some(Value::Float(match operator {
            Operator::Add => a + b,
            Operator::Subtract => a - b,
            Operator::Multiply => a * b,
            Operator::Divide => a / b,
            Operator::Modulo => a - b * (a / b).floor(),
            Operator::Power => a.powf(b),
        }))
    }
}

/// Turns a remainder that is never negative into one with the sign of the divisor.
fn floor_modulo(remainder: i128, divisor: i128) -> i128 {
    if divisor < 0 && remainder != 0 { remainder + divisor } else { remainder }
}

fn floor_division(a: i128, b: i128) -> Option<i128> {
    let quotient = a.checked_div(b)?;
    let inexact = a % b != 0;
    Some(if inexact && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.blanks();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn sum(&mut self, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut left = self.product(depth)?;
        loop {
            let operator = if self.take("+") {
                Operator::Add
            } else if self.take("-") {
                Operator::Subtract
            } else {
                return Some(left);
            };
            left = binary(operator, left, self.product(depth)?);
        }
    }

    fn product(&mut self, depth: usize) -> Option<Node> {
        let mut left = self.power(depth)?;
        loop {
            let operator = if self.take("*") {
                Operator::Multiply
            } else if self.take("/") {
                Operator::Divide
            } else if self.take("%") {
                Operator::Modulo
            } else {
                return Some(left);
            };
            left = binary(operator, left, self.power(depth)?);
        }
    }

    fn power(&mut self, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.take("-") {
            return Some(Node::Negate(Box::new(self.power(depth + 1)?)));
        }
        let base = self.atom(depth)?;
        if self.take("**") {
            return Some(binary(Operator::Power, base, self.power(depth + 1)?));
        }
        Some(base)
    }

    fn atom(&mut self, depth: usize) -> Option<Node> {
        if self.take("(") {
            let inner = self.sum(depth + 1)?;
            return self.take(")").then_some(inner);
        }
        for object in ["packet.read", "myself.read", "self.read"] {
            if self.take(object) {
                return self.read();
            }
        }
        self.blanks();
        if self.rest.starts_with(['"', '\'']) {
            return self.quoted().map(|text| Node::Constant(Value::String(text)));
        }
        let word = self.word();
        if word == "value" {
            return Some(Node::Value);
        }
        if let Some(integer) = integer_text(&word) {
            return Some(Node::Constant(Value::Int(integer)));
        }
        let starts_as_number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let float = word.replace('_', "").parse().ok().filter(|_| starts_as_number);
        float.map(|float| Node::Constant(Value::Float(float)))
    }

    fn read(&mut self) -> Option<Node> {
        let bracket = self.take("(");
        self.blanks();
        let item = self.quoted()?.to_uppercase();
        let mut value_type = ValueType::Converted;
        if self.take(",") {
            self.blanks();
            let word = if self.take(":") { self.word() } else { self.quoted()? };
            value_type = ValueType::from_request(&word)?;
        }
        if bracket && !self.take(")") {
            return None;
        }
        Some(Node::Read { item, value_type })
    }

    fn quoted(&mut self) -> Option<String> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let inner = &self.rest[1..];
        let end = inner.find(quote)?;
        let text = &inner[..end];
        if text.contains(['\\', '#']) {
            return None;
        }
        self.rest = &inner[end + 1..];
        Some(text.to_owned())
    }

    fn word(&mut self) -> String {
        let mut end = 0;
        for (index, c) in self.rest.char_indices() {
            let exponent_sign = matches!(c, '+' | '-')
                && self.rest[..index].ends_with(['e', 'E'])
                && self.rest.starts_with(|first: char| first.is_ascii_digit());
            if !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || exponent_sign) {
                break;
            }
            end = index + c.len_utf8();
        }
        let word = self.rest[..end].to_owned();
        self.rest = &self.rest[end..];
        word
    }
}

fn binary(operator: Operator, left: Node, right: Node) -> Node {
    Node::Binary { operator, left: Box::new(left), right: Box::new(right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(code: &str, value: impl Into<Value>, python: bool) -> Option<Value> {
        let mut read = |item: &str, _: ValueType| -> Result<Value, String> {
            if item == "A" { Ok(Value::Int(7)) } else { Err(item.to_owned()) }
        };
        Expression::parse(code, python)?.evaluate(&value.into(), &mut read).unwrap()
    }

    #[test]
    fn arithmetic() {
        assert_eq!(result("value * 3", 5, false), Some(Value::Int(15)));
        assert_eq!(result("packet.read('A') / 2", 0, false), Some(Value::Int(3)));
        assert_eq!(result("-packet.read('A') / 2", 0, false), Some(Value::Int(-4)));
        assert_eq!(result("packet.read(\"A\") / 2", 0, true), Some(Value::Float(3.5)));
        assert_eq!(result("packet.read('a', :RAW) + 1_000", 0, false), Some(Value::Int(1007)));
        assert_eq!(result("(value + 1) * 2.5e-1", 3, false), Some(Value::Float(1.0)));
        assert_eq!(result("2 ** 3 - 1", 0, false), Some(Value::Int(7)));
        assert_eq!(result("-7 % 3", 0, false), Some(Value::Int(2)));
        assert_eq!(result("100", Value::Null, false), Some(Value::Int(100)));
    }

    #[test]
    fn no_value() {
        assert_eq!(result("value * 2", Value::Null, false), None);
        assert_eq!(result("1 / 0", 0, false), None);
        for code in ["puts 1", "value.abs", "x = 1\nx", "system('ls')", "", "\"#{1}\""] {
            assert!(Expression::parse(code, false).is_none(), "{code}");
        }
        assert!(Expression::parse(&"(".repeat(5000), false).is_none());
    }
}
