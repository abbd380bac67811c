use crate::{ccsds::truncated, error::ReadError, input::Input, record::ImportRecord};

/// Packets of one size, one after the other, each with `skip` foreign bytes before it.
pub(crate) struct FixedRecords {
    input: Input,
    skip: usize,
    size: usize,
    index: u64,
    ended: bool,
}

impl FixedRecords {
    pub(crate) fn new(input: Input, skip: usize, size: usize) -> Self {
        Self { input, skip, size, index: 0, ended: false }
    }

    fn record(&mut self) -> Result<Option<ImportRecord>, ReadError> {
        let start = self.input.position();
        let total = self.skip + self.size;
        let left = self.input.peek(total)?.len();
        if left == 0 {
            return Ok(None);
        }
        if left < total {
            return Err(self.input.fault(start, truncated("a record", total, left)));
        }
        self.input.take(self.skip);
        let offset = self.input.position();
        let packet = self.input.take(self.size);
        let index = self.index;
        self.index += 1;
        Ok(Some(ImportRecord { index, offset, packet, header_time: None, header_stamp: None }))
    }
}

impl Iterator for FixedRecords {
    type Item = Result<ImportRecord, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.record().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
