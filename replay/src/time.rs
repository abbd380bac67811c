use std::{fmt, str::FromStr};

use groundlog_proto::Nanos;

use crate::{cds::CdsField, error::OptionError, record::ImportRecord};

const USAGE: &str = "use cds:BYTE (CCSDS day segmented time at that byte of the packet; variants \
     cds:BYTE,day24,ms|us|ps,epoch=YYYY-MM-DD), unix:ITEM or unix:ITEM_SECONDS,ITEM_MICROSECONDS \
     (items of the packet), header (of the records of a dump or a COSMOS packet log), or none";

/// Where the time of a packet lies, and in which form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TimeSource {
    /// The file does not say; a PACKET_TIME item of the definitions still does.
    #[default]
    None,
    /// In the record's own header.
    Header,
    /// In the packet, as CCSDS day segmented time.
    Cds(CdsField),
    /// In items of the packet that count since 1970.
    Unix {
        /// Item with seconds, fractions included.
        seconds: String,
        /// Item with microseconds to add.
        microseconds: Option<String>,
    },
}

impl TimeSource {
    /// Returns whether definitions are needed to find the time.
    pub fn needs_definitions(&self) -> bool {
        matches!(self, Self::Unix { .. })
    }

    /// Returns the time that a record itself has where the source says; items are not looked into.
    pub(crate) fn of_record(&self, record: &ImportRecord) -> Option<Nanos> {
        match self {
            Self::Header => record.logged.as_ref().map(|it| it.packet_time).or(record.header_time),
            Self::Cds(field) => field.read(&record.packet),
            Self::None | Self::Unix { .. } => None,
        }
    }
}

impl FromStr for TimeSource {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let refused = || OptionError { given: text.to_owned(), what: "packet time", usage: USAGE };
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::None);
        }
        if text.eq_ignore_ascii_case("header") {
            return Ok(Self::Header);
        }
        let (form, place) = text.split_once(':').ok_or_else(refused)?;
        match form.to_ascii_lowercase().as_str() {
            "cds" => CdsField::parse(place).map(Self::Cds).ok_or_else(refused),
            "unix" => unix(place).ok_or_else(refused),
            _ => Err(refused()),
        }
    }
}

fn unix(place: &str) -> Option<TimeSource> {
    let mut items = place.split(',').map(|item| item.trim().to_uppercase());
    let seconds = items.next().filter(|item| !item.is_empty())?;
    let microseconds = items.next();
    let complete = items.next().is_none() && microseconds.as_deref() != Some("");
    complete.then_some(TimeSource::Unix { seconds, microseconds })
}

impl fmt::Display for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Header => f.write_str("header"),
            Self::Cds(field) => write!(f, "cds:{field}"),
            Self::Unix { seconds, microseconds: None } => write!(f, "unix:{seconds}"),
            Self::Unix { seconds, microseconds: Some(rest) } => write!(f, "unix:{seconds},{rest}"),
        }
    }
}

/// Finds the time of a packet through its definition.
pub trait ItemTimes {
    /// Returns the packet's time, or `None` where the packet is unknown or its items hold no time.
    fn packet_time(&mut self, record: &ImportRecord) -> Option<Nanos>;
}

/// Gives records their times.
pub struct RecordClock {
    source: TimeSource,
    items: Option<Box<dyn ItemTimes>>,
    import_time: Nanos,
}

/// The times of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordTimes {
    /// The packet's time, where the file says.
    pub packet: Option<Nanos>,
    /// When the ground received it: the record header's time, else the packet's, else the time of
    /// the import.
    pub received: Nanos,
}

impl RecordClock {
    /// Takes what is needed: `items` serves [`TimeSource::Unix`], `import_time` is the received
    /// time where nothing in the file says.
    pub fn new(source: TimeSource, items: Option<Box<dyn ItemTimes>>, import_time: Nanos) -> Self {
        Self { source, items, import_time }
    }

    /// Returns where the time lies.
    pub fn source(&self) -> &TimeSource {
        &self.source
    }

    /// Returns whether every packet should have a time.
    pub fn expects_time(&self) -> bool {
        self.source != TimeSource::None
    }

    /// Finds the times of a record.
    pub fn times(&mut self, record: &ImportRecord) -> RecordTimes {
        let packet = match &self.source {
            TimeSource::Unix { .. } => {
                self.items.as_mut().and_then(|items| items.packet_time(record))
            }
            source => source.of_record(record),
        };
        let received = record.header_time.or(packet).unwrap_or(self.import_time);
        RecordTimes { packet, received }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn record(header_time: Option<Nanos>) -> ImportRecord {
        // 2021-04-09 00:00:00.007137 after a primary header: the first packet of the JPSS file.
        let packet = Bytes::from_static(&[8, 11, 0, 0, 0, 7, 0x5a, 0x45, 0, 0, 0, 7, 0, 0x89]);
        ImportRecord { header_time, ..ImportRecord::new(0, 0, packet) }
    }

    #[test]
    fn sources_read_as_they_are_written() {
        for text in ["none", "header", "cds:6", "unix:TIMESEC", "unix:TIMESEC,TIMEUS"] {
            assert_eq!(text.parse::<TimeSource>().expect(text).to_string(), text);
        }
        assert_eq!("unix:a, b".parse::<TimeSource>().expect("unix").to_string(), "unix:A,B");
        for text in ["", "cds", "cds:", "cds:x", "unix:", "unix:a,", "unix:a,b,c", "gps:4"] {
            let error = text.parse::<TimeSource>().expect_err(text);
            assert!(error.to_string().contains("cds:BYTE"), "{error}");
        }
    }

    #[test]
    fn received_time_is_the_headers_then_the_packets_then_now() {
        let cds: TimeSource = "cds:6".parse().expect("cds");
        let packet = Some(Nanos(1_617_926_400_007_137_000));
        let times = |source: &TimeSource, header: Option<i64>| {
            let mut clock = RecordClock::new(source.clone(), None, Nanos(9));
            let times = clock.times(&record(header.map(Nanos)));
            (times.packet, times.received.0)
        };
        assert_eq!(times(&cds, Some(5)), (packet, 5));
        assert_eq!(times(&cds, None), (packet, 1_617_926_400_007_137_000));
        assert_eq!(times(&TimeSource::None, None), (None, 9));
        assert_eq!(times(&TimeSource::None, Some(5)), (None, 5));
        assert_eq!(times(&TimeSource::Header, Some(5)), (Some(Nanos(5)), 5));
    }
}
