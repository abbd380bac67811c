//! Conversions between raw and converted values (cosmos-packets §10).

mod counted_time;
mod error;
mod evaluate;
mod spline;

use super::expression::Expression;
use super::object::ObjectPacket;
use super::types::{DataType, SourceLocation, ValueType};
use crate::registry::{Code, ConversionCode};
use crate::value::Value;

pub use counted_time::{CountedTime, TimeOrigin};
pub use error::ConversionError;
pub(crate) use evaluate::{formatted_time, polynomial, unix_nanos};
pub use spline::{Spline, SplinePoint};

use evaluate::{reversed, segmented, segmented_integer};

/// Conversions may read items with conversions; deeper than this they are taken for a circle.
pub(crate) const MAX_CONVERSION_DEPTH: usize = 4;

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
    /// The converted values of another packet that lies in the value's bytes.
    ObjectRead(ObjectPacket),
    /// The bytes of another packet out of a map of its values.
    ObjectWrite(ObjectPacket),
    /// Code in Rust.
    Registered(Code<dyn ConversionCode>),
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

    /// Says that code or an object refuses a value.
    pub(crate) fn refused(&self, message: String) -> ConversionError {
        ConversionError::Refused { class: self.class.clone(), message }
    }

    fn not_a_number(&self, value: &Value) -> ConversionError {
        ConversionError::NotANumber { class: self.class.clone(), value: value.to_string() }
    }
}

#[cfg(test)]
mod tests;
