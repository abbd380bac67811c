//! Times: counts of a unit since an epoch, since another time, or as they are.

use super::layered::Layered;
use super::{Scalar, TypeReader};
use crate::definition::{Conversion, CountedTime, TimeOrigin};
use crate::time::{NANOS_PER_SECOND, days_from_date};
use crate::xtce::conversions;
use crate::xtce::numbers::Attributes;
use crate::xtce::space::Reference;
use crate::xtce::xml::Element;

/// Seconds from 1970-01-01 to 1980-01-06, where GPS time begins, both UTC.
const GPS_EPOCH: i64 = 315_964_800;
/// What TAI was ahead of UTC then.
const GPS_AHEAD: i64 = 19;
/// Seconds from 1970-01-01 back to 1958-01-01, where TAI begins.
const TAI_EPOCH: i64 = -378_691_200;
/// Nanoseconds from 1970-01-01 TAI to J2000, which is 2000-01-01 12:00:00 TT: TT is 32.184 s ahead.
const J2000_NANOS: i64 = 946_728_000 * NANOS_PER_SECOND - 32_184_000_000;

impl<'d> TypeReader<'_, 'd> {
    /// Returns the data encoding within the encoding of a time.
    pub(super) fn encoded_time(&mut self, layers: &Layered<'d>) -> Option<(Element<'d>, usize)> {
        let (encoding, system) = layers.child_in("Encoding")?;
        let known = ["IntegerDataEncoding", "FloatDataEncoding"];
        self.notes.only(encoding, &["units", "scale", "offset"], &known);
        let found = encoding.children().find(|child| known.contains(&child.name()))?;
        Some((found, system))
    }

    /// Reads scale and offset of a time, in seconds.
    ///
    /// Source: XTCE 1.2 schema, EncodingType, TimeUnitsType.
    fn scale(&mut self, layers: &Layered<'d>) -> Option<(f64, f64)> {
        let encoding = layers.child("Encoding")?;
        let mut attributes = Attributes { element: encoding, notes: self.notes };
        let scale = attributes.float("scale").unwrap_or(1.0);
        let offset = attributes.float("offset").unwrap_or(0.0);
        if !scale.is_finite() || !offset.is_finite() || scale == 0.0 {
            self.notes.error(encoding, "scale and offset must be finite, and scale not 0");
            return None;
        }
        match encoding.attribute("units").unwrap_or("seconds") {
            "seconds" => Some((scale, offset)),
            "picoSeconds" => Some((scale * 1e-12, offset * 1e-12)),
            "days" => Some((scale * 86_400.0, offset * 86_400.0)),
            other => {
                let message =
                    format!("units=\"{other}\" is not supported; seconds, picoSeconds, days are");
                self.notes.error(encoding, message);
                None
            }
        }
    }

    /// Makes a moment of the count.
    pub(super) fn absolute_time(
        &mut self,
        scalar: &mut Scalar<'d>,
        layers: &Layered<'d>,
    ) -> Option<()> {
        let (scale, offset) = self.scale(layers)?;
        let Some((reference, system)) = layers.child_in("ReferenceTime") else {
            // A count from nowhere in particular stays the number of seconds that it is.
            return self.linear(scalar, layers, scale, offset);
        };
        if self.command || scalar.item.read_conversion.is_some() {
            let message = if self.command {
                "moments as arguments are not supported"
            } else {
                "moments with the least significant bit first are not supported"
            };
            self.notes.error(layers.element(), message);
            return None;
        }
        self.notes.only(reference, &[], &["Epoch", "OffsetFrom"]);
        let origin = match (reference.child("Epoch"), reference.child("OffsetFrom")) {
            (Some(epoch), None) => {
                self.notes.only(epoch, &[], &[]);
                let Some(origin) = epoch_of(epoch.text()) else {
                    let shown: String = epoch.text().chars().take(40).collect();
                    let message = format!(
                        "\"{shown}\" must be TAI, GPS, J2000, UNIX, a date or a date with time"
                    );
                    self.notes.error(epoch, message);
                    return None;
                };
                origin
            }
            (None, Some(from)) => {
                let known = ["parameterRef", "instance", "useCalibratedValue"];
                self.notes.only(from, &known, &[]);
                super::size::current_instance(self.notes, from)?;
                let base = Reference::of(self.notes, system, from, "parameterRef")?;
                scalar.counts_from = Some(base);
                // The item's name is known when it is placed.
                TimeOrigin::Item(String::new())
            }
            _ => {
                self.notes.error(reference, "needs either Epoch or OffsetFrom");
                return None;
            }
        };
        let time = Conversion::CountedTime(CountedTime { scale, offset, origin });
        let location = self.notes.location(layers.element());
        scalar.item.read_conversion = Some(conversions::counted_time(time, location).into());
        Some(())
    }

    /// Makes seconds of the count.
    pub(super) fn relative_time(
        &mut self,
        scalar: &mut Scalar<'d>,
        layers: &Layered<'d>,
    ) -> Option<()> {
        let (scale, offset) = self.scale(layers)?;
        if let Some(reference) = layers.child("ReferenceTime") {
            self.notes.warn(reference, "is passed over; a relative time stays a number of seconds");
        }
        self.linear(scalar, layers, scale, offset)
    }

    fn linear(
        &mut self,
        scalar: &mut Scalar<'d>,
        layers: &Layered<'d>,
        scale: f64,
        offset: f64,
    ) -> Option<()> {
        if (scale, offset) == (1.0, 0.0) {
            return Some(());
        }
        let item = &mut scalar.item;
        if item.read_conversion.is_some() || item.write_conversion.is_some() {
            let message = "a scale with the least significant bit first is not supported";
            self.notes.error(layers.element(), message);
            return None;
        }
        let location = self.notes.location(layers.element());
        if self.command {
            // What is given are seconds.
            let inverse = vec![-offset / scale, 1.0 / scale];
            item.write_conversion = Some(conversions::polynomial(inverse, location).into());
        } else {
            let terms = vec![offset, scale];
            item.read_conversion = Some(conversions::polynomial(terms, location).into());
        }
        Some(())
    }
}

/// Reads an epoch: a word, a date, or a date with time, which is UTC unless it names its offset.
///
/// Source: XTCE 1.2 schema, EpochType.
fn epoch_of(text: &str) -> Option<TimeOrigin> {
    let tai = |seconds: i64| Some(TimeOrigin::Tai(seconds.checked_mul(NANOS_PER_SECOND)?));
    match text {
        "TAI" => tai(TAI_EPOCH),
        "GPS" => tai(GPS_EPOCH + GPS_AHEAD),
        "J2000" => Some(TimeOrigin::Tai(J2000_NANOS)),
        "UNIX" | "POSIX" => Some(TimeOrigin::Utc(0)),
        _ => date_time(text).map(TimeOrigin::Utc),
    }
}

/// Returns the word of an epoch on the scale of TAI.
pub(in crate::xtce) fn epoch_word(nanos: i64) -> Option<&'static str> {
    let words = ["TAI", "GPS", "J2000"];
    words.into_iter().find(|word| epoch_of(word) == Some(TimeOrigin::Tai(nanos)))
}

/// Reads `YYYY-MM-DD[Thh:mm:ss[.s…]][Z|±hh:mm]` into nanoseconds since 1970 UTC.
fn date_time(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut fields = date.split('-');
    let year: i64 = fields.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut small = |most: u32| -> Option<u32> {
        fields.next()?.parse().ok().filter(|field| (1..=most).contains(field))
    };
    let (month, day) = (small(12)?, small(31)?);
    let (clock, zone) = match rest.strip_prefix('T') {
        Some(clock) => {
            let end = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
            clock.split_at_checked(end)?
        }
        None => ("00:00:00", rest),
    };
    let sexagesimal = |text: &str| -> Option<i64> {
        let mut sum = 0;
        for field in text.split(':') {
            let field: i64 = field.parse().ok().filter(|field| (0..60).contains(field))?;
            sum = sum * 60 + field;
        }
        Some(sum)
    };
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let of_day = sexagesimal(whole).filter(|_| whole.split(':').count() == 3)?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let minutes = match zone {
        "" | "Z" => 0,
        zone => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let of_zone = zone.get(1..).filter(|zone| zone.split(':').count() == 2)?;
            sign * sexagesimal(of_zone)?
        }
    };
    let seconds = days_from_date(year, month, day) * 86_400 + of_day - minutes * 60;
    seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let second = NANOS_PER_SECOND;
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("1958-01-01", TAI_EPOCH),
            ("1980-01-06T00:00:00Z", GPS_EPOCH),
            ("2000-01-01T13:00:00+01:00", 946_728_000),
            ("2000-01-01T11:59:59", 946_727_999),
        ] {
            assert_eq!(date_time(text), Some(seconds * second), "{text}");
        }
        assert_eq!(date_time("1970-01-01T00:00:00.25"), Some(second / 4));
        for text in
            ["", "1970", "1970-13-01", "1970-01-01T1", "1970-01-01x", "é970-01-01", "9999-01-01"]
        {
            assert_eq!(date_time(text), None, "{text}");
        }
        assert_eq!(epoch_of("UNIX"), Some(TimeOrigin::Utc(0)));
        assert_eq!(epoch_of("unix"), None);
    }
}
