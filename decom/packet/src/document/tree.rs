//! Values within values: what JSON and CBOR have in common.

use super::path::{self, Step};
use super::types;
use crate::definition::Item;
use crate::value::Value;

/// Lists that a write makes longer end here; a path beyond is a mistake.
const MAX_ELEMENTS: usize = 100_000;

/// Lists and maps within an item's value; records bear no more.
pub(super) const MAX_VALUE_DEPTH: usize = 30;

/// A value of a document.
pub(super) trait Tree: Sized {
    /// Returns a member of a map.
    fn member(&self, name: &str) -> Option<&Self>;
    /// Returns an element of a list.
    fn element(&self, index: usize) -> Option<&Self>;
    /// Returns whether a map or a list may be put in its place: null, or a map without entries.
    fn is_vacant(&self) -> bool;
    /// Makes a map without entries.
    fn new_map() -> Self;
    /// Makes a list without elements.
    fn new_list() -> Self;
    /// Returns a member of a map, new if there is none; `None` of what is no map.
    fn member_mut(&mut self, name: &str) -> Option<&mut Self>;
    /// Returns the elements of a list.
    fn elements_mut(&mut self) -> Option<&mut Vec<Self>>;
    /// Makes a value that may hold others down to a depth.
    fn value(&self, depth: usize) -> Result<Value, String>;
    /// Makes a tree.
    fn of(value: &Value) -> Result<Self, String>;
}

/// Returns the depth below a value, or what is wrong where there is none.
pub(super) fn deeper(depth: usize) -> Result<usize, String> {
    depth.checked_sub(1).ok_or_else(|| {
        format!("the value has lists and maps nested more than {MAX_VALUE_DEPTH} deep")
    })
}

pub(super) fn read<T: Tree>(tree: &T, item: &Item) -> Result<Value, String> {
    let mut found = tree;
    for step in path::parse(&item.key)? {
        let next = match step {
            Step::Member(name) => found.member(&name),
            Step::Element(index) => found.element(index),
        };
        match next {
            Some(next) => found = next,
            None => return Ok(Value::Null),
        }
    }
    types::typed(item, found.value(MAX_VALUE_DEPTH)?)
}

/// Writes a value; maps and lists that its path needs and that are missing are made.
pub(super) fn write<T: Tree>(tree: &mut T, item: &Item, value: &Value) -> Result<(), String> {
    let mut place = tree;
    for step in path::parse(&item.key)? {
        place = match step {
            Step::Member(name) => member(place, &name),
            Step::Element(index) => element(place, index)?,
        }
        .ok_or_else(|| format!("a value is in the way of the path {}", item.key))?;
    }
    *place = T::of(&types::typed(item, value.clone())?)?;
    Ok(())
}

fn member<'a, T: Tree>(place: &'a mut T, name: &str) -> Option<&'a mut T> {
    if place.is_vacant() {
        *place = T::new_map();
    }
    place.member_mut(name)
}

/// Lists that are too short get maps without entries, as the reference pads them.
fn element<T: Tree>(place: &mut T, index: usize) -> Result<Option<&mut T>, String> {
    if place.is_vacant() {
        *place = T::new_list();
    }
    let Some(elements) = place.elements_mut() else {
        return Ok(None);
    };
    if index >= elements.len() {
        if index >= MAX_ELEMENTS {
            return Err(format!("lists are not made longer than {MAX_ELEMENTS} elements"));
        }
        elements.resize_with(index + 1, T::new_map);
    }
    Ok(elements.get_mut(index))
}
