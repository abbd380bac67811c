//! Entries of containers.

use std::rc::Rc;

use super::{Layouter, MAX_INCLUDED, Source};
use crate::definition::{DataType, Endianness, Item};
use crate::value::Value;
use crate::xtce::numbers::{self, Attributes};
use crate::xtce::parameters::Parameter;
use crate::xtce::space::{Found, Kind, Reference};
use crate::xtce::types::{Size, Type, integer_value};
use crate::xtce::xml::Element;

/// Entries of telemetry containers.
pub(super) const TELEMETRY: [&str; 3] =
    ["ParameterRefEntry", "ArrayParameterRefEntry", "ContainerRefEntry"];
/// Entries of command containers.
pub(super) const COMMAND: [&str; 6] = [
    "ParameterRefEntry",
    "ArrayParameterRefEntry",
    "ContainerRefEntry",
    "ArgumentRefEntry",
    "ArrayArgumentRefEntry",
    "FixedValueEntry",
];
/// Fixed values of more bits than this do not fit the values of the model.
const MAX_FIXED_INTEGER_BITS: i64 = 64;

impl<'d> Layouter<'_, 'd> {
    /// Lays out one entry.
    pub(super) fn entry(
        &mut self,
        entry: Found<'d>,
        start: i64,
        open: &mut Vec<Element<'d>>,
    ) -> Option<()> {
        let element = entry.element;
        let own: &[&str] = match element.name() {
            "ContainerRefEntry" => &["containerRef"],
            "ArgumentRefEntry" | "ArrayArgumentRefEntry" => &["argumentRef"],
            "FixedValueEntry" => &["name", "binaryValue", "sizeInBits"],
            _ => &["parameterRef"],
        };
        let mut attributes = vec!["shortDescription", "lastEntryForThisArrayInstance"];
        attributes.extend(own);
        let children = [
            "LocationInContainerInBits",
            "LocationInContainerInBit",
            "RepeatEntry",
            "AncillaryDataSet",
        ];
        self.notes.only(element, &attributes, &children);
        let from_end = self.locate(entry, start)?;
        let repeat = match element.child("RepeatEntry") {
            Some(repeat) => Some(self.repeat(entry.system, repeat)?),
            None => None,
        };
        match element.name() {
            "ContainerRefEntry" if from_end.is_none() => self.include(entry, repeat, open),
            "FixedValueEntry" if repeat.is_none() => self.fixed_value(entry, from_end),
            "ContainerRefEntry" | "FixedValueEntry" => {
                self.notes.error(element, "is supported neither from the end nor repeated");
                None
            }
            _ => {
                let parameter = self.parameter(entry)?;
                let kind = parameter.kind.clone();
                if let Some(offset) = from_end {
                    return self.place_from_end(
                        parameter,
                        &kind,
                        offset,
                        element,
                        repeat.is_some(),
                    );
                }
                self.place_repeated(&parameter, &kind, repeat, element)
            }
        }
    }

    /// Moves to the place of an entry; returns its distance from the end if it counts from there.
    ///
    /// Source: XTCE 1.2 schema, LocationInContainerInBitsType, ReferenceLocationType.
    fn locate(&mut self, entry: Found<'d>, start: i64) -> Option<Option<i64>> {
        let element = entry.element;
        let location = element.child("LocationInContainerInBits");
        let Some(location) = location.or_else(|| element.child("LocationInContainerInBit")) else {
            return Some(None);
        };
        self.notes.only(location, &["referenceLocation"], &["FixedValue"]);
        let Size::Fixed(offset) = integer_value(self.notes, entry.system, location)? else {
            self.notes.error(location, "a place that depends on other values is not supported");
            return None;
        };
        let place = match location.attribute("referenceLocation").unwrap_or("previousEntry") {
            "previousEntry" => self.sheet.cursor + offset,
            "containerStart" => start + offset,
            "containerEnd" if offset >= 0 && self.at_top(start) => return Some(Some(offset)),
            other => {
                let message = format!("referenceLocation=\"{other}\" is not supported here");
                self.notes.error(location, message);
                return None;
            }
        };
        if place < self.shop.origin {
            self.notes.error(location, "lies before the start of the packet");
            return None;
        }
        // What lies behind an item of variable size moves with it.
        let previous =
            location.attribute("referenceLocation").is_none_or(|it| it == "previousEntry");
        let moves = self.sheet.variable_from.is_some_and(|from| place >= from);
        let back = previous && offset < 0 && self.sheet.variable_from.is_some();
        if moves && !previous || back {
            let message = "a place behind an item of variable size can only follow the one before";
            self.notes.error(location, message);
            return None;
        }
        self.sheet.cursor = place;
        Some(None)
    }

    fn at_top(&self, start: i64) -> bool {
        start == self.shop.origin
    }

    fn repeat(&mut self, system: usize, repeat: Element<'d>) -> Option<Size<'d>> {
        self.notes.only(repeat, &[], &["Count", "Offset"]);
        if let Some(offset) = repeat.child("Offset")
            && !matches!(integer_value(self.notes, system, offset)?, Size::Fixed(0))
        {
            self.notes.error(offset, "space between repeated entries is not supported");
            return None;
        }
        let Some(count) = repeat.child("Count") else {
            self.notes.error(repeat, "has no Count");
            return None;
        };
        integer_value(self.notes, system, count)
    }

    /// Returns the parameter or argument that an entry names.
    fn parameter(&mut self, entry: Found<'d>) -> Option<Rc<Parameter<'d>>> {
        let Found { system, element } = entry;
        let argument = element.name().contains("Argument");
        let attribute = if argument { "argumentRef" } else { "parameterRef" };
        let reference = Reference::of(self.notes, system, element, attribute)?;
        let found = if argument {
            let arguments = self.scope.map_or(&[][..], |scope| scope.arguments);
            let name = |found: &&Found<'d>| found.element.attribute("name") == Some(reference.text);
            let found = arguments.iter().find(name).copied();
            if found.is_none() {
                let message = format!("the command has no argument {}", reference.text);
                self.notes.error(element, message);
            }
            found?
        } else {
            self.shop.space.resolve(Kind::Parameter, reference, self.notes)?
        };
        let shop = &mut *self.shop;
        shop.parameters.of(&shop.space, &mut shop.types, found, self.notes)
    }

    /// Lays out a container within this one.
    fn include(
        &mut self,
        entry: Found<'d>,
        repeat: Option<Size<'d>>,
        open: &mut Vec<Element<'d>>,
    ) -> Option<()> {
        let Found { system, element } = entry;
        let reference = Reference::of(self.notes, system, element, "containerRef")?;
        let found = self.shop.space.resolve(Kind::Container, reference, self.notes)?;
        let chain = self.shop.chain(found, None, self.notes)?;
        if let Some(inner) = chain.iter().find(|inner| open.contains(&inner.element)) {
            self.notes.error(element, format!("{} contains itself", inner.element));
            return None;
        }
        if open.len() >= MAX_INCLUDED {
            let message = format!("containers are included more than {MAX_INCLUDED} deep");
            self.notes.error(element, message);
            return None;
        }
        let times = match repeat {
            None => 1,
            Some(Size::Fixed(times)) if times >= 0 => times,
            Some(_) => {
                self.notes.error(element, "a container cannot be repeated as another value says");
                return None;
            }
        };
        for _ in 0..times {
            let start = self.sheet.cursor;
            let before = self.sheet.placed.len();
            if self.shop.entries_left == 0 {
                self.notes.error(element, "the containers have too many entries together");
                return None;
            }
            self.shop.entries_left -= 1;
            self.extended(&chain, start, open)?;
            // What follows begins behind all of it.
            let ends =
                self.sheet.placed[before..].iter().map(|placed| super::place::end_of(&placed.item));
            self.sheet.cursor = ends.max().unwrap_or(start).max(start);
        }
        Some(())
    }

    /// Lays out constant bits.
    ///
    /// Source: XTCE 1.2 schema, FixedValueEntryType: of a value that is longer than its size the
    /// first bits are dropped.
    fn fixed_value(&mut self, entry: Found<'d>, from_end: Option<i64>) -> Option<()> {
        let Found { system, element } = entry;
        let mut attributes = Attributes { element, notes: self.notes };
        let text = attributes.text("binaryValue")?;
        let bits = attributes.integer("sizeInBits");
        let Some(bytes) = numbers::hex(text) else {
            self.notes.error(element, "binaryValue must be bytes in hex");
            return None;
        };
        let given = i64::try_from(bytes.len() * 8).unwrap_or(i64::MAX);
        let bits = match bits.map(i64::try_from) {
            None => given,
            Some(Ok(bits)) if (1..=crate::config::MAX_PACKET_BITS).contains(&bits) => bits,
            _ => 0,
        };
        if bits == 0 {
            self.notes.error(element, "sizeInBits must be a number of bits");
            return None;
        }
        let name = element.attribute("name").unwrap_or("FIXED_VALUE").to_owned();
        let mut item = if bits <= MAX_FIXED_INTEGER_BITS {
            let mut item = Item::new("", 0, bits, DataType::Uint, Endianness::Big);
            let all = bytes.iter().fold(0_u128, |all, byte| all << 8 | u128::from(*byte));
            let value = Value::Int((all & ((1_u128 << bits) - 1)) as i128);
            (item.minimum, item.maximum) = (Some(value.clone()), Some(value.clone()));
            item.default = Some(value);
            item
        } else {
            let length = usize::try_from(bits / 8).unwrap_or(0);
            if bits % 8 != 0 || bytes.len() < length {
                let message = "beyond 64 bits it must be whole bytes, as many as its value has";
                self.notes.error(element, message);
                return None;
            }
            let mut item = Item::new("", 0, bits, DataType::Block, Endianness::Big);
            item.default = Some(Value::Bytes(bytes[bytes.len() - length..].to_vec()));
            item
        };
        item.description = element.attribute("shortDescription").map(str::to_owned);
        item.hidden = true;
        let source = Source::Entry { element, name, system };
        self.put(item, bits, source, from_end, element)?;
        if let Some(placed) = self.sheet.placed.last_mut() {
            placed.fixed = true;
        }
        Some(())
    }

    fn place_from_end(
        &mut self,
        parameter: Rc<Parameter<'d>>,
        kind: &Type<'d>,
        offset: i64,
        element: Element<'d>,
        repeated: bool,
    ) -> Option<()> {
        let (Type::Scalar(scalar), false) = (kind, repeated) else {
            if !matches!(kind, Type::Refused) {
                let message = "only a single value of fixed size can be placed from the end";
                self.notes.error(element, message);
            }
            return None;
        };
        let Size::Fixed(bits) = scalar.size else {
            let message = "only a single value of fixed size can be placed from the end";
            self.notes.error(element, message);
            return None;
        };
        let source = Source::Parameter { parameter, part: String::new() };
        let item = self.item_of(scalar, &source, None);
        self.put(item, bits, source, Some(offset), element)?;
        self.count_from(scalar, element)
    }
}
