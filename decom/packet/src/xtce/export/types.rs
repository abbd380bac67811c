//! Types of items.

use super::encoding::{self, NameOf, dynamic_of};
use super::limits;
use super::notes::Notes;
use super::writer::Writer;
use crate::definition::{
    Conversion, CountedTime, DataType, FormatString, Item, States, TimeOrigin,
};
use crate::time::{CivilTime, NANOS_PER_SECOND};
use crate::value::Value;

/// A type without its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TypeText {
    /// `Integer`, `Float` and so on.
    class: &'static str,
    /// Children.
    content: String,
    /// Type of the elements of a list, and what follows it in the list's type.
    element: Option<Box<TypeText>>,
}

/// Whether a value comes down or goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Parameter,
    Argument,
}

impl Role {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Parameter => "Parameter",
            Self::Argument => "Argument",
        }
    }
}

impl TypeText {
    /// Writes the type, and the type of its elements, under names.
    pub(super) fn write(&self, role: Role, name: &str, out: &mut Writer) {
        let element_name = format!("{name}_Element");
        let tag = format!("{}{}Type", self.class, role.word());
        match &self.element {
            Some(element) => {
                element.write(role, &element_name, out);
                let attributes = [("name", name), ("arrayTypeRef", &element_name)];
                out.with(&tag, &attributes, &self.content);
            }
            None => out.with(&tag, &[("name", name)], &self.content),
        }
    }
}

/// Writes the type of an item; what it cannot say goes to the notes.
pub(super) fn type_of(
    item: &Item,
    role: Role,
    name_of: &NameOf<'_>,
    label: &str,
    notes: &mut Notes,
) -> TypeText {
    let Some(total) = item.array_size else {
        return single(item, role, name_of, label, notes);
    };
    let element =
        single(&Item { variable_bit_size: None, ..item.clone() }, role, name_of, label, notes);
    let mut out = Writer::default();
    out.open("DimensionList", &[]);
    out.open("Dimension", &[]);
    out.open("StartingIndex", &[]);
    out.text("FixedValue", &[], "0");
    out.close("StartingIndex");
    out.open("EndingIndex", &[]);
    match &item.variable_bit_size {
        Some(variable) => {
            let bits = item.bit_size;
            let count = (variable.bits_per_count / bits, variable.bit_offset / bits - 1);
            dynamic_of(variable, count, role == Role::Argument, name_of, &mut out);
        }
        None => out.text("FixedValue", &[], &(total / item.bit_size.max(1) - 1).to_string()),
    }
    for name in ["EndingIndex", "Dimension", "DimensionList"] {
        out.close(name);
    }
    TypeText { class: "Array", content: out.finish(), element: Some(Box::new(element)) }
}

fn single(
    item: &Item,
    role: Role,
    name_of: &NameOf<'_>,
    label: &str,
    notes: &mut Notes,
) -> TypeText {
    let definition = match role {
        Role::Parameter => &item.read_conversion,
        Role::Argument => &item.write_conversion,
    };
    let conversion = definition.as_ref().map(|definition| &definition.conversion);
    let conversion = conversion.filter(|conversion| is_expressible(item, conversion));
    if let (Some(definition), None) = (definition, conversion) {
        notes.add(label, format!("the conversion {}", definition.class));
    }
    if let Some(Conversion::CountedTime(time)) = conversion {
        return moment(item, time, role, name_of, label, notes);
    }
    let labels = item.states.as_ref().filter(|_| {
        item.data_type.is_integer()
            && matches!(conversion, None | Some(Conversion::BitReverse { .. }))
    });
    notes.add_if(item.states.is_some() && labels.is_none(), label, "its states");
    let argument = role == Role::Argument;
    let encoding = encoding::encoding(item, conversion, argument, name_of, label, notes);
    let mut out = Writer::default();
    units(item, &mut out);
    out.raw(&encoding);
    let class = match (item.data_type, labels, conversion) {
        (_, Some(states), _) => {
            out.raw(&enumeration(states, label, notes));
            if role == Role::Parameter {
                out.raw(&limits::colors(item, label, notes));
            }
            notes.add_if(item.format_string.is_some(), label, "its format string");
            "Enumerated"
        }
        (DataType::String, ..) => "String",
        (DataType::Int | DataType::Uint, None, None | Some(Conversion::BitReverse { .. })) => {
            number(item, role, label, notes, &mut out);
            "Integer"
        }
        (DataType::Int | DataType::Uint | DataType::Float, ..) => {
            number(item, role, label, notes, &mut out);
            "Float"
        }
        _ => "Binary",
    };
    if matches!(class, "String" | "Binary") {
        notes.add_if(item.format_string.is_some(), label, "its format string");
    }
    TypeText { class, content: out.finish(), element: None }
}

/// Returns whether XTCE has a word for a conversion of an item.
fn is_expressible(item: &Item, conversion: &Conversion) -> bool {
    let number = item.data_type.is_integer() || item.data_type == DataType::Float;
    match conversion {
        Conversion::Polynomial { coefficients } => {
            number && coefficients.iter().all(|c| c.is_finite()) && item.states.is_none()
        }
        Conversion::Spline(_) => number && item.states.is_none(),
        Conversion::BitReverse { data_type, bit_size } => {
            *data_type == item.data_type && i64::from(*bit_size) == item.bit_size
        }
        Conversion::CountedTime(time) => {
            number && time.scale.is_finite() && time.offset.is_finite()
        }
        _ => false,
    }
}

/// Writes the type of a moment.
fn moment(
    item: &Item,
    time: &CountedTime,
    role: Role,
    name_of: &NameOf<'_>,
    label: &str,
    notes: &mut Notes,
) -> TypeText {
    let encoding = encoding::encoding(item, None, role == Role::Argument, name_of, label, notes);
    let mut out = Writer::default();
    let (scale, offset) = (time.scale.to_string(), time.offset.to_string());
    out.with("Encoding", &[("scale", &scale), ("offset", &offset)], &encoding);
    out.open("ReferenceTime", &[]);
    match &time.origin {
        TimeOrigin::Item(name) => out.leaf("OffsetFrom", &[("parameterRef", &name_of(name))]),
        TimeOrigin::Utc(nanos) => out.text("Epoch", &[], &date(*nanos)),
        TimeOrigin::Tai(nanos) => match crate::xtce::types::epoch_word(*nanos) {
            Some(word) => out.text("Epoch", &[], word),
            None => notes.add(label, "the epoch of its time"),
        },
    }
    out.close("ReferenceTime");
    notes.add_if(item.units.is_some(), label, "its units");
    notes.add_if(item.format_string.is_some(), label, "its format string");
    TypeText { class: "AbsoluteTime", content: out.finish(), element: None }
}

fn date(nanos: i64) -> String {
    let CivilTime { year, month, day, hour, minute, second, .. } = CivilTime::from_nanos(nanos);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    let fraction = nanos.rem_euclid(NANOS_PER_SECOND);
    if fraction > 0 {
        text.push_str(&format!(".{fraction:09}"));
    }
    text.push('Z');
    text
}

fn units(item: &Item, out: &mut Writer) {
    let Some(units) = &item.units else { return };
    out.open("UnitSet", &[]);
    out.text("Unit", &[("description", &units.full)], &units.abbreviation);
    out.close("UnitSet");
}

fn enumeration(states: &States, label: &str, notes: &mut Notes) -> String {
    let mut out = Writer::default();
    out.open("EnumerationList", &[]);
    for (name, state) in states.iter() {
        notes.add_if(state.hazardous.is_some(), label, format!("the hazard of its state {name}"));
        notes.add_if(
            state.messages_disabled,
            label,
            format!("that its state {name} disables messages"),
        );
        let Value::Int(value) = state.value else {
            notes.add(label, format!("the value of its state {name}"));
            continue;
        };
        let value = value.to_string();
        out.leaf("Enumeration", &[("value", &value), ("label", name)]);
        for range in &state.ranges {
            let (low, high) = (range.start().to_string(), range.end().to_string());
            out.leaf("Enumeration", &[("value", &low), ("maxValue", &high), ("label", name)]);
        }
    }
    out.close("EnumerationList");
    out.finish()
}

/// Writes what follows the encoding of a number: format, range, alarm.
fn number(item: &Item, role: Role, label: &str, notes: &mut Notes, out: &mut Writer) {
    if let Some(format) = &item.format_string {
        match number_format(format) {
            Some(attributes) => {
                let attributes: Vec<(&str, &str)> =
                    attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
                out.open("ToString", &[]);
                out.leaf("NumberFormat", &attributes);
                out.close("ToString");
            }
            None => notes.add(label, format!("its format string {}", format.as_str())),
        }
    }
    if let (Some(low), Some(high)) = (&item.minimum, &item.maximum) {
        let (low, high) = (plain(low), plain(high));
        let ends = [("minInclusive", low.as_str()), ("maxInclusive", high.as_str())];
        match role {
            Role::Parameter => out.leaf("ValidRange", &ends),
            Role::Argument => {
                out.open("ValidRangeSet", &[]);
                out.leaf("ValidRange", &ends);
                out.close("ValidRangeSet");
            }
        }
    } else if item.minimum.is_some() || item.maximum.is_some() {
        notes.add(label, "the one end of its range");
    }
    if role == Role::Parameter {
        out.raw(&limits::ranges(item, label, notes));
    }
}

/// Renders a number of XML Schema.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Float(value) if value.is_infinite() => {
            if *value > 0.0 { "INF" } else { "-INF" }.to_owned()
        }
        // With a point, so that it reads as a float again.
        Value::Float(value) => crate::value::float_text(*value),
        other => other.to_string(),
    }
}

/// Returns the attributes of a format that XTCE can say.
fn number_format(format: &FormatString) -> Option<Vec<(&'static str, String)>> {
    let spec = format.as_str().strip_prefix('%')?;
    let (digits, conversion) = spec.split_at_checked(spec.len().checked_sub(1)?)?;
    let count = |text: &str| text.parse::<u32>().ok().filter(|count| *count <= 20);
    match conversion {
        "f" | "e" => {
            let digits = digits.strip_prefix("0.").or(digits.strip_prefix('.'))?;
            let digits = count(digits)?.to_string();
            let mut attributes =
                vec![("minimumFractionDigits", digits.clone()), ("maximumFractionDigits", digits)];
            if conversion == "e" {
                attributes.push(("notation", "scientific".to_owned()));
            }
            Some(attributes)
        }
        "X" | "o" | "b" => {
            let base = match conversion {
                "X" => "Hexadecimal",
                "o" => "Octal",
                _ => "Binary",
            };
            let mut attributes = vec![("numberBase", base.to_owned())];
            if !digits.is_empty() {
                let width = digits.strip_prefix('0').and_then(count).filter(|width| *width > 1)?;
                attributes.push(("minimumIntegerDigits", width.to_string()));
            }
            Some(attributes)
        }
        _ => None,
    }
}
