//! Conversions between raw and converted values (cosmos-packets §10).

mod counted_time;
mod evaluate;
mod spline;

use thiserror::Error;

use super::expression::Expression;
use super::types::{DataType, SourceLocation, ValueType};
use crate::value::Value;

pub use counted_time::{CountedTime, TimeOrigin};
pub(crate) use evaluate::{formatted_time, polynomial, unix_nanos};
pub use spline::{Spline, SplinePoint};

use evaluate::{reversed, segmented, segmented_integer};

/// Conversions may read items with conversions; deeper than this they are taken for a circle.
pub(crate) const MAX_CONVERSION_DEPTH: usize = 4;

/// Reasons why a conversion yields no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConversionError {
    /// The conversion needs a number.
    #[error("{class} needs a number, got '{value}'")]
    NotANumber {
        /// Class of the conversion.
        class: String,
        /// Text of the value.
        value: String,
    },
    /// The result does not fit.
    #[error("{class}: '{value}' is outside the range of its result")]
    OutOfRange {
        /// Class of the conversion.
        class: String,
        /// Text of the value.
        value: String,
    },
    /// The conversion's code is known by name only.
    #[error("conversion {class} is known by name only and is not run; write the item RAW")]
    Opaque {
        /// Class of the conversion.
        class: String,
    },
}

/// One segment of a segmented polynomial.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// The segment serves values at or above it.
    pub lower_bound: f64,
    /// c0, c1, …
    pub coefficients: Vec<f64>,
}

/// An item that a conversion reads, with the form it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedItem {
    /// Upper-cased name of an item of the same packet.
    pub name: String,
    /// RAW or CONVERTED.
    pub value_type: ValueType,
}

/// What a conversion does.
#[derive(Debug, Clone, PartialEq)]
pub enum Conversion {
    /// Σ ci·x^i in doubles, powers by repeated multiplication.
    Polynomial {
        /// c0, c1, …
        coefficients: Vec<f64>,
    },
    /// The polynomial of the segment that the value falls into.
    SegmentedPolynomial {
        /// Segments by descending lower bound.
        segments: Vec<Segment>,
    },
    /// A curve through points.
    Spline(Spline),
    /// A moment that the value counts from an epoch.
    CountedTime(CountedTime),
    /// A time out of the items that hold seconds and microseconds since 1970.
    UnixTime {
        /// Seconds.
        seconds: SelectedItem,
        /// Microseconds.
        microseconds: Option<SelectedItem>,
    },
    /// The same as text.
    UnixTimeFormatted {
        /// Seconds.
        seconds: SelectedItem,
        /// Microseconds.
        microseconds: Option<SelectedItem>,
    },
    /// The same as a double of seconds.
    UnixTimeSeconds {
        /// Seconds.
        seconds: SelectedItem,
        /// Microseconds.
        microseconds: Option<SelectedItem>,
    },
    /// Packet time in unix seconds; 0.0 without one.
    PacketTimeSeconds,
    /// Packet time as text; `No Packet Time` without one.
    PacketTimeFormatted,
    /// Received time in unix seconds; 0.0 without one.
    ReceivedTimeSeconds,
    /// Received time as text; `No Packet Received Time` without one.
    ReceivedTimeFormatted,
    /// Received count.
    ReceivedCount,
    /// The low bits of an integer in reverse.
    BitReverse {
        /// Type of the result.
        data_type: DataType,
        /// How many bits.
        bit_size: u32,
    },
    /// A 32-bit integer as dotted text.
    IpRead,
    /// Dotted text as a 32-bit integer.
    IpWrite,
    /// Arithmetic on the value and on other items.
    Generic {
        /// The expression.
        expression: Expression,
    },
    /// A result of a processor of the packet; 0 before the first packet.
    Processor {
        /// Upper-cased name of the processor.
        processor: String,
        /// Upper-cased name of the result.
        result: String,
    },
    /// Code that is known by name only: what would come out of it is absent.
    Opaque,
}

impl Conversion {
    /// Makes a generic conversion of code, or an opaque one if the code is beyond expressions.
    #[must_use]
    pub fn generic(code: &str, python: bool) -> Self {
        Expression::parse(code, python)
            .map_or(Self::Opaque, |expression| Self::Generic { expression })
    }
}

/// A conversion as defined on an item.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversionDefinition {
    /// Class name, such as `PolynomialConversion`.
    pub class: String,
    /// Arguments as texts; for generic conversions the code.
    pub params: Vec<String>,
    /// What it does.
    pub conversion: Conversion,
    /// Declared type of the result.
    pub converted_type: Option<DataType>,
    /// Declared bits of the result.
    pub converted_bit_size: Option<i64>,
    /// Declared bits of a resulting array.
    pub converted_array_size: Option<i64>,
    /// Where it was defined; `None` for the built-in items.
    pub location: Option<SourceLocation>,
}

impl ConversionDefinition {
    /// Returns whether the result depends on the value alone.
    ///
    /// The others read items or times of the packet and are evaluated where a packet is at hand.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        use Conversion as C;
        matches!(
            &self.conversion,
            C::Polynomial { .. }
                | C::SegmentedPolynomial { .. }
                | C::Spline(_)
                | C::CountedTime(CountedTime {
                    origin: TimeOrigin::Utc(_) | TimeOrigin::Tai(_),
                    ..
                })
                | C::BitReverse { .. }
                | C::IpRead
                | C::IpWrite
        )
    }

    /// Evaluates a conversion that depends on the value alone; others return the value.
    ///
    /// # Errors
    /// [`ConversionError`] when the value is of the wrong kind or the result does not fit.
    pub fn apply(&self, value: &Value) -> Result<Value, ConversionError> {
        match &self.conversion {
            Conversion::Polynomial { coefficients } => {
                self.number(value, |x| polynomial(coefficients, x))
            }
            Conversion::SegmentedPolynomial { segments } => match value {
                Value::Int(x) => Ok(Value::Float(segmented_integer(segments, *x))),
                other => self.number(other, |x| segmented(segments, x)),
            },
            Conversion::Spline(spline) => {
                let x = match value {
                    Value::Null => return Ok(Value::Null),
                    number if number.is_number() => number.as_f64(),
                    _ => None,
                };
                let x = x.ok_or_else(|| self.not_a_number(value))?;
                spline.apply(x).map(Value::Float).ok_or_else(|| self.out_of_range(value))
            }
            Conversion::CountedTime(time) if self.is_pure() => self.time(time, value, None),
            Conversion::BitReverse { data_type, bit_size } => {
                let x = value.to_int().ok_or_else(|| self.not_a_number(value))?;
                Ok(Value::Int(reversed(x, *bit_size, *data_type)))
            }
            Conversion::IpRead => {
                let x = value.to_int().ok_or_else(|| self.not_a_number(value))?;
                let [a, b, c, d] = (x as u32).to_be_bytes();
                Ok(Value::String(format!("{a}.{b}.{c}.{d}")))
            }
            Conversion::IpWrite => {
                let address = value.as_str().and_then(|text| text.parse().ok());
                let address: std::net::Ipv4Addr =
                    address.ok_or_else(|| self.out_of_range(value))?;
                Ok(Value::from(u32::from(address)))
            }
            Conversion::Opaque => Err(ConversionError::Opaque { class: self.class.clone() }),
            _ => Ok(value.clone()),
        }
    }

    /// Returns whether the code is known by name only, so that there is no converted value.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        self.conversion == Conversion::Opaque
    }

    /// Evaluates a counted time; `base` is the value of the item that its origin names.
    ///
    /// # Errors
    /// As [`ConversionDefinition::apply`].
    pub(crate) fn time(
        &self,
        time: &CountedTime,
        value: &Value,
        base: Option<&Value>,
    ) -> Result<Value, ConversionError> {
        if value.is_null() || base.is_some_and(Value::is_null) {
            return Ok(Value::Null);
        }
        time.nanos(value, base).map(Value::Time).ok_or_else(|| self.out_of_range(value))
    }

    fn number(&self, value: &Value, f: impl Fn(f64) -> f64) -> Result<Value, ConversionError> {
        match value {
            Value::Null => Ok(Value::Null),
            Value::Int(x) => Ok(Value::Float(f(*x as f64))),
            Value::Float(x) => Ok(Value::Float(f(*x))),
            other => Err(self.not_a_number(other)),
        }
    }

    fn out_of_range(&self, value: &Value) -> ConversionError {
        ConversionError::OutOfRange { class: self.class.clone(), value: value.to_string() }
    }

    fn not_a_number(&self, value: &Value) -> ConversionError {
        ConversionError::NotANumber { class: self.class.clone(), value: value.to_string() }
    }
}

/// Makes the class name of a file: base name up to the first dot, each `_` part capitalised.
///
/// Source: cosmos-packets §2.8; `UnixTimeConversion` and `openc3/…/unix_time_conversion.py` are
/// the same class.
#[must_use]
pub fn class_name(text: &str) -> String {
    let base = text.rsplit(['/', '\\']).next().unwrap_or(text);
    let stem = base.split('.').next().unwrap_or(base);
    let mut name = String::with_capacity(stem.len());
    for part in stem.split('_') {
        let mut chars = part.chars();
        if let Some(first) = chars.next() {
            name.extend(first.to_uppercase());
            name.push_str(chars.as_str());
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversion(conversion: Conversion) -> ConversionDefinition {
        ConversionDefinition {
            class: "Test".into(),
            params: vec![],
            conversion,
            converted_type: None,
            converted_bit_size: None,
            converted_array_size: None,
            location: None,
        }
    }

    #[test]
    fn polynomials() {
        let poly = conversion(Conversion::Polynomial { coefficients: vec![1.0, 2.0, 3.0] });
        assert_eq!(poly.apply(&Value::Int(2)), Ok(Value::Float(17.0)));
        assert_eq!(poly.apply(&Value::Float(0.5)), Ok(Value::Float(2.75)));
        assert_eq!(poly.apply(&Value::Null), Ok(Value::Null));
        assert!(poly.apply(&Value::from("x")).is_err());
    }

    #[test]
    fn segments() {
        let segment = |lower_bound, c: &[f64]| Segment { lower_bound, coefficients: c.to_vec() };
        let segments = vec![
            segment(20.0, &[0.0, 0.0, 1.0]),
            segment(10.0, &[1.0, 2.0]),
            segment(-5.0, &[100.0]),
        ];
        let seg = conversion(Conversion::SegmentedPolynomial { segments });
        for (x, y) in [(-100, 100.0), (10, 21.0), (20, 400.0), (25, 625.0)] {
            assert_eq!(seg.apply(&Value::Int(x)), Ok(Value::Float(y)));
        }
        assert_eq!(seg.apply(&Value::Float(f64::NAN)), Ok(Value::Float(100.0)));
    }

    #[test]
    fn reversing_and_addresses() {
        let reverse =
            conversion(Conversion::BitReverse { data_type: DataType::Uint, bit_size: 16 });
        assert_eq!(reverse.apply(&Value::Int(4660)), Ok(Value::Int(11336)));
        let read = conversion(Conversion::IpRead);
        assert_eq!(read.apply(&Value::Int(4_294_934_528)), Ok(Value::from("255.255.128.0")));
        let write = conversion(Conversion::IpWrite);
        assert_eq!(write.apply(&Value::from("127.0.0.1")), Ok(Value::Int(2_130_706_433)));
    }

    #[test]
    fn class_names() {
        for text in [
            "unix_time_conversion.rb",
            "openc3/conversions/unix_time_conversion.py",
            "UnixTimeConversion",
        ] {
            assert_eq!(class_name(text), "UnixTimeConversion");
        }
    }

    #[test]
    fn unix_times() {
        let nanos = unix_nanos(&Value::Int(1_000_000_000), Some(&Value::Int(500_000)));
        assert_eq!(nanos, Some(1_000_000_000_500_000_000));
        assert_eq!(unix_nanos(&Value::Float(1.25), None), Some(1_250_000_000));
        assert_eq!(unix_nanos(&Value::Int(i128::MAX), None), None);
    }
}
