//! Data encodings and sizes.

use super::notes::Notes;
use super::writer::Writer;
use crate::definition::{
    Conversion, DataType, Endianness, Item, Spline, ValueType, VariableBitSize, VariableLength,
};

/// What stands for the name of another parameter until it is known in which system it lies.
pub(super) type NameOf<'a> = dyn Fn(&str) -> String + 'a;

/// Writes the encoding of a single value of an item, or of an element of its list.
pub(super) fn encoding(
    item: &Item,
    conversion: Option<&Conversion>,
    argument: bool,
    name_of: &NameOf<'_>,
    label: &str,
    notes: &mut Notes,
) -> String {
    let little = item.endianness == Endianness::Little;
    let order = little.then_some(("byteOrder", "leastSignificantByteFirst"));
    let bits = item.bit_size.to_string();
    let mut out = Writer::default();
    let mut attributes = vec![("sizeInBits", bits.as_str())];
    match item.data_type {
        DataType::Int | DataType::Uint => {
            // A single bit reads as 0 or 1 here (cosmos-packets §3.3), as 0 or -1 elsewhere.
            let signed = item.data_type == DataType::Int && item.bit_size > 1;
            let bit = item.data_type == DataType::Int && !signed;
            notes.add_if(bit, label, "that its single bit is signed");
            attributes.push(("encoding", if signed { "twosComplement" } else { "unsigned" }));
            attributes.extend(order);
            if matches!(conversion, Some(Conversion::BitReverse { .. })) {
                attributes.push(("bitOrder", "leastSignificantBitFirst"));
            }
            out.with("IntegerDataEncoding", &attributes, &calibrator(conversion));
        }
        DataType::Float => {
            attributes.push(("encoding", "IEEE754"));
            attributes.extend(order);
            out.with("FloatDataEncoding", &attributes, &calibrator(conversion));
        }
        DataType::String => {
            out.open("StringDataEncoding", &[("encoding", "UTF-8")]);
            text_size(item, argument, name_of, label, notes, &mut out);
            out.close("StringDataEncoding");
        }
        _ => {
            out.open("BinaryDataEncoding", &[]);
            out.open("SizeInBits", &[]);
            match &item.variable_bit_size {
                Some(variable) => dynamic(variable, argument, name_of, &mut out),
                None => out.text("FixedValue", &[], &bits),
            }
            out.close("SizeInBits");
            out.close("BinaryDataEncoding");
        }
    }
    out.finish()
}

fn text_size(
    item: &Item,
    argument: bool,
    name_of: &NameOf<'_>,
    label: &str,
    notes: &mut Notes,
    out: &mut Writer,
) {
    /// Room for a text whose length nothing bounds; XTCE wants a bound.
    const MAX_SIZE: (&str, &str) = ("maxSizeInBits", "8388608");
    let fixed = |out: &mut Writer, bits: i64| {
        out.open("Fixed", &[]);
        out.text("FixedValue", &[], &bits.to_string());
        out.close("Fixed");
    };
    let Some(variable) = &item.variable_bit_size else {
        out.open("SizeInBits", &[]);
        fixed(out, item.bit_size);
        out.close("SizeInBits");
        return;
    };
    match &variable.length {
        VariableLength::Item { .. } => {
            out.open("Variable", &[MAX_SIZE]);
            dynamic(variable, argument, name_of, out);
            out.close("Variable");
        }
        VariableLength::Terminator(end) => {
            let end: String = end.iter().map(|byte| format!("{byte:02X}")).collect();
            if variable.in_field {
                out.open("SizeInBits", &[]);
                fixed(out, variable.reserved_bits);
                out.text("TerminationChar", &[], &end);
                out.close("SizeInBits");
            } else {
                // The schema wants a DynamicValue, too, but there is no other size.
                notes.add(label, "nothing, but its size is not as the schema wants it");
                out.open("Variable", &[MAX_SIZE]);
                out.text("TerminationChar", &[], &end);
                out.close("Variable");
            }
        }
    }
}

/// Writes the value that another parameter gives.
pub(super) fn dynamic(
    variable: &VariableBitSize,
    argument: bool,
    name_of: &NameOf<'_>,
    out: &mut Writer,
) {
    let per_element = (variable.bits_per_count, variable.bit_offset);
    dynamic_of(variable, per_element, argument, name_of, out);
}

/// Writes slope × value + intercept of another parameter.
pub(super) fn dynamic_of(
    variable: &VariableBitSize,
    (slope, intercept): (i64, i64),
    argument: bool,
    name_of: &NameOf<'_>,
    out: &mut Writer,
) {
    let VariableLength::Item { name, value_type } = &variable.length else { return };
    let (element, reference) = if argument {
        ("ArgumentInstanceRef", "argumentRef")
    } else {
        ("ParameterInstanceRef", "parameterRef")
    };
    let calibrated = if *value_type == ValueType::Raw { "false" } else { "true" };
    out.open("DynamicValue", &[]);
    out.leaf(element, &[(reference, &name_of(name)), ("useCalibratedValue", calibrated)]);
    if (slope, intercept) != (1, 0) {
        let (slope, intercept) = (slope.to_string(), intercept.to_string());
        out.leaf("LinearAdjustment", &[("slope", &slope), ("intercept", &intercept)]);
    }
    out.close("DynamicValue");
}

/// Writes a conversion that is a calibrator; nothing for others.
fn calibrator(conversion: Option<&Conversion>) -> String {
    let mut out = Writer::default();
    match conversion {
        Some(Conversion::Polynomial { coefficients }) => {
            out.open("DefaultCalibrator", &[]);
            out.open("PolynomialCalibrator", &[]);
            for (exponent, coefficient) in coefficients.iter().enumerate() {
                let (coefficient, exponent) = (coefficient.to_string(), exponent.to_string());
                out.leaf("Term", &[("coefficient", &coefficient), ("exponent", &exponent)]);
            }
            out.close("PolynomialCalibrator");
            out.close("DefaultCalibrator");
        }
        Some(Conversion::Spline(Spline { points, extrapolate })) => {
            out.open("DefaultCalibrator", &[]);
            out.open("SplineCalibrator", &[("extrapolate", &extrapolate.to_string())]);
            for point in points {
                let order = if point.flat { "0" } else { "1" };
                let (raw, calibrated) = (point.raw.to_string(), point.calibrated.to_string());
                let attributes = [("order", order), ("raw", &raw), ("calibrated", &calibrated)];
                out.leaf("SplinePoint", &attributes);
            }
            out.close("SplineCalibrator");
            out.close("DefaultCalibrator");
        }
        _ => {}
    }
    out.finish()
}
