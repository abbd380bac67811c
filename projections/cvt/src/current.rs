use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use groundlog_packet::{
    PacketId, Value,
    limits::LimitsColor,
    record::{PacketMeta, RecordView},
};
use groundlog_projection::LoadedDefinitions;
use groundlog_proto::{
    Offset, Position,
    wire::{Scalar, SetTelemetry, ValueType},
};

use crate::scalar::value_of;

/// Values forced by `set_tlm`: by item and by form (RAW, CONVERTED, FORMATTED).
pub(crate) type Overlay = BTreeMap<String, BTreeMap<i32, Scalar>>;

const SETTABLE: [ValueType; 3] = [ValueType::Raw, ValueType::Converted, ValueType::Formatted];

/// What is known about a packet now. Immutable; a newer record makes a new one.
#[derive(Debug, Clone)]
pub struct CurrentPacket {
    /// The target.
    pub target: Arc<str>,
    /// The packet.
    pub packet: Arc<str>,
    /// The newest record in `decom` that changed it: a packet or a `set_tlm`.
    pub position: Position,
    /// When the ground received it; 0 when only `set_tlm` ever touched it.
    pub received_time_ns: i64,
    /// Packet time.
    pub packet_time_ns: i64,
    /// How many live packets of this name were received.
    pub received_count: u64,
    /// Quality flags: 1 stored, 2 invalid, 4 gap.
    pub flags: u32,
    /// The definitions it was decoded with.
    pub definitions: Arc<LoadedDefinitions>,
    /// Number of the packet in its definitions.
    pub id: PacketId,
    /// The record as it lies in `decom`; `None` when only `set_tlm` ever touched the packet.
    pub record: Option<Bytes>,
    /// Where the packed values lie in the record.
    pub(crate) values: std::ops::Range<usize>,
    pub(crate) overlay: Overlay,
}

impl CurrentPacket {
    /// Returns whether a packet of this name was ever received.
    pub fn is_received(&self) -> bool {
        self.record.is_some()
    }

    /// Returns the packed values as docs/decom-record.md lays them out; empty where there are none.
    pub fn packed_values(&self) -> &[u8] {
        self.record.as_ref().and_then(|record| record.get(self.values.clone())).unwrap_or(&[])
    }

    /// Opens the packed values for reading; `None` when only `set_tlm` ever touched the packet.
    ///
    /// Opening checks the bytes once; whoever reads many items opens once.
    pub fn view(&self) -> Option<RecordView<'_>> {
        let meta = PacketMeta {
            received_time_ns: Some(self.received_time_ns),
            packet_time_ns: Some(self.packet_time_ns),
            received_count: self.received_count,
        };
        let values = self.record.as_ref()?.get(self.values.clone())?;
        let plan = self.definitions.plan(self.id);
        match values {
            [] => RecordView::without_values(plan, meta),
            values => RecordView::new(plan, meta, values).ok(),
        }
    }

    /// Returns the value of an item, named by its place in the definition, in one form; what
    /// `set_tlm` forced goes first. Null where there is nothing.
    pub fn value(&self, place: usize, form: ValueType) -> Value {
        self.forced(place, form).unwrap_or_else(|| {
            self.view().map_or(Value::Null, |view| match form {
                ValueType::Raw => view.raw(place),
                ValueType::Formatted => view.formatted(place),
                ValueType::Converted | ValueType::All => view.converted(place),
            })
        })
    }

    /// Returns the limits state of an item.
    pub fn limits(&self, place: usize) -> Option<LimitsColor> {
        self.view()?.limits(place)
    }

    /// Returns what `set_tlm` forced on an item in one form; formatted values are texts.
    fn forced(&self, place: usize, form: ValueType) -> Option<Value> {
        if self.overlay.is_empty() {
            return None;
        }
        let item = self.definitions.plan(self.id).packet().items.get(place)?;
        let value = value_of(self.overlaid(&item.name, form)?);
        match (form, &value) {
            (ValueType::Formatted, Value::Null | Value::String(_) | Value::Bytes(_)) => Some(value),
            (ValueType::Formatted, other) => Some(Value::String(other.to_string())),
            _ => Some(value),
        }
    }

    /// Returns the value that `set_tlm` forced on an item in one form.
    pub fn overlaid(&self, item: &str, form: ValueType) -> Option<&Scalar> {
        self.overlay.get(item)?.get(&(form as i32))
    }

    /// Returns the names of items that `set_tlm` forced since the last packet.
    pub fn overlaid_items(&self) -> impl Iterator<Item = &str> {
        self.overlay.keys().map(String::as_str)
    }

    /// Lays a `set_tlm` over the values.
    pub(crate) fn set(&mut self, offset: Offset, set: &SetTelemetry) {
        self.position.offset = offset;
        for item in &set.items {
            let forms = self.overlay.entry(item.item.clone()).or_default();
            for form in SETTABLE {
                if item.r#type == form as i32 || item.r#type == ValueType::All as i32 {
                    forms.insert(form as i32, item.value.clone().unwrap_or_default());
                }
            }
        }
    }
}
