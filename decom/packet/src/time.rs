//! Calendar text of times, which are nanoseconds since 1970-01-01 UTC everywhere in the crate.

pub(crate) mod leap;

/// Nanoseconds in one second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A moment split into its calendar fields (UTC, proleptic Gregorian).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CivilTime {
    /// Year; may be before 1970.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, 1 to 31.
    pub day: u32,
    /// Hour, 0 to 23.
    pub hour: u32,
    /// Minute, 0 to 59.
    pub minute: u32,
    /// Second, 0 to 59; leap seconds do not exist in this count.
    pub second: u32,
    /// Nanosecond within the second.
    pub nanosecond: u32,
}

impl CivilTime {
    /// Splits nanoseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn from_nanos(nanos: i64) -> Self {
        let seconds = nanos.div_euclid(NANOS_PER_SECOND);
        let nanosecond = nanos.rem_euclid(NANOS_PER_SECOND) as u32;
        let days = seconds.div_euclid(86_400);
        let of_day = seconds.rem_euclid(86_400) as u32;
        let (year, month, day) = date_from_days(days);
        Self {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nanosecond,
        }
    }
}

/// Converts days since 1970-01-01 into year, month and day (proleptic Gregorian).
fn date_from_days(days: i64) -> (i64, u32, u32) {
    // Count from 0000-03-01, so that the leap day is the last day of a year of the count.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = (if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 }) as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Converts year, month and day into days since 1970-01-01 (proleptic Gregorian).
#[must_use]
pub(crate) fn days_from_date(year: i64, month: u32, day: u32) -> i64 {
    // Years begin in March, as in `date_from_days`.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Renders a time as `YYYY/MM/DD HH:MM:SS.mmm`, milliseconds truncated (cosmos-packets §8).
#[must_use]
pub fn formatted(nanos: i64) -> String {
    text(nanos).iter().map(|byte| char::from(*byte)).collect()
}

/// Renders a time as [`formatted`] does, without allocating.
pub(crate) fn text(nanos: i64) -> [u8; 23] {
    let t = CivilTime::from_nanos(nanos);
    let mut text = *b"YYYY/MM/DD HH:MM:SS.mmm";
    let mut put = |from: usize, to: usize, number: u32| {
        let mut rest = number;
        for digit in text[from..to].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    };
    // Nanoseconds in 64 bits reach from 1677 to 2262.
    put(0, 4, t.year as u32);
    put(5, 7, t.month);
    put(8, 10, t.day);
    put(11, 13, t.hour);
    put(14, 16, t.minute);
    put(17, 19, t.second);
    put(20, 23, t.nanosecond / 1_000_000);
    text
}

/// Returns unix seconds as a double.
#[must_use]
pub fn seconds(nanos: i64) -> f64 {
    // Whole seconds and the rest apart: dividing the whole count would lose its last digits first.
    let whole = nanos.div_euclid(NANOS_PER_SECOND);
    let rest = nanos.rem_euclid(NANOS_PER_SECOND);
    whole as f64 + rest as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(formatted(0), "1970/01/01 00:00:00.000");
        assert_eq!(formatted(1_700_000_000_125_999_999), "2023/11/14 22:13:20.125");
        assert_eq!(formatted(1_000_000_000_500_000_000), "2001/09/09 01:46:40.500");
        assert_eq!(formatted(951_782_400_000_000_000), "2000/02/29 00:00:00.000");
        assert_eq!(formatted(-1), "1969/12/31 23:59:59.999");
        assert_eq!(formatted(i64::MIN), "1677/09/21 00:12:43.145");
        assert_eq!(formatted(i64::MAX), "2262/04/11 23:47:16.854");
    }

    #[test]
    fn dates_become_days_again() {
        for days in (-800_000..800_000).step_by(97) {
            let (year, month, day) = date_from_days(days);
            assert_eq!(days_from_date(year, month, day), days);
        }
    }

    #[test]
    fn seconds_keep_the_fraction() {
        assert_eq!(seconds(1_700_000_000_125_000_000), 1_700_000_000.125);
        assert_eq!(seconds(-500_000_000), -0.5);
    }
}
