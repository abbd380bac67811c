use std::{path::Path, sync::Arc};

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
    definitions: Arc<Definitions>,
    identifier: Identifier,
    /// The only target that is searched; empty for all.
    target: String,
    targets: Vec<String>,
}

impl KnownPackets {
    /// Takes the definitions of the running system.
    pub(super) fn new(definitions: Arc<Definitions>, target: &str) -> Self {
        let names = definitions.targets().map(|target| target.name.clone());
        let targets = names.filter(|name| name != "UNKNOWN").collect();
        let identifier = Identifier::new(&definitions);
        Self { definitions, identifier, target: target.to_owned(), targets }
    }

    /// Looks at the beginning of a file; says what is wrong when the system knows none of its
    /// packets.
    pub(super) fn refusal(&self, path: &Path, layout: &FileLayout) -> Option<String> {
        // What is wrong with the file is told when it is imported.
        let records = Records::open(path, layout).ok()?.filter_map(Result::ok);
        // Commands and decommutated values of a packet log are left out of an import.
        let records = records.filter(|record| {
            record.logged.as_ref().is_none_or(|logged| logged.is_telemetry_packet())
        });
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

    /// Does what decommutation will do: the names of a packet log come first, else a packet is
    /// identified, in its target where that is named.
    fn knows(&self, record: &ImportRecord) -> bool {
        let (kind, pool) = (PacketKind::Telemetry, PacketPool::Normal);
        let target = match &record.logged {
            Some(logged)
                if self.definitions.packet(kind, &logged.target, &logged.packet).is_ok() =>
            {
                return true;
            }
            Some(logged) => &*logged.target,
            None => self.target.as_str(),
        };
        let found = match target {
            "" => self.identifier.identify_any(kind, &record.packet, pool),
            target => {
                let tables = self.identifier.target(kind, target);
                tables.and_then(|tables| tables.identify(&record.packet, pool))
            }
        };
        found.is_some()
    }
}
