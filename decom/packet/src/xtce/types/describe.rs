//! Descriptions, units, formats and whatever else says nothing about bits.

use indexmap::IndexMap;

use super::layered::Layered;
use crate::definition::{FormatString, Item, Units};
use crate::xtce::diagnostics::Diagnostics;
use crate::xtce::numbers::Attributes;
use crate::xtce::xml::Element;

/// Name space of aliases that give the name an item had before it was exported.
pub(in crate::xtce) const OWN_NAME_SPACE: &str = "groundlog";
/// `META` entry for the long description of what has a short one too.
pub(in crate::xtce) const LONG_DESCRIPTION: &str = "LONG_DESCRIPTION";
/// Digits that a format may ask for.
const MAX_DIGITS: i128 = 20;

/// Reads what is common to all types into an item.
pub(super) fn item(notes: &mut Diagnostics, layers: &Layered<'_>, item: &mut Item) {
    let element = layers.element();
    item.description = layers.attribute("shortDescription").map(str::to_owned);
    let long = layers.child("LongDescription").map(|long| long.text()).filter(|it| !it.is_empty());
    if item.description.is_none() {
        item.description = long.map(str::to_owned);
    }
    item.meta = meta(notes, element);
    item.units = layers.child("UnitSet").and_then(|set| units(notes, set));
    if let Some(format) = layers.child("ToString") {
        item.format_string = format_string(notes, format);
    }
}

/// Returns the description of a named element, and its `META`.
pub(in crate::xtce) fn described(
    notes: &mut Diagnostics,
    element: Element<'_>,
) -> (Option<String>, IndexMap<String, Vec<String>>) {
    let mut meta = meta(notes, element);
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let short = element.attribute("shortDescription").and_then(text);
    let long = element.child("LongDescription").and_then(|long| text(long.text()));
    match (short, long) {
        (Some(short), Some(long)) => {
            meta.insert(LONG_DESCRIPTION.to_owned(), vec![long]);
            (Some(short), meta)
        }
        (short, long) => (short.or(long), meta),
    }
}

/// Reads aliases and ancillary data.
pub(in crate::xtce) fn meta(
    notes: &mut Diagnostics,
    element: Element<'_>,
) -> IndexMap<String, Vec<String>> {
    let mut meta: IndexMap<String, Vec<String>> = IndexMap::new();
    for set in element.children_named("AncillaryDataSet") {
        notes.only(set, &[], &["AncillaryData"]);
        for data in set.children_named("AncillaryData") {
            notes.only(data, &["name", "mimeType", "href"], &[]);
            let Some(name) = (Attributes { element: data, notes }).text("name") else { continue };
            let text = data.attribute("href").unwrap_or(data.text());
            meta.entry(name.to_uppercase()).or_default().push(text.to_owned());
        }
    }
    for set in element.children_named("AliasSet") {
        notes.only(set, &[], &["Alias"]);
        for alias in set.children_named("Alias") {
            notes.only(alias, &["nameSpace", "alias"], &[]);
            let mut attributes = Attributes { element: alias, notes };
            let (space, name) = (attributes.text("nameSpace"), attributes.text("alias"));
            if let (Some(space), Some(name)) = (space, name)
                && space != OWN_NAME_SPACE
            {
                let key = format!("ALIAS {}", space.to_uppercase());
                meta.entry(key).or_default().push(name.to_owned());
            }
        }
    }
    meta
}

/// Returns the name that an element had before it was exported, where XTCE does not allow it.
pub(in crate::xtce) fn own_name(element: Element<'_>) -> Option<&str> {
    let set = element.child("AliasSet")?;
    let mut aliases = set.children_named("Alias");
    let own = aliases.find(|alias| alias.attribute("nameSpace") == Some(OWN_NAME_SPACE))?;
    own.attribute("alias")
}

/// Reads the units; several are multiplied.
///
/// Source: XTCE 1.2 schema, UnitSetType, UnitType.
fn units(notes: &mut Diagnostics, set: Element<'_>) -> Option<Units> {
    notes.only(set, &[], &["Unit"]);
    let mut full = Vec::new();
    let mut abbreviations = Vec::new();
    for unit in set.children_named("Unit") {
        notes.only(unit, &["power", "factor", "description", "form"], &[]);
        if let Some(other) = unit.attribute("form").filter(|form| *form != "calibrated") {
            // A second unit, of the raw value, is no unit of the item.
            notes.warn(unit, format!("a unit of form {other} is passed over"));
            continue;
        }
        let mut text = unit.text().to_owned();
        if let Some(factor) = unit.attribute("factor").filter(|factor| *factor != "1") {
            text = format!("{factor}*{text}");
        }
        if let Some(power) = unit.attribute("power").filter(|power| !["1", "1.0"].contains(power)) {
            text = format!("{text}^{power}");
        }
        if text.is_empty() {
            continue;
        }
        full.push(unit.attribute("description").unwrap_or(&text).to_owned());
        abbreviations.push(text);
    }
    let abbreviation = abbreviations.join(" ");
    (!abbreviation.is_empty()).then(|| Units { full: full.join(" "), abbreviation })
}

/// Reads how a number is shown.
///
/// Source: XTCE 1.2 schema, NumberFormatType.
fn format_string(notes: &mut Diagnostics, element: Element<'_>) -> Option<FormatString> {
    notes.only(element, &[], &["NumberFormat"]);
    let format = element.child("NumberFormat")?;
    let known = [
        "numberBase",
        "minimumFractionDigits",
        "maximumFractionDigits",
        "minimumIntegerDigits",
        "notation",
    ];
    notes.only(format, &known, &[]);
    let mut attributes = Attributes { element: format, notes };
    let fewest = attributes.integer("minimumFractionDigits");
    let most = attributes.integer("maximumFractionDigits");
    let width = attributes.integer("minimumIntegerDigits").unwrap_or(1);
    let digits = most.or(fewest).unwrap_or(0);
    let conversion = match (format.attribute("numberBase"), format.attribute("notation")) {
        (None | Some("Decimal"), None | Some("normal")) if width == 1 => "f",
        (None | Some("Decimal"), Some("scientific")) if width == 1 => "e",
        (Some("Hexadecimal"), None | Some("normal")) => "X",
        (Some("Octal"), None | Some("normal")) => "o",
        (Some("Binary"), None | Some("normal")) => "b",
        _ => {
            notes.error(format, "this base, notation and width together are not supported");
            return None;
        }
    };
    let equal = fewest.is_none_or(|fewest| most.is_none_or(|most| most == fewest));
    if !equal || !(0..=MAX_DIGITS).contains(&digits) || !(0..=MAX_DIGITS).contains(&width) {
        let message = format!(
            "numbers of digits must be 0 to {MAX_DIGITS}, as many fraction digits at least as at most"
        );
        notes.error(format, message);
        return None;
    }
    let text = match conversion {
        "f" if most.is_none() && fewest.is_none() => return None,
        "f" | "e" => format!("%.{digits}{conversion}"),
        base if width > 1 => format!("%0{width}{base}"),
        base => format!("%{base}"),
    };
    FormatString::parse(&text).ok()
}
