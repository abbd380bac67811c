//! Calibrators: from raw numbers to engineering values.

use crate::definition::{Conversion, ConversionDefinition, Spline, SplinePoint};
use crate::xtce::conversions;
use crate::xtce::diagnostics::Diagnostics;
use crate::xtce::numbers::Attributes;
use crate::xtce::xml::Element;

/// Exponents beyond this only serve to exhaust memory.
const MAX_EXPONENT: i128 = 100;

/// Reads a calibrator.
///
/// Source: XTCE 1.2 schema, CalibratorType, PolynomialCalibratorType, SplineCalibratorType.
pub(super) fn read(
    notes: &mut Diagnostics,
    calibrator: Element<'_>,
) -> Option<ConversionDefinition> {
    let children = ["AncillaryDataSet", "PolynomialCalibrator", "SplineCalibrator"];
    notes.only(calibrator, &["name", "shortDescription"], &children);
    for child in calibrator.children() {
        match child.name() {
            "PolynomialCalibrator" => return polynomial(notes, child),
            "SplineCalibrator" => return spline(notes, child),
            _ => {}
        }
    }
    // An unsupported one was noted already.
    if calibrator.children().next().is_none() {
        notes.error(calibrator, "has neither PolynomialCalibrator nor SplineCalibrator");
    }
    None
}

fn polynomial(notes: &mut Diagnostics, element: Element<'_>) -> Option<ConversionDefinition> {
    notes.only(element, &[], &["Term"]);
    let mut coefficients: Vec<f64> = Vec::new();
    for term in element.children_named("Term") {
        notes.only(term, &["coefficient", "exponent"], &[]);
        let mut attributes = Attributes { element: term, notes };
        attributes.text("coefficient")?;
        attributes.text("exponent")?;
        let coefficient = attributes.float("coefficient")?;
        // Some write 1.0.
        let exponent = attributes.float("exponent")?;
        if exponent != exponent.trunc() || !(0.0..=MAX_EXPONENT as f64).contains(&exponent) {
            notes.error(term, format!("exponent must be a whole number of 0 to {MAX_EXPONENT}"));
            return None;
        }
        let exponent = exponent as usize;
        if coefficients.len() <= exponent {
            coefficients.resize(exponent + 1, 0.0);
        }
        coefficients[exponent] += coefficient;
    }
    if coefficients.is_empty() {
        notes.error(element, "has no Term");
        return None;
    }
    Some(conversions::polynomial(coefficients, notes.location(element)))
}

fn spline(notes: &mut Diagnostics, element: Element<'_>) -> Option<ConversionDefinition> {
    notes.only(element, &["order", "extrapolate"], &["SplinePoint"]);
    let mut attributes = Attributes { element, notes };
    let order = attributes.integer("order").unwrap_or(1);
    let extrapolate = attributes.boolean("extrapolate").unwrap_or(false);
    let mut points = Vec::new();
    for point in element.children_named("SplinePoint") {
        notes.only(point, &["order", "raw", "calibrated"], &[]);
        let mut attributes = Attributes { element: point, notes };
        attributes.text("raw")?;
        attributes.text("calibrated")?;
        let (raw, calibrated) = (attributes.float("raw")?, attributes.float("calibrated")?);
        let order = attributes.integer("order").unwrap_or(order);
        if !(0..=1).contains(&order) {
            let message = format!("order=\"{order}\" is not supported; 0 and 1 are");
            notes.error(point, message);
            return None;
        }
        if !raw.is_finite() || !calibrated.is_finite() {
            notes.error(point, "raw and calibrated must be finite");
            return None;
        }
        points.push(SplinePoint { raw, calibrated, flat: order == 0 });
    }
    points.sort_by(|a, b| a.raw.total_cmp(&b.raw));
    if points.len() < 2 || points.windows(2).any(|pair| pair[0].raw == pair[1].raw) {
        notes.error(element, "needs at least two points, no two with the same raw value");
        return None;
    }
    let spline = Conversion::Spline(Spline { points, extrapolate });
    Some(conversions::curve(spline, notes.location(element)))
}
