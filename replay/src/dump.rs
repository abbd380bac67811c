use std::collections::VecDeque;

use groundlog_proto::Nanos;

use crate::{
    ccsds::truncated,
    error::{ReadError, ReadFault},
    input::Input,
    record::{ImportRecord, MAX_PACKET_BYTES},
    subseconds::SubsecondUnit,
};

/// Bytes of the file header, and of the header before every record.
const HEADER_BYTES: usize = 20;

/// A recorder's dump: a file header, then records with a header of their own.
///
/// # Layout
/// All fields are unsigned, 32 bits, big endian. File header: Length (of the whole file),
/// RecordCount, DumpID, TimeSeconds, TimeSubSeconds. Record header: RecordNumber (from 1), MsgId,
/// MsgSize (of the packet alone), TimeSeconds, TimeSubSeconds; then the packet. Both headers have
/// 20 bytes; the sample code of the source document that reads 40 is a defect.
///
/// # Errors
/// Framing rests on MsgSize alone. What the headers say beyond it is checked, and what does not
/// agree is an error after the last readable record, so nothing readable is held back.
pub(crate) struct DumpRecords {
    input: Input,
    skip: usize,
    subseconds: SubsecondUnit,
    header: Option<FileHeader>,
    last_number: Option<u32>,
    faults: VecDeque<ReadError>,
    ended: bool,
}

#[derive(Clone, Copy)]
struct FileHeader {
    length: u32,
    record_count: u32,
}

impl DumpRecords {
    pub(crate) fn new(input: Input, skip: usize, subseconds: SubsecondUnit) -> Self {
        Self {
            input,
            skip,
            subseconds,
            header: None,
            last_number: None,
            faults: VecDeque::new(),
            ended: false,
        }
    }

    /// Reads the file header once.
    fn file_header(&mut self) -> Result<(), ReadError> {
        let seen = self.input.peek(HEADER_BYTES)?;
        if seen.len() < HEADER_BYTES {
            let fault = truncated("the dump's file header", HEADER_BYTES, seen.len());
            return Err(self.input.fault(0, fault));
        }
        let [length, record_count, ..] = words(seen);
        self.header = Some(FileHeader { length, record_count });
        self.input.take(HEADER_BYTES);
        Ok(())
    }

    /// Reads one record; `None` at a clean end.
    fn record(&mut self) -> Result<Option<ImportRecord>, ReadError> {
        let start = self.input.position();
        let seen = self.input.peek(HEADER_BYTES)?;
        let left = seen.len();
        if left == 0 {
            return Ok(None);
        }
        if left < HEADER_BYTES {
            let fault = truncated("a record header", HEADER_BYTES, left);
            return Err(self.input.fault(start, fault));
        }
        let [number, _, size, seconds, subseconds] = words(seen);
        self.check_number(start, number)?;
        let size = self.check_size(start, size)?;
        let header_time = Some(self.time(start, seconds, subseconds)?);
        self.input.take(HEADER_BYTES + self.skip);
        let packet = self.input.take_record(size - self.skip);
        self.last_number = Some(number);
        let header_stamp = Some([seconds, subseconds]);
        Ok(Some(ImportRecord { header_time, header_stamp, ..packet }))
    }

    /// A number that does not grow means that the framing is lost; one that leaps is reported.
    fn check_number(&mut self, start: u64, found: u32) -> Result<(), ReadError> {
        let Some(previous) = self.last_number else {
            return Ok(());
        };
        if found <= previous {
            return Err(self.input.fault(start, ReadFault::RecordNumber { previous, found }));
        }
        if found - previous > 1 {
            let gap = self.input.fault(start, ReadFault::RecordGap { previous, found });
            self.faults.push_back(gap);
        }
        Ok(())
    }

    fn check_size(&mut self, start: u64, size: u32) -> Result<usize, ReadError> {
        let announced = u64::from(size);
        let field = start + 8;
        if announced > MAX_PACKET_BYTES as u64 {
            let fault = ReadFault::TooLong { announced, limit: MAX_PACKET_BYTES };
            return Err(self.input.fault(field, fault));
        }
        let size = size as usize;
        if size < self.skip {
            let fault = ReadFault::ShorterThanSkip { size: announced, skip: self.skip };
            return Err(self.input.fault(field, fault));
        }
        let left = self.input.peek(HEADER_BYTES + size)?.len() - HEADER_BYTES;
        if left < size {
            let fault = truncated("a record", size, left);
            return Err(self.input.fault(start + HEADER_BYTES as u64, fault));
        }
        Ok(size)
    }

    fn time(&self, start: u64, seconds: u32, subseconds: u32) -> Result<Nanos, ReadError> {
        let nanos = self.subseconds.nanos(subseconds).ok_or_else(|| {
            let unit = self.subseconds.to_string();
            self.input.fault(start + 16, ReadFault::Subseconds { subseconds, unit })
        })?;
        Ok(Nanos(i64::from(seconds) * 1_000_000_000 + nanos))
    }

    /// Compares what the file header said with what was found.
    fn check_header(&mut self) -> Result<(), ReadError> {
        let Some(header) = self.header else {
            return Ok(());
        };
        let found = self.input.position() + self.input.drain()?;
        if u64::from(header.record_count) != self.input.records() {
            let announced = header.record_count;
            let fault = ReadFault::RecordCount { announced, found: self.input.records() };
            self.faults.push_back(self.input.fault(4, fault));
        }
        if u64::from(header.length) != found {
            let fault = ReadFault::Length { announced: header.length, found };
            self.faults.push_back(self.input.fault(0, fault));
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<ImportRecord>, ReadError> {
        if self.header.is_none() {
            self.file_header()?;
        }
        self.record()
    }
}

/// Reads the five words of either header.
fn words(header: &[u8]) -> [u32; 5] {
    let mut words = [0; 5];
    for (word, bytes) in words.iter_mut().zip(header.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    words
}

impl Iterator for DumpRecords {
    type Item = Result<ImportRecord, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.ended {
            match self.step() {
                Ok(Some(record)) => return Some(Ok(record)),
                Ok(None) => {}
                Err(error) => self.faults.push_back(error),
            }
            self.ended = true;
            if let Err(error) = self.check_header() {
                self.faults.push_back(error);
            }
        }
        self.faults.pop_front().map(Err)
    }
}
