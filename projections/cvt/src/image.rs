use std::collections::BTreeMap;

use bytes::Bytes;
use groundlog_projection::DefinitionStore;
use groundlog_proto::{
    DefinitionHash, Generation, Offset, Position, TopicPartition,
    borrowed::DecomRecordRef,
    prost::{DecodeError, Message},
    wire::Scalar,
};

use crate::{
    CurrentPacket, CvtError,
    current::Overlay,
    fold::{from_record, never_received},
    table::{Table, name_of},
};

/// Version of the layout of an image.
pub(crate) const IMAGE_VERSION: u32 = 1;

/// One forced form of one item.
#[derive(Clone, PartialEq, prost::Message)]
struct SetForm {
    #[prost(string, tag = "1")]
    item: String,
    #[prost(int32, tag = "2")]
    form: i32,
    #[prost(message, optional, tag = "3")]
    value: Option<Scalar>,
}

/// What one partition has put under one name.
#[derive(Clone, PartialEq, prost::Message)]
struct Entry {
    #[prost(string, tag = "1")]
    target: String,
    #[prost(string, tag = "2")]
    packet: String,
    #[prost(uint64, tag = "3")]
    offset: Offset,
    #[prost(bytes = "bytes", tag = "4")]
    definitions: Bytes,
    #[prost(bytes = "bytes", optional, tag = "5")]
    record: Option<Bytes>,
    #[prost(message, repeated, tag = "6")]
    sets: Vec<SetForm>,
    #[prost(uint64, tag = "7")]
    stored_count: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Entries {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    entries: Vec<Bytes>,
}

/// What one partition has put into the table, as canonical bytes: equal tables have equal images,
/// bit for bit. Also the content of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image(BTreeMap<String, Bytes>);

/// A name whose entries differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// "TARGET PACKET".
    pub name: String,
    /// What is different, in words.
    pub what: &'static str,
}

impl Image {
    /// Takes the image of a partition of `decom` (`live`) or `decom.stored`.
    pub(crate) fn take(table: &Table, live: bool, partition: u32) -> Self {
        let mut image = BTreeMap::new();
        for (name, slot) in table.slots() {
            let entry = match live {
                true => slot.live.get(&partition).map(|packet| live_entry(packet)),
                false => slot.stored.get(&partition).map(|count| stored_entry(&name, *count)),
            };
            if let Some(entry) = entry {
                image.insert(name, entry.encode_to_vec().into());
            }
        }
        Self(image)
    }

    /// Takes an image from entries by name that somebody else kept.
    pub(crate) fn of(entries: BTreeMap<String, Bytes>) -> Self {
        Self(entries)
    }

    /// Returns how many names it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether it has no names.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the image as bytes, names in order.
    pub fn to_bytes(&self) -> Vec<u8> {
        Entries { entries: self.0.values().cloned().collect() }.encode_to_vec()
    }

    /// Lists the names under which another image has something else, in order.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let missing = self.0.iter().filter_map(|(name, entry)| match other.0.get(name) {
            None => Some((name, "missing in the second")),
            Some(found) if found != entry => Some((name, what_differs(entry, found))),
            Some(_) => None,
        });
        let added = other.0.keys().filter(|name| !self.0.contains_key(*name));
        let all = missing.chain(added.map(|name| (name, "missing in the first")));
        let named = all.map(|(name, what)| Difference { name: name.clone(), what });
        let mut differences: Vec<_> = named.collect();
        differences.sort_by(|a, b| a.name.cmp(&b.name));
        differences
    }

    /// Returns whether a name is here because of records before an offset, which the other image was
    /// folded from: all of them, or the packet's under a `set_tlm` that is newer. Counts of stored
    /// packets do not say where they come from: a missing one may.
    pub(crate) fn outlives(&self, other: &Self, name: &str, from: Offset) -> bool {
        let entry = |image: &Self| image.0.get(name).cloned().map(Entry::decode);
        match (entry(self), entry(other)) {
            (Some(Ok(here)), None) => here.offset < from,
            (Some(Ok(here)), Some(Ok(there))) => {
                from > 0 && here.record.is_some() && there.record.is_none()
            }
            _ => false,
        }
    }
}

fn what_differs(first: &Bytes, second: &Bytes) -> &'static str {
    match (Entry::decode(first.clone()), Entry::decode(second.clone())) {
        (Ok(a), Ok(b)) if a.offset != b.offset => "other position",
        (Ok(a), Ok(b)) if a.record != b.record => "other record",
        (Ok(a), Ok(b)) if a.sets != b.sets => "other values set by set_tlm",
        (Ok(a), Ok(b)) if a.stored_count != b.stored_count => "other count of stored packets",
        _ => "other bytes",
    }
}

fn live_entry(packet: &CurrentPacket) -> Entry {
    let sets = packet.overlay.iter().flat_map(|(item, forms)| {
        forms.iter().map(|(form, value)| SetForm {
            item: item.clone(),
            form: *form,
            value: Some(value.clone()),
        })
    });
    Entry {
        target: packet.target.as_ref().to_owned(),
        packet: packet.packet.as_ref().to_owned(),
        offset: packet.position.offset,
        definitions: packet.definitions.hash().as_bytes().to_vec().into(),
        record: packet.record.clone(),
        sets: sets.collect(),
        stored_count: 0,
    }
}

fn stored_entry(name: &str, stored_count: u64) -> Entry {
    let (target, packet) = name.split_once(' ').unwrap_or((name, ""));
    Entry { target: target.to_owned(), packet: packet.to_owned(), stored_count, ..Entry::default() }
}

/// Returns the entry of a live packet, as an image has it.
pub(crate) fn live_bytes(packet: &CurrentPacket) -> Bytes {
    live_entry(packet).encode_to_vec().into()
}

/// Returns the entry of a count of stored packets, as an image has it.
pub(crate) fn stored_bytes(target: &str, packet: &str, stored_count: u64) -> Bytes {
    stored_entry(&name_of(target, packet), stored_count).encode_to_vec().into()
}

/// Makes a live packet of its entry.
pub(crate) async fn live_packet(
    definitions: &DefinitionStore,
    position: Position,
    bytes: Bytes,
) -> Result<CurrentPacket, CvtError> {
    packet_of(definitions, position, Entry::decode(bytes).map_err(damaged)?).await
}

/// Returns how many packets there were, of the entry of a live packet.
pub(crate) fn received_count(bytes: &Bytes) -> Result<u64, CvtError> {
    let entry = Entry::decode(bytes.clone()).map_err(damaged)?;
    match entry.record {
        Some(record) => Ok(DecomRecordRef::parse(&record)?.received_count),
        None => Ok(0),
    }
}

fn damaged(error: DecodeError) -> CvtError {
    CvtError::Snapshot { what: error.to_string() }
}

/// Puts the entries of a snapshot into the table.
pub(crate) async fn restore(
    table: &Table,
    definitions: &DefinitionStore,
    partition: &TopicPartition,
    generation: Generation,
    live: bool,
    bytes: Bytes,
) -> Result<(), CvtError> {
    for bytes in Entries::decode(bytes).map_err(damaged)?.entries {
        let entry = Entry::decode(bytes).map_err(damaged)?;
        if live {
            let position = Position {
                generation,
                partition: partition.clone(),
                offset: entry.offset,
                sub_index: 0,
            };
            table.set_live(packet_of(definitions, position, entry).await?);
        } else {
            let name = name_of(&entry.target, &entry.packet);
            table.set_stored(&name, partition.partition, entry.stored_count);
        }
    }
    Ok(())
}

async fn packet_of(
    definitions: &DefinitionStore,
    position: Position,
    entry: Entry,
) -> Result<CurrentPacket, CvtError> {
    let hash = DefinitionHash::from_wire(&entry.definitions).ok_or(CvtError::NoDefinitions)?;
    let loaded = match definitions.cached(hash) {
        Some(loaded) => loaded,
        None => definitions.get(hash).await?,
    };
    let mut packet = match &entry.record {
        Some(bytes) => from_record(position, bytes, &DecomRecordRef::parse(bytes)?, &loaded)?,
        None => {
            let record = DecomRecordRef {
                target: &entry.target,
                packet: &entry.packet,
                ..DecomRecordRef::default()
            };
            never_received(position, &record, &loaded)?
        }
    };
    let mut overlay = Overlay::new();
    for set in entry.sets {
        let value = set.value.unwrap_or_default();
        overlay.entry(set.item).or_default().insert(set.form, value);
    }
    packet.overlay = overlay;
    Ok(packet)
}
