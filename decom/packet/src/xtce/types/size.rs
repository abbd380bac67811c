//! Sizes: fixed, given by another parameter, or by the value itself.

use super::blank;
use super::encoding::refuse_orders;
use crate::config::MAX_PACKET_BITS;
use crate::definition::{DataType, Endianness, Item};
use crate::xtce::diagnostics::Diagnostics;
use crate::xtce::numbers::{self, Attributes};
use crate::xtce::space::{Kind, Reference, Space};
use crate::xtce::xml::Element;

/// Largest factor of a dynamic size.
const MAX_SLOPE: i64 = 1 << 23;

/// How many bits (or elements) something takes.
#[derive(Clone)]
pub(in crate::xtce) enum Size<'d> {
    Fixed(i64),
    /// As another parameter says.
    Dynamic(Dynamic<'d>),
    /// Up to a terminator, in a field of a size or wherever it is.
    Terminated {
        terminator: Vec<u8>,
        field: Option<i64>,
    },
    /// As a leading integer of so many bits says in bytes, in a field of a size or not.
    Prefixed {
        tag_bits: i64,
        field: Option<i64>,
    },
}

/// A number that another parameter or argument gives: slope × value + intercept.
#[derive(Clone)]
pub(in crate::xtce) struct Dynamic<'d> {
    pub(in crate::xtce) reference: Reference<'d>,
    /// Whether the reference means an argument.
    pub(in crate::xtce) argument: bool,
    pub(in crate::xtce) calibrated: bool,
    pub(in crate::xtce) slope: i64,
    pub(in crate::xtce) intercept: i64,
}

/// Reads an integer that is fixed or that a parameter gives.
///
/// Source: XTCE 1.2 schema, IntegerValueType.
pub(in crate::xtce) fn integer_value<'d>(
    notes: &mut Diagnostics,
    system: usize,
    element: Element<'d>,
) -> Option<Size<'d>> {
    if let Some(child) = element.children().next() {
        return match child.name() {
            "FixedValue" => fixed(notes, child).map(Size::Fixed),
            "DynamicValue" => dynamic(notes, system, child).map(Size::Dynamic),
            name => {
                notes.error(child, format!("{name} is not supported in <{}>", element.name()));
                None
            }
        };
    }
    // Some write the number itself.
    fixed(notes, element).map(Size::Fixed)
}

fn fixed(notes: &mut Diagnostics, element: Element<'_>) -> Option<i64> {
    notes.only(element, &["referenceLocation"], &[]);
    let text = element.text();
    let value = numbers::integer(text).and_then(|value| i64::try_from(value).ok());
    let value = value.filter(|value| value.abs() <= MAX_PACKET_BITS);
    if value.is_none() {
        let shown: String = text.chars().take(40).collect();
        let message = format!("\"{shown}\" must be an integer within {MAX_PACKET_BITS}");
        notes.error(element, message);
    }
    value
}

fn dynamic<'d>(
    notes: &mut Diagnostics,
    system: usize,
    element: Element<'d>,
) -> Option<Dynamic<'d>> {
    let references = ["ParameterInstanceRef", "ArgumentInstanceRef"];
    notes.only(element, &[], &[references[0], references[1], "LinearAdjustment"]);
    let found = element.children().find(|child| references.contains(&child.name()));
    let Some(found) = found else {
        notes.error(element, "has no ParameterInstanceRef");
        return None;
    };
    let argument = found.name() == "ArgumentInstanceRef";
    let attribute = if argument { "argumentRef" } else { "parameterRef" };
    notes.only(found, &[attribute, "instance", "useCalibratedValue"], &[]);
    current_instance(notes, found)?;
    let calibrated = Attributes { element: found, notes }.boolean("useCalibratedValue");
    let reference = Reference::of(notes, system, found, attribute)?;
    let (mut slope, mut intercept) = (1, 0);
    if let Some(adjustment) = element.child("LinearAdjustment") {
        notes.only(adjustment, &["slope", "intercept"], &[]);
        let mut attributes = Attributes { element: adjustment, notes };
        let given = [
            attributes.float("slope").unwrap_or(1.0),
            attributes.float("intercept").unwrap_or(0.0),
        ];
        let whole =
            |x: f64| (x == x.trunc() && x.abs() <= MAX_PACKET_BITS as f64).then_some(x as i64);
        match given.map(whole) {
            [Some(a), Some(b)] if (1..=MAX_SLOPE).contains(&a) => (slope, intercept) = (a, b),
            _ => {
                let message = format!(
                    "slope {} must be a whole number of 1 to {MAX_SLOPE}, intercept {} a whole one",
                    given[0], given[1]
                );
                notes.error(adjustment, message);
                return None;
            }
        }
    }
    let calibrated = calibrated.unwrap_or(true);
    Some(Dynamic { reference, argument, calibrated, slope, intercept })
}

/// Refuses references to values of other packets.
pub(in crate::xtce) fn current_instance(
    notes: &mut Diagnostics,
    element: Element<'_>,
) -> Option<()> {
    match (Attributes { element, notes }).integer("instance") {
        None | Some(0) => Some(()),
        Some(other) => {
            let message = format!("instance=\"{other}\" is not supported, only the current one");
            notes.error(element, message);
            None
        }
    }
}

/// Reads the dimensions of an array; one is supported.
pub(super) fn dimensions<'d>(
    notes: &mut Diagnostics,
    system: usize,
    list: Element<'d>,
) -> Option<Size<'d>> {
    notes.only(list, &[], &["Dimension"]);
    let mut dimensions = list.children_named("Dimension");
    let (Some(dimension), None) = (dimensions.next(), dimensions.next()) else {
        notes.error(list, "arrays of one Dimension are supported, no others");
        return None;
    };
    notes.only(dimension, &[], &["StartingIndex", "EndingIndex"]);
    let start = match dimension.child("StartingIndex") {
        None => 0,
        Some(start) => match integer_value(notes, system, start)? {
            Size::Fixed(start) => start,
            _ => {
                notes.error(start, "must be a FixedValue");
                return None;
            }
        },
    };
    let Some(end) = dimension.child("EndingIndex") else {
        notes.error(dimension, "has no EndingIndex");
        return None;
    };
    // Both ends are part of the array.
    match integer_value(notes, system, end)? {
        Size::Fixed(end) if end >= start => Some(Size::Fixed(end - start + 1)),
        Size::Dynamic(dynamic) => {
            Some(Size::Dynamic(Dynamic { intercept: dynamic.intercept - start + 1, ..dynamic }))
        }
        _ => {
            notes.error(dimension, "EndingIndex is less than StartingIndex");
            None
        }
    }
}

/// Reads the encoding of a text.
///
/// The leading size counts bytes, as a Pascal string's does; the standard does not say.
///
/// Source: XTCE 1.2 schema, StringDataEncodingType, SizeInBitsType, VariableStringType; in 1.0 and
/// 1.1 terminator and leading size stand in the place of the fixed size.
pub(super) fn string<'d>(
    notes: &mut Diagnostics,
    space: &Space<'d>,
    system: usize,
    encoding: Element<'d>,
) -> Option<(Item, Size<'d>)> {
    notes.only(encoding, &["encoding", "bitOrder", "byteOrder"], &["SizeInBits", "Variable"]);
    refuse_orders(notes, encoding);
    let characters = encoding.attribute("encoding").unwrap_or("UTF-8");
    if !["UTF-8", "US-ASCII"].contains(&characters) {
        let message = format!("encoding=\"{characters}\" is not supported; UTF-8 and US-ASCII are");
        notes.error(encoding, message);
        return None;
    }
    let Some(sizes) = encoding.child("SizeInBits").or_else(|| encoding.child("Variable")) else {
        notes.error(encoding, "has neither SizeInBits nor Variable");
        return None;
    };
    let children = ["Fixed", "DynamicValue", "TerminationChar", "LeadingSize"];
    notes.only(sizes, &["maxSizeInBits"], &children);
    let space_taken = space_taken(notes, space, system, sizes)?;
    let terminator = match sizes.child("TerminationChar") {
        Some(element) => Some(terminator(notes, element)?),
        None => None,
    };
    let size = match (space_taken, sizes.child("LeadingSize"), terminator) {
        (Some(Size::Dynamic(_)), Some(leading), _) => {
            let message = "in a space of a size that another parameter gives it is not supported";
            notes.error(leading, message);
            return None;
        }
        (field, Some(leading), _) => {
            let tag_bits = leading_size(notes, leading)?;
            Size::Prefixed { tag_bits, field: field.as_ref().and_then(fixed_bits) }
        }
        // Texts of the model end at their first zero byte, wherever their field ends.
        (Some(size), None, None) => size,
        (Some(size), None, Some(end)) if end == [0] => size,
        (Some(Size::Fixed(field)), None, Some(terminator)) => {
            Size::Terminated { terminator, field: Some(field) }
        }
        (None, None, Some(terminator)) => Size::Terminated { terminator, field: None },
        (Some(_), None, Some(_)) => {
            let message = "a terminator other than 00 needs a fixed size or none";
            notes.error(sizes, message);
            return None;
        }
        (None, None, None) => {
            notes.error(sizes, "has no size");
            return None;
        }
    };
    Some((blank(DataType::String, 0, Endianness::Big), size))
}

fn fixed_bits(size: &Size<'_>) -> Option<i64> {
    match size {
        Size::Fixed(bits) => Some(*bits),
        _ => None,
    }
}

/// Reads the space that a text takes, if its element says.
fn space_taken<'d>(
    notes: &mut Diagnostics,
    space: &Space<'d>,
    system: usize,
    sizes: Element<'d>,
) -> Option<Option<Size<'d>>> {
    if let Some(fixed) = sizes.child("Fixed") {
        return integer_value(notes, system, fixed).map(Some);
    }
    let Some(value) = sizes.child("DynamicValue") else { return Some(None) };
    let dynamic = dynamic(notes, system, value)?;
    // The schema of 1.2 wants a DynamicValue also where size or terminator of the text say it all;
    // files then name a parameter that there is not.
    let ended = sizes.child("LeadingSize").or_else(|| sizes.child("TerminationChar"));
    let known =
        dynamic.argument || space.find(Kind::Parameter, dynamic.reference.split().0).is_some();
    if ended.is_some() && !known {
        let message = "names no parameter and is passed over; the text says itself how long it is";
        notes.warn(dynamic.reference.element, message);
        return Some(None);
    }
    Some(Some(Size::Dynamic(dynamic)))
}

fn leading_size(notes: &mut Diagnostics, element: Element<'_>) -> Option<i64> {
    notes.only(element, &["sizeInBitsOfSizeTag"], &[]);
    let bits = Attributes { element, notes }.integer("sizeInBitsOfSizeTag").unwrap_or(16);
    let found = i64::try_from(bits).ok().filter(|bits| (1..=64).contains(bits));
    if found.is_none() {
        notes.error(element, format!("sizeInBitsOfSizeTag=\"{bits}\" must be 1 to 64"));
    }
    found
}

fn terminator(notes: &mut Diagnostics, element: Element<'_>) -> Option<Vec<u8>> {
    const LONGEST: usize = 16;
    notes.only(element, &[], &[]);
    let text = if element.text().is_empty() { "00" } else { element.text() };
    let bytes = numbers::hex(text).filter(|bytes| (1..=LONGEST).contains(&bytes.len()));
    if bytes.is_none() {
        let shown: String = text.chars().take(40).collect();
        let message = format!("\"{shown}\" must be 1 to {LONGEST} bytes in hex");
        notes.error(element, message);
    }
    bytes
}
