//! The packets of one target, kind and pool.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::condition;
use super::ids::{self, IdValue};
use super::packed::PackedTable;
use crate::definition::{Accessor, DataType, Item, Packet, PacketId};

/// Passes a hash through: the keys of the table are hashes already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// What must agree between packets so that one read of the ids serves all of them (§4.1).
#[derive(Debug, PartialEq)]
struct Signature<'a> {
    accessor: &'a Accessor,
    items: Vec<(&'a str, i64, i64, DataType, Option<&'a Accessor>)>,
}

impl<'a> Signature<'a> {
    fn of(packet: &'a Packet) -> Self {
        let structure_accessor = |item: &'a Item| {
            let parent = packet.item(&item.structure_child.as_ref()?.parent)?;
            parent.structure.as_ref().map(|inner| &inner.accessor)
        };
        let items = packet.id_items.iter();
        Self {
            accessor: &packet.accessor,
            items: items
                .map(|i| {
                    (i.key.as_str(), i.bit_offset, i.bit_size, i.data_type, structure_accessor(i))
                })
                .collect(),
        }
    }
}

/// From id values to packets; packets with equal ids replace earlier ones.
#[derive(Debug)]
enum Table {
    /// Ids that make one word.
    Packed(PackedTable),
    /// Hash of the id values → places among the packets.
    Hashed(HashedTable),
}

type HashedTable = HashMap<u64, Vec<usize>, BuildHasherDefault<AsIs>>;

impl Table {
    fn hashed(packets: &[Arc<Packet>]) -> Self {
        let mut table = HashedTable::default();
        for (place, packet) in packets.iter().enumerate() {
            if packet.id_items.is_empty() {
                continue;
            }
            let values = packet.id_items.iter().filter_map(|item| item.id_value.as_ref());
            let hash = values.fold(ids::SEED, ids::mix_value);
            let places: &mut Vec<usize> = table.entry(hash).or_default();
            places.retain(|other| !same_ids(&packets[*other], packet));
            places.push(place);
        }
        Self::Hashed(table)
    }
}

/// The packets that a buffer is compared with.
#[derive(Debug)]
pub(super) struct Pool {
    /// In definition order.
    packets: Vec<Arc<Packet>>,
    unique_id_mode: bool,
    table: Table,
    /// The last packet without id items.
    catch_all: Option<PacketId>,
}

impl Pool {
    pub(super) fn new<'a>(packets: impl Iterator<Item = &'a Arc<Packet>>) -> Self {
        let packets: Vec<Arc<Packet>> = packets.cloned().collect();
        let with_ids: Vec<&Arc<Packet>> =
            packets.iter().filter(|packet| !packet.id_items.is_empty()).collect();
        let first = with_ids.first().map(|packet| Signature::of(packet));
        let unique_id_mode = with_ids.iter().any(|packet| Some(Signature::of(packet)) != first)
            || packets.iter().any(|packet| packet.condition.is_some());
        let catch_all =
            packets.iter().rev().find(|packet| packet.id_items.is_empty()).map(|packet| packet.id);
        let packed = if unique_id_mode { None } else { PackedTable::new(&packets) };
        let table = packed.map_or_else(|| Table::hashed(&packets), Table::Packed);
        Self { packets, unique_id_mode, table, catch_all }
    }

    pub(super) fn unique_id_mode(&self) -> bool {
        self.unique_id_mode
    }

    pub(super) fn identify(&self, buffer: &[u8]) -> Option<PacketId> {
        if self.unique_id_mode {
            return self.packets.iter().find(|packet| matches(packet, buffer)).map(|p| p.id);
        }
        let found = match &self.table {
            Table::Packed(table) => table.look_up(buffer),
            Table::Hashed(table) => self.look_up(table, buffer),
        };
        found.or(self.catch_all)
    }

    fn look_up(&self, table: &HashedTable, buffer: &[u8]) -> Option<PacketId> {
        // Its ids are read, whatever the others have (§4.2).
        let first = self.packets.first()?;
        let mut hash = ids::SEED;
        for item in &first.id_items {
            hash = ids::read(first, item, buffer)?.mix(hash);
        }
        let candidates = table.get(&hash)?;
        let found = candidates.iter().find(|place| {
            // The ids are read as the first packet has them, and compared with the candidate's.
            let values = &self.packets[**place].id_items;
            values.len() == first.id_items.len()
                && values.iter().zip(&first.id_items).all(|(wanted, item)| {
                    let read = ids::read(first, item, buffer);
                    equal(read.as_ref(), wanted)
                })
        });
        found.map(|place| self.packets[*place].id)
    }
}

fn equal(read: Option<&IdValue<'_>>, wanted: &Item) -> bool {
    match (read, &wanted.id_value) {
        (Some(read), Some(wanted)) => read.equals(wanted),
        _ => false,
    }
}

fn same_ids(a: &Packet, b: &Packet) -> bool {
    let values = |packet: &Packet| -> Vec<_> {
        packet.id_items.iter().map(|item| item.id_value.clone()).collect()
    };
    values(a) == values(b)
}

fn matches(packet: &Packet, buffer: &[u8]) -> bool {
    packet.id_items.iter().all(|item| equal(ids::read(packet, item, buffer).as_ref(), item))
        && condition::holds(packet, buffer)
}
