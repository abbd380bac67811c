//! Values inside tags.
//!
//! Lists and maps are shared and know their depth and weight, so that no value nests deeply or
//! holds itself, and showing or comparing one is bounded.

use std::rc::Rc;

use indexmap::IndexMap;
use regex_lite::Regex;

use crate::value::float_text;

/// Lists and maps within each other.
const NESTING_MAX: usize = 16;

/// Values in a list or map, those within its elements counted.
const WEIGHT_MAX: usize = 1_000_000;

/// A value inside a template.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Nil,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Rc<str>),
    Symbol(Rc<str>),
    Range { from: i64, to: i64, exclusive: bool },
    Pattern(Rc<Regex>),
    List(Rc<Counted<Vec<Operand>>>),
    Map(Rc<Counted<IndexMap<Key, Operand>>>),
}

/// The key of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Integer(i64),
    Text(Rc<str>),
    Symbol(Rc<str>),
}

/// A container with its depth and weight.
#[derive(Debug, Clone)]
pub(super) struct Counted<T> {
    pub(super) inner: T,
    depth: usize,
    weight: usize,
}

impl<T> Counted<T> {
    fn new(inner: T, depth: usize, weight: usize) -> Result<Self, String> {
        let counted = Self { inner, depth, weight };
        counted.check()?;
        Ok(counted)
    }

    fn check(&self) -> Result<(), String> {
        if self.depth > NESTING_MAX {
            return Err(format!("lists and maps nest at most {NESTING_MAX} deep"));
        }
        if self.weight > WEIGHT_MAX {
            return Err(format!("lists and maps hold at most {WEIGHT_MAX} values"));
        }
        Ok(())
    }

    /// Counts an element that has been or will be added.
    pub(super) fn count(&mut self, element: &Operand) -> Result<(), String> {
        self.depth = self.depth.max(1 + element.depth());
        self.weight = self.weight.saturating_add(element.weight());
        self.check()
    }
}

impl Operand {
    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn length(length: usize) -> Self {
        Self::Integer(i64::try_from(length).unwrap_or(i64::MAX))
    }

    pub(super) fn list(items: Vec<Self>) -> Result<Self, String> {
        let (depth, weight) = totals(items.iter());
        Ok(Self::List(Rc::new(Counted::new(items, depth, weight)?)))
    }

    pub(super) fn map(entries: IndexMap<Key, Self>) -> Result<Self, String> {
        let (depth, weight) = totals(entries.values());
        Ok(Self::Map(Rc::new(Counted::new(entries, depth, weight)?)))
    }

    fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth,
            Self::Map(map) => map.depth,
            _ => 0,
        }
    }

    pub(super) fn weight(&self) -> usize {
        match self {
            Self::List(list) => list.weight,
            Self::Map(map) => map.weight,
            Self::Text(text) | Self::Symbol(text) => 1 + text.len() / 16,
            _ => 1,
        }
    }

    /// Only null and false are untrue.
    pub(super) fn is_true(&self) -> bool {
        !matches!(self, Self::Nil | Self::Boolean(false))
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(i) => Some(*i as f64),
            Self::Float(f) => Some(*f),
            _ => None,
        }
    }

    pub(super) fn key(&self) -> Result<Key, String> {
        match self {
            Self::Integer(i) => Ok(Key::Integer(*i)),
            Self::Text(text) => Ok(Key::Text(text.clone())),
            Self::Symbol(text) => Ok(Key::Symbol(text.clone())),
            other => Err(format!("'{}' cannot be a key", other.shown())),
        }
    }

    /// Returns the text that a tag shows.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Nil => String::new(),
            Self::Text(text) | Self::Symbol(text) => text.to_string(),
            other => other.inspected(),
        }
    }

    /// Returns the text of a value within a list.
    pub(super) fn inspected(&self) -> String {
        match self {
            Self::Nil => "nil".to_owned(),
            Self::Boolean(b) => b.to_string(),
            Self::Integer(i) => i.to_string(),
            Self::Float(x) => float_text(*x),
            Self::Text(text) => format!("{text:?}"),
            Self::Symbol(text) => format!(":{text}"),
            Self::Range { from, to, exclusive } => {
                format!("{from}{}{to}", if *exclusive { "..." } else { ".." })
            }
            Self::Pattern(pattern) => format!("/{}/", pattern.as_str()),
            Self::List(list) => {
                let items: Vec<String> = list.inner.iter().map(Self::inspected).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(map) => {
                let entries = map.inner.iter();
                let entries: Vec<String> = entries
                    .map(|(key, value)| {
                        format!("{} => {}", key.operand().inspected(), value.inspected())
                    })
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nil, Self::Nil) => true,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Text(a), Self::Text(b)) | (Self::Symbol(a), Self::Symbol(b)) => a == b,
            (
                Self::Range { from, to, exclusive },
                Self::Range { from: from2, to: to2, exclusive: exclusive2 },
            ) => (from, to, exclusive) == (from2, to2, exclusive2),
            (Self::List(a), Self::List(b)) => {
                a.inner.len() == b.inner.len()
                    && a.inner.iter().zip(&b.inner).all(|(a, b)| a.equals(b))
            }
            (Self::Map(a), Self::Map(b)) => {
                let same = |(key, value): (&Key, &Self)| {
                    b.inner.get(key).is_some_and(|other| value.equals(other))
                };
                a.inner.len() == b.inner.len() && a.inner.iter().all(same)
            }
            _ => matches!((self.number(), other.number()), (Some(a), Some(b)) if a == b),
        }
    }
}

impl Key {
    pub(super) fn operand(&self) -> Operand {
        match self {
            Self::Integer(i) => Operand::Integer(*i),
            Self::Text(text) => Operand::Text(text.clone()),
            Self::Symbol(text) => Operand::Symbol(text.clone()),
        }
    }
}

fn totals<'a>(elements: impl Iterator<Item = &'a Operand>) -> (usize, usize) {
    elements.fold((1, 1), |(depth, weight), element| {
        (depth.max(1 + element.depth()), weight.saturating_add(element.weight()))
    })
}
