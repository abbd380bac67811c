//! Ids that make one word: integers at fixed places, of up to 64 bits together.
//!
//! The word is the key and lies in the table, so that a look-up touches one cache line.

use std::sync::Arc;

use crate::bits::window::{Load, plain_field};
use crate::definition::{DataType, Packet, PacketId};
use crate::value::Value;

/// Stands for "no packet".
const FREE: PacketId = PacketId(u32::MAX);

/// From the ids of a buffer to the packet.
#[derive(Debug)]
pub(super) struct PackedTable {
    ids: Vec<IdField>,
    /// Bytes that a buffer must have.
    needed: usize,
    /// Twice as many as packets or more, a power of two.
    entries: Box<[Entry]>,
    /// Bits by which a hash is shifted to become a place.
    shift: u32,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: u64,
    packet: PacketId,
}

/// An id item as all packets of a pool have it.
#[derive(Debug, Clone)]
struct IdField {
    load: Load,
    bits: u32,
    data_type: DataType,
}

impl PackedTable {
    /// Makes the table of packets whose ids have the same places; `None` if they make no word.
    pub(super) fn new(packets: &[Arc<Packet>]) -> Option<Self> {
        let first = packets.first()?;
        let items = &first.id_items;
        if items.is_empty() || first.has_variable_items() {
            return None;
        }
        let is_integer = |packet: &Arc<Packet>| {
            packet.id_items.iter().all(|item| matches!(item.id_value, Some(Value::Int(_))))
        };
        if !packets.iter().all(is_integer) {
            return None;
        }
        let places = items.iter().map(|item| Some((item, plain_field(first, item)?)));
        let places: Vec<_> = places.collect::<Option<_>>()?;
        let bits: i64 = items.iter().map(|item| item.bit_size).sum();
        if bits > 64 {
            return None;
        }
        let needed = places.iter().map(|(_, field)| field.first + field.count).max()?;
        let ids: Vec<_> = places
            .iter()
            .map(|(item, field)| IdField {
                load: Load::of(needed, field, false),
                bits: field.size,
                data_type: item.data_type,
            })
            .collect();
        let size = (packets.len() * 2).next_power_of_two().max(2);
        let free = Entry { key: 0, packet: FREE };
        let shift = 64 - size.trailing_zeros();
        let mut table = Self { ids, needed, entries: vec![free; size].into(), shift };
        for packet in packets {
            // Values that no field of that size can have are never met.
            if let Some(key) = table.key_of(packet) {
                let at = table.place(key);
                table.entries[at] = Entry { key, packet: packet.id };
            }
        }
        Some(table)
    }

    /// Returns the word of a packet's id values.
    fn key_of(&self, packet: &Packet) -> Option<u64> {
        if packet.id_items.is_empty() {
            return None;
        }
        let values = packet.id_items.iter().zip(&self.ids);
        values.into_iter().try_fold(0, |key, (item, id)| {
            let Some(Value::Int(value)) = item.id_value else {
                return None;
            };
            // A field of one bit has no sign.
            let signed = id.data_type == DataType::Int && id.bits > 1;
            let half = 1_i128 << (id.bits - 1);
            let range = if signed { -half..half } else { 0..half * 2 };
            range.contains(&value).then(|| push(key, value as u64, id.bits))
        })
    }

    #[inline]
    pub(super) fn look_up(&self, buffer: &[u8]) -> Option<PacketId> {
        if buffer.len() < self.needed {
            return None;
        }
        let key = self.ids.iter().fold(0, |key, id| push(key, id.load.value(buffer), id.bits));
        let packet = self.entries.get(self.place(key))?.packet;
        (packet != FREE).then_some(packet)
    }

    /// Returns the place of a key, or the free one where it would be.
    #[inline]
    fn place(&self, key: u64) -> usize {
        // Multiplication by an odd constant brings what differs to the upper bits.
        let mut place = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize;
        while let Some(entry) = self.entries.get(place) {
            if entry.packet == FREE || entry.key == key {
                break;
            }
            place = (place + 1) & (self.entries.len() - 1);
        }
        place
    }
}

/// Puts the low bits of a value behind a key.
#[inline]
fn push(key: u64, value: u64, bits: u32) -> u64 {
    let mask = u64::MAX >> (64 - bits);
    // The first of 64 bits shifts out zeros.
    key.checked_shl(bits).unwrap_or(0) | (value & mask)
}
