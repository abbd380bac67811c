//! Floating point conversions of printf.

use super::Spec;

/// Appends `%e`, `%f`, `%g` or `%a` in either case.
pub(super) fn render(spec: &Spec, value: f64, out: &mut String) {
    let sign = spec.sign(value.is_sign_negative() && !value.is_nan());
    if !value.is_finite() {
        let word = if value.is_nan() { "NaN" } else { "Inf" };
        spec.pad_number(sign, word, false, out);
        return;
    }
    let magnitude = value.abs();
    let mut digits = match spec.conversion {
        'f' => fixed(magnitude, spec.precision.unwrap_or(6), spec.alternate),
        'e' | 'E' => scientific(magnitude, spec.precision.unwrap_or(6), spec.alternate),
        'g' | 'G' => general(magnitude, spec.precision.unwrap_or(6).max(1), spec.alternate),
        _ => hexadecimal(magnitude, spec.precision),
    };
    if spec.conversion.is_ascii_uppercase() {
        digits.make_ascii_uppercase();
    }
    spec.pad_number(sign, &digits, true, out);
}

fn fixed(value: f64, precision: usize, point: bool) -> String {
    let dot = if point && precision == 0 { "." } else { "" };
    format!("{value:.precision$}{dot}")
}

fn scientific(value: f64, precision: usize, point: bool) -> String {
    let (mantissa, exponent) = decimal_parts(value, precision);
    let dot = if point && precision == 0 { "." } else { "" };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}{dot}e{sign}{:02}", exponent.unsigned_abs())
}

fn general(value: f64, precision: usize, keep_zeros: bool) -> String {
    let (_, exponent) = decimal_parts(value, precision - 1);
    let significant = i32::try_from(precision).unwrap_or(i32::MAX);
    if (-4..significant).contains(&exponent) {
        let places = usize::try_from(significant - 1 - exponent).unwrap_or(0);
        let text = fixed(value, places, keep_zeros);
        return if keep_zeros { text } else { without_zeros(&text).to_owned() };
    }
    let text = scientific(value, precision - 1, keep_zeros);
    match text.split_once('e') {
        Some((mantissa, exponent)) if !keep_zeros => {
            format!("{}e{exponent}", without_zeros(mantissa))
        }
        _ => text,
    }
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Splits into mantissa text with that many places and decimal exponent.
fn decimal_parts(value: f64, precision: usize) -> (String, i32) {
    let text = format!("{value:.precision$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa.to_owned(), exponent.parse().unwrap_or(0)),
        None => (text, 0),
    }
}

/// Renders as C's `%a`: one hexadecimal digit, the fraction, a binary exponent.
fn hexadecimal(value: f64, precision: Option<usize>) -> String {
    const FRACTION_BITS: u32 = 52;
    let bits = value.to_bits();
    let stored = ((bits >> FRACTION_BITS) & 0x7ff) as i32;
    let mut mantissa = bits & ((1 << FRACTION_BITS) - 1);
    let exponent = match (stored, mantissa) {
        (0, 0) => 0,
        (0, _) => -1022,
        _ => {
            mantissa |= 1 << FRACTION_BITS;
            stored - 1023
        }
    };
    if let Some(places) = precision.filter(|places| *places < 13) {
        let dropped = FRACTION_BITS - 4 * places as u32;
        let half = 1_u64 << (dropped - 1);
        let rest = mantissa & ((1 << dropped) - 1);
        mantissa >>= dropped;
        mantissa += u64::from(rest > half || (rest == half && mantissa & 1 == 1));
        mantissa <<= dropped;
    }
    let whole = mantissa >> FRACTION_BITS;
    let fraction = format!("{:013x}", mantissa & ((1 << FRACTION_BITS) - 1));
    let shown = match precision {
        Some(places) => format!("{fraction:0<places$}")[..places].to_owned(),
        None => fraction.trim_end_matches('0').to_owned(),
    };
    let dot = if shown.is_empty() { "" } else { "." };
    format!("0x{whole:x}{dot}{shown}p{exponent:+}")
}
