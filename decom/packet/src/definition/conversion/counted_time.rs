//! Moments that a number counts from an epoch.

use super::SelectedItem;
use crate::time::{NANOS_PER_SECOND, leap};
use crate::value::Value;

/// Counts beyond this many nanoseconds are no times, and sums of two of them stay in range.
const MAX_NANOS: i128 = i64::MAX as i128;

/// Where a count starts.
#[derive(Debug, Clone, PartialEq)]
pub enum TimeOrigin {
    /// Nanoseconds since 1970-01-01 UTC; every day has 86 400 s.
    Utc(i64),
    /// Nanoseconds since 1970-01-01 TAI; leap seconds are counted.
    Tai(i64),
    /// The converted value of another item of the packet, which is a moment.
    Item(String),
}

/// A moment given as a count of seconds: `scale` × count + `offset` after its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct CountedTime {
    /// Seconds per count.
    pub scale: f64,
    /// Seconds added.
    pub offset: f64,
    /// Where the count starts.
    pub origin: TimeOrigin,
}

impl CountedTime {
    /// Returns the other item that is read, if there is one.
    #[must_use]
    pub fn base(&self) -> Option<SelectedItem> {
        match &self.origin {
            TimeOrigin::Item(name) => Some(SelectedItem {
                name: name.clone(),
                value_type: crate::definition::ValueType::Converted,
            }),
            _ => None,
        }
    }

    /// Returns the moment in nanoseconds since 1970-01-01 UTC; `base` is the value of the item
    /// that the origin names.
    ///
    /// `None` when a value is no number or no moment, or the result does not fit 64 bits.
    #[must_use]
    pub fn nanos(&self, count: &Value, base: Option<&Value>) -> Option<i64> {
        let elapsed = self.elapsed(count)?;
        let since = |origin: i64| i64::try_from(elapsed.checked_add(i128::from(origin))?).ok();
        match &self.origin {
            TimeOrigin::Utc(origin) => since(*origin),
            TimeOrigin::Tai(origin) => leap::utc_of_tai(since(*origin)?),
            TimeOrigin::Item(_) => match base? {
                Value::Time(origin) => since(*origin),
                _ => None,
            },
        }
    }

    /// Returns the nanoseconds since the origin, exactly where scale or its inverse is whole.
    fn elapsed(&self, count: &Value) -> Option<i128> {
        let second = NANOS_PER_SECOND as f64;
        let offset = rounded(self.offset * second)?;
        let whole =
            |x: f64| (x == x.trunc() && x.abs() <= (1_u64 << 53) as f64).then_some(x as i128);
        let counted = match count {
            Value::Int(count) => {
                let per_count = whole(self.scale * second);
                let per_second = whole(1.0 / self.scale).filter(|n| *n != 0);
                match (per_count, per_second) {
                    (Some(nanos), _) => count.checked_mul(nanos)?,
                    (None, Some(counts)) => {
                        let scaled = count.checked_mul(i128::from(NANOS_PER_SECOND))?;
                        scaled.checked_add(counts.abs() / 2 * scaled.signum())? / counts
                    }
                    (None, None) => rounded(*count as f64 * self.scale * second)?,
                }
            }
            Value::Float(count) => {
                // Whole seconds apart, so that the fraction keeps its digits.
                let seconds = count * self.scale;
                let whole = rounded(seconds.trunc())?.checked_mul(i128::from(NANOS_PER_SECOND))?;
                whole.checked_add(rounded(seconds.fract() * second)?)?
            }
            _ => return None,
        };
        counted.checked_add(offset).filter(|nanos| nanos.abs() <= 2 * MAX_NANOS)
    }
}

fn rounded(x: f64) -> Option<i128> {
    (x.abs() < 1e30).then(|| x.round() as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(scale: f64, offset: f64, origin: TimeOrigin) -> CountedTime {
        CountedTime { scale, offset, origin }
    }

    #[test]
    fn counts_are_exact() {
        let second = i64::from(1_000_000_000);
        let fine = time(1.0 / 65_536.0, 0.0, TimeOrigin::Utc(0));
        let count = Value::Int((1_700_000_000 << 16) + 1);
        assert_eq!(fine.nanos(&count, None), Some(1_700_000_000 * second + 15_259));
        let days = time(86_400.0, 0.5, TimeOrigin::Utc(-378_691_200 * second));
        assert_eq!(days.nanos(&Value::Int(23_109), None), Some(1_617_926_400_500_000_000));
        let millis = time(0.001, 0.0, TimeOrigin::Utc(0));
        assert_eq!(millis.nanos(&Value::Int(-1_001), None), Some(-1_001_000_000));
        assert_eq!(millis.nanos(&Value::Float(1.5), None), Some(1_500_000));
    }

    #[test]
    fn other_items_and_what_is_no_time() {
        let fine = time(0.000_001, 0.0, TimeOrigin::Item("COARSE".into()));
        let coarse = Value::Time(5);
        assert_eq!(fine.nanos(&Value::Int(2), Some(&coarse)), Some(2_005));
        assert_eq!(fine.nanos(&Value::Int(2), Some(&Value::Int(5))), None);
        assert_eq!(fine.nanos(&Value::Int(2), None), None);
        let plain = time(1.0, 0.0, TimeOrigin::Utc(0));
        for value in [Value::Null, Value::from("1"), Value::Int(i128::MAX), Value::Float(1e300)] {
            assert_eq!(plain.nanos(&value, None), None, "{value:?}");
        }
        assert_eq!(
            time(0.0, 1.0, TimeOrigin::Utc(0)).nanos(&Value::Int(7), None),
            Some(1_000_000_000)
        );
        assert_eq!(time(f64::NAN, 0.0, TimeOrigin::Utc(0)).nanos(&Value::Int(7), None), None);
    }

    #[test]
    fn leap_seconds_are_taken_out() {
        // GPS counts from 1980-01-06, when TAI was 19 s ahead of UTC; in 2017 it is 37 s ahead.
        let epoch = (315_964_800 + 19) * 1_000_000_000;
        let gps = time(1.0, 0.0, TimeOrigin::Tai(epoch));
        assert_eq!(gps.nanos(&Value::Int(0), None), Some(315_964_800_000_000_000));
        // 2021-04-09T00:00:00Z is GPS second 1 301 961 618.
        let nanos = gps.nanos(&Value::Int(1_301_961_618), None);
        assert_eq!(nanos, Some(1_617_926_400_000_000_000));
    }
}
