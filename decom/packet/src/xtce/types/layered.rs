//! A type with the types it is derived from, seen as one.

use crate::xtce::diagnostics::Diagnostics;
use crate::xtce::space::{DESCRIPTION, Found, Kind, Reference, Space};
use crate::xtce::xml::Element;

/// Types derived from each other deeper than this are refused.
const MAX_LAYERS: usize = 32;

/// Encodings of the value of a type.
const ENCODINGS: [&str; 4] =
    ["IntegerDataEncoding", "FloatDataEncoding", "StringDataEncoding", "BinaryDataEncoding"];

/// A type first, then what it is derived from; what the first says hides what the others say.
pub(in crate::xtce) struct Layered<'d> {
    layers: Vec<Found<'d>>,
}

impl<'d> Layered<'d> {
    /// Follows the `baseType` of a type.
    pub(super) fn of(found: Found<'d>, space: &Space<'d>, notes: &mut Diagnostics) -> Option<Self> {
        let mut layers = vec![found];
        let mut last = found;
        while last.element.attribute("baseType").is_some() {
            let reference = Reference::of(notes, last.system, last.element, "baseType")?;
            let parameter = last.element.name().contains("Parameter");
            let kind = if parameter { Kind::ParameterType } else { Kind::ArgumentType };
            let base = space.resolve(kind, reference, notes)?;
            if layers.iter().any(|layer| layer.element == base.element) {
                notes.error(last.element, format!("{} is derived from itself", base.element));
                return None;
            }
            if base.element.name() != found.element.name() {
                let message = format!("is derived from the different {}", base.element);
                notes.error(last.element, message);
                return None;
            }
            if layers.len() >= MAX_LAYERS {
                let message = format!("types are derived more than {MAX_LAYERS} deep");
                notes.error(found.element, message);
                return None;
            }
            layers.push(base);
            last = base;
        }
        Some(Self { layers })
    }

    /// Returns the type itself.
    pub(super) fn element(&self) -> Element<'d> {
        self.layers[0].element
    }

    /// Notes what is neither common to all types nor named here.
    pub(super) fn only(&self, notes: &mut Diagnostics, attributes: &[&str], children: &[&str]) {
        let mut known = vec!["name", "shortDescription", "baseType", "initialValue"];
        known.extend(attributes);
        let mut kept: Vec<&str> = DESCRIPTION.into_iter().chain(["UnitSet"]).collect();
        kept.extend(children);
        // Times wrap their encoding.
        if !children.contains(&"Encoding") {
            kept.extend(ENCODINGS);
        }
        for layer in &self.layers {
            notes.only(layer.element, &known, &kept);
        }
    }

    /// Returns an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&'d str> {
        self.layers.iter().find_map(|layer| layer.element.attribute(name))
    }

    /// Returns a child.
    pub(super) fn child(&self, name: &str) -> Option<Element<'d>> {
        self.child_in(name).map(|(child, _)| child)
    }

    /// Returns a child and the system it stands in.
    pub(super) fn child_in(&self, name: &str) -> Option<(Element<'d>, usize)> {
        let child = |layer: &Found<'d>| Some((layer.element.child(name)?, layer.system));
        self.layers.iter().find_map(child)
    }

    /// Returns the encoding and the system it stands in.
    pub(super) fn encoding(&self) -> Option<(Element<'d>, usize)> {
        self.layers.iter().find_map(|layer| {
            let mut children = layer.element.children();
            let found = children.find(|child| ENCODINGS.contains(&child.name()))?;
            Some((found, layer.system))
        })
    }
}
