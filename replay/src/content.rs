use sha2::{Digest, Sha256};

use crate::record::ImportRecord;

/// What a file says up to a record: a running hash over its packets, each with the time in its
/// record header as it stands there.
///
/// Two files with the same content after record N have the same records up to N. Neither what
/// stands between packets nor the options under which times are read play a part: a copy that
/// lacks its end has the content of the whole file up to there, and one in which a single byte of
/// a packet differs has another from that packet on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content([u8; 32]);

impl Content {
    /// Goes on by one record.
    pub fn push(&mut self, record: &ImportRecord) {
        let mut hash = Sha256::new();
        hash.update(self.0);
        // Lengths and tags before what varies: no two records can look alike.
        match record.header_stamp {
            None => hash.update([0]),
            Some([seconds, subseconds]) => {
                hash.update([1]);
                hash.update(seconds.to_be_bytes());
                hash.update(subseconds.to_be_bytes());
            }
        }
        if let Some(logged) = &record.logged {
            hash.update([2]);
            hash.update(logged.packet_time.0.to_be_bytes());
            hash.update(record.header_time.map_or(0, |time| time.0).to_be_bytes());
            for name in [&logged.target, &logged.packet] {
                hash.update((name.len() as u64).to_be_bytes());
                hash.update(name.as_bytes());
            }
        }
        hash.update((record.packet.len() as u64).to_be_bytes());
        hash.update(&record.packet);
        self.0 = hash.finalize().into();
    }

    /// Returns the first 64 bits; never 0, which stands for not known.
    pub fn value(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(first).max(1)
    }

    /// Returns all of it.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(records: &[(&'static [u8], Option<[u32; 2]>)]) -> u64 {
        let mut content = Content::default();
        for (packet, header_stamp) in records {
            let record = ImportRecord::new(0, 0, (*packet).into());
            content.push(&ImportRecord { header_stamp: *header_stamp, ..record });
        }
        content.value()
    }

    #[test]
    fn packets_order_cuts_and_stamps_make_the_content() {
        let one = content(&[(b"ab", None), (b"c", None)]);
        assert_eq!(one, content(&[(b"ab", None), (b"c", None)]));
        for other in [
            content(&[(b"ab", None)]),
            content(&[(b"c", None), (b"ab", None)]),
            content(&[(b"a", None), (b"bc", None)]),
            content(&[(b"abc", None)]),
            content(&[(b"ab", None), (b"c", Some([0, 0]))]),
            content(&[(b"ab", None), (b"c", None), (b"", None)]),
            content(&[]),
        ] {
            assert_ne!(one, other);
            assert_ne!(other, 0);
        }
        assert_ne!(content(&[(b"a", Some([1, 0]))]), content(&[(b"a", Some([0, 1]))]));
    }
}
