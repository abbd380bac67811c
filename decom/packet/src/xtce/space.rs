//! The tree of SpaceSystems: which names are defined where, and what a reference means.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::diagnostics::Diagnostics;
use super::xml::Element;

/// Sets of TelemetryMetaData that are read.
const TELEMETRY_SETS: [&str; 3] = ["ParameterTypeSet", "ParameterSet", "ContainerSet"];
/// Sets of CommandMetaData that are read.
const COMMAND_SETS: [&str; 5] = [
    "ParameterTypeSet",
    "ParameterSet",
    "ArgumentTypeSet",
    "MetaCommandSet",
    "CommandContainerSet",
];
/// Children that every named element may have.
pub(super) const DESCRIPTION: [&str; 3] = ["LongDescription", "AliasSet", "AncillaryDataSet"];
/// ParameterRef elements that lead to each other deeper than this lead in a circle.
const MAX_FORWARDS: usize = 32;

/// What a name can mean; each kind has names of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    ParameterType,
    ArgumentType,
    Parameter,
    Container,
    MetaCommand,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::ParameterType => "parameter type",
            Self::ArgumentType => "argument type",
            Self::Parameter => "parameter",
            Self::Container => "container",
            Self::MetaCommand => "command",
        }
    }
}

/// One SpaceSystem.
pub(super) struct System<'d> {
    pub(super) name: &'d str,
    parent: Option<usize>,
    children: HashMap<&'d str, usize>,
    names: HashMap<Kind, IndexMap<&'d str, Element<'d>>>,
}

/// All SpaceSystems of a document; the first is the root.
pub(super) struct Space<'d> {
    systems: Vec<System<'d>>,
}

/// A definition with the SpaceSystem that it stands in.
#[derive(Clone, Copy)]
pub(super) struct Found<'d> {
    pub(super) system: usize,
    pub(super) element: Element<'d>,
}

/// A reference: text, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Reference<'d> {
    pub(super) system: usize,
    pub(super) text: &'d str,
    pub(super) element: Element<'d>,
}

impl<'d> Reference<'d> {
    /// Takes the reference out of an attribute that must be there.
    pub(super) fn of(
        notes: &mut Diagnostics,
        system: usize,
        element: Element<'d>,
        attribute: &str,
    ) -> Option<Self> {
        let text = element.attribute(attribute);
        if text.is_none() {
            notes.error(element, format!("the attribute {attribute} is missing"));
        }
        Some(Self { system, text: text?, element })
    }

    /// Splits off what follows the name: members of an aggregate, elements of an array.
    pub(super) fn split(self) -> (Self, &'d str) {
        let start = self.text.rfind('/').map_or(0, |slash| slash + 1);
        let end = self.text[start..].find(['.', '[']).map_or(self.text.len(), |at| start + at);
        (Self { text: &self.text[..end], ..self }, &self.text[end..])
    }
}

impl<'d> Space<'d> {
    /// Finds all definitions of a document.
    pub(super) fn read(root: Element<'d>, notes: &mut Diagnostics) -> Self {
        let mut space = Self { systems: Vec::new() };
        space.add(root, None, notes);
        space
    }

    fn add(&mut self, element: Element<'d>, parent: Option<usize>, notes: &mut Diagnostics) {
        const CHILDREN: [&str; 7] = [
            "LongDescription",
            "AliasSet",
            "AncillaryDataSet",
            "Header",
            "TelemetryMetaData",
            "CommandMetaData",
            "SpaceSystem",
        ];
        notes.only(element, &["name", "shortDescription", "operationalStatus"], &CHILDREN);
        let index = self.systems.len();
        let name = name_of(element, notes).unwrap_or("");
        self.systems.push(System { name, parent, children: HashMap::new(), names: HashMap::new() });
        if let Some(parent) = parent
            && let Some(first) = self.systems[parent].children.insert(name, index)
        {
            notes.error(element, "there is a SpaceSystem of this name already");
            self.systems[parent].children.insert(name, first);
        }
        for data in element.children_named("TelemetryMetaData") {
            notes.only(data, &[], &TELEMETRY_SETS);
            data.children().for_each(|set| self.add_set(index, set, notes));
        }
        for data in element.children_named("CommandMetaData") {
            notes.only(data, &[], &COMMAND_SETS);
            data.children().for_each(|set| self.add_set(index, set, notes));
        }
        // The depth of documents is bounded.
        for child in element.children_named("SpaceSystem") {
            self.add(child, Some(index), notes);
        }
    }

    fn add_set(&mut self, system: usize, set: Element<'d>, notes: &mut Diagnostics) {
        let (kind, children): (_, &[&str]) = match set.name() {
            "ParameterTypeSet" => (Kind::ParameterType, &super::types::PARAMETER_TYPES),
            "ArgumentTypeSet" => (Kind::ArgumentType, &super::types::ARGUMENT_TYPES),
            "ParameterSet" => (Kind::Parameter, &["Parameter", "ParameterRef"]),
            "ContainerSet" => (Kind::Container, &["SequenceContainer"]),
            "CommandContainerSet" => (Kind::Container, &["CommandContainer", "SequenceContainer"]),
            "MetaCommandSet" => (Kind::MetaCommand, &["MetaCommand"]),
            _ => return,
        };
        notes.only(set, &["name", "shortDescription"], children);
        for element in set.children().filter(|child| children.contains(&child.name())) {
            let name = if element.name() == "ParameterRef" {
                notes.only(element, &["parameterRef"], &[]);
                let reference = Reference::of(notes, system, element, "parameterRef");
                reference.map(|it| it.text.rsplit('/').next().unwrap_or(it.text))
            } else {
                name_of(element, notes)
            };
            let Some(name) = name else { continue };
            let names = self.systems[system].names.entry(kind).or_default();
            if names.contains_key(name) {
                notes.error(element, format!("there is a {} of this name already", kind.words()));
            } else {
                names.insert(name, element);
            }
        }
    }

    /// Iterates over all definitions of a kind, system by system, in document order.
    pub(super) fn all(&self, kind: Kind) -> impl Iterator<Item = Found<'d>> {
        self.systems.iter().enumerate().flat_map(move |(system, names)| {
            let elements = names.names.get(&kind).into_iter().flat_map(IndexMap::values);
            elements.map(move |element| Found { system, element: *element })
        })
    }

    /// Returns the names of the systems from below the root down to one, joined by slashes.
    pub(super) fn path(&self, system: usize) -> String {
        let mut names = Vec::new();
        let mut at = system;
        while let Some(parent) = self.systems[at].parent {
            names.push(self.systems[at].name);
            at = parent;
        }
        names.reverse();
        names.join("/")
    }

    /// Returns what a reference means; `None`, said why, if nothing.
    pub(super) fn resolve(
        &self,
        kind: Kind,
        reference: Reference<'d>,
        notes: &mut Diagnostics,
    ) -> Option<Found<'d>> {
        let found = self.find(kind, reference);
        if found.is_none() {
            let message = format!("there is no {} {}", kind.words(), reference.text);
            notes.error(reference.element, message);
        }
        found
    }

    /// Returns what a reference means.
    ///
    /// Relative references are looked up in the system they stand in, then in the ones around it:
    /// more than XTCE 1.2 promises (NameReferenceType), and what documents rely on.
    pub(super) fn find(&self, kind: Kind, reference: Reference<'d>) -> Option<Found<'d>> {
        let mut reference = reference;
        for _ in 0..MAX_FORWARDS {
            let found = self.find_name(kind, reference)?;
            if found.element.name() != "ParameterRef" {
                return Some(found);
            }
            let text = found.element.attribute("parameterRef")?;
            // A forward by its plain name means one around it, not itself.
            let system = match self.systems[found.system].parent {
                Some(parent) if !text.contains('/') => parent,
                _ => found.system,
            };
            reference = Reference { system, text, ..reference };
        }
        None
    }

    fn find_name(&self, kind: Kind, reference: Reference<'d>) -> Option<Found<'d>> {
        let Reference { system, text, .. } = reference;
        let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
        if text.starts_with('/') {
            let mut parts = path.split('/').filter(|part| !part.is_empty());
            // The path begins with the root's name, which some leave out.
            let at_root = |system: usize| self.named(system, kind, name);
            return match parts.clone().next() {
                Some(first) if first == self.systems[0].name => {
                    parts.next();
                    self.walk(0, parts).and_then(at_root)
                }
                _ => self.walk(0, parts).and_then(at_root),
            };
        }
        let mut around = Some(system);
        while let Some(system) = around {
            let parts = path.split('/').filter(|part| !part.is_empty());
            let found = self.walk(system, parts).and_then(|at| self.named(at, kind, name));
            if found.is_some() {
                return found;
            }
            around = self.systems[system].parent;
        }
        None
    }

    fn walk<'p>(&self, from: usize, parts: impl Iterator<Item = &'p str>) -> Option<usize> {
        let mut at = from;
        for part in parts {
            at = match part {
                "." => at,
                ".." => self.systems[at].parent?,
                name => *self.systems[at].children.get(name)?,
            };
        }
        Some(at)
    }

    fn named(&self, system: usize, kind: Kind, name: &str) -> Option<Found<'d>> {
        let element = *self.systems[system].names.get(&kind)?.get(name)?;
        Some(Found { system, element })
    }
}

/// Returns the name of an element, noting one that cannot be referred to.
///
/// XTCE forbids `.`, `/`, `:`, brackets and blanks in names; only what splits references is refused.
fn name_of<'d>(element: Element<'d>, notes: &mut Diagnostics) -> Option<&'d str> {
    let name = element.attribute("name").map(str::trim);
    match name {
        None | Some("") => notes.error(element, "the attribute name is missing"),
        Some(name) if name.contains(['/', '.', '[', ']']) => {
            notes.error(element, "a name must not contain any of / . [ ]");
        }
        _ => return name,
    }
    None
}
