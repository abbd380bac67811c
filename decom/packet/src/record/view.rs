//! Reading the items of a record.

mod values;

use super::form::{ConvertedForm, RawForm};
use super::item::ItemView;
use super::layout::{NO_STATE, PackedItem};
use super::{PacketMeta, RecordError, STATUS_CONVERTED_SHIFT, check, formatted};
use crate::definition::{Item, States};
use crate::limits::LimitsColor;
use crate::plan::DecodePlan;
use crate::value::Value;

/// A record whose bytes were checked against its packet's layout.
///
/// Items are named by their place in [`crate::definition::Packet::items`]. Places that do not
/// exist, hidden items and missing values read as [`Value::Null`].
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a> {
    plan: &'a DecodePlan,
    bytes: &'a [u8],
    status: &'a [u8],
    meta: PacketMeta,
}

/// Returns offset and length or count of a reference.
pub(super) fn reference(bytes: &[u8], slot: u32) -> Option<(u32, u32)> {
    let [a, b, c, d, e, f, g, h] = *bytes.get(slot as usize..)?.first_chunk()?;
    Some((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
}

impl<'a> RecordView<'a> {
    /// Checks a record once, so that reading its items cannot fail.
    ///
    /// # Errors
    /// [`RecordError`] when the bytes are damaged, of another version or of another definition.
    #[inline]
    pub fn new(
        plan: &'a DecodePlan,
        meta: PacketMeta,
        bytes: &'a [u8],
    ) -> Result<Self, RecordError> {
        let status = if plan.layout().is_plain(bytes) {
            &[]
        } else {
            check::check(plan.packet(), plan.layout(), bytes)?
        };
        Ok(Self { plan, bytes, status, meta })
    }

    /// Opens the record of a packet whose items all come from its envelope, as UNKNOWN's do: it is
    /// recorded without values. `None` for any other packet.
    #[must_use]
    pub fn without_values(plan: &'a DecodePlan, meta: PacketMeta) -> Option<Self> {
        let is_bare = plan.layout().items.is_empty();
        is_bare.then_some(Self { plan, bytes: &[], status: &[], meta })
    }

    /// Returns the plan whose packet this is.
    #[must_use]
    pub fn plan(&self) -> &'a DecodePlan {
        self.plan
    }

    /// Returns what the envelope says about the packet.
    #[must_use]
    pub fn meta(&self) -> PacketMeta {
        self.meta
    }

    /// Returns the raw value of an item; for derived items the converted value (§5.1 step 1).
    #[must_use]
    pub fn raw(&self, place: usize) -> Value {
        match self.packed(place) {
            Some((index, packed)) if packed.raw == RawForm::None => {
                self.before_states(index, packed)
            }
            Some((index, packed)) => self.raw_value(index, packed),
            None => self.reserved(place),
        }
    }

    /// Returns the converted value of an item: the name of its state, else its number.
    #[must_use]
    pub fn converted(&self, place: usize) -> Value {
        match self.packed(place) {
            Some((index, packed)) => self.converted_value(index, packed, |value| value),
            None => self.reserved(place),
        }
    }

    /// Returns the formatted value of an item: text, a list of texts, bytes or null.
    #[must_use]
    pub fn formatted(&self, place: usize) -> Value {
        let Some(item) = self.item(place) else {
            return Value::Null;
        };
        let format = |value: Value| formatted::formatted(item, &value);
        match self.packed(place) {
            Some((index, packed)) => self.converted_value(index, packed, format),
            None => format(self.reserved(place)),
        }
    }

    /// Returns the limits state of an item.
    #[must_use]
    pub fn limits(&self, place: usize) -> Option<LimitsColor> {
        self.item_view(place)?.limits()
    }

    /// Iterates over the packed items, for consumers that want them all.
    pub fn items(&self) -> impl ExactSizeIterator<Item = ItemView<'a>> + use<'a> {
        let view = *self;
        let packed = self.plan.layout().items.iter();
        packed.enumerate().map(move |(index, packed)| ItemView { view, packed, index })
    }

    /// Returns one packed item; `None` for reserved and hidden ones.
    #[must_use]
    #[inline]
    pub fn item_view(&self, place: usize) -> Option<ItemView<'a>> {
        let (index, packed) = self.packed(place)?;
        Some(ItemView { view: *self, packed, index })
    }

    /// Returns a packed item by its number in the packed order.
    #[inline]
    pub(super) fn item_at(&self, index: usize) -> Option<ItemView<'a>> {
        let packed = self.plan.layout().items.get(index)?;
        Some(ItemView { view: *self, packed, index })
    }

    /// Returns whether values may be missing.
    pub(super) fn has_status(&self) -> bool {
        !self.status.is_empty()
    }

    /// Returns the raw value of a single number as a double.
    #[must_use]
    #[inline]
    pub fn raw_f64(&self, place: usize) -> Option<f64> {
        self.item_view(place)?.raw_f64()
    }

    /// Returns the raw value of a single integer; `None` beyond the range of 64 bits.
    #[must_use]
    #[inline]
    pub fn raw_i64(&self, place: usize) -> Option<i64> {
        self.item_view(place)?.raw_i64()
    }

    /// Returns the number an item is converted to, before states; its raw number if it has no
    /// conversion; `None` for everything else.
    #[must_use]
    #[inline]
    pub fn converted_f64(&self, place: usize) -> Option<f64> {
        match self.item_view(place) {
            Some(item) if item.packed.converted != ConvertedForm::Envelope => {
                item.converted_f64().or_else(|| match item.packed.converted {
                    ConvertedForm::Same => item.raw_f64(),
                    _ => None,
                })
            }
            _ => self.reserved(place).as_f64(),
        }
    }

    /// Returns the bytes of a single STRING or BLOCK field as they were in the packet.
    #[must_use]
    pub fn raw_bytes(&self, place: usize) -> Option<&'a [u8]> {
        self.item_view(place)?.raw_bytes()
    }

    /// Returns the name of the state that a single item's value has.
    #[must_use]
    pub fn state_name(&self, place: usize) -> Option<&'a str> {
        self.item_view(place)?.state_name()
    }

    /// Returns whether the raw value is missing or unreadable.
    #[must_use]
    pub fn is_missing(&self, place: usize) -> bool {
        self.packed(place).is_none_or(|(index, _)| self.status(index) & 3 != 0)
    }

    fn item(&self, place: usize) -> Option<&'a Item> {
        self.plan.packet().items.get(place)
    }

    #[inline]
    fn packed(&self, place: usize) -> Option<(usize, &'a PackedItem)> {
        self.plan.layout().at_place(place)
    }

    #[inline]
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    #[inline]
    pub(super) fn status(&self, index: usize) -> u8 {
        self.status.get(index).copied().unwrap_or(0)
    }

    #[inline]
    fn has_converted(&self, index: usize) -> bool {
        self.status(index) >> STATUS_CONVERTED_SHIFT & 3 == 0
    }

    /// Returns whether null has no state because short packets are expected.
    fn skips_states(&self) -> bool {
        self.plan.packet().short_buffer_allowed
    }

    #[inline]
    pub(super) fn slice(&self, offset: u32, length: u32) -> Option<&'a [u8]> {
        self.bytes.get(offset as usize..(offset as usize).checked_add(length as usize)?)
    }

    /// Reads a reserved item; hidden items are not in the record and read as null.
    fn reserved(&self, place: usize) -> Value {
        match self.item(place) {
            Some(item) if !item.hidden => self.envelope_value(place),
            _ => Value::Null,
        }
    }

    fn envelope_value(&self, place: usize) -> Value {
        let conversion = self.item(place).and_then(|item| item.read_conversion.as_ref());
        conversion
            .and_then(|definition| self.meta.value(&definition.conversion))
            .unwrap_or(Value::Null)
    }
}

pub(super) fn name(states: &States, index: u16) -> Option<&str> {
    if index == NO_STATE { None } else { states.names().nth(usize::from(index)) }
}
