//! Ids and conditions as restriction criteria.

use super::notes::Notes;
use super::types::plain;
use super::writer::Writer;
use crate::definition::{Comparison, Condition, Item, Operand, Packet, ValueType};
use crate::value::Value;

/// Returns the names of the items that make a packet what it is.
pub(super) fn identifying(packet: &Packet) -> Vec<String> {
    fn add(condition: &Condition, names: &mut Vec<String>) {
        match condition {
            Condition::All(inner) | Condition::Any(inner) => {
                inner.iter().for_each(|condition| add(condition, names));
            }
            Condition::Compare { item, operand, .. } => {
                names.push(item.clone());
                if let Operand::Item { name, .. } = operand {
                    names.push(name.clone());
                }
            }
        }
    }
    let mut names: Vec<String> = packet.id_items.iter().map(|item| item.name.clone()).collect();
    if let Some(condition) = &packet.condition {
        add(condition, &mut names);
    }
    names
}

/// Writes the criteria of a packet; empty if it has none.
pub(super) fn criteria(
    packet: &Packet,
    ids: &[&Item],
    name_of: &dyn Fn(&str) -> String,
    notes: &mut Notes,
) -> String {
    let mut out = Writer::default();
    let Some(condition) = &packet.condition else {
        if !ids.is_empty() {
            out.open("ComparisonList", &[]);
            for id in ids {
                let value = id.id_value.as_ref().map(raw_text).unwrap_or_default();
                let attributes = [
                    ("parameterRef", name_of(&id.name)),
                    ("value", value),
                    ("useCalibratedValue", "false".to_owned()),
                ];
                let attributes = attributes.each_ref().map(|(name, value)| (*name, value.as_str()));
                out.leaf("Comparison", &attributes);
            }
            out.close("ComparisonList");
        }
        return out.finish();
    };
    let id = |id: &&Item| Condition::Compare {
        item: id.name.clone(),
        value_type: ValueType::Raw,
        comparison: Comparison::Equal,
        operand: Operand::Value(id.id_value.clone().unwrap_or_default()),
    };
    let mut all: Vec<Condition> = ids.iter().map(id).collect();
    match condition {
        Condition::All(inner) => all.extend(inner.iter().cloned()),
        other => all.push(other.clone()),
    }
    out.open("BooleanExpression", &[]);
    let label = format!("{} {}", packet.target_name, packet.packet_name);
    term(&Condition::All(all), name_of, &label, notes, &mut out);
    out.close("BooleanExpression");
    out.finish()
}

fn term(
    condition: &Condition,
    name_of: &dyn Fn(&str) -> String,
    label: &str,
    notes: &mut Notes,
    out: &mut Writer,
) {
    match condition {
        Condition::All(inner) | Condition::Any(inner) => match inner.as_slice() {
            [] => notes.add(label, "a condition of nothing"),
            [one] => term(one, name_of, label, notes, out),
            several => {
                let all = matches!(condition, Condition::All(_));
                let name = if all { "ANDedConditions" } else { "ORedConditions" };
                out.open(name, &[]);
                several.iter().for_each(|inner| term(inner, name_of, label, notes, out));
                out.close(name);
            }
        },
        Condition::Compare { item, value_type, comparison, operand } => {
            out.open("Condition", &[]);
            let reference = |name: &str, value_type: ValueType| {
                let calibrated = if value_type == ValueType::Raw { "false" } else { "true" };
                let name = name_of(name);
                let attributes =
                    [("parameterRef", name.as_str()), ("useCalibratedValue", calibrated)];
                attributes.map(|(name, value)| (name, value.to_owned()))
            };
            let left = reference(item, *value_type);
            let right = match operand {
                Operand::Item { name, value_type } => Some(reference(name, *value_type)),
                Operand::Value(_) => None,
            };
            let leaf = |out: &mut Writer, attributes: &[(&str, String); 2]| {
                let attributes = attributes.each_ref().map(|(name, value)| (*name, value.as_str()));
                out.leaf("ParameterInstanceRef", &attributes);
            };
            leaf(out, &left);
            out.text("ComparisonOperator", &[], operator(*comparison));
            match (operand, right) {
                (_, Some(right)) => leaf(out, &right),
                (Operand::Value(value), None) => out.text("Value", &[], &raw_text(value)),
                (Operand::Item { .. }, None) => {}
            }
            out.close("Condition");
        }
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

/// Renders a value to compare with.
pub(super) fn raw_text(value: &Value) -> String {
    match value {
        Value::String(text) => super::command::escaped(text),
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
        other => plain(other),
    }
}
