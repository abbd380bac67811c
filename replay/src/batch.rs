use groundlog_proto::wire::{Origin, OriginKind, RawPacket, RawRecord, raw_record::Body};
use prost::Message;

use crate::{import_id::ImportId, record::ImportRecord, time::RecordTimes};

/// How much is sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Records in a batch.
    pub records: u64,
    /// Bytes of a batch; the record that crosses them still goes in.
    pub bytes: usize,
}

impl Default for BatchLimits {
    /// Half a megabyte keeps a request below the 2 MB that web servers take unasked, a record of
    /// the largest size included.
    fn default() -> Self {
        Self { records: 4_096, bytes: 512 * 1024 }
    }
}

/// Records of one import on their way to the append endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The import.
    pub id: ImportId,
    /// Name of the file.
    pub object: String,
    /// Index of the first record.
    pub first_index: u64,
    /// How many records.
    pub records: u64,
    /// Whether the import is complete with this batch.
    pub complete: bool,
    /// The records, each a `RawRecord` after its length as a varint.
    pub body: Vec<u8>,
}

/// Packs records into batches.
pub(crate) struct BatchWriter {
    limits: BatchLimits,
    template: RawRecord,
    batch: Batch,
    target: String,
}

impl BatchWriter {
    pub(crate) fn new(
        id: &ImportId,
        object: &str,
        target: &str,
        scope: &str,
        limits: BatchLimits,
    ) -> Self {
        let origin = Origin {
            kind: OriginKind::Import.into(),
            object: object.to_owned(),
            index: 0,
            import_id: id.to_string(),
            content: 0,
        };
        let template = RawRecord {
            stored: true,
            scope: scope.to_owned(),
            origin: Some(origin),
            ..RawRecord::default()
        };
        let batch = Batch {
            id: id.clone(),
            object: object.to_owned(),
            first_index: 0,
            records: 0,
            complete: false,
            body: Vec::new(),
        };
        Self { limits, template, batch, target: target.to_owned() }
    }

    /// Adds a record, with what the file says up to and including it; returns the batch that is
    /// full with it.
    pub(crate) fn push(
        &mut self,
        record: &ImportRecord,
        content: u64,
        times: RecordTimes,
    ) -> Option<Batch> {
        if self.batch.records == 0 {
            self.batch.first_index = record.index;
        }
        self.template.received_time_ns = times.received.0;
        self.template.packet_time_ns = times.packet.map(|time| time.0);
        if let Some(origin) = &mut self.template.origin {
            origin.index = record.index;
            origin.content = content;
        }
        let logged = record.logged.as_deref();
        // A packet log names its packets itself.
        let target = logged.map_or(self.target.as_str(), |logged| &logged.target).to_owned();
        let name = logged.map_or("", |logged| &logged.packet).to_owned();
        let data = record.packet.clone();
        self.template.body = Some(Body::Packet(RawPacket { data, target, name }));
        // Writing into a Vec cannot run out of room.
        let _ = self.template.encode_length_delimited(&mut self.batch.body);
        self.batch.records += 1;
        let full =
            self.batch.records >= self.limits.records || self.batch.body.len() >= self.limits.bytes;
        full.then(|| self.take())
    }

    /// Returns what is left; with `complete`, a batch even if there is nothing.
    pub(crate) fn finish(mut self, next_index: u64, complete: bool) -> Option<Batch> {
        if self.batch.records == 0 {
            self.batch.first_index = next_index;
        }
        self.batch.complete = complete;
        (complete || self.batch.records > 0).then_some(self.batch)
    }

    fn take(&mut self) -> Batch {
        let body = std::mem::take(&mut self.batch.body);
        let full = Batch { body, ..self.batch.clone() };
        self.batch.records = 0;
        full
    }
}
