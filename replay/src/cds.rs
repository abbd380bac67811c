use std::fmt;

use groundlog_proto::Nanos;

/// 1958-01-01, the CCSDS epoch, in days from 1970-01-01.
const CCSDS_EPOCH_DAYS: i64 = -4383;
const NANOS_PER_DAY: i128 = 86_400_000_000_000;

/// CCSDS day segmented time (CDS) at a byte of a packet.
///
/// # Layout
/// Big endian from `byte` on: days since the epoch (16 or 24 bits), milliseconds of the day (32
/// bits), and unless absent microseconds of the millisecond (16 bits) or picoseconds of the
/// millisecond (32 bits). Without a preamble field; the form is agreed on beforehand.
///
/// # Source
/// CCSDS 301.0-B-4 §3.3. The count is UTC, so days have 86 400 seconds here as in POSIX; the 86
/// 401st second of a day with a leap second falls on the first of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CdsField {
    byte: usize,
    day_bytes: usize,
    fraction: Fraction,
    epoch_days: i64,
}

/// What stands after the milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fraction {
    None,
    Microseconds,
    Picoseconds,
}

impl CdsField {
    /// Reads `BYTE[,day24][,ms|us|ps][,epoch=YYYY-MM-DD]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(',').map(str::trim);
        let byte = words.next()?.parse().ok().filter(|byte| *byte <= crate::MAX_PACKET_BYTES)?;
        let mut field = Self {
            byte,
            day_bytes: 2,
            fraction: Fraction::Microseconds,
            epoch_days: CCSDS_EPOCH_DAYS,
        };
        for word in words {
            match word {
                "day16" => field.day_bytes = 2,
                "day24" => field.day_bytes = 3,
                "ms" => field.fraction = Fraction::None,
                "us" => field.fraction = Fraction::Microseconds,
                "ps" => field.fraction = Fraction::Picoseconds,
                other => field.epoch_days = days_of_date(other.strip_prefix("epoch=")?)?,
            }
        }
        Some(field)
    }

    /// Reads the time of a packet.
    ///
    /// `None` when the packet is too short, or when a field is beyond what its unit allows: 86 401
    /// seconds a day (a leap second), 999 microseconds, 999 999 999 picoseconds.
    pub fn read(&self, packet: &[u8]) -> Option<Nanos> {
        let (days, rest) = packet.get(self.byte..)?.split_at_checked(self.day_bytes)?;
        let days = days.iter().fold(0_i64, |days, byte| days << 8 | i64::from(*byte));
        let (milliseconds, rest) = rest.split_first_chunk::<4>()?;
        let milliseconds = u32::from_be_bytes(*milliseconds);
        if milliseconds > 86_400_999 {
            return None;
        }
        let rest_nanos = match self.fraction {
            Fraction::None => 0,
            Fraction::Microseconds => {
                let count = u16::from_be_bytes(*rest.first_chunk()?);
                i128::from((count <= 999).then_some(count)?) * 1_000
            }
            Fraction::Picoseconds => {
                let count = u32::from_be_bytes(*rest.first_chunk()?);
                i128::from((count <= 999_999_999).then_some(count)?) / 1_000
            }
        };
        let days = i128::from(days + self.epoch_days);
        let nanos = days * NANOS_PER_DAY + i128::from(milliseconds) * 1_000_000 + rest_nanos;
        i64::try_from(nanos).ok().map(Nanos)
    }
}

/// Counts the days from 1970-01-01 to a date of the proleptic Gregorian calendar.
fn days_of_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let year: i64 = parts.next()?.parse().ok().filter(|year| (1..=9999).contains(year))?;
    let month: i64 = parts.next()?.parse().ok().filter(|month| (1..=12).contains(month))?;
    let day: i64 = parts.next()?.parse().ok()?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if parts.next().is_some() || !(1..=month_days).contains(&day) {
        return None;
    }
    // Years from March on, so that the leap day is a year's last.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468)
}

impl fmt::Display for CdsField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.byte)?;
        if self.day_bytes == 3 {
            f.write_str(",day24")?;
        }
        match self.fraction {
            Fraction::None => f.write_str(",ms")?,
            Fraction::Microseconds => {}
            Fraction::Picoseconds => f.write_str(",ps")?,
        }
        if self.epoch_days != CCSDS_EPOCH_DAYS {
            let date = groundlog_packet::time::CivilTime::from_nanos(
                self.epoch_days.saturating_mul(86_400_000_000_000),
            );
            write!(f, ",epoch={:04}-{:02}-{:02}", date.year, date.month, date.day)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(place: &str, packet: &[u8]) -> Option<i64> {
        CdsField::parse(place).expect(place).read(packet).map(|time| time.0)
    }

    #[test]
    fn the_standards_forms() {
        // Day 23109 is 2021-04-09.
        let midnight = 1_617_926_400_000_000_000;
        assert_eq!(read("0", &[0x5a, 0x45, 0, 0, 0, 7, 0, 137]), Some(midnight + 7_137_000));
        assert_eq!(read("1,ms", &[9, 0x5a, 0x45, 0, 0, 0, 7]), Some(midnight + 7_000_000));
        let day24 = [0, 0x5a, 0x45, 0, 0, 0, 7, 0, 137];
        assert_eq!(read("0,day24", &day24), Some(midnight + 7_137_000));
        let pico = [0x5a, 0x45, 0, 0, 0, 7, 0, 2, 0x17, 0x28];
        assert_eq!(read("0,ps", &pico), Some(midnight + 7_000_137));
        assert_eq!(read("0,ms,epoch=1970-01-01", &[0, 1, 0, 0, 0, 1]), Some(86_400_001_000_000));
        assert_eq!(read("0", &[0; 8]), Some(-4383 * 86_400_000_000_000));
    }

    #[test]
    fn what_is_no_time() {
        assert_eq!(read("0", &[0x5a, 0x45, 0, 0, 0, 7, 0]), None, "too short");
        assert_eq!(read("99", &[0; 8]), None, "beyond the packet");
        assert_eq!(read("0", &[0, 0, 0, 0, 0, 0, 3, 0xe8]), None, "1000 microseconds");
        assert_eq!(read("0,ms", &[0, 0, 0x05, 0x26, 0x5f, 0xe8]), None, "86 401 000 ms");
        assert!(read("0,ms", &[0, 0, 0x05, 0x26, 0x5f, 0xe7]).is_some(), "a leap second");
        assert_eq!(read("0,day24,ms", &[0xff, 0xff, 0xff, 0, 0, 0, 0]), None, "year 47 000");
    }

    #[test]
    fn places_read_as_they_are_written() {
        for text in ["6", "6,day24", "6,ms", "6,day24,ps,epoch=2000-02-29"] {
            assert_eq!(CdsField::parse(text).expect(text).to_string(), text);
        }
        for text in ["", "-1", "6,", "6,x", "6,epoch=1999-02-29", "6,epoch=2000-13-01", "9999999"] {
            assert_eq!(CdsField::parse(text), None, "{text}");
        }
    }

    #[test]
    fn dates() {
        for (date, days) in [("1958-01-01", -4383), ("1970-01-01", 0), ("2021-04-09", 18_726)] {
            assert_eq!(days_of_date(date), Some(days), "{date}");
        }
    }
}
