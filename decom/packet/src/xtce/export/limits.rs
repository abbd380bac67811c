//! Limits as alarm ranges, colours as alarms of labels.

use super::notes::Notes;
use super::writer::Writer;
use crate::definition::{Color, Item, LimitsSet};

/// Writes the alarm of a number; nothing if it has no limits.
pub(super) fn ranges(item: &Item, label: &str, notes: &mut Notes) -> String {
    let limits = &item.limits;
    notes.add_if(limits.response.is_some(), label, "the limits response");
    for name in limits.sets.keys().filter(|name| *name != "DEFAULT") {
        notes.add(label, format!("the limits set {name}"));
    }
    let Some(set) = limits.sets.get("DEFAULT") else { return String::new() };
    notes.add_if(!limits.enabled, label, "that limits are disabled at first");
    notes.add_if(set.green.is_some(), label, "the operational limits (green)");
    let mut out = Writer::default();
    let violations = limits.persistence.max(1).to_string();
    notes.add_if(limits.persistence == 0, label, "persistence 0, written as 1");
    out.open("DefaultAlarm", &[("minViolations", &violations)]);
    out.open("StaticAlarmRanges", &[]);
    let LimitsSet { red_low, yellow_low, yellow_high, red_high, .. } = *set;
    // Where yellow begins with red there is only red.
    let only_red = red_low == yellow_low && red_high == yellow_high;
    for (name, low, high) in
        [("WarningRange", yellow_low, yellow_high), ("CriticalRange", red_low, red_high)]
    {
        let low = low.is_finite().then(|| low.to_string());
        let high = high.is_finite().then(|| high.to_string());
        let mut attributes = Vec::new();
        attributes.extend(low.as_deref().map(|low| ("minExclusive", low)));
        attributes.extend(high.as_deref().map(|high| ("maxExclusive", high)));
        let said_by_red = only_red && name == "WarningRange";
        if !(attributes.is_empty() || said_by_red) {
            out.leaf(name, &attributes);
        }
    }
    out.close("StaticAlarmRanges");
    out.close("DefaultAlarm");
    out.finish()
}

/// Writes the alarm of labels; nothing if no state has a colour.
pub(super) fn colors(item: &Item, label: &str, notes: &mut Notes) -> String {
    let Some(states) = item.states.as_ref().filter(|states| states.has_colors()) else {
        return String::new();
    };
    notes.add_if(item.limits.response.is_some(), label, "the limits response");
    notes.add_if(!item.limits.enabled, label, "that limits are disabled at first");
    let mut out = Writer::default();
    let violations = item.limits.persistence.max(1).to_string();
    out.open("DefaultAlarm", &[("minViolations", &violations)]);
    out.open("EnumerationAlarmList", &[]);
    for (name, state) in states.iter() {
        let level = match state.color {
            None => continue,
            Some(Color::Green) => "normal",
            Some(Color::Yellow) => "warning",
            Some(Color::Red) => "critical",
        };
        out.leaf("EnumerationAlarm", &[("alarmLevel", level), ("enumerationLabel", name)]);
    }
    out.close("EnumerationAlarmList");
    out.close("DefaultAlarm");
    out.finish()
}
