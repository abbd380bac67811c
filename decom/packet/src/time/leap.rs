//! Leap seconds: what International Atomic Time is ahead of UTC.

use super::NANOS_PER_SECOND;

/// From when on (seconds since 1970-01-01 UTC) TAI is how many seconds ahead of UTC.
///
/// Source: IERS Bulletin C; none announced since 2017-01-01.
const STEPS: [(i64, i64); 28] = [
    (63_072_000, 10),
    (78_796_800, 11),
    (94_694_400, 12),
    (126_230_400, 13),
    (157_766_400, 14),
    (189_302_400, 15),
    (220_924_800, 16),
    (252_460_800, 17),
    (283_996_800, 18),
    (315_532_800, 19),
    (362_793_600, 20),
    (394_329_600, 21),
    (425_865_600, 22),
    (489_024_000, 23),
    (567_993_600, 24),
    (631_152_000, 25),
    (662_688_000, 26),
    (709_948_800, 27),
    (741_484_800, 28),
    (773_020_800, 29),
    (820_454_400, 30),
    (867_715_200, 31),
    (915_148_800, 32),
    (1_136_073_600, 33),
    (1_230_768_000, 34),
    (1_341_100_800, 35),
    (1_435_708_800, 36),
    (1_483_228_800, 37),
];

/// Turns nanoseconds since 1970-01-01 TAI into nanoseconds since 1970-01-01 UTC.
///
/// Within a leap second, which UTC's count does not have, the second before it is repeated. Before
/// 1972 UTC did not step by whole seconds; the first step's 10 s are taken there.
#[must_use]
pub(crate) fn utc_of_tai(nanos: i64) -> Option<i64> {
    let step = STEPS.iter().rev().find(|(from, ahead)| {
        i128::from(nanos) >= i128::from(from + ahead) * i128::from(NANOS_PER_SECOND)
    });
    let ahead = step.or(STEPS.first()).map_or(0, |(_, ahead)| *ahead);
    nanos.checked_sub(ahead * NANOS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::formatted;

    #[test]
    fn steps_lie_at_the_turns_of_half_years() {
        for (seconds, _) in STEPS {
            let text = formatted(seconds * NANOS_PER_SECOND);
            let turn =
                text[4..].starts_with("/01/01 00:00:00") || text[4..].starts_with("/07/01 00");
            assert!(turn, "{text}");
        }
        assert!(STEPS.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 + 1 == pair[1].1));
    }

    #[test]
    fn known_moments() {
        let utc =
            |seconds: i64| utc_of_tai(seconds * NANOS_PER_SECOND).map(|n| n / NANOS_PER_SECOND);
        assert_eq!(utc(1_483_228_800 + 37), Some(1_483_228_800));
        // The leap second 2016-12-31T23:59:60 and the second before it.
        assert_eq!(utc(1_483_228_800 + 36), Some(1_483_228_800));
        assert_eq!(utc(1_483_228_800 + 35), Some(1_483_228_799));
        assert_eq!(utc(0), Some(-10));
        assert_eq!(utc_of_tai(i64::MIN), None);
    }
}
