use crate::{ccsds::truncated, error::ReadError, input::Input, record::ImportRecord};

/// Packets of one size, one after the other, each with `skip` foreign bytes before it.
pub(crate) struct FixedRecords {
    input: Input,
    skip: usize,
    size: usize,
    ended: bool,
}

impl FixedRecords {
    pub(crate) fn new(input: Input, skip: usize, size: usize) -> Self {
        Self { input, skip, size, ended: false }
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
        Ok(Some(self.input.take_record(self.size)))
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
