//! The item of a value: its type's, with what parameter and use add.

use super::{Layouter, Source};
use crate::definition::{DataType, Item, Limits};
use crate::xtce::types::{Class, Scalar};
use crate::xtce::values::{self, Form};

impl<'d> Layouter<'_, 'd> {
    /// Makes the item of a value.
    pub(super) fn item_of(
        &mut self,
        scalar: &Scalar<'d>,
        source: &Source<'d>,
        initial: Option<&'d str>,
    ) -> Item {
        let mut item = scalar.item.clone();
        let Source::Parameter { parameter, .. } = source else { return item };
        if parameter.description.is_some() {
            item.description.clone_from(&parameter.description);
        }
        item.meta.extend(parameter.meta.clone());
        let command = self.scope.is_some();
        if command && !parameter.argument && item.read_conversion.is_some() {
            if item.write_conversion.is_none()
                && !matches!(scalar.class, Class::Enumerated | Class::Boolean)
            {
                let message = "a calibrated parameter in a command is not supported";
                self.notes.error(parameter.element, message);
            }
            item.write_conversion.clone_from(&item.read_conversion);
        }
        if command {
            item.limits = Limits::default();
        }
        let initial = initial.or(scalar.initial);
        let value = initial.and_then(|text| values::value(scalar, text, Form::Calibrated));
        if let (Some(text), None) = (initial, &value) {
            let shown: String = text.chars().take(40).collect();
            let message = format!("initialValue \"{shown}\" is no value of its type");
            self.notes.error(parameter.element, message);
        }
        item.default = value;
        if command && item.default.is_none() {
            item.required = parameter.argument;
            item.default = Some(neutral(&item));
        }
        item
    }
}

/// Returns the value of an argument that nobody gives: nothing, or as near to it as it may be.
fn neutral(item: &Item) -> crate::Value {
    use crate::Value;
    let within = |value: Value| match (&item.minimum, &item.maximum) {
        (Some(low), _) if value.compare_numbers(low).is_some_and(|order| order.is_lt()) => {
            low.clone()
        }
        (_, Some(high)) if value.compare_numbers(high).is_some_and(|order| order.is_gt()) => {
            high.clone()
        }
        _ => value,
    };
    match item.data_type {
        DataType::String => Value::String(String::new()),
        DataType::Block => Value::Bytes(Vec::new()),
        DataType::Float => within(Value::Float(0.0)),
        _ => within(Value::Int(0)),
    }
}
