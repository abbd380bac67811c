use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};

use crate::{
    error::{ReadError, ReadFault},
    record::ImportRecord,
    unpack::Unpacked,
};

/// Bytes asked of the file at a time: large enough that system calls do not count, small enough
/// to stay in the cache.
const CHUNK_BYTES: usize = 256 * 1024;

/// A file read front to back, unpacked where it is compressed, with its name, the offset of the
/// next byte and the number of the next record.
///
/// Memory stays bounded by what is asked for at once plus one chunk.
pub(crate) struct Input {
    file: Arc<str>,
    reader: Unpacked,
    buffer: BytesMut,
    position: u64,
    records: u64,
    ended: bool,
}

impl Input {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, ReadError> {
        let name: Arc<str> = path.display().to_string().into();
        match File::open(path) {
            Ok(file) => Ok(Self::new(name, Box::new(file))),
            Err(error) => Err(ReadError { file: name, byte: 0, record: 0, fault: error.into() }),
        }
    }

    /// Reads from anything, under a name for errors.
    pub(crate) fn new(file: Arc<str>, reader: Box<dyn Read + Send>) -> Self {
        let reader = Unpacked::new(reader);
        Self { file, reader, buffer: BytesMut::new(), position: 0, records: 0, ended: false }
    }

    /// Returns the name of the file.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Returns the offset of the next byte.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Returns how many records were taken.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Makes an error at a byte of the next record.
    pub(crate) fn fault(&self, byte: u64, fault: ReadFault) -> ReadError {
        ReadError { file: Arc::clone(&self.file), byte, record: self.records, fault }
    }

    /// Takes a packet that [`Self::peek`] has shown as the next record.
    pub(crate) fn take_record(&mut self, bytes: usize) -> ImportRecord {
        let (index, offset) = (self.records, self.position);
        self.records += 1;
        ImportRecord::new(index, offset, self.take(bytes))
    }

    /// Returns the next bytes without taking them: `wanted` of them, or fewer at the end.
    pub(crate) fn peek(&mut self, wanted: usize) -> Result<&[u8], ReadError> {
        while self.buffer.len() < wanted && !self.ended {
            self.read_chunk(wanted)?;
        }
        Ok(&self.buffer[..wanted.min(self.buffer.len())])
    }

    /// Takes bytes that [`Self::peek`] has shown.
    pub(crate) fn take(&mut self, count: usize) -> Bytes {
        let count = count.min(self.buffer.len());
        self.position += count as u64;
        self.buffer.split_to(count).freeze()
    }

    /// Counts what is left up to the end of the file, reading past it.
    pub(crate) fn drain(&mut self) -> Result<u64, ReadError> {
        let mut left = 0;
        loop {
            let count = self.peek(1).map(<[u8]>::len)?;
            if count == 0 {
                return Ok(left);
            }
            left += self.take(self.buffer.len()).len() as u64;
        }
    }

    fn read_chunk(&mut self, wanted: usize) -> Result<(), ReadError> {
        let held = self.buffer.len();
        self.buffer.resize(held + CHUNK_BYTES.max(wanted - held), 0);
        let result = loop {
            match self.reader.read(&mut self.buffer[held..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = *result.as_ref().unwrap_or(&0);
        self.buffer.truncate(held + count);
        match result {
            Ok(0) => {
                self.ended = true;
                if self.position + held as u64 == 0 {
                    return Err(self.fault(0, ReadFault::Empty));
                }
            }
            Ok(_) => {}
            Err(error) => {
                self.ended = true;
                return Err(self.fault(self.position + held as u64, error.into()));
            }
        }
        Ok(())
    }
}
