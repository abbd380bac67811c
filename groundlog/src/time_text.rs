//! Times as people write and read them: RFC 3339 in UTC.

use anyhow::{Context, bail};
use groundlog_proto::Nanos;

const DAY_SECONDS: i64 = 86_400;

/// Formats a time as `2026-11-22T01:02:03.000000004Z`.
pub(crate) fn format(time: Nanos) -> String {
    let seconds = time.0.div_euclid(1_000_000_000);
    let nanos = time.0.rem_euclid(1_000_000_000);
    let (year, month, day) = civil(seconds.div_euclid(DAY_SECONDS));
    let of_day = seconds.rem_euclid(DAY_SECONDS);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

/// Reads `2026-11-22`, `2026-11-22T01:02`, `…:03`, `…:03.5`, with or without `Z`; always UTC.
pub(crate) fn parse(text: &str) -> anyhow::Result<Nanos> {
    let shape = "times look like 2026-11-22T01:02:03.5Z (UTC)";
    let bare = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = bare.split_once(['T', ' ']).unwrap_or((bare, "00:00:00"));
    let date: Vec<i64> =
        date.split('-').map(str::parse).collect::<Result<_, _>>().context(shape)?;
    let [year, month, day] = date[..] else { bail!(shape) };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let clock: Vec<i64> =
        clock.split(':').map(str::parse).collect::<Result<_, _>>().context(shape)?;
    let (hour, minute, second) = match clock[..] {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => bail!(shape),
    };
    let in_range = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && fraction.len() <= 9;
    if !in_range {
        bail!(shape);
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().context(shape)?;
    let days = days_from_civil(year, month, day);
    let seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second;
    let total = seconds.checked_mul(1_000_000_000).and_then(|ns| ns.checked_add(nanos));
    Ok(Nanos(total.context("that time is outside 1677 to 2262")?))
}

/// Days since 1970-01-01 of a Gregorian date (Euclidean affine functions, Neri and Schneider).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_parses_known_times() {
        for (text, nanos) in [
            ("1970-01-01T00:00:00.000000000Z", 0),
            ("1958-01-01T00:00:00.000000000Z", -378_691_200_000_000_000),
            ("2021-04-09T00:00:00.000000137Z", 1_617_926_400_000_000_137),
            ("2024-02-29T23:59:59.999999999Z", 1_709_251_199_999_999_999),
        ] {
            assert_eq!(format(Nanos(nanos)), text);
            assert_eq!(parse(text).unwrap(), Nanos(nanos));
        }
        assert_eq!(parse("2021-04-09").unwrap(), Nanos(1_617_926_400_000_000_000));
        assert!(parse("yesterday").is_err() && parse("2021-13-01").is_err());
    }

    #[test]
    fn every_day_of_eight_centuries_round_trips() {
        for day in -100_000..100_000 {
            let (y, m, d) = civil(day);
            assert_eq!(days_from_civil(y, m, d), day);
        }
    }
}
