//! Containers: the entries of a container and of what it extends, one after the other, each at its
//! place.

mod compare;
mod criteria;
mod entry;
mod item;
mod list;
mod place;
mod refer;

use std::collections::HashMap;
use std::rc::Rc;

use super::diagnostics::Diagnostics;
use super::parameters::{Parameter, Parameters};
use super::space::{DESCRIPTION, Found, Kind, Reference, Space};
use super::types::Types;
use super::xml::Element;
use crate::definition::Item;

pub(super) use criteria::{Criteria, criteria};

/// Containers within containers.
const MAX_INCLUDED: usize = 32;
/// Containers that extend each other.
const MAX_EXTENDED: usize = 64;
/// Entries that all containers of a document have together, those of what they extend and include
/// counted for each.
const MAX_ENTRIES: usize = 2_000_000;
/// Items that all packets of a document have together.
const MAX_ALL_ITEMS: usize = 500_000;

/// What all containers of a document share.
pub(super) struct Workshop<'d> {
    pub(super) space: Space<'d>,
    pub(super) types: Types<'d>,
    pub(super) parameters: Parameters<'d>,
    /// Bits before every container.
    pub(super) origin: i64,
    entries_left: usize,
    items_left: usize,
}

/// One container with its items in place.
pub(super) struct Sheet<'d> {
    pub(super) placed: Vec<Placed<'d>>,
    /// Places by number of the parameter and what of it.
    keys: HashMap<(u32, String), usize>,
    /// First bit behind the entry before; what items of variable size take is not counted.
    cursor: i64,
    /// First bit behind everything.
    pub(super) end: i64,
    /// Where the first item of variable size lies.
    variable_from: Option<i64>,
}

/// An item with its place, before its name is chosen.
pub(super) struct Placed<'d> {
    pub(super) item: Item,
    /// What the item is of.
    pub(super) source: Source<'d>,
    /// Place of the item that gives its size.
    pub(super) length: Option<usize>,
    /// Place of the item that its time counts from.
    pub(super) counts_from: Option<usize>,
    /// Value that makes every packet what it is.
    pub(super) fixed: bool,
}

/// What an item is made of.
#[derive(Clone)]
pub(super) enum Source<'d> {
    /// A parameter or an argument, or a part of it.
    Parameter { parameter: Rc<Parameter<'d>>, part: String },
    /// An entry of its own: a fixed value, the leading size of a text.
    Entry { element: Element<'d>, name: String, system: usize },
}

/// Where the parameters and arguments of a command are found.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'd> {
    /// Arguments, those of the command itself first.
    pub(super) arguments: &'s [Found<'d>],
    /// Containers of the commands that it extends.
    pub(super) containers: &'s [Found<'d>],
}

/// Lays out one container.
pub(super) struct Layouter<'r, 'd> {
    pub(super) shop: &'r mut Workshop<'d>,
    pub(super) notes: &'r mut Diagnostics,
    pub(super) scope: Option<Scope<'r, 'd>>,
    pub(super) sheet: Sheet<'d>,
}

impl<'d> Workshop<'d> {
    pub(super) fn new(space: Space<'d>, origin: i64) -> Self {
        Self {
            space,
            types: Types::new(),
            parameters: Parameters::new(),
            origin,
            entries_left: MAX_ENTRIES,
            items_left: MAX_ALL_ITEMS,
        }
    }

    /// Resolves all types and parameters, also those that nothing uses.
    pub(super) fn check_types(&mut self, notes: &mut Diagnostics) {
        for (kind, argument) in [(Kind::ParameterType, false), (Kind::ArgumentType, true)] {
            for found in self.space.all(kind) {
                self.types.of(&self.space, found, argument, found.element, notes);
            }
        }
        for found in self.space.all(Kind::Parameter) {
            if found.element.name() == "Parameter" {
                self.parameters.of(&self.space, &mut self.types, found, notes);
            }
        }
    }

    /// Returns what a container extends, outermost first, itself last.
    pub(super) fn chain(
        &self,
        found: Found<'d>,
        scope: Option<Scope<'_, 'd>>,
        notes: &mut Diagnostics,
    ) -> Option<Vec<Found<'d>>> {
        let mut chain = vec![found];
        let mut last = found;
        while let Some(base) = last.element.child("BaseContainer") {
            let reference = Reference::of(notes, last.system, base, "containerRef")?;
            let of_command = scope.and_then(|scope| {
                let name = reference.text.rsplit('/').next();
                let mut known = scope.containers.iter();
                known.find(|container| container.element.attribute("name") == name).copied()
            });
            let next = match of_command.filter(|known| known.element != last.element) {
                Some(known) => known,
                None => self.space.resolve(Kind::Container, reference, notes)?,
            };
            if chain.iter().any(|known| known.element == next.element) {
                notes.error(base, format!("{} extends itself", next.element));
                return None;
            }
            if chain.len() >= MAX_EXTENDED {
                notes.error(base, format!("containers extend more than {MAX_EXTENDED} others"));
                return None;
            }
            chain.push(next);
            last = next;
        }
        chain.reverse();
        Some(chain)
    }
}

impl<'r, 'd> Layouter<'r, 'd> {
    pub(super) fn new(
        shop: &'r mut Workshop<'d>,
        notes: &'r mut Diagnostics,
        scope: Option<Scope<'r, 'd>>,
    ) -> Self {
        let origin = shop.origin;
        let sheet = Sheet {
            placed: Vec::new(),
            keys: HashMap::new(),
            cursor: origin,
            end: origin,
            variable_from: None,
        };
        Self { shop, notes, scope, sheet }
    }

    /// Lays out a container with what it extends; `None`, said why, if it cannot be.
    pub(super) fn lay_out(mut self, chain: &[Found<'d>]) -> Option<Sheet<'d>> {
        let start = self.sheet.cursor;
        let mut open = Vec::new();
        self.extended(chain, start, &mut open)?;
        Some(self.sheet)
    }

    fn extended(
        &mut self,
        chain: &[Found<'d>],
        start: i64,
        open: &mut Vec<Element<'d>>,
    ) -> Option<()> {
        let mut complete = Some(());
        for container in chain {
            open.push(container.element);
            if self.entries(*container, start, open).is_none() {
                complete = None;
            }
        }
        open.truncate(open.len() - chain.len());
        complete
    }

    /// Lays out the entries of one container; all of them, so that all errors are found.
    fn entries(
        &mut self,
        container: Found<'d>,
        start: i64,
        open: &mut Vec<Element<'d>>,
    ) -> Option<()> {
        check_container(container.element, self.notes);
        let list = container.element.child("EntryList")?;
        let known: &[&str] = if self.scope.is_some() { &entry::COMMAND } else { &entry::TELEMETRY };
        self.notes.only(list, &[], known);
        let mut complete = Some(());
        for entry in list.children().filter(|entry| known.contains(&entry.name())) {
            if self.shop.entries_left == 0 {
                let message =
                    format!("the containers have more than {MAX_ENTRIES} entries together");
                self.notes.error(container.element, message);
                return None;
            }
            self.shop.entries_left -= 1;
            if self.entry(Found { system: container.system, element: entry }, start, open).is_none()
            {
                complete = None;
            }
        }
        complete
    }
}

/// Notes what of a container is not supported.
fn check_container(element: Element<'_>, notes: &mut Diagnostics) {
    let mut children = DESCRIPTION.to_vec();
    // How often a container is to be expected changes no bit of it.
    children.extend(["DefaultRateInStream", "EntryList", "BaseContainer"]);
    notes.only(element, &["name", "shortDescription", "abstract", "idlePattern"], &children);
    if element.child("EntryList").is_none() {
        notes.error(element, "has no EntryList");
    }
    if let Some(base) = element.child("BaseContainer") {
        notes.only(base, &["containerRef"], &["RestrictionCriteria"]);
    }
}

impl Source<'_> {
    /// Returns the name that the item would like to have.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Parameter { parameter, part } => {
                let own = super::types::own_name(parameter.element).filter(|_| part.is_empty());
                own.map_or_else(|| format!("{}{part}", parameter.name), str::to_owned)
            }
            Self::Entry { name, .. } => name.clone(),
        }
    }
}
