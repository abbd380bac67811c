//! The arithmetic of conversions.

use super::Segment;
use crate::definition::DataType;
use crate::time::{self, NANOS_PER_SECOND};
use crate::value::Value;

/// Evaluates Σ ci·x^i with powers by repeated multiplication, in the reference's order.
#[must_use]
pub(crate) fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    let mut power = 1.0;
    let mut sum = 0.0;
    for coefficient in coefficients {
        sum += coefficient * power;
        power *= x;
    }
    sum
}

fn segment_of(segments: &[Segment], x: f64) -> &[f64] {
    let found = segments.iter().find(|s| x >= s.lower_bound).or(segments.last());
    found.map_or(&[], |s| s.coefficients.as_slice())
}

pub(super) fn segmented(segments: &[Segment], x: f64) -> f64 {
    let terms = segment_of(segments, x).iter().enumerate();
    terms.map(|(i, c)| c * x.powi(i32::try_from(i).unwrap_or(i32::MAX))).sum()
}

/// Evaluates a segmented polynomial of an integer, whose powers are exact integers.
pub(super) fn segmented_integer(segments: &[Segment], x: i128) -> f64 {
    let terms = segment_of(segments, x as f64).iter().enumerate();
    terms
        .map(|(i, c)| {
            let exponent = u32::try_from(i).unwrap_or(u32::MAX);
            let power = x.checked_pow(exponent).map_or_else(
                || (x as f64).powi(i32::try_from(i).unwrap_or(i32::MAX)),
                |exact| exact as f64,
            );
            c * power
        })
        .sum()
}

pub(super) fn reversed(x: i128, bits: u32, data_type: DataType) -> i128 {
    let bits = bits.clamp(1, 127);
    let mut result = 0_i128;
    for bit in 0..bits {
        result |= ((x >> bit) & 1) << (bits - 1 - bit);
    }
    if data_type == DataType::Int && (result >> (bits - 1)) & 1 == 1 {
        result -= 1 << bits;
    }
    result
}

/// Makes a time of seconds and microseconds values; null when the seconds are absent.
///
/// # Errors
/// `None` when a value is no number or the time lies outside the range of nanoseconds in 64 bits.
#[must_use]
pub(crate) fn unix_nanos(seconds: &Value, microseconds: Option<&Value>) -> Option<i64> {
    let whole = scaled(seconds, NANOS_PER_SECOND)?;
    let rest = microseconds.map_or(Some(0), |value| scaled(value, 1000))?;
    i64::try_from(whole.checked_add(rest)?).ok()
}

fn scaled(value: &Value, factor: i64) -> Option<i128> {
    match value {
        Value::Int(x) => x.checked_mul(i128::from(factor)),
        Value::Float(x) if x.is_finite() => {
            // The whole part apart, so that the fraction keeps its digits.
            let whole = x.trunc();
            let fraction = ((x - whole) * factor as f64).round() as i128;
            (whole as i128).checked_mul(i128::from(factor))?.checked_add(fraction)
        }
        Value::Time(nanos) if factor == NANOS_PER_SECOND => Some(i128::from(*nanos)),
        _ => None,
    }
}

/// Renders a time for the formatted conversions.
#[must_use]
pub(crate) fn formatted_time(nanos: Option<i64>, without: &str) -> Value {
    nanos.map_or_else(|| Value::from(without), |nanos| Value::String(time::formatted(nanos)))
}
