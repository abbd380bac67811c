//! Enumerations and truth values: names of integers, and their alarms.

use std::collections::BTreeMap;

use super::layered::Layered;
use super::{Scalar, TypeReader};
use crate::config::bounds;
use crate::definition::{Color, DataType, State, States};
use crate::value::Value;
use crate::xtce::diagnostics::Diagnostics;
use crate::xtce::numbers::Attributes;
use crate::xtce::xml::Element;

impl<'d> TypeReader<'_, 'd> {
    /// Reads labels into states, and alarms into their colours.
    ///
    /// Source: XTCE 1.2 schema, EnumerationListType, ValueEnumerationType, EnumerationAlarmType.
    pub(super) fn enumeration(
        &mut self,
        scalar: &mut Scalar<'d>,
        layers: &Layered<'d>,
    ) -> Option<()> {
        let Some(list) = layers.child("EnumerationList") else {
            self.notes.error(layers.element(), "has no EnumerationList");
            return None;
        };
        self.notes.only(list, &[], &["Enumeration"]);
        let mut states = States::default();
        // First and last value of each label, by first value.
        let mut taken: BTreeMap<i128, i128> = BTreeMap::new();
        for label in list.children_named("Enumeration") {
            let Some((name, low, high)) = read_label(self.notes, label) else { continue };
            let before = taken.range(..=high).next_back();
            if before.is_some_and(|(_, last)| *last >= low) {
                self.notes.error(label, "a value of it has a label already");
                continue;
            }
            taken.insert(low, high);
            let mut state = states.get_exact(name).cloned().unwrap_or_default();
            if state.value == Value::Null {
                state.value = Value::Int(low);
                if high > low {
                    state.ranges.push(low + 1..=high);
                }
            } else {
                state.ranges.push(low..=high);
            }
            states.insert_as_written(name, state);
        }
        if states.is_empty() {
            self.notes.error(list, "has no Enumeration");
            return None;
        }
        if !self.command
            && let Some(alarm) = layers.child("DefaultAlarm")
        {
            colors(self.notes, scalar, &mut states, alarm)?;
        }
        scalar.item.states = Some(states);
        self.any_value(scalar);
        Some(())
    }

    /// Gives a labelled argument the range of its field: the labels say what may be given.
    pub(super) fn any_value(&self, scalar: &mut Scalar<'d>) {
        if self.command {
            let bounds = bounds(scalar.item.data_type, scalar.item.bit_size).ok();
            (scalar.item.minimum, scalar.item.maximum) = bounds.unzip();
        }
    }
}

fn read_label<'d>(notes: &mut Diagnostics, element: Element<'d>) -> Option<(&'d str, i128, i128)> {
    notes.only(element, &["value", "maxValue", "label", "shortDescription"], &[]);
    let mut attributes = Attributes { element, notes };
    attributes.text("value")?;
    let name = attributes.text("label")?;
    let low = attributes.integer("value")?;
    let high = attributes.integer("maxValue").unwrap_or(low);
    if high < low {
        notes.error(element, "maxValue is less than value");
        return None;
    }
    Some((name, low, high))
}

/// Makes states of a truth value: zero is false, everything else is true.
///
/// Source: XTCE 1.2 schema, BooleanDataType.
pub(super) fn boolean(scalar: &mut Scalar<'_>, layers: &Layered<'_>) {
    let one = layers.attribute("oneStringValue").unwrap_or("True");
    let zero = layers.attribute("zeroStringValue").unwrap_or("False");
    let mut states = States::default();
    let state = |value: i128| State { value: Value::Int(value), ..State::default() };
    states.insert_as_written(zero, state(0));
    let bits = u32::try_from(scalar.item.bit_size).unwrap_or(1).clamp(1, 126);
    let mut ranges = Vec::new();
    let (lowest, highest) = match scalar.item.data_type {
        DataType::Int => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
        _ => (0, (1_i128 << bits) - 1),
    };
    if lowest < 0 {
        ranges.push(lowest..=-1);
    }
    if highest > 1 {
        ranges.push(2..=highest);
    }
    // The only value beside zero of a single signed bit is -1.
    let first = if highest >= 1 { 1 } else { ranges.pop().map_or(1, |range| *range.start()) };
    states.insert_as_written(one, State { ranges, ..state(first) });
    scalar.item.states = Some(states);
}

/// Colours the states that are alarms.
fn colors(
    notes: &mut Diagnostics,
    scalar: &mut Scalar<'_>,
    states: &mut States,
    alarm: Element<'_>,
) -> Option<()> {
    let attributes =
        ["name", "shortDescription", "minViolations", "minConformance", "defaultAlarmLevel"];
    // In 1.0 and 1.1 the alarms stand in no list.
    let children = ["AncillaryDataSet", "EnumerationAlarmList", "EnumerationAlarm"];
    notes.only(alarm, &attributes, &children);
    scalar.item.limits.persistence = super::alarm::persistence(notes, alarm)?;
    let otherwise = match alarm.attribute("defaultAlarmLevel") {
        None | Some("normal") => None,
        Some(level) => Some(level_color(notes, alarm, level)?),
    };
    let mut given: Vec<(&str, Color)> = Vec::new();
    let lists = alarm.child("EnumerationAlarmList").into_iter().chain([alarm]);
    for element in lists.flat_map(|list| list.children_named("EnumerationAlarm")) {
        // 1.0 and 1.1 call the label a value.
        notes.only(element, &["alarmLevel", "enumerationLabel", "enumerationValue"], &[]);
        let mut attributes = Attributes { element, notes };
        let level = attributes.text("alarmLevel")?;
        let label = match element.attribute("enumerationValue") {
            Some(value) => value,
            None => attributes.text("enumerationLabel")?,
        };
        if states.get_exact(label).is_none() {
            notes.error(element, format!("there is no label {label}"));
            return None;
        }
        given.push((label, level_color(notes, element, level)?));
    }
    states.color(|name| {
        given.iter().find(|(known, _)| *known == name).map(|(_, color)| *color).or(otherwise)
    });
    scalar.item.limits.enabled = states.has_colors();
    Some(())
}

fn level_color(notes: &mut Diagnostics, element: Element<'_>, level: &str) -> Option<Color> {
    match level {
        "normal" => Some(Color::Green),
        "watch" | "warning" => Some(Color::Yellow),
        "distress" | "critical" | "severe" => Some(Color::Red),
        other => {
            notes.error(element, format!("the level {other} is not known"));
            None
        }
    }
}
