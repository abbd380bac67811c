//! The compiled decode plan of a packet: bytes in, packed record out.
//!
//! A [`DecodePlan`] is made once per packet definition and shared. It looks nothing up by name and
//! allocates nothing per item: places, conversions, states and limits are operations in one flat
//! list, of neighbours as many at once as there are (`fast`). What those do not cover (integers beyond 64 bits, texts with
//! states, items of variable size, code, packets that are too short) takes the
//! careful way through [`crate::bits`], item by item, into the same record (`slow`).

mod clock;
mod codes;
mod compile;
mod copy;
mod fast;
mod fields;
mod linear;
mod lookup;
mod output;
mod places;
mod reader;
mod slow;
mod states;

use std::sync::Arc;

use crate::definition::Packet;
use crate::limits::{LimitsState, Transition};
use crate::process::ProcessorStates;
use crate::record::{FLAG_LIMITS, FLAG_STATUS, Layout, PacketMeta, PublishedItem, store};

use clock::{Clock, TimeText};
use codes::Codes;
use compile::{NO_ENTRY, entry_of};
use fast::{Fast, Work};
use output::Output;
use reader::{Reader, TimeSource};
use slow::{Checking, Slow};

/// Name of the item that gives the packet time.
const PACKET_TIME: &str = "PACKET_TIME";

/// A packet definition compiled for decoding.
#[derive(Debug, Clone)]
pub struct DecodePlan {
    packet: Arc<Packet>,
    layout: Layout,
    fast: Fast,
    codes: Codes,
    slow: Vec<Slow>,
    /// Whether packets that the fast operations cover need anything else.
    has_rest: bool,
    /// Everything, for packets that the fast operations do not cover.
    careful: Vec<Slow>,
    /// Places and limits entries of hidden items that have limits.
    hidden_limits: Vec<(usize, u32)>,
    times: Vec<Option<TimeSource>>,
    packet_time: Option<usize>,
    /// Finds the packet time without values in between, where that is possible.
    clock: Option<Clock>,
    /// Place of the first item of variable size; what lies behind may move.
    first_moving: usize,
}

/// What was folded out of the packets before this one.
struct Folded<'a> {
    limits: Option<&'a mut LimitsState>,
    processors: Option<&'a ProcessorStates>,
}

impl DecodePlan {
    /// Compiles a packet.
    #[must_use]
    pub fn compile(packet: &Arc<Packet>) -> Self {
        let layout = Layout::of(packet);
        let compile::Compiled { fast, slow } = compile::compile(packet, &layout);
        let careful = |index: usize| {
            let packed = layout.items.get(index);
            let item = packed.and_then(|packed| packet.items.get(packed.place));
            Slow {
                index,
                entry: packed.map_or(NO_ENTRY, |packed| entry_of(packet, packed.place)),
                text: packed
                    .zip(item)
                    .and_then(|(packed, item)| TimeText::of(packet, item, packed)),
            }
        };
        let packet_time = packet.item_index(PACKET_TIME);
        let is_hidden = |place: usize| packet.items.get(place).is_some_and(|item| item.hidden);
        let entries = packet.limits_items.iter().copied().zip(0..);
        let hidden_limits: Vec<_> = entries.filter(|(place, _)| is_hidden(*place)).collect();
        Self {
            has_rest: !slow.is_empty() || !hidden_limits.is_empty(),
            slow: slow.into_iter().map(careful).collect(),
            careful: (0..layout.items.len()).map(careful).collect(),
            hidden_limits,
            times: packet.items.iter().map(|item| TimeSource::of(packet, item)).collect(),
            packet_time,
            clock: packet_time.and_then(|place| Clock::of_packet(packet, packet.items.get(place)?)),
            first_moving: compile::first_moving(packet),
            packet: Arc::clone(packet),
            codes: Codes::of(packet, &layout),
            layout,
            fast,
        }
    }

    /// Returns the packet that was compiled.
    #[must_use]
    pub fn packet(&self) -> &Arc<Packet> {
        &self.packet
    }

    /// Returns the items of a record in packed order, as they are published for outsiders.
    #[must_use]
    pub fn published_items(&self) -> &[PublishedItem] {
        &self.layout.published
    }

    /// Returns whether an item is in the packed values; reserved and hidden ones are not.
    #[must_use]
    pub fn is_packed(&self, place: usize) -> bool {
        self.layout.at_place(place).is_some()
    }

    #[inline]
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Decodes one packet and appends its record to `record`.
    ///
    /// `meta` is what conversions of times and counts see; it is not stored in the record.
    /// `limits` is the state of this packet's limits (made by [`LimitsState::new`] of the same
    /// definition); `None` decodes without checking and leaves limits states out of the record.
    /// Changes of state are appended to `transitions` in the order of checking. Nothing is
    /// allocated beyond the growth of the two buffers as long as the packet has its full length
    /// and fixed-size items.
    ///
    /// Any bytes can be decoded: items that are missing or make no sense are marked as such.
    pub fn decode_into(
        &self,
        bytes: &[u8],
        meta: PacketMeta,
        limits: Option<&mut LimitsState>,
        record: &mut Vec<u8>,
        transitions: &mut Vec<Transition>,
    ) {
        self.decode_processed(bytes, meta, limits, None, record, transitions);
    }

    /// Decodes one packet as [`DecodePlan::decode_into`] does, with what its processors have
    /// gathered ([`DecodePlan::process`]); without it they have not seen any packet.
    pub fn decode_processed(
        &self,
        bytes: &[u8],
        meta: PacketMeta,
        limits: Option<&mut LimitsState>,
        processors: Option<&ProcessorStates>,
        record: &mut Vec<u8>,
        transitions: &mut Vec<Transition>,
    ) {
        let base = record.len();
        record.resize(base + self.layout.fixed_length, 0);
        let fold = Folded { limits, processors };
        self.decode_at(base, bytes, meta, fold, record, transitions);
    }

    /// Runs the packet's processors on one packet, before it is decoded.
    pub fn process(&self, bytes: &[u8], meta: PacketMeta, processors: &mut ProcessorStates) {
        processors.run(&self.packet, bytes, meta.into());
    }

    /// Decodes one packet as [`DecodePlan::decode_into`] does, in place of what `record` holds.
    ///
    /// Faster than clearing it first, because a buffer of the right length is not zeroed.
    pub fn decode_over(
        &self,
        bytes: &[u8],
        meta: PacketMeta,
        limits: Option<&mut LimitsState>,
        record: &mut Vec<u8>,
        transitions: &mut Vec<Transition>,
    ) {
        record.resize(self.layout.fixed_length, 0);
        let fold = Folded { limits, processors: None };
        self.decode_at(0, bytes, meta, fold, record, transitions);
    }

    /// Decodes into the fixed part that begins at `base`, writing every byte of it.
    fn decode_at(
        &self,
        base: usize,
        bytes: &[u8],
        meta: PacketMeta,
        fold: Folded<'_>,
        record: &mut Vec<u8>,
        transitions: &mut Vec<Transition>,
    ) {
        let Folded { mut limits, processors } = fold;
        let first = transitions.len();
        let covered = self.fast.covers(bytes.len());
        if let Some(fixed) = record.get_mut(base..) {
            self.begin(fixed, limits.is_some());
            if covered {
                let limits = limits.as_deref_mut();
                self.fast.run(Work { packet: bytes, record: fixed, limits, transitions });
            }
        }
        if !covered || self.has_rest {
            let limits = limits.as_deref_mut();
            let rest = if covered { &self.slow } else { &self.careful };
            let reader = Reader::new(self, bytes, meta, processors);
            self.decode_rest(&reader, rest, base, record, Checking { limits, transitions });
        }
        if let (Some(limits), Some(record)) = (limits, record.get_mut(base..)) {
            self.codes.store(limits, record);
            if transitions.len() > first + 1 {
                sort(limits, transitions, first);
            }
        }
    }

    /// Writes the header and empties the limits section.
    #[inline]
    fn begin(&self, record: &mut [u8], checked: bool) {
        let mut header = self.layout.header;
        header[1] = if checked { FLAG_LIMITS } else { 0 };
        store(record, 0, header);
        if !checked || !self.codes.are_complete() {
            let end = self.layout.fixed_length;
            let limits = end - self.layout.limits..end;
            record.get_mut(limits).unwrap_or_default().fill(0);
        }
    }

    /// Packs what the fast operations did not.
    #[inline(never)]
    fn decode_rest(
        &self,
        reader: &Reader<'_>,
        rest: &[Slow],
        base: usize,
        record: &mut Vec<u8>,
        mut checking: Checking<'_>,
    ) {
        let mut output = Output { record, base, status: Vec::new() };
        for Slow { index, entry, text } in rest {
            match text.as_ref().filter(|text| text.covers(reader.bytes().len())) {
                Some(text) => {
                    output.write(&self.layout, *index, |out| text.write(reader.bytes(), out))
                }
                None => {
                    slow::pack(reader, &self.layout, *index, *entry, &mut output, &mut checking)
                }
            }
        }
        for (place, entry) in &self.hidden_limits {
            slow::check_hidden(reader, *place, *entry, &mut checking);
        }
        if !output.status.is_empty() {
            let Output { record, status, .. } = output;
            record.extend_from_slice(&status);
            record[base + 1] |= FLAG_STATUS;
        }
    }

    /// Returns the packet time that the packet's own `PACKET_TIME` item gives, in nanoseconds
    /// since 1970-01-01 UTC; `None` if there is no such item or its bytes are missing.
    ///
    /// Whole seconds and microseconds are added as integers, so no digit is lost.
    ///
    /// Source: cosmos-packets §8, §10.
    #[must_use]
    pub fn packet_time(&self, bytes: &[u8]) -> Option<i64> {
        if let Some(clock) = self.clock.as_ref().filter(|clock| clock.needed() <= bytes.len()) {
            return Some(clock.nanos(bytes));
        }
        let place = self.packet_time?;
        Reader::new(self, bytes, PacketMeta::default(), None).time(place)
    }

    /// Returns whether the packet defines its own time.
    #[must_use]
    pub fn has_packet_time(&self) -> bool {
        self.packet_time.is_some()
    }
}

/// Brings the changes of one packet into the order of checking.
#[cold]
fn sort(limits: &LimitsState, transitions: &mut [Transition], first: usize) {
    if let Some(new) = transitions.get_mut(first..) {
        new.sort_by_key(|transition| limits.order(transition.item));
    }
}
