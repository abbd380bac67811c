//! Parameter and argument types: what a value looks like, wherever it lies.
//!
//! A type becomes the item that its parameters will be, without name and place, and a size that may
//! depend on other parameters. Types are resolved once and shared.

mod alarm;
mod calibrator;
mod describe;
mod encoding;
mod labels;
mod layered;
mod range;
mod size;
mod time;

use std::collections::HashMap;
use std::rc::Rc;

use super::diagnostics::Diagnostics;
use super::space::{Found, Kind, Reference, Space};
use super::xml::Element;
use crate::definition::{DataType, Endianness, Item};

pub(super) use describe::{LONG_DESCRIPTION, OWN_NAME_SPACE, described, own_name};
pub(super) use size::{Dynamic, Size, current_instance, integer_value};
pub(super) use time::epoch_word;

use layered::Layered;

/// Types of parameters.
pub(super) const PARAMETER_TYPES: [&str; 10] = [
    "StringParameterType",
    "EnumeratedParameterType",
    "IntegerParameterType",
    "BinaryParameterType",
    "FloatParameterType",
    "BooleanParameterType",
    "RelativeTimeParameterType",
    "AbsoluteTimeParameterType",
    "ArrayParameterType",
    "AggregateParameterType",
];

/// Types of arguments; one is misspelt in the schema of XTCE 1.2.
pub(super) const ARGUMENT_TYPES: [&str; 11] = [
    "StringArgumentType",
    "EnumeratedArgumentType",
    "IntegerArgumentType",
    "BinaryArgumentType",
    "FloatArgumentType",
    "BooleanArgumentType",
    "RelativeTimeArgumentType",
    "RelativeTimeAgumentType",
    "AbsoluteTimeArgumentType",
    "ArrayArgumentType",
    "AggregateArgumentType",
];

/// Types within types: arrays of aggregates of arrays and so on.
const MAX_NESTING: usize = 16;

/// What kind of value a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Integer,
    Float,
    Enumerated,
    Boolean,
    String,
    Binary,
    AbsoluteTime,
    RelativeTime,
}

/// A resolved type.
pub(super) enum Type<'d> {
    Scalar(Box<Scalar<'d>>),
    Array {
        element: Rc<Type<'d>>,
        /// Number of elements.
        count: Size<'d>,
    },
    Aggregate(Vec<Member<'d>>),
    /// It was refused, and that was said.
    Refused,
}

/// A type that is one item.
#[derive(Clone)]
pub(super) struct Scalar<'d> {
    pub(super) class: Class,
    /// The item without name and place.
    pub(super) item: Item,
    pub(super) size: Size<'d>,
    /// Value that it has when nobody gives one.
    pub(super) initial: Option<&'d str>,
    /// Name of the item that an absolute time counts from.
    pub(super) counts_from: Option<Reference<'d>>,
}

/// One member of an aggregate.
pub(super) struct Member<'d> {
    pub(super) element: Element<'d>,
    pub(super) name: &'d str,
    pub(super) kind: Rc<Type<'d>>,
    pub(super) initial: Option<&'d str>,
}

/// The types of a document.
pub(super) struct Types<'d> {
    /// By number of the element; `None` while it is being resolved.
    resolved: HashMap<u32, Option<Rc<Type<'d>>>>,
    depth: usize,
}

/// What is needed to read one type.
pub(super) struct TypeReader<'r, 'd> {
    pub(super) types: &'r mut Types<'d>,
    pub(super) space: &'r Space<'d>,
    pub(super) notes: &'r mut Diagnostics,
    pub(super) system: usize,
    /// Whether values go up rather than come down.
    pub(super) command: bool,
}

impl<'d> Types<'d> {
    pub(super) fn new() -> Self {
        Self { resolved: HashMap::new(), depth: 0 }
    }

    /// Returns the type that a reference means; refused if there is none.
    pub(super) fn referenced(
        &mut self,
        space: &Space<'d>,
        reference: Reference<'d>,
        argument: bool,
        notes: &mut Diagnostics,
    ) -> Rc<Type<'d>> {
        let found = match space.find(Kind::ArgumentType, reference).filter(|_| argument) {
            Some(found) => Some(found),
            // Arguments may be of parameter types (1.0, 1.1).
            None if argument && space.find(Kind::ParameterType, reference).is_none() => {
                space.resolve(Kind::ArgumentType, reference, notes)
            }
            None => space.resolve(Kind::ParameterType, reference, notes),
        };
        match found {
            Some(found) => self.of(space, found, argument, reference.element, notes),
            None => Rc::new(Type::Refused),
        }
    }

    /// Returns a type; `user` is the element that asks for it.
    pub(super) fn of(
        &mut self,
        space: &Space<'d>,
        found: Found<'d>,
        argument: bool,
        user: Element<'d>,
        notes: &mut Diagnostics,
    ) -> Rc<Type<'d>> {
        let index = found.element.index();
        match self.resolved.get(&index) {
            Some(Some(known)) => return known.clone(),
            Some(None) => {
                notes.error(user, format!("{} is made of itself", found.element));
                return Rc::new(Type::Refused);
            }
            None => {}
        }
        if self.depth >= MAX_NESTING {
            notes.error(user, format!("types are nested more than {MAX_NESTING} deep"));
            return Rc::new(Type::Refused);
        }
        self.resolved.insert(index, None);
        self.depth += 1;
        let system = found.system;
        let mut reader = TypeReader { types: self, space, notes, system, command: argument };
        let resolved = Rc::new(reader.read(found).unwrap_or(Type::Refused));
        self.depth -= 1;
        self.resolved.insert(index, Some(resolved.clone()));
        resolved
    }
}

impl<'d> TypeReader<'_, 'd> {
    fn read(&mut self, found: Found<'d>) -> Option<Type<'d>> {
        let name = found.element.name();
        let class = match name.strip_suffix("Type")?.trim_end_matches("Parameter") {
            "Integer" | "IntegerArgument" => Class::Integer,
            "Float" | "FloatArgument" => Class::Float,
            "Enumerated" | "EnumeratedArgument" => Class::Enumerated,
            "Boolean" | "BooleanArgument" => Class::Boolean,
            "String" | "StringArgument" => Class::String,
            "Binary" | "BinaryArgument" => Class::Binary,
            "AbsoluteTime" | "AbsoluteTimeArgument" => Class::AbsoluteTime,
            "RelativeTime" | "RelativeTimeArgument" | "RelativeTimeAgument" => Class::RelativeTime,
            "Array" | "ArrayArgument" => return self.array(found.element),
            _ => return self.aggregate(found.element),
        };
        let layers = Layered::of(found, self.space, self.notes)?;
        self.scalar(class, &layers).map(|scalar| Type::Scalar(Box::new(scalar)))
    }

    fn scalar(&mut self, class: Class, layers: &Layered<'d>) -> Option<Scalar<'d>> {
        let own: &[&str] = match class {
            Class::Integer | Class::Float => {
                &["ToString", "ValidRange", "ValidRangeSet", "DefaultAlarm"]
            }
            Class::Enumerated => &["EnumerationList", "DefaultAlarm"],
            Class::AbsoluteTime | Class::RelativeTime => &["Encoding", "ReferenceTime"],
            Class::Boolean | Class::String | Class::Binary => &[],
        };
        let attributes: &[&str] = match class {
            // Sizes of engineering values are hints to implementations; the encoding has its own.
            Class::Integer => &["signed", "sizeInBits"],
            Class::Float => &["sizeInBits"],
            Class::Boolean => &["oneStringValue", "zeroStringValue"],
            Class::String => &["characterWidth"],
            _ => &[],
        };
        layers.only(self.notes, attributes, own);
        let time = matches!(class, Class::AbsoluteTime | Class::RelativeTime);
        let encoded = if time { self.encoded_time(layers) } else { layers.encoding() };
        let Some((encoding, system)) = encoded else {
            let message = "has no data encoding, so it cannot be part of a container";
            self.notes.error(layers.element(), message);
            return None;
        };
        self.system = system;
        let (mut item, size) = self.encoding(class, encoding)?;
        describe::item(self.notes, layers, &mut item);
        let mut scalar = Scalar {
            class,
            item,
            size,
            initial: layers.attribute("initialValue"),
            counts_from: None,
        };
        self.calibration(&mut scalar, encoding)?;
        match class {
            Class::Enumerated => self.enumeration(&mut scalar, layers)?,
            Class::Boolean => {
                labels::boolean(&mut scalar, layers);
                self.any_value(&mut scalar);
            }
            Class::AbsoluteTime => self.absolute_time(&mut scalar, layers)?,
            Class::RelativeTime => self.relative_time(&mut scalar, layers)?,
            Class::Integer | Class::Float => {
                self.valid_range(&mut scalar, layers)?;
                if !self.command {
                    alarm::limits(self.notes, &mut scalar, layers)?;
                }
            }
            Class::String | Class::Binary => {}
        }
        Some(scalar)
    }

    fn array(&mut self, element: Element<'d>) -> Option<Type<'d>> {
        let attributes = ["name", "shortDescription", "arrayTypeRef"];
        let children = ["LongDescription", "AliasSet", "AncillaryDataSet", "DimensionList"];
        self.notes.only(element, &attributes, &children);
        let reference = Reference::of(self.notes, self.system, element, "arrayTypeRef")?;
        let kind = self.types.referenced(self.space, reference, self.command, self.notes);
        let Some(list) = element.child("DimensionList") else {
            // In 1.0 and 1.1 the dimensions are those of the entry.
            let missing = "has no DimensionList; dimensions in entries are not supported";
            self.notes.error(element, missing);
            return None;
        };
        let count = size::dimensions(self.notes, self.system, list)?;
        Some(Type::Array { element: kind, count })
    }

    fn aggregate(&mut self, element: Element<'d>) -> Option<Type<'d>> {
        let children = ["LongDescription", "AliasSet", "AncillaryDataSet", "MemberList"];
        self.notes.only(element, &["name", "shortDescription"], &children);
        let Some(list) = element.child("MemberList") else {
            self.notes.error(element, "has no MemberList");
            return None;
        };
        self.notes.only(list, &[], &["Member"]);
        let mut members = Vec::new();
        for member in list.children_named("Member") {
            let attributes = ["name", "shortDescription", "typeRef", "initialValue"];
            self.notes.only(member, &attributes, &super::space::DESCRIPTION);
            let reference = Reference::of(self.notes, self.system, member, "typeRef")?;
            let Some(name) = member.attribute("name") else {
                self.notes.error(member, "the attribute name is missing");
                continue;
            };
            let kind = self.types.referenced(self.space, reference, self.command, self.notes);
            let initial = member.attribute("initialValue");
            members.push(Member { element: member, name, kind, initial });
        }
        Some(Type::Aggregate(members))
    }
}

/// Makes an item without name and place.
fn blank(data_type: DataType, bits: i64, endianness: Endianness) -> Item {
    Item::new("", 0, bits, data_type, endianness)
}
