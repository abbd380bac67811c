//! Methods of lists and maps that take no block.

use super::Found;
use crate::template::budget::Budget;
use crate::template::operators::{binary, compare, index};
use crate::template::value::Operand;

pub(super) fn map_call(of: &Operand, method: &str, args: &[Operand]) -> Found {
    let Operand::Map(map) = of else {
        return Ok(None);
    };
    let entries = &map.inner;
    let boolean = |b| Ok(Some(Operand::Boolean(b)));
    match (method, args) {
        ("keys", []) => Operand::list(entries.keys().map(|key| key.operand()).collect()).map(Some),
        ("values", []) => Operand::list(entries.values().cloned().collect()).map(Some),
        ("key?" | "has_key?" | "include?" | "member?", [key]) => {
            boolean(entries.contains_key(&key.key()?))
        }
        ("value?" | "has_value?", [value]) => {
            boolean(entries.values().any(|known| known.equals(value)))
        }
        ("fetch", [key, rest @ ..]) => match (entries.get(&key.key()?), rest) {
            (Some(value), _) => Ok(Some(value.clone())),
            (None, [default]) => Ok(Some(default.clone())),
            (None, _) => Err(format!("there is no entry '{}'", key.shown())),
        },
        ("key", [value]) => {
            let found = entries.iter().find(|(_, known)| known.equals(value));
            Ok(Some(found.map_or(Operand::Nil, |(key, _)| key.operand())))
        }
        ("merge", [Operand::Map(other)]) => {
            let mut merged = entries.clone();
            merged.extend(other.inner.iter().map(|(key, value)| (key.clone(), value.clone())));
            Operand::map(merged).map(Some)
        }
        ("invert", []) => {
            let inverted = entries.iter().map(|(key, value)| Ok((value.key()?, key.operand())));
            Operand::map(inverted.collect::<Result<_, String>>()?).map(Some)
        }
        ("to_h", []) => Ok(Some(of.clone())),
        _ => Ok(None),
    }
}

pub(super) fn call(
    items: &[Operand],
    method: &str,
    args: &[Operand],
    budget: &mut Budget,
) -> Found {
    budget.spend(items.len())?;
    let count = |n: &i64| usize::try_from(*n).map_err(|_| format!("{n} is less than nothing"));
    let list = |items: Vec<Operand>| Operand::list(items).map(Some);
    let boolean = |b| Ok(Some(Operand::Boolean(b)));
    let or_nil = |item: Option<&Operand>| Ok(Some(item.cloned().unwrap_or(Operand::Nil)));
    match (method, args) {
        ("length" | "size" | "count", []) => Ok(Some(Operand::length(items.len()))),
        ("count", [wanted]) => {
            Ok(Some(Operand::length(items.iter().filter(|i| i.equals(wanted)).count())))
        }
        ("empty?", []) => boolean(items.is_empty()),
        ("any?", []) => boolean(items.iter().any(Operand::is_true)),
        ("all?", []) => boolean(items.iter().all(Operand::is_true)),
        ("none?", []) => boolean(!items.iter().any(Operand::is_true)),
        ("to_a" | "entries", []) => list(items.to_vec()),
        ("first", []) => or_nil(items.first()),
        ("last", []) => or_nil(items.last()),
        ("first" | "take", [Operand::Integer(n)]) => {
            list(items.iter().take(count(n)?).cloned().collect())
        }
        ("last", [Operand::Integer(n)]) => {
            list(items[items.len().saturating_sub(count(n)?)..].to_vec())
        }
        ("drop", [Operand::Integer(n)]) => list(items.iter().skip(count(n)?).cloned().collect()),
        ("include?" | "member?", [wanted]) => boolean(items.iter().any(|item| item.equals(wanted))),
        ("index" | "find_index", [wanted]) => {
            let found = items.iter().position(|item| item.equals(wanted));
            Ok(Some(found.map_or(Operand::Nil, Operand::length)))
        }
        ("join", []) => join(items, "", budget),
        ("join", [Operand::Text(by)]) => join(items, by, budget),
        ("reverse", []) => list(items.iter().rev().cloned().collect()),
        ("compact", []) => {
            list(items.iter().filter(|i| !matches!(i, Operand::Nil)).cloned().collect())
        }
        ("sort", []) => {
            list(sorted(items.iter().cloned().map(|item| (item.clone(), item)).collect())?)
        }
        ("min" | "max", []) => {
            let sorted = sorted(items.iter().cloned().map(|item| (item.clone(), item)).collect())?;
            or_nil(if method == "min" { sorted.first() } else { sorted.last() })
        }
        ("uniq", []) => {
            budget.spend(items.len().saturating_mul(items.len()) / 4)?;
            let mut found: Vec<Operand> = Vec::new();
            for item in items {
                if !found.iter().any(|known| known.equals(item)) {
                    found.push(item.clone());
                }
            }
            list(found)
        }
        ("flatten", []) => {
            let mut flat = Vec::new();
            flatten(items, &mut flat);
            budget.spend(flat.len())?;
            list(flat)
        }
        ("sum", []) => fold("+", Operand::Integer(0), items, budget).map(Some),
        ("inject" | "reduce", [Operand::Symbol(operator)]) => match items.split_first() {
            Some((first, rest)) => fold(operator, first.clone(), rest, budget).map(Some),
            None => Ok(Some(Operand::Nil)),
        },
        ("zip", [Operand::List(other)]) => {
            let others = other.inner.iter().cloned().chain(std::iter::repeat(Operand::Nil));
            let pairs = items.iter().cloned().zip(others).map(|(a, b)| Operand::list(vec![a, b]));
            list(pairs.collect::<Result<_, _>>()?)
        }
        ("each_slice", [Operand::Integer(n @ 1..)]) => {
            let slices = items.chunks(count(n)?).map(|slice| Operand::list(slice.to_vec()));
            list(slices.collect::<Result<_, _>>()?)
        }
        ("each_with_index", []) => list(with_index(items, 0)?),
        ("step", [Operand::Integer(n @ 1..)]) => {
            list(items.iter().step_by(count(n)?).cloned().collect())
        }
        ("to_h", []) => {
            let entries = items.iter().map(|pair| match pair {
                Operand::List(pair) if pair.inner.len() == 2 => {
                    Ok((pair.inner[0].key()?, pair.inner[1].clone()))
                }
                other => Err(format!("'{}' is no pair", other.shown())),
            });
            Operand::map(entries.collect::<Result<_, String>>()?).map(Some)
        }
        ("fetch" | "at" | "dig", [at]) => {
            let found = index(&Operand::list(items.to_vec())?, std::slice::from_ref(at), budget)?;
            match (method, found) {
                ("fetch", Operand::Nil) => Err(format!("there is no entry '{}'", at.shown())),
                (_, found) => Ok(Some(found)),
            }
        }
        _ => Ok(None),
    }
}

/// Returns pairs of the items and their places.
pub(super) fn with_index(items: &[Operand], start: i64) -> Result<Vec<Operand>, String> {
    let places = (start..).map(Operand::Integer);
    items.iter().cloned().zip(places).map(|(item, at)| Operand::list(vec![item, at])).collect()
}

/// Applies an operator to all items, from left to right.
fn fold(
    operator: &str,
    first: Operand,
    items: &[Operand],
    budget: &mut Budget,
) -> Result<Operand, String> {
    items.iter().try_fold(first, |sum, item| binary(operator, &sum, item, budget))
}

fn join(items: &[Operand], by: &str, budget: &mut Budget) -> Found {
    let mut text = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(by);
        }
        match item {
            Operand::List(inner) => {
                if let Some(Operand::Text(inner)) = join(&inner.inner, by, budget)? {
                    text.push_str(&inner);
                }
            }
            other => text.push_str(&other.shown()),
        }
        budget.spend_text(text.len()).map_err(|_| "the joined text is too long".to_owned())?;
    }
    Ok(Some(Operand::text(text)))
}

fn flatten(items: &[Operand], flat: &mut Vec<Operand>) {
    for item in items {
        match item {
            Operand::List(inner) => flatten(&inner.inner, flat),
            other => flat.push(other.clone()),
        }
    }
}

/// Sorts items by their keys; the keys of all must be comparable.
pub(super) fn sorted(mut keyed: Vec<(Operand, Operand)>) -> Result<Vec<Operand>, String> {
    let first = keyed.first().map(|(key, _)| key.clone());
    let wrong =
        keyed.iter().find(|(key, _)| first.as_ref().is_some_and(|f| compare(f, key).is_none()));
    if let Some((key, _)) = wrong {
        return Err(format!("'{}' cannot be compared with the others", key.shown()));
    }
    keyed.sort_by(|(a, _), (b, _)| compare(a, b).unwrap_or(std::cmp::Ordering::Equal));
    Ok(keyed.into_iter().map(|(_, item)| item).collect())
}
