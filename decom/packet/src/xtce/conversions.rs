//! Conversions as the COSMOS keywords would make them.

use crate::definition::{Conversion, ConversionDefinition, DataType, SourceLocation};

fn definition(
    class: &str,
    params: Vec<String>,
    conversion: Conversion,
    location: SourceLocation,
    (converted_type, bits): (DataType, i64),
) -> ConversionDefinition {
    ConversionDefinition {
        class: class.to_owned(),
        params,
        conversion,
        converted_type: Some(converted_type),
        converted_bit_size: Some(bits),
        converted_array_size: None,
        location: Some(location),
    }
}

/// Makes the conversion of `POLY_READ_CONVERSION`.
pub(super) fn polynomial(coefficients: Vec<f64>, location: SourceLocation) -> ConversionDefinition {
    let params = coefficients.iter().map(|c| crate::value::float_text(*c)).collect();
    let conversion = Conversion::Polynomial { coefficients };
    definition("PolynomialConversion", params, conversion, location, (DataType::Float, 64))
}

/// Makes the conversion of `READ_CONVERSION bit_reverse_conversion`.
pub(super) fn bit_reverse(
    conversion: Conversion,
    params: Vec<String>,
    location: SourceLocation,
) -> ConversionDefinition {
    let converted = match conversion {
        Conversion::BitReverse { data_type, bit_size } => (data_type, i64::from(bit_size)),
        _ => (DataType::Uint, 0),
    };
    definition("BitReverseConversion", params, conversion, location, converted)
}

/// Makes a conversion that COSMOS has no keyword for.
pub(super) fn curve(conversion: Conversion, location: SourceLocation) -> ConversionDefinition {
    definition("SplineConversion", Vec::new(), conversion, location, (DataType::Float, 64))
}

/// Makes a conversion to a moment.
pub(super) fn counted_time(
    conversion: Conversion,
    location: SourceLocation,
) -> ConversionDefinition {
    definition("CountedTimeConversion", Vec::new(), conversion, location, (DataType::Time, 0))
}

/// Returns whether every integer becomes an integer.
pub(super) fn keeps_integers(conversion: &Conversion) -> bool {
    match conversion {
        Conversion::Polynomial { coefficients } => coefficients.iter().all(|c| *c == c.trunc()),
        Conversion::Spline(spline) => spline
            .points
            .iter()
            .all(|point| point.flat && point.calibrated == point.calibrated.trunc()),
        _ => true,
    }
}
