//! Values at their places.

use std::rc::Rc;

use super::{Layouter, MAX_ALL_ITEMS, Placed, Source};
use crate::config::{MAX_ITEMS, MAX_PACKET_BITS, check_item};
use crate::definition::{DataType, Endianness, Item, ValueType, VariableBitSize, VariableLength};
use crate::xtce::parameters::Parameter;
use crate::xtce::types::{Scalar, Size, Type};
use crate::xtce::xml::Element;

/// Blocks of bits that are no whole bytes become integers up to this size.
const MAX_BIT_BLOCK: i64 = 64;
/// Arrays of arrays of aggregates.
const MAX_PARTS: usize = 16;

impl<'d> Layouter<'_, 'd> {
    /// Places a value as often as its entry says.
    pub(super) fn place_repeated(
        &mut self,
        parameter: &Rc<Parameter<'d>>,
        kind: &Rc<Type<'d>>,
        repeat: Option<Size<'d>>,
        entry: Element<'d>,
    ) -> Option<()> {
        let source = Source::Parameter { parameter: parameter.clone(), part: String::new() };
        match repeat {
            None => self.place(&source, kind, parameter.initial, entry, 0),
            Some(count) => self.place_list(&source, kind, &count, entry, 0),
        }
    }

    pub(super) fn place(
        &mut self,
        source: &Source<'d>,
        kind: &Type<'d>,
        initial: Option<&'d str>,
        entry: Element<'d>,
        depth: usize,
    ) -> Option<()> {
        if depth > MAX_PARTS || self.shop.entries_left == 0 {
            let message =
                format!("values are made of too many parts, or more than {MAX_PARTS} levels");
            self.notes.error(entry, message);
            return None;
        }
        // Parts without items count, too: their number multiplies with every level.
        self.shop.entries_left -= 1;
        match kind {
            Type::Refused => None,
            Type::Scalar(scalar) => self.place_scalar(source, scalar, initial, entry),
            Type::Array { element, count } => {
                self.place_list(source, element, count, entry, depth + 1)
            }
            Type::Aggregate(members) => {
                for member in members {
                    let part = format!(".{}", member.name);
                    let inner = source.part(&part);
                    let before = self.sheet.placed.len();
                    self.place(&inner, &member.kind, member.initial, entry, depth + 1)?;
                    let described = member.element.attribute("shortDescription");
                    if let (Some(text), Some(placed)) =
                        (described, self.sheet.placed.get_mut(before))
                    {
                        placed.item.description = Some(text.to_owned());
                    }
                }
                Some(())
            }
        }
    }

    fn place_scalar(
        &mut self,
        source: &Source<'d>,
        scalar: &Scalar<'d>,
        initial: Option<&'d str>,
        entry: Element<'d>,
    ) -> Option<()> {
        let mut item = self.item_of(scalar, source, initial);
        match &scalar.size {
            Size::Fixed(bits) => self.put(item, *bits, source.clone(), None, entry)?,
            Size::Dynamic(dynamic) => {
                let length = self.length(dynamic)?;
                item.variable_bit_size = Some(dynamic.variable(1));
                self.put_variable(item, source.clone(), Some(length), entry)?;
            }
            Size::Terminated { terminator, field } => {
                item.bit_size = field.unwrap_or(0);
                item.variable_bit_size = Some(VariableBitSize {
                    length: VariableLength::Terminator(terminator.clone()),
                    bits_per_count: 8,
                    bit_offset: 0,
                    reserved_bits: field.unwrap_or(0),
                    in_field: field.is_some(),
                });
                self.put_variable(item, source.clone(), None, entry)?;
            }
            Size::Prefixed { tag_bits, field } => {
                let mut tag = Item::new("", 0, *tag_bits, DataType::Uint, Endianness::Big);
                tag.hidden = true;
                tag.description = Some(format!("Bytes of {}", source.name()));
                let name = format!("{}_LENGTH", source.name());
                let system = source.system();
                let tag_source = Source::Entry { element: entry, name, system };
                self.put(tag, *tag_bits, tag_source, None, entry)?;
                let length = self.sheet.placed.len() - 1;
                let field = field.map(|field| field - tag_bits);
                item.bit_size = field.unwrap_or(0);
                item.variable_bit_size = Some(VariableBitSize {
                    length: VariableLength::Item {
                        name: String::new(),
                        value_type: ValueType::Raw,
                    },
                    bits_per_count: 8,
                    bit_offset: 0,
                    reserved_bits: field.unwrap_or(0),
                    in_field: field.is_some(),
                });
                self.put_variable(item, source.clone(), Some(length), entry)?;
            }
        }
        self.count_from(scalar, entry)
    }

    /// Puts an item of a fixed size at the cursor, or at a distance from the end.
    pub(super) fn put(
        &mut self,
        mut item: Item,
        bits: i64,
        source: Source<'d>,
        from_end: Option<i64>,
        entry: Element<'d>,
    ) -> Option<()> {
        if bits <= 0 || bits > MAX_PACKET_BITS {
            self.notes.error(entry, format!("a size of {bits} bits is not supported"));
            return None;
        }
        let start = match from_end {
            None => self.sheet.cursor,
            // The place is that of the entry's end.
            Some(offset) => -(offset + bits),
        };
        item.bit_offset = start;
        if item.array_size.is_none() {
            item.bit_size = bits;
        }
        let single = item.array_size.is_none();
        if item.data_type == DataType::Block && single && (start % 8 != 0 || bits % 8 != 0) {
            if bits > MAX_BIT_BLOCK {
                let message = "a block that is no whole bytes is supported up to 64 bits";
                self.notes.error(entry, message);
                return None;
            }
            self.notes.warn(entry, "bits that are no whole bytes are read as an integer");
            item.data_type = DataType::Uint;
            if let Some(crate::Value::Bytes(bytes)) = &item.default {
                let all = bytes.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
                item.default = Some(crate::Value::from(all));
            }
        }
        if item.endianness == Endianness::Little && item.data_type.is_integer() && bits <= 8 {
            // Within eight bits there is no order of bytes; across two bytes there seems to be one.
            if start.rem_euclid(8) + bits > 8 {
                item.endianness = Endianness::Big;
            }
        } else if is_little_field(&item) {
            if start % 8 != 0 || item.bit_size % 8 != 0 {
                let message =
                    "the least significant byte first is supported for whole bytes at whole bytes";
                self.notes.error(entry, message);
                return None;
            }
            // Such a field is named by its last byte.
            item.bit_offset = start + bits - 8;
        }
        item.overlap = from_end.is_none() && start < self.sheet.end;
        self.add(item, source, None, entry)?;
        if from_end.is_none() {
            self.sheet.cursor = start + bits;
            self.sheet.end = self.sheet.end.max(self.sheet.cursor);
        }
        Some(())
    }

    /// Puts an item of variable size at the cursor.
    pub(super) fn put_variable(
        &mut self,
        mut item: Item,
        source: Source<'d>,
        length: Option<usize>,
        entry: Element<'d>,
    ) -> Option<()> {
        let Some(variable) = &item.variable_bit_size else { return None };
        let (reserved, in_field) = (variable.reserved_bits, variable.in_field);
        if reserved < 0
            || in_field && reserved == 0
            || reserved % 8 != 0
            || reserved > MAX_PACKET_BITS
        {
            self.notes.error(entry, "the space for the value makes no sense");
            return None;
        }
        let start = self.sheet.cursor;
        item.bit_offset = start;
        self.add(item, source, length, entry)?;
        self.sheet.cursor = start + reserved;
        self.sheet.end = self.sheet.end.max(self.sheet.cursor);
        if !in_field {
            self.sheet.variable_from.get_or_insert(start);
        }
        Some(())
    }

    fn add(
        &mut self,
        mut item: Item,
        source: Source<'d>,
        length: Option<usize>,
        entry: Element<'d>,
    ) -> Option<()> {
        if self.sheet.placed.len() >= MAX_ITEMS {
            self.notes.error(entry, format!("a packet has at most {MAX_ITEMS} items"));
            return None;
        }
        if self.shop.items_left == 0 {
            let message = format!("the packets have more than {MAX_ALL_ITEMS} items together");
            self.notes.error(entry, message);
            return None;
        }
        self.shop.items_left -= 1;
        item.name = source.name().to_uppercase();
        if let Err(message) = check_item(&item) {
            self.notes.error(entry, message);
            return None;
        }
        if let Source::Parameter { parameter, part } = &source {
            let key = (parameter.element.index(), part.clone());
            // Of a parameter that is there several times the first value counts.
            self.sheet.keys.entry(key).or_insert(self.sheet.placed.len());
        }
        self.sheet.placed.push(Placed { item, source, length, counts_from: None, fixed: false });
        Some(())
    }
}

/// Returns the first bit behind an item.
pub(super) fn end_of(item: &Item) -> i64 {
    let reserved = item.variable_bit_size.as_ref().map(|variable| variable.reserved_bits);
    let bits = reserved.or(item.array_size).unwrap_or(item.bit_size);
    if is_little_field(item) {
        return item.bit_offset + 8;
    }
    item.bit_offset + bits
}

/// Returns whether an item is a field of several bytes that is named by its last one.
fn is_little_field(item: &Item) -> bool {
    item.endianness == Endianness::Little
        && item.data_type.is_integer()
        && item.array_size.is_none()
        && item.bit_size > 8
        && item.is_bit_field()
}
