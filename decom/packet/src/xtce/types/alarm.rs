//! Alarm ranges of numbers as limits.

use super::layered::Layered;
use super::{Class, Scalar};
use crate::definition::LimitsSet;
use crate::xtce::diagnostics::Diagnostics;
use crate::xtce::numbers::Attributes;
use crate::xtce::xml::Element;

/// Levels that make yellow limits, and those that make red ones.
const LEVELS: [(&[&str], &str); 2] = [
    (&["WatchRange", "WarningRange"], "yellow"),
    (&["DistressRange", "CriticalRange", "SevereRange"], "red"),
];

/// Reads how many violations make an alarm; as many good values end it.
pub(super) fn persistence(notes: &mut Diagnostics, alarm: Element<'_>) -> Option<u32> {
    let mut attributes = Attributes { element: alarm, notes };
    let violations = attributes.integer("minViolations").unwrap_or(1);
    let conformance = attributes.integer("minConformance").unwrap_or(violations);
    let count = u32::try_from(violations).ok().filter(|count| *count >= 1);
    if count.is_none() || violations != conformance {
        let message = "minViolations must be at least 1, and minConformance the same";
        notes.error(alarm, message);
        return None;
    }
    count
}

/// Reads the default alarm of a number into limits.
///
/// The ends of an XTCE range are good values if inclusive; limits count themselves as violated. So
/// an inclusive end becomes the next number outside of it.
///
/// Source: XTCE 1.2 schema, NumericAlarmType, AlarmRangesType, FloatRangeType.
pub(super) fn limits(
    notes: &mut Diagnostics,
    scalar: &mut Scalar<'_>,
    layers: &Layered<'_>,
) -> Option<()> {
    let Some(alarm) = layers.child("DefaultAlarm") else { return Some(()) };
    let attributes = ["name", "shortDescription", "minViolations", "minConformance"];
    notes.only(alarm, &attributes, &["AncillaryDataSet", "StaticAlarmRanges"]);
    let persistence = persistence(notes, alarm)?;
    let Some(ranges) = alarm.child("StaticAlarmRanges") else {
        return if alarm.children().next().is_some() { None } else { Some(()) };
    };
    let levels: Vec<&str> = LEVELS.iter().flat_map(|(names, _)| *names).copied().collect();
    let mut known = vec!["AncillaryDataSet"];
    known.extend(&levels);
    notes.only(ranges, &["name", "shortDescription", "rangeForm"], &known);
    if let Some(other) = ranges.attribute("rangeForm").filter(|form| *form != "outside") {
        notes.error(ranges, format!("rangeForm=\"{other}\" is not supported; outside is"));
        return None;
    }
    // Engineering values of integers without calibrator are whole.
    let whole = scalar.class == Class::Integer && scalar.item.read_conversion.is_none();
    let mut found = [None, None];
    for ((names, color), range) in LEVELS.iter().zip(&mut found) {
        for name in *names {
            let Some(element) = ranges.child(name) else { continue };
            if range.is_some() {
                let message = format!("there is a {color} range already; two are not supported");
                notes.error(element, message);
                return None;
            }
            *range = Some(violated(notes, element, whole)?);
        }
    }
    let [yellow, red] = found;
    if yellow.is_none() && red.is_none() {
        return Some(());
    }
    let (red_low, red_high) = red.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let (yellow_low, yellow_high) = yellow.unwrap_or((red_low, red_high));
    // A value that is red and yellow is red.
    let (yellow_low, yellow_high) = (yellow_low.max(red_low), yellow_high.min(red_high));
    if yellow_low >= yellow_high {
        notes.error(ranges, "no value would be in limits");
        return None;
    }
    let set = LimitsSet { red_low, yellow_low, yellow_high, red_high, green: None };
    scalar.item.limits.sets.insert("DEFAULT".to_owned(), set);
    scalar.item.limits.enabled = true;
    scalar.item.limits.persistence = persistence;
    Some(())
}

/// Reads a range into the highest value below it and the lowest above it.
fn violated(notes: &mut Diagnostics, element: Element<'_>, whole: bool) -> Option<(f64, f64)> {
    let names = ["minInclusive", "minExclusive", "maxInclusive", "maxExclusive"];
    notes.only(element, &names, &[]);
    let mut attributes = Attributes { element, notes };
    let [min_inclusive, min_exclusive, max_inclusive, max_exclusive] =
        names.map(|name| attributes.float(name));
    let below = |x: f64| if whole { (x - 1.0).ceil() } else { x.next_down() };
    let above = |x: f64| if whole { (x + 1.0).floor() } else { x.next_up() };
    let low = min_exclusive.or(min_inclusive.map(below)).unwrap_or(f64::NEG_INFINITY);
    let high = max_exclusive.or(max_inclusive.map(above)).unwrap_or(f64::INFINITY);
    let both = min_exclusive.is_some() && min_inclusive.is_some()
        || max_exclusive.is_some() && max_inclusive.is_some();
    if both || low.is_nan() || high.is_nan() || low >= high {
        notes.error(element, "the range makes no sense");
        return None;
    }
    Some((low, high))
}
