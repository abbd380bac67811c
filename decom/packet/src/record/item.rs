//! One item of a record, for consumers that read many.

use super::STATUS_CONVERTED_SHIFT;
use super::form::{ConvertedForm, Element, RawForm};
use super::layout::{NO_SLOT, PackedItem};
use super::number::load;
use super::view::{RecordView, name, reference};
use crate::definition::Item;
use crate::limits::LimitsColor;
use crate::value::Value;

/// One packed item of a checked record; reading numbers out of it allocates nothing.
#[derive(Debug, Clone, Copy)]
pub struct ItemView<'a> {
    pub(super) view: RecordView<'a>,
    pub(super) packed: &'a PackedItem,
    pub(super) index: usize,
}

impl<'a> ItemView<'a> {
    /// Returns the item's place in [`crate::definition::Packet::items`].
    #[must_use]
    #[inline]
    pub fn place(&self) -> usize {
        self.packed.place
    }

    /// Returns the item's definition.
    #[must_use]
    pub fn definition(&self) -> Option<&'a Item> {
        self.view.plan().packet().items.get(self.packed.place)
    }

    /// Returns whether the raw value is missing or unreadable.
    #[must_use]
    #[inline]
    pub fn is_missing(&self) -> bool {
        self.view.status(self.index) & 3 != 0
    }

    /// Returns the raw value of a single number as a double.
    #[must_use]
    #[inline]
    pub fn raw_f64(&self) -> Option<f64> {
        if self.is_missing() {
            return None;
        }
        match self.packed.kind {
            Some(kind) => Some(kind.number(self.view.bytes(), self.packed.raw_at)),
            None => self.rare().as_f64(),
        }
    }

    /// Returns the raw value of a single integer; `None` beyond the range of 64 bits.
    #[must_use]
    #[inline]
    pub fn raw_i64(&self) -> Option<i64> {
        if self.is_missing() {
            return None;
        }
        match self.packed.kind {
            Some(kind) => kind.integer(self.view.bytes(), self.packed.raw_at),
            None => self.rare().as_int().and_then(|wide| i64::try_from(wide).ok()),
        }
    }

    /// Returns a single integer of a field of more than 64 bits, or a value of any type.
    #[cold]
    fn rare(&self) -> Value {
        match self.packed.raw {
            RawForm::One(Element::Int { .. }) | RawForm::Tagged => self.raw(),
            _ => Value::Null,
        }
    }

    /// Returns the bytes of a single STRING or BLOCK field as they were in the packet.
    #[must_use]
    #[inline]
    pub fn raw_bytes(&self) -> Option<&'a [u8]> {
        if self.is_missing() {
            return None;
        }
        match self.packed.raw {
            RawForm::One(Element::Bytes { length, .. }) => {
                self.view.slice(self.packed.raw_at, length)
            }
            RawForm::VariableBytes { .. } => {
                let (offset, length) = reference(self.view.bytes(), self.packed.raw_at)?;
                self.view.slice(offset, length)
            }
            _ => None,
        }
    }

    /// Returns the number that the item's conversion gives, before states; `None` if it has no
    /// conversion to a single number, or the number is missing.
    #[must_use]
    #[inline]
    pub fn converted_f64(&self) -> Option<f64> {
        if self.packed.converted != ConvertedForm::Number
            || self.packed.is_list()
            || (self.view.status(self.index) >> STATUS_CONVERTED_SHIFT) & 3 != 0
        {
            return None;
        }
        Some(f64::from_le_bytes(load(self.view.bytes(), self.packed.converted_at)))
    }

    /// Returns the index of the state that a single item's value has, in the order of its states;
    /// `None` without one.
    #[must_use]
    #[inline]
    pub fn state_index(&self) -> Option<usize> {
        if self.packed.state_at == NO_SLOT || self.packed.is_list() {
            return None;
        }
        let index = u16::from_le_bytes(load(self.view.bytes(), self.packed.state_at));
        if index == super::NO_STATE { None } else { Some(usize::from(index)) }
    }

    /// Returns the name of the state that a single item's value has.
    #[must_use]
    pub fn state_name(&self) -> Option<&'a str> {
        let index = self.state_index()?;
        let states = self.definition()?.states.as_ref()?;
        name(states, u16::try_from(index).ok()?)
    }

    /// Returns the limits state.
    #[must_use]
    #[inline]
    pub fn limits(&self) -> Option<LimitsColor> {
        if self.packed.limits_at == NO_SLOT {
            return None;
        }
        let [code] = load(self.view.bytes(), self.packed.limits_at);
        LimitsColor::from_code(code)
    }

    /// Returns the raw value; see [`RecordView::raw`].
    #[must_use]
    pub fn raw(&self) -> Value {
        self.view.raw(self.packed.place)
    }

    /// Returns the converted value; see [`RecordView::converted`].
    #[must_use]
    pub fn converted(&self) -> Value {
        self.view.converted(self.packed.place)
    }

    /// Returns the formatted value; see [`RecordView::formatted`].
    #[must_use]
    pub fn formatted(&self) -> Value {
        self.view.formatted(self.packed.place)
    }
}
