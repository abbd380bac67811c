use std::sync::Arc;

use groundlog_packet::{Definitions, Packet, PacketKind};
use groundlog_proto::{Offset, TopicPartition};

use crate::{
    CurrentPacket, CvtError,
    table::{Table, name_of},
    valkey::ValkeyServer,
};

/// Reads the current value table. Cheap to clone.
///
/// From a table in this process every answer is there at once and none fails; from one on a server
/// every call is one round trip, however many packets it asks for.
#[derive(Clone)]
pub struct CurrentValues(pub(crate) Reads);

#[derive(Clone)]
pub(crate) enum Reads {
    Table(Arc<Table>),
    Valkey(Arc<ValkeyServer>),
}

/// The packet that `LATEST` stands for.
#[derive(Debug, Clone)]
pub struct Latest {
    /// Its name.
    pub packet: String,
    /// What is known about it.
    pub current: Option<Arc<CurrentPacket>>,
}

impl CurrentValues {
    /// Returns what is known about a packet; names in capitals. `None` before the first one.
    ///
    /// # Errors
    /// [`CvtError`] when the server that the table lies on does not answer.
    pub async fn packet(
        &self,
        target: &str,
        packet: &str,
    ) -> Result<Option<Arc<CurrentPacket>>, CvtError> {
        match &self.0 {
            Reads::Table(table) => Ok(in_table(table, target, packet)),
            Reads::Valkey(server) => {
                let found = server.packets(&[(target, packet)]).await?;
                Ok(found.into_iter().next().flatten().map(Arc::new))
            }
        }
    }

    /// Returns what is known about packets (target, name), in their order.
    ///
    /// # Errors
    /// As for [`CurrentValues::packet`].
    pub async fn packets(
        &self,
        names: &[(&str, &str)],
    ) -> Result<Vec<Option<Arc<CurrentPacket>>>, CvtError> {
        match &self.0 {
            Reads::Table(table) => {
                let names = names.iter();
                Ok(names.map(|(target, packet)| in_table(table, target, packet)).collect())
            }
            Reads::Valkey(server) => {
                let found = server.packets(names).await?;
                Ok(found.into_iter().map(|packet| packet.map(Arc::new)).collect())
            }
        }
    }

    /// Returns how many live and how many stored packets of each name were received; their sum is
    /// what `get_tlm_cnt` answers.
    ///
    /// # Errors
    /// As for [`CurrentValues::packet`].
    pub async fn counts(&self, names: &[(&str, &str)]) -> Result<Vec<(u64, u64)>, CvtError> {
        match &self.0 {
            Reads::Table(table) => {
                let of = |(target, packet): &(&str, &str)| {
                    table.get(&name_of(target, packet)).map_or((0, 0), |slot| slot.counts())
                };
                Ok(names.iter().map(of).collect())
            }
            Reads::Valkey(server) => server.counts(names).await,
        }
    }

    /// Returns the packet that `LATEST` stands for among those that have an item; `None` where no
    /// packet has it.
    ///
    /// # Errors
    /// As for [`CurrentValues::packet`].
    pub async fn latest(
        &self,
        definitions: &Definitions,
        target: &str,
        has_item: impl Fn(&Packet) -> bool,
    ) -> Result<Option<Latest>, CvtError> {
        let candidates: Vec<_> = candidates(definitions, target, has_item).collect();
        let names: Vec<_> = candidates.iter().map(|it| (target, it.packet_name.as_str())).collect();
        let found = self.packets(&names).await?;
        Ok(latest_of(names.iter().map(|(_, name)| *name).zip(found)))
    }

    /// Waits until everything before an offset of `decom` or `decom.stored` can be read.
    ///
    /// # Errors
    /// As for [`CurrentValues::packet`].
    pub async fn reached(
        &self,
        partition: &TopicPartition,
        offset: Offset,
    ) -> Result<(), CvtError> {
        match &self.0 {
            Reads::Table(table) => {
                table.reached(partition, offset).await;
                Ok(())
            }
            Reads::Valkey(server) => server.reached(partition, offset).await,
        }
    }

    /// Returns the first offset of a partition of `decom` or `decom.stored` that is not in the
    /// table yet; 0 before its first record.
    ///
    /// # Errors
    /// As for [`CurrentValues::packet`].
    pub async fn applied(&self, partition: &TopicPartition) -> Result<Offset, CvtError> {
        match &self.0 {
            Reads::Table(table) => Ok(table.applied().get(partition).copied().unwrap_or(0)),
            Reads::Valkey(server) => server.applied(partition).await,
        }
    }

    /// Checks that the table can be read now.
    ///
    /// # Errors
    /// As for [`CurrentValues::packet`].
    pub async fn health(&self) -> Result<(), CvtError> {
        match &self.0 {
            Reads::Table(_) => Ok(()),
            Reads::Valkey(server) => server.ping().await,
        }
    }
}

fn in_table(table: &Table, target: &str, packet: &str) -> Option<Arc<CurrentPacket>> {
    table.get(&name_of(target, packet))?.current().cloned()
}

/// Lists the packets of a target that have an item, in definition order: those that `LATEST` may
/// stand for.
pub fn candidates<'a>(
    definitions: &'a Definitions,
    target: &str,
    has_item: impl Fn(&Packet) -> bool,
) -> impl Iterator<Item = &'a Packet> {
    let target = definitions.target(target).ok();
    let packets =
        target.map(|target| definitions.packets_of(target, PacketKind::Telemetry).map(|it| &**it));
    packets.into_iter().flatten().filter(move |packet| has_item(packet))
}

/// Chooses what `LATEST` stands for: the candidate with the greatest packet time; the first of
/// them where none was received or times are equal.
pub fn latest_of<'a>(
    candidates: impl IntoIterator<Item = (&'a str, Option<Arc<CurrentPacket>>)>,
) -> Option<Latest> {
    let mut latest: Option<(Option<i64>, Latest)> = None;
    for (name, current) in candidates {
        let received = current.as_ref().filter(|it| it.is_received());
        let time = received.map(|it| it.packet_time_ns);
        if latest.as_ref().is_none_or(|(newest, _)| time > *newest) {
            latest = Some((time, Latest { packet: name.to_owned(), current }));
        }
    }
    latest.map(|(_, latest)| latest)
}
