//! Reading the table: one round trip per question, however many packets it is about.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use groundlog_proto::{Generation, Offset, Position, TopicKind, TopicPartition};
use redis::Value;

use super::{
    ValkeyError,
    block::{self, Block, Kind},
    keys::Keys,
    link::{Commands, Credentials, Link},
    scripts::SCRIPTS,
    server,
};
use crate::{CurrentPacket, CvtError, image, store::StoreOptions, url::Address};

/// Time between two looks at a checkpoint that somebody waits for.
const STEP: Duration = Duration::from_millis(2);

/// A server with a table on it.
pub(crate) struct ValkeyServer {
    pub(super) options: StoreOptions,
    pub(super) keys: Keys,
    /// Of `decom` and of `decom.stored`.
    generations: (Generation, Generation),
    link: Link,
    /// To write by, so that readers do not wait behind a batch.
    pub(super) writes: Link,
}

impl ValkeyServer {
    /// Names the table and looks whether the server will do.
    pub(crate) async fn open(
        address: &Address,
        credentials: &Credentials,
        options: StoreOptions,
    ) -> Result<Self, CvtError> {
        let link = Link::new(address, credentials, &*SCRIPTS)?;
        server::check(&link).await?;
        let writes = Link::new(address, credentials, &*SCRIPTS)?;
        let keys = Keys::new(&options.names, &options.namespace, &options.scope);
        let generation = async |kind| {
            let topic = options.log.topic(&options.names.topic(kind)).await;
            topic.map(|topic| topic.generation)
        };
        let generations =
            (generation(TopicKind::Decom).await?, generation(TopicKind::DecomStored).await?);
        Ok(Self { options, keys, generations, link, writes })
    }

    /// Returns what is known about packets, in the order of their names.
    pub(crate) async fn packets(
        &self,
        names: &[(&str, &str)],
    ) -> Result<Vec<Option<CurrentPacket>>, CvtError> {
        let mut packets = Vec::with_capacity(names.len());
        for blocks in self.blocks(names).await? {
            let live = blocks.into_iter().filter(|block| block.kind == Kind::Live);
            let shown = live.max_by_key(|block| (block.received_time_ns, block.partition));
            packets.push(match shown {
                Some(block) => Some(self.packet(block).await?),
                None => None,
            });
        }
        Ok(packets)
    }

    /// Returns how many live and how many stored packets there were, in the order of the names.
    pub(crate) async fn counts(&self, names: &[(&str, &str)]) -> Result<Vec<(u64, u64)>, CvtError> {
        let mut counts = Vec::with_capacity(names.len());
        for blocks in self.blocks(names).await? {
            let (mut live, mut stored) = (0, 0);
            for block in blocks {
                match block.kind {
                    Kind::Live => live += image::received_count(&block.entry)?,
                    Kind::Stored => stored += block.rank,
                }
            }
            counts.push((live, stored));
        }
        Ok(counts)
    }

    /// Returns the first offset of a partition that is not in the table; 0 before its first batch,
    /// and where what is there is of another log.
    pub(crate) async fn applied(&self, partition: &TopicPartition) -> Result<Offset, CvtError> {
        let key = self.keys.checkpoint(partition);
        let mut commands = Commands::new();
        commands.add("HMGET", &key, &["next", "generation"]);
        let answer = self.link.send(&commands).await?.pop().unwrap_or_default();
        let mut answer = array(answer).into_iter().map(|value| text(value)?.parse().ok());
        let (next, generation) = (answer.next().flatten(), answer.next().flatten());
        let kind = match self.options.names.kind(&partition.topic) {
            Some(TopicKind::Decom) => Kind::Live,
            _ => Kind::Stored,
        };
        let ours = generation == Some(self.generation(kind).0);
        Ok(next.filter(|_| ours).unwrap_or(0))
    }

    /// Waits until everything before an offset is in the table.
    pub(crate) async fn reached(
        &self,
        partition: &TopicPartition,
        offset: Offset,
    ) -> Result<(), CvtError> {
        while self.applied(partition).await? < offset {
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }

    /// Asks the server whether it is there.
    pub(crate) async fn ping(&self) -> Result<(), CvtError> {
        Ok(self.link.ask(&redis::cmd("PING")).await.map(drop)?)
    }

    /// Makes a packet of its block.
    pub(super) async fn packet(&self, block: Block) -> Result<CurrentPacket, CvtError> {
        let topic = self.options.names.topic(TopicKind::Decom);
        let position = Position {
            generation: block.generation,
            partition: TopicPartition::new(topic, block.partition),
            offset: block.rank,
            sub_index: 0,
        };
        image::live_packet(&self.options.definitions, position, block.entry).await
    }

    fn generation(&self, kind: Kind) -> Generation {
        match kind {
            Kind::Live => self.generations.0,
            Kind::Stored => self.generations.1,
        }
    }

    async fn blocks(&self, names: &[(&str, &str)]) -> Result<Vec<Vec<Block>>, ValkeyError> {
        // One command per target.
        let mut targets: Vec<(&str, Vec<usize>)> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (place, (target, _)) in names.iter().enumerate() {
            let at = *known.entry(target).or_insert_with(|| {
                targets.push((target, Vec::new()));
                targets.len() - 1
            });
            targets[at].1.push(place);
        }
        let mut commands = Commands::new();
        for (target, places) in &targets {
            let packets: Vec<_> = places.iter().map(|place| names[*place].1).collect();
            commands.add("HMGET", &self.keys.pair(target).own, &packets);
        }
        let answers = self.link.send(&commands).await?;
        let mut blocks = vec![Vec::new(); names.len()];
        for ((target, places), answer) in targets.iter().zip(answers) {
            for (place, value) in places.iter().zip(array(answer)) {
                if let Some(bytes) = bytes(value) {
                    let mut found = self.read(target, names[*place].1, bytes)?;
                    found.retain(|block| block.generation == self.generation(block.kind));
                    blocks[*place] = found;
                }
            }
        }
        Ok(blocks)
    }

    /// Reads the blocks of a packet.
    pub(super) fn read(
        &self,
        target: &str,
        packet: &str,
        bytes: Bytes,
    ) -> Result<Vec<Block>, ValkeyError> {
        block::read(bytes).ok_or_else(|| ValkeyError::Foreign {
            server: self.link.server().to_owned(),
            key: self.keys.pair(target).own,
            what: format!("holds in field {packet} what groundlog did not write"),
        })
    }
}

/// Returns the elements of an answer; of a map its keys and values in turn.
pub(super) fn array(answer: Value) -> Vec<Value> {
    match answer {
        Value::Array(values) | Value::Set(values) => values,
        Value::Map(pairs) => pairs.into_iter().flat_map(|(key, value)| [key, value]).collect(),
        _ => Vec::new(),
    }
}

/// Returns the bytes of an answer; `None` where there are none.
pub(super) fn bytes(answer: Value) -> Option<Bytes> {
    match answer {
        Value::BulkString(bytes) => Some(bytes.into()),
        Value::SimpleString(text) => Some(text.into_bytes().into()),
        _ => None,
    }
}

/// Returns the text of an answer.
pub(super) fn text(answer: Value) -> Option<String> {
    String::from_utf8(bytes(answer)?.into()).ok()
}
