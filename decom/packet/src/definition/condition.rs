//! Conditions on the values of a packet, which its id values cannot say.

use crate::definition::ValueType;
use crate::value::Value;

/// A condition that a buffer must meet to be a packet, beside its id values.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of them hold.
    All(Vec<Condition>),
    /// One of them holds.
    Any(Vec<Condition>),
    /// An item's value compares with another value so.
    Compare {
        /// Upper-cased name of the item, or `NAME[k]` of an array.
        item: String,
        /// RAW or CONVERTED.
        value_type: ValueType,
        /// How they compare.
        comparison: Comparison,
        /// What it is compared with.
        operand: Operand,
    },
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A value.
    Value(Value),
    /// The value of another item of the packet.
    Item {
        /// Upper-cased name of the item, or `NAME[k]` of an array.
        name: String,
        /// RAW or CONVERTED.
        value_type: ValueType,
    },
}

impl Comparison {
    /// Returns whether the comparison holds; values that cannot be ordered are only unequal.
    #[must_use]
    pub fn holds(self, left: &Value, right: &Value) -> bool {
        let order = match (left, right) {
            (Value::String(_) | Value::Bytes(_), Value::String(_) | Value::Bytes(_)) => {
                Some(left.as_bytes().cmp(&right.as_bytes()))
            }
            (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
            _ => left.compare_numbers(right),
        };
        match self {
            Self::Equal => left.equals_state(right),
            Self::NotEqual => !left.equals_state(right),
            Self::Less => order.is_some_and(|order| order.is_lt()),
            Self::LessOrEqual => order.is_some_and(|order| order.is_le()),
            Self::Greater => order.is_some_and(|order| order.is_gt()),
            Self::GreaterOrEqual => order.is_some_and(|order| order.is_ge()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_by_their_kind() {
        use Comparison as C;
        let holds = |comparison: C, a: Value, b: Value| comparison.holds(&a, &b);
        assert!(holds(C::Equal, Value::Int(1), Value::Float(1.0)));
        assert!(holds(C::Less, Value::Int(-1), Value::Float(0.5)));
        assert!(holds(C::GreaterOrEqual, Value::from("b"), Value::from("a")));
        assert!(holds(C::NotEqual, Value::from("1"), Value::Int(1)));
        assert!(!holds(C::Less, Value::from("1"), Value::Int(2)));
        assert!(!holds(C::LessOrEqual, Value::Float(f64::NAN), Value::Int(2)));
        assert!(holds(C::Greater, Value::Time(2), Value::Time(1)));
    }
}
