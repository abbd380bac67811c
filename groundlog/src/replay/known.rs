use std::path::Path;

use groundlog_packet::{
    Definitions, PacketKind,
    identify::{Identifier, PacketPool},
};
use groundlog_replay::{FileLayout, ImportRecord, Records};

/// How many packets at the beginning of a file may be unknown before the file is refused.
const PACKETS_UNKNOWN: usize = 1_000;

/// The packets that the running system knows: one that it does not know stays UNKNOWN for ever, and
/// a file is imported once.
pub(super) struct KnownPackets {
    identifier: Identifier,
    /// The only target that is searched; empty for all.
    target: String,
    targets: Vec<String>,
}

impl KnownPackets {
    /// Takes the definitions of the running system.
    pub(super) fn new(definitions: &Definitions, target: &str) -> Self {
        let names = definitions.targets().map(|target| target.name.clone());
        let targets = names.filter(|name| name != "UNKNOWN").collect();
        Self { identifier: Identifier::new(definitions), target: target.to_owned(), targets }
    }

    /// Looks at the beginning of a file; says what is wrong when the system knows none of its
    /// packets.
    pub(super) fn refusal(&self, path: &Path, layout: &FileLayout) -> Option<String> {
        // What is wrong with the file is told when it is imported.
        let records = Records::open(path, layout).ok()?.filter_map(Result::ok);
        let mut looked_at = 0;
        for record in records.take(PACKETS_UNKNOWN) {
            if self.knows(&record) {
                return None;
            }
            looked_at += 1;
        }
        let searched = match self.target.as_str() {
            "" => format!("any of its targets ({})", self.targets.join(", ")),
            target => format!("its target {target}"),
        };
        (looked_at > 0).then(|| {
            format!(
                "{}: none of the first {looked_at} packets is one that the running system knows as \
                 a packet of {searched}; nothing is imported. Start it with a plug-in that defines \
                 them (groundlog run --plugin DIR), or say --unknown to keep them as UNKNOWN",
                path.display()
            )
        })
    }

    fn knows(&self, record: &ImportRecord) -> bool {
        let (kind, pool) = (PacketKind::Telemetry, PacketPool::Normal);
        let found = match self.target.as_str() {
            "" => self.identifier.identify_any(kind, &record.packet, pool),
            target => {
                let tables = self.identifier.target(kind, target);
                tables.and_then(|tables| tables.identify(&record.packet, pool))
            }
        };
        // A packet log has names, and entries that are not for import.
        found.is_some() || record.logged.is_some()
    }
}
