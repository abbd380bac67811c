use std::{fmt, str::FromStr};

use crate::error::OptionError;

/// What one count of a subseconds field is: a fraction of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubsecondUnit {
    per_second: u64,
}

impl SubsecondUnit {
    /// Microseconds, the unit of COSMOS packet times.
    pub const MICROSECONDS: Self = Self { per_second: 1_000_000 };

    /// Returns the nanoseconds of a count, rounded down; `None` for a second or more.
    pub fn nanos(self, count: u32) -> Option<i64> {
        let count = u64::from(count);
        if count >= self.per_second {
            return None;
        }
        let nanos = u128::from(count) * 1_000_000_000 / u128::from(self.per_second);
        i64::try_from(nanos).ok()
    }
}

impl Default for SubsecondUnit {
    fn default() -> Self {
        Self::MICROSECONDS
    }
}

/// Reads `ms`, `us`, `ns`, `1/N` or `1/B^E`.
impl FromStr for SubsecondUnit {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let per_second = match text {
            "ms" => Some(1_000),
            "us" => Some(1_000_000),
            "ns" => Some(1_000_000_000),
            other => other.strip_prefix("1/").and_then(denominator),
        };
        match per_second {
            Some(per_second) if per_second > 0 => Ok(Self { per_second }),
            _ => Err(OptionError {
                given: text.to_owned(),
                what: "unit of subseconds",
                usage: "use ms, us, ns or a fraction such as 1/65536 or 1/2^32",
            }),
        }
    }
}

fn denominator(text: &str) -> Option<u64> {
    match text.split_once('^') {
        Some((base, exponent)) => {
            base.trim().parse::<u64>().ok()?.checked_pow(exponent.trim().parse().ok()?)
        }
        None => text.trim().parse().ok(),
    }
}

impl fmt::Display for SubsecondUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per_second {
            1_000 => f.write_str("ms"),
            1_000_000 => f.write_str("us"),
            1_000_000_000 => f.write_str("ns"),
            other => write!(f, "1/{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_their_nanoseconds() {
        let cases = [
            ("ms", 999, 999_000_000),
            ("us", 1, 1_000),
            ("ns", 999_999_999, 999_999_999),
            ("1/65536", 0x8000, 500_000_000),
            ("1/2^32", 0x8000_0000, 500_000_000),
            ("1/2^32", 1, 0),
            ("1/10", 3, 300_000_000),
        ];
        for (unit, count, nanos) in cases {
            let parsed: SubsecondUnit = unit.parse().expect(unit);
            assert_eq!(parsed.nanos(count), Some(nanos), "{unit}");
        }
    }

    #[test]
    fn a_second_or_more_is_no_subsecond() {
        assert_eq!("ms".parse::<SubsecondUnit>().expect("ms").nanos(1_000), None);
        assert_eq!("1/65536".parse::<SubsecondUnit>().expect("unit").nanos(65_536), None);
    }

    #[test]
    fn equal_units_have_one_name() {
        assert_eq!("1/2^16".parse::<SubsecondUnit>(), "1/65536".parse());
        assert_eq!("1/1000".parse::<SubsecondUnit>().expect("unit").to_string(), "ms");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "s", "1/0", "1/", "2/3", "1/2^99", "1/-2", "65536"] {
            assert!(text.parse::<SubsecondUnit>().is_err(), "{text}");
        }
    }
}
