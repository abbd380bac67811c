//! Lists of values: arrays, repeated entries.

use super::{Layouter, Source};
use crate::config::MAX_PACKET_BITS;
use crate::definition::{DataType, Endianness};
use crate::xtce::types::{Class, Scalar, Size, Type};
use crate::xtce::xml::Element;

impl<'d> Layouter<'_, 'd> {
    /// Places a list: an array where its elements are single values, else one after the other.
    pub(super) fn place_list(
        &mut self,
        source: &Source<'d>,
        element: &Type<'d>,
        count: &Size<'d>,
        entry: Element<'d>,
        depth: usize,
    ) -> Option<()> {
        match (element, count) {
            (Type::Refused, _) => None,
            (Type::Scalar(scalar), _) => self.place_array(source, scalar, count, entry),
            (_, Size::Fixed(count)) if *count > 0 => {
                for index in 0..*count {
                    let inner = source.part(&format!("[{index}]"));
                    self.place(&inner, element, None, entry, depth + 1)?;
                }
                Some(())
            }
            _ => {
                let message = "a list of composed values needs a fixed number of them";
                self.notes.error(entry, message);
                None
            }
        }
    }

    fn place_array(
        &mut self,
        source: &Source<'d>,
        scalar: &Scalar<'d>,
        count: &Size<'d>,
        entry: Element<'d>,
    ) -> Option<()> {
        let mut item = self.item_of(scalar, source, None);
        let (Size::Fixed(bits), false) = (&scalar.size, scalar.class == Class::AbsoluteTime) else {
            let message = "lists of moments and of values of variable size are not supported";
            self.notes.error(entry, message);
            return None;
        };
        let whole = !matches!(item.data_type, DataType::Block | DataType::String) || bits % 8 == 0;
        let plain = item.endianness == Endianness::Big || matches!(bits, 8 | 16 | 32 | 64);
        if !whole || !plain || *bits <= 0 {
            self.notes.error(entry, "a list of values of this size is not supported");
            return None;
        }
        item.bit_size = *bits;
        if item.default.is_some() || self.scope.is_some() {
            item.default = Some(crate::Value::Array(Vec::new()));
            item.required = false;
        }
        match count {
            Size::Fixed(count) if *count > 0 && count.saturating_mul(*bits) <= MAX_PACKET_BITS => {
                item.array_size = Some(count * bits);
                self.put(item, count * bits, source.clone(), None, entry)
            }
            Size::Dynamic(dynamic) => {
                let length = self.length(dynamic)?;
                item.array_size = Some(0);
                item.variable_bit_size = Some(dynamic.variable(*bits));
                self.put_variable(item, source.clone(), Some(length), entry)
            }
            _ => {
                self.notes.error(entry, "a list needs at least one element");
                None
            }
        }
    }
}
