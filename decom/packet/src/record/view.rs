//! Reading the items of a record.

use super::item::ItemView;
use super::layout::{ConvertedForm, Element, NO_SLOT, NO_STATE, PackedItem, RawForm};
use super::number::{Kind, load};
use super::{
    PacketMeta, RecordError, STATUS_CONVERTED_SHIFT, STATUS_NULL, check, formatted, tagged,
};
use crate::definition::{DataType, Item, States};
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

    fn element(&self, element: Element, slot: u32) -> Value {
        match element {
            Element::Bytes { length, data_type } => self.text(slot, length, data_type),
            number => match Kind::of(number) {
                Some(kind) => kind.value(self.bytes, slot),
                None => Value::Int(i128::from_be_bytes(load(self.bytes, slot))),
            },
        }
    }

    fn text(&self, offset: u32, length: u32, data_type: DataType) -> Value {
        self.slice(offset, length)
            .map_or(Value::Null, |bytes| crate::bits::text_value(bytes, data_type))
    }

    fn list(&self, count: u32, offset: u32, width: u32, each: impl Fn(u32) -> Value) -> Value {
        // A checked record holds all of its elements, so the count is to be believed.
        let slots = (0..count).map(|index| offset.saturating_add(index.saturating_mul(width)));
        Value::Array(slots.map(each).collect())
    }

    fn raw_value(&self, index: usize, packed: &PackedItem) -> Value {
        if self.status(index) & 3 != 0 {
            return Value::Null;
        }
        let slot = packed.raw_at;
        match packed.raw {
            RawForm::None => Value::Null,
            RawForm::One(element) => self.element(element, slot),
            RawForm::List { element, count } => {
                self.list(count, slot, element.width(), |slot| self.element(element, slot))
            }
            RawForm::VariableBytes { data_type } => match reference(self.bytes, slot) {
                Some((offset, length)) => self.text(offset, length, data_type),
                None => Value::Null,
            },
            RawForm::VariableList { element } => match reference(self.bytes, slot) {
                Some((offset, count)) => {
                    self.list(count, offset, element.width(), |slot| self.element(element, slot))
                }
                None => Value::Null,
            },
            RawForm::Tagged => self.tagged(slot),
        }
    }

    fn tagged(&self, slot: u32) -> Value {
        let bytes = reference(self.bytes, slot)
            .and_then(|(offset, length)| self.slice(offset, length))
            .unwrap_or(&[]);
        tagged::read(bytes).unwrap_or(Value::Null)
    }

    /// Returns where the list of a converted form begins, and how many elements it has.
    fn list_at(&self, packed: &PackedItem, slot: u32) -> Option<(u32, u32)> {
        match packed.count() {
            Some(count) => Some((slot, count)),
            None => reference(self.bytes, slot),
        }
    }

    /// Returns the value after the read conversion and before states.
    fn before_states(&self, index: usize, packed: &PackedItem) -> Value {
        match packed.converted {
            ConvertedForm::Same => return self.raw_value(index, packed),
            ConvertedForm::Envelope => return self.envelope_value(packed.place),
            _ if !self.has_converted(index) => return Value::Null,
            _ => {}
        }
        let number = |slot| Value::Float(f64::from_le_bytes(load(self.bytes, slot)));
        let slot = packed.converted_at;
        match packed.converted {
            ConvertedForm::Number if packed.is_list() => match self.list_at(packed, slot) {
                Some((offset, count)) => self.list(count, offset, 8, number),
                None => Value::Null,
            },
            ConvertedForm::Number => number(slot),
            ConvertedForm::Time => Value::Time(i64::from_le_bytes(load(self.bytes, slot))),
            _ => self.tagged(slot),
        }
    }

    /// Returns the converted value, with `show` applied to what is no name of a state.
    fn converted_value(
        &self,
        index: usize,
        packed: &PackedItem,
        show: impl Fn(Value) -> Value,
    ) -> Value {
        let states = self.item(packed.place).and_then(|item| item.states.as_ref());
        let Some(states) = states else {
            return show(self.before_states(index, packed));
        };
        if packed.state_at == NO_SLOT {
            let value = self.before_states(index, packed);
            return match states.name_of(&value) {
                Some(name) => Value::from(name),
                None => show(value),
            };
        }
        let name_at = |slot| name(states, u16::from_le_bytes(load(self.bytes, slot)));
        if !packed.is_list() {
            return match name_at(packed.state_at) {
                Some(name) => Value::from(name),
                None => match self.before_states(index, packed) {
                    // A list in a document has no room for the states of its elements.
                    Value::Array(values) => {
                        let named = values.into_iter().map(|value| match states.name_of(&value) {
                            Some(name) => Value::from(name),
                            None => show(value),
                        });
                        Value::Array(named.collect())
                    }
                    single => show(single),
                },
            };
        }
        let Some((offset, count)) = self.list_at(packed, packed.state_at) else {
            return Value::Null;
        };
        match self.before_states(index, packed) {
            Value::Array(values) => Value::Array(
                (0..count)
                    .zip(values)
                    .map(|(i, value)| match name_at(offset.saturating_add(i.saturating_mul(2))) {
                        Some(name) => Value::from(name),
                        None => show(value),
                    })
                    .collect(),
            ),
            // A whole array that is missing may have the ANY state as well.
            Value::Null if self.status(index) & 3 == STATUS_NULL && !self.skips_states() => {
                states.name_of(&Value::Null).map_or(Value::Null, Value::from)
            }
            other => show(other),
        }
    }
}

pub(super) fn name(states: &States, index: u16) -> Option<&str> {
    if index == NO_STATE { None } else { states.names().nth(usize::from(index)) }
}
