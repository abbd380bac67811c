mod marker;
mod outputs;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use bytes::Bytes;
use groundlog_log::RecordRef;
use groundlog_packet::{PacketId, limits::Transition, plan::DecodePlan, record::PacketMeta};
use groundlog_projection::LoadedDefinitions;
use groundlog_proto::{
    DefinitionHash, Generation, Offset,
    borrowed::{DecomBodyRef, PositionRef, RawBodyRef, RawPacketRef, RawRecordRef},
};

use crate::{
    DecomError, DueResponse, FLAG_INVALID, FLAG_STORED, Irregularity,
    encode::{Envelope, RECORD_BYTES_MAX, push_decom},
    limits_event::push_limits_event,
    limits_settings::LimitsSettings,
    packet_state::{PacketState, PacketStates},
    size_bound::SizeBound,
    snapshot,
};

pub use outputs::FoldOutputs;

/// Name of target and packet of what nothing identifies.
const UNKNOWN: &str = "UNKNOWN";

/// Where a fold's records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Generation of the topic.
    pub generation: Generation,
    /// Full name of the topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: u32,
    /// Whether everything in it is stored (`from.raw.stored`).
    pub stored: bool,
}

/// Why a record was not folded; nothing was put out for it.
#[derive(Debug)]
pub enum FoldError {
    /// These definitions must be bound first ([`Fold::bind`]); then the record is applied again.
    Needs(DefinitionHash),
    /// The record cannot be folded; the definitions it names, if any.
    Record(Box<DecomError>, Option<DefinitionHash>),
}

impl<E: Into<DecomError>> From<E> for FoldError {
    fn from(error: E) -> Self {
        Self::Record(Box::new(error.into()), None)
    }
}

/// The raw record being folded.
#[derive(Clone, Copy)]
struct Input<'a> {
    offset: Offset,
    bytes: usize,
    raw: &'a RawRecordRef<'a>,
}

/// Definitions in use, with what is looked up once per packet (live, stored).
struct Bound {
    hash: DefinitionHash,
    loaded: Arc<LoadedDefinitions>,
    places: Vec<[Option<Place>; 2]>,
}

/// Where a packet's state is, and how large its records may become.
#[derive(Clone, Copy)]
struct Place {
    state: usize,
    size: SizeBound,
}

impl Place {
    /// Returns whether the record of a packet might not fit.
    fn may_exceed(&self, raw_bytes: usize, data: &[u8]) -> bool {
        raw_bytes.saturating_add(self.size.at(data.len())) > RECORD_BYTES_MAX
    }
}

/// The fold of one partition of `raw` or `from.raw.stored`: pure, no I/O, the same bytes every time.
pub struct Fold {
    source: Source,
    bound: Vec<Bound>,
    by_hash: HashMap<DefinitionHash, usize>,
    packets: PacketStates,
    settings: LimitsSettings,
    values: Vec<u8>,
    transitions: Vec<Transition>,
}

impl Fold {
    /// Makes the fold before the first record.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            bound: Vec::new(),
            by_hash: HashMap::new(),
            packets: PacketStates::default(),
            settings: LimitsSettings::default(),
            values: Vec::new(),
            transitions: Vec::new(),
        }
    }

    /// Returns the definitions that [`Fold::restore`] needs for a snapshot.
    ///
    /// # Errors
    /// [`DecomError::Snapshot`] when the bytes are damaged.
    pub fn definitions_of(bytes: Bytes) -> Result<BTreeSet<DefinitionHash>, DecomError> {
        snapshot::definitions(bytes)
    }

    /// Makes the fold as it was when the snapshot was taken.
    ///
    /// # Errors
    /// [`DecomError::Snapshot`] when the bytes are damaged, or when definitions are not given that
    /// [`Fold::definitions_of`] names.
    pub fn restore(
        source: Source,
        bytes: Bytes,
        loaded: &[Arc<LoadedDefinitions>],
    ) -> Result<Self, DecomError> {
        let (packets, settings) = snapshot::read(bytes, loaded)?;
        let mut fold = Self { packets, settings, ..Self::new(source) };
        for definitions in loaded {
            fold.bind(definitions.clone());
        }
        Ok(fold)
    }

    /// Returns the state as bytes; equal states give equal bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        snapshot::write(&self.packets, &self.settings)
    }

    /// Makes definitions available to the records that name them.
    pub fn bind(&mut self, loaded: Arc<LoadedDefinitions>) {
        if self.by_hash.contains_key(&loaded.hash()) {
            return;
        }
        let places = vec![[None; 2]; loaded.definitions().packets().len()];
        self.by_hash.insert(loaded.hash(), self.bound.len());
        self.bound.push(Bound { hash: loaded.hash(), loaded, places });
    }

    /// Folds one record.
    ///
    /// # Errors
    /// [`FoldError`]; nothing was put out then, and counts and limits are as they were, so that a
    /// record that needs definitions can be applied again.
    pub fn apply(&mut self, record: RecordRef<'_>, out: &mut FoldOutputs) -> Result<(), FoldError> {
        let raw = RawRecordRef::parse(record.value)?;
        let from = Input { offset: record.offset, bytes: record.value.len(), raw: &raw };
        match raw.body {
            RawBodyRef::Packet(packet) => self.packet(from, packet, out),
            RawBodyRef::Set(message) => self.set(from, message, out),
            RawBodyRef::Marker(message) => self.marker(from, message, out),
            RawBodyRef::Values(_) => Err(DecomError::Values.into()),
            RawBodyRef::Missing => Err(DecomError::NoBody.into()),
        }
    }

    fn packet(
        &mut self,
        from: Input<'_>,
        packet: RawPacketRef<'_>,
        out: &mut FoldOutputs,
    ) -> Result<(), FoldError> {
        let stored = self.source.stored || from.raw.stored;
        let bound = self.definitions(from.raw)?;
        let loaded = self.bound[bound].loaded.clone();
        let id = loaded.identify(from.raw.interface, packet.target, packet.name, packet.data);
        let plan = loaded.plan(id);
        let wrong_length = Irregularity::of_length(plan.packet(), packet.data.len());
        let place = self.place(bound, id, plan, stored);
        let PacketState { key, received_count, limits, .. } = self.packets.at(place.state);
        let envelope = Envelope {
            source: source_of(&self.source, from.offset),
            raw: from.raw,
            raw_bytes: from.bytes,
            definitions: loaded.hash(),
            key,
            target: &plan.packet().target_name,
            packet: &plan.packet().packet_name,
            packet_time_ns: plan
                .packet_time(packet.data)
                .or(from.raw.packet_time_ns)
                .unwrap_or(from.raw.received_time_ns),
            received_count: *received_count + 1,
            flags: flags(wrong_length, stored),
        };
        self.values.clear();
        self.transitions.clear();
        let mut body = DecomBodyRef::Missing;
        // Seldom: a record that turns out too large must leave no mark.
        let before = place.may_exceed(from.bytes, packet.data).then(|| limits.clone());
        let meta = PacketMeta {
            received_time_ns: Some(from.raw.received_time_ns),
            packet_time_ns: Some(envelope.packet_time_ns),
            received_count: envelope.received_count,
        };
        if id != loaded.unknown() {
            let bound = limits.bind(loaded.hash(), plan.packet(), &self.settings);
            plan.process(packet.data, meta, &mut bound.processors);
            plan.decode_processed(
                packet.data,
                meta,
                Some(&mut bound.state),
                Some(&bound.processors),
                &mut self.values,
                &mut self.transitions,
            );
            body = DecomBodyRef::Values(&self.values);
        }
        let to = if stored { &mut out.stored } else { &mut out.decom };
        if let Err(error) = push_decom(to, &envelope, body) {
            before.into_iter().for_each(|before| *limits = before);
            return Err(error.into());
        }
        if !stored && !self.transitions.is_empty() {
            let limits = &mut limits.bind(loaded.hash(), plan.packet(), &self.settings).state;
            for transition in &self.transitions {
                push_limits_event(
                    &mut out.limits,
                    &envelope,
                    plan,
                    &self.values,
                    limits,
                    transition,
                );
                let (packet, bytes) = (plan.packet(), packet.data);
                out.responses.extend(DueResponse::of(packet, bytes, meta.into(), *transition));
            }
        }
        *received_count += 1;
        // Bytes that are no packet come with this name, and were counted by their interface.
        let wrong = match id == loaded.unknown() {
            true => (packet.name != UNKNOWN).then_some(Irregularity::Unknown),
            false => wrong_length,
        };
        if let Some(what) = wrong {
            out.irregular.add(what, from.raw.interface, plan.packet(), stored);
        }
        Ok(())
    }

    /// Returns the place of the definitions that a record names.
    fn definitions(&self, raw: &RawRecordRef<'_>) -> Result<usize, FoldError> {
        let hash = DefinitionHash::from_wire(raw.definitions).ok_or(DecomError::NoDefinitions)?;
        // Nearly every record names the same definitions as the one before it.
        if self.bound.last().is_some_and(|newest| newest.hash == hash) {
            return Ok(self.bound.len() - 1);
        }
        self.by_hash.get(&hash).copied().ok_or(FoldError::Needs(hash))
    }

    /// Returns the place of a packet's state; the names are looked up once per definitions.
    fn place(&mut self, bound: usize, id: PacketId, plan: &DecodePlan, stored: bool) -> Place {
        let cached = &mut self.bound[bound].places[id.index()][usize::from(stored)];
        *cached.get_or_insert_with(|| {
            let packet = plan.packet();
            let state = self.packets.place(&packet.target_name, &packet.packet_name, stored);
            Place { state, size: SizeBound::of(packet) }
        })
    }
}

fn source_of(source: &Source, offset: Offset) -> PositionRef<'_> {
    PositionRef {
        generation: source.generation,
        topic: &source.topic,
        partition: source.partition,
        offset,
        sub_index: 0,
    }
}

fn flags(wrong_length: Option<Irregularity>, stored: bool) -> u32 {
    let invalid = if wrong_length == Some(Irregularity::Short) { FLAG_INVALID } else { 0 };
    invalid | if stored { FLAG_STORED } else { 0 }
}
