//! What a fold puts out.

use groundlog_log::Records;

use crate::{DueResponse, IrregularCounts};

/// What a fold has made since it was last emptied.
#[derive(Debug, Default)]
pub struct FoldOutputs {
    /// For the same partition of `decom`.
    pub decom: Records,
    /// For the same partition of `decom.stored`.
    pub stored: Records,
    /// For the same partition of `limits`.
    pub limits: Records,
    /// Packets that are wrong on the whole; they are among the records all the same.
    pub irregular: IrregularCounts,
    /// Limits responses that are due.
    pub responses: Vec<DueResponse>,
}

impl FoldOutputs {
    /// Returns the bytes of all of it.
    pub fn byte_len(&self) -> usize {
        self.decom.byte_len() + self.stored.byte_len() + self.limits.byte_len()
    }

    /// Makes room for what so many records of so many bytes may yield.
    pub fn reserve(&mut self, records: usize, bytes: usize) {
        if self.decom.is_empty() {
            self.decom = Records::with_capacity(records, bytes * 3);
        }
    }
}
