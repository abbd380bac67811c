//! Parameters and arguments: named values of a type.

use std::collections::HashMap;
use std::rc::Rc;

use indexmap::IndexMap;

use super::diagnostics::Diagnostics;
use super::numbers::Attributes;
use super::space::{DESCRIPTION, Found, Reference, Space};
use super::types::{self, Type, Types};
use super::xml::Element;

/// A parameter or an argument.
pub(super) struct Parameter<'d> {
    pub(super) element: Element<'d>,
    pub(super) system: usize,
    pub(super) name: &'d str,
    pub(super) kind: Rc<Type<'d>>,
    pub(super) description: Option<String>,
    pub(super) meta: IndexMap<String, Vec<String>>,
    pub(super) initial: Option<&'d str>,
    pub(super) argument: bool,
}

/// The parameters and arguments of a document, each read once.
pub(super) struct Parameters<'d> {
    read: HashMap<u32, Option<Rc<Parameter<'d>>>>,
}

impl<'d> Parameters<'d> {
    pub(super) fn new() -> Self {
        Self { read: HashMap::new() }
    }

    /// Returns a parameter (`Parameter`) or an argument (`Argument`).
    pub(super) fn of(
        &mut self,
        space: &Space<'d>,
        types: &mut Types<'d>,
        found: Found<'d>,
        notes: &mut Diagnostics,
    ) -> Option<Rc<Parameter<'d>>> {
        let index = found.element.index();
        if let Some(known) = self.read.get(&index) {
            return known.clone();
        }
        let parameter = read(space, types, found, notes).map(Rc::new);
        self.read.insert(index, parameter.clone());
        parameter
    }
}

fn read<'d>(
    space: &Space<'d>,
    types: &mut Types<'d>,
    found: Found<'d>,
    notes: &mut Diagnostics,
) -> Option<Parameter<'d>> {
    let Found { system, element } = found;
    let argument = element.name() == "Argument";
    let attribute = if argument { "argumentTypeRef" } else { "parameterTypeRef" };
    let mut children = DESCRIPTION.to_vec();
    if !argument {
        children.push("ParameterProperties");
    }
    let attributes = ["name", "shortDescription", "initialValue", attribute];
    notes.only(element, &attributes, &children);
    if let Some(properties) = element.child("ParameterProperties") {
        // Who gives a value, and who may set it, changes no bit of a packet.
        notes.only(properties, &["dataSource", "readOnly", "persistence"], &["SystemName"]);
    }
    let name = Attributes { element, notes }.text("name")?.trim();
    let reference = Reference::of(notes, system, element, attribute)?;
    let kind = types.referenced(space, reference, argument, notes);
    let (description, meta) = types::described(notes, element);
    let initial = element.attribute("initialValue");
    Some(Parameter { element, system, name, kind, description, meta, initial, argument })
}
