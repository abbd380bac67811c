//! What values refer to: the items that give their size, the times they count from.

use super::{Layouter, Sheet, Source};
use crate::definition::{ValueType, VariableBitSize, VariableLength};
use crate::xtce::space::Kind;
use crate::xtce::types::{Dynamic, Scalar};
use crate::xtce::xml::Element;

impl<'d> Layouter<'_, 'd> {
    /// Finds the item that gives a size; it lies before what it is the size of.
    pub(super) fn length(&mut self, dynamic: &Dynamic<'d>) -> Option<usize> {
        let (reference, part) = dynamic.reference.split();
        let found = if dynamic.argument {
            let arguments = self.scope.map_or(&[][..], |scope| scope.arguments);
            let named = |name: Option<&str>| name == Some(reference.text);
            arguments.iter().find(|found| named(found.element.attribute("name"))).copied()
        } else {
            self.shop.space.find(Kind::Parameter, reference)
        };
        let key = found.map(|found| (found.element.index(), part.to_owned()));
        let index = key.and_then(|key| self.sheet.keys.get(&key).copied());
        let usable = index.filter(|index| self.sheet.placed[*index].item.array_size.is_none());
        if usable.is_none() {
            let message =
                format!("{} lies nowhere before what it is the size of", dynamic.reference.text);
            self.notes.error(dynamic.reference.element, message);
        }
        usable
    }

    /// Finds the item that the time just placed counts from.
    pub(super) fn count_from(&mut self, scalar: &Scalar<'d>, entry: Element<'d>) -> Option<()> {
        let Some(reference) = scalar.counts_from else { return Some(()) };
        let (plain, part) = reference.split();
        let found = self.shop.space.resolve(Kind::Parameter, plain, self.notes)?;
        let key = (found.element.index(), part.to_owned());
        let Some(index) = self.sheet.keys.get(&key).copied() else {
            let message =
                format!("{} lies nowhere before the time that counts from it", reference.text);
            self.notes.error(entry, message);
            return None;
        };
        if let Some(placed) = self.sheet.placed.last_mut() {
            placed.counts_from = Some(index);
        }
        Some(())
    }
}

impl Sheet<'_> {
    /// Returns the place of a parameter, and what of it follows in brackets.
    pub(super) fn find<'t>(&self, index: u32, part: &'t str) -> Option<(usize, &'t str)> {
        let whole = self.keys.get(&(index, part.to_owned())).map(|place| (*place, ""));
        whole.or_else(|| {
            let open = part.rfind('[').filter(|_| part.ends_with(']'))?;
            let place = *self.keys.get(&(index, part[..open].to_owned()))?;
            self.placed[place].item.array_size?;
            Some((place, &part[open..]))
        })
    }
}

impl<'d> Source<'d> {
    /// Returns a part of the same value.
    pub(super) fn part(&self, part: &str) -> Self {
        match self {
            Self::Parameter { parameter, part: whole } => {
                Self::Parameter { parameter: parameter.clone(), part: format!("{whole}{part}") }
            }
            other => other.clone(),
        }
    }

    pub(in crate::xtce) fn system(&self) -> usize {
        match self {
            Self::Parameter { parameter, .. } => parameter.system,
            Self::Entry { system, .. } => *system,
        }
    }

    pub(in crate::xtce) fn element(&self) -> Element<'d> {
        match self {
            Self::Parameter { parameter, .. } => parameter.element,
            Self::Entry { element, .. } => *element,
        }
    }
}

impl Dynamic<'_> {
    /// Makes the variable size of an item; each count stands for so many bits of it.
    pub(super) fn variable(&self, bits: i64) -> VariableBitSize {
        let value_type = if self.calibrated { ValueType::Converted } else { ValueType::Raw };
        VariableBitSize {
            length: VariableLength::Item { name: String::new(), value_type },
            bits_per_count: self.slope.saturating_mul(bits),
            bit_offset: self.intercept.saturating_mul(bits),
            reserved_bits: 0,
            in_field: false,
        }
    }
}
