//! Valid ranges as minimum and maximum.

use super::layered::Layered;
use super::{Class, Scalar, TypeReader};
use crate::config::bounds;
use crate::definition::DataType;
use crate::value::Value;
use crate::xtce::numbers::{self, Attributes};
use crate::xtce::xml::Element;

impl<'d> TypeReader<'_, 'd> {
    /// Reads the valid range; of several, which are alternatives, none can be kept.
    ///
    /// Source: XTCE 1.2 schema, IntegerRangeType, FloatRangeType, ValidIntegerRangeSetType.
    pub(super) fn valid_range(
        &mut self,
        scalar: &mut Scalar<'d>,
        layers: &Layered<'d>,
    ) -> Option<()> {
        let applies = "validRangeAppliesToCalibrated";
        let (range, holder) = match (layers.child("ValidRange"), layers.child("ValidRangeSet")) {
            (Some(range), _) => (range, range),
            (None, None) => return Some(()),
            (None, Some(set)) => {
                self.notes.only(set, &[applies], &["ValidRange"]);
                let mut ranges = set.children_named("ValidRange");
                let Some(range) = ranges.next() else { return Some(()) };
                if let Some(second) = ranges.next() {
                    self.notes.error(second, "one valid range is supported, no more");
                    return None;
                }
                (range, set)
            }
        };
        let names = ["minInclusive", "minExclusive", "maxInclusive", "maxExclusive"];
        let known = [names[0], names[1], names[2], names[3], applies];
        self.notes.only(range, if range == holder { &known } else { &names }, &[]);
        let calibrated = Attributes { element: holder, notes: self.notes }.boolean(applies);
        let item = &scalar.item;
        let converts = item.read_conversion.is_some() || item.write_conversion.is_some();
        if converts && calibrated == Some(false) {
            let message = "a range of uncalibrated values of a calibrated type is not supported";
            self.notes.error(range, message);
            return None;
        }
        let floats = scalar.class == Class::Float || item.data_type == DataType::Float;
        let encoded = item.data_type == DataType::Float;
        let [min_in, min_ex, max_in, max_ex] = names.map(|name| {
            // The next value beyond an exclusive end is one of the engineering type.
            self.end(range, name, if name.ends_with("Exclusive") { floats } else { encoded })
        });
        let low = min_in?.or(min_ex?.map(above));
        let high = max_in?.or(max_ex?.map(below));
        let whole = !floats && !converts;
        let bounds = bounds(item.data_type, item.bit_size).ok().filter(|_| whole);
        let (least, most) = bounds.unwrap_or((Value::Float(f64::MIN), Value::Float(f64::MAX)));
        let item = &mut scalar.item;
        if low.is_some() || high.is_some() {
            // Ranges have two ends or none.
            (item.minimum, item.maximum) = (low.or(Some(least)), high.or(Some(most)));
        }
        Some(())
    }

    /// Reads one end of a range; `None` if it is wrong, said why.
    fn end(&mut self, range: Element<'d>, name: &str, float: bool) -> Option<Option<Value>> {
        let Some(text) = range.attribute(name) else { return Some(None) };
        let value = match numbers::integer(text) {
            Some(value) if !float => Some(Value::Int(value)),
            _ => numbers::float(text).filter(|value| !value.is_nan()).map(Value::Float),
        };
        if value.is_none() {
            self.notes.error(range, format!("{name}=\"{text}\" must be a number"));
        }
        value.map(Some)
    }
}

/// Returns the next value above an exclusive end.
fn above(end: Value) -> Value {
    match end {
        Value::Float(end) => Value::Float(end.next_up()),
        Value::Int(end) => Value::Int(end.saturating_add(1)),
        other => other,
    }
}

/// Returns the next value below an exclusive end.
fn below(end: Value) -> Value {
    match end {
        Value::Float(end) => Value::Float(end.next_down()),
        Value::Int(end) => Value::Int(end.saturating_sub(1)),
        other => other,
    }
}
