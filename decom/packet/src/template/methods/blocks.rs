//! Methods that call a block.

use std::rc::Rc;

use super::{elements, integers, list, unsupported};
use crate::template::TemplateError;
use crate::template::evaluate::Renderer;
use crate::template::syntax::Block;
use crate::template::value::Operand;

/// Calls a method with a block.
pub(in crate::template) fn call_with_block(
    renderer: &mut Renderer<'_>,
    of: &Operand,
    method: &str,
    args: &[Operand],
    block: &Rc<Block>,
    out: &mut String,
) -> Result<Operand, TemplateError> {
    let budget = &mut renderer.budget;
    // What a loop goes over.
    let over = match (method, of, args) {
        ("times", Operand::Integer(count), []) => integers(0, *count, 1, budget),
        ("upto", Operand::Integer(from), [Operand::Integer(to)]) => {
            integers(*from, to.saturating_add(1), 1, budget)
        }
        ("downto", Operand::Integer(from), [Operand::Integer(to)]) => {
            integers(*from, to.saturating_sub(1), -1, budget)
        }
        ("step", Operand::Integer(from), [Operand::Integer(to), Operand::Integer(step)]) => {
            let end = if *step < 0 { to.saturating_sub(1) } else { to.saturating_add(1) };
            integers(*from, end, *step, budget)
        }
        ("each_with_index", _, []) => elements(of, budget).and_then(|i| list::with_index(&i, 0)),
        ("each_with_index" | "map_with_index", _, [Operand::Integer(start)]) => {
            elements(of, budget).and_then(|i| list::with_index(&i, *start))
        }
        ("map_with_index", _, []) => elements(of, budget).and_then(|i| list::with_index(&i, 0)),
        ("each_key", Operand::Map(map), []) => {
            Ok(map.inner.keys().map(|key| key.operand()).collect())
        }
        ("each_value", Operand::Map(map), []) => Ok(map.inner.values().cloned().collect()),
        ("each_char", Operand::Text(text), []) => {
            Ok(text.chars().map(|c| Operand::text(c.to_string())).collect())
        }
        ("each_slice", _, [_]) | ("step", Operand::Range { .. }, [_]) => {
            super::call(of, method, args, budget).and_then(|slices| elements(&slices, budget))
        }
        (_, _, []) => elements(of, budget),
        ("inject" | "reduce" | "sum", _, [_]) => elements(of, budget),
        _ => Err(unsupported(method)),
    };
    let over = renderer.at(over)?;
    match method {
        "times" | "upto" | "downto" | "step" | "each" | "each_pair" | "each_with_index"
        | "each_key" | "each_value" | "each_char" | "each_slice" | "reverse_each" => {
            let reversed: Vec<Operand> = match method {
                "reverse_each" => over.into_iter().rev().collect(),
                _ => over,
            };
            for value in reversed {
                if renderer.call(block, vec![value], out)?.is_none() {
                    break;
                }
            }
            Ok(of.clone())
        }
        "inject" | "reduce" => {
            let mut values = args.iter().cloned().chain(over);
            let mut sum = values.next().unwrap_or(Operand::Nil);
            for value in values {
                match renderer.call(block, vec![sum.clone(), value], out)? {
                    Some(next) => sum = next,
                    None => break,
                }
            }
            Ok(sum)
        }
        _ => collected(renderer, of, method, over, block, out),
    }
}

/// Methods that make something of what the block returns for each value.
fn collected(
    renderer: &mut Renderer<'_>,
    of: &Operand,
    method: &str,
    over: Vec<Operand>,
    block: &Rc<Block>,
    out: &mut String,
) -> Result<Operand, TemplateError> {
    let known = [
        "map",
        "collect",
        "map_with_index",
        "flat_map",
        "select",
        "filter",
        "reject",
        "find",
        "detect",
        "any?",
        "all?",
        "none?",
        "count",
        "sum",
        "sort_by",
        "min_by",
        "max_by",
        "find_index",
        "index",
        "partition",
        "to_h",
    ];
    if !known.contains(&method) {
        return Err(renderer.fault(unsupported(method)));
    }
    let mut results = Vec::with_capacity(over.len());
    for value in over {
        match renderer.call(block, vec![value.clone()], out)? {
            Some(result) => results.push((result, value)),
            None => break,
        }
    }
    let wanted = method != "reject";
    let chosen = || results.iter().filter(|(result, _)| result.is_true() == wanted);
    let count = chosen().count();
    let result = match method {
        "map" | "collect" | "map_with_index" => {
            Operand::list(results.into_iter().map(|(result, _)| result).collect())
        }
        "flat_map" => Operand::list(results.into_iter().map(|(result, _)| result).collect())
            .and_then(|list| super::call(&list, "flatten", &[], &mut renderer.budget)),
        "select" | "filter" | "reject" => {
            let list = Operand::list(chosen().map(|(_, value)| value.clone()).collect());
            match of {
                // What is chosen of a map is a map.
                Operand::Map(_) => {
                    list.and_then(|list| super::call(&list, "to_h", &[], &mut renderer.budget))
                }
                _ => list,
            }
        }
        "partition" => {
            let rest = results.iter().filter(|(result, _)| !result.is_true());
            let rest = Operand::list(rest.map(|(_, value)| value.clone()).collect());
            let first = Operand::list(chosen().map(|(_, value)| value.clone()).collect());
            first.and_then(|first| Operand::list(vec![first, rest?]))
        }
        "find" | "detect" => Ok(chosen().next().map_or(Operand::Nil, |(_, value)| value.clone())),
        "find_index" | "index" => {
            let found = results.iter().position(|(result, _)| result.is_true());
            Ok(found.map_or(Operand::Nil, Operand::length))
        }
        "any?" => Ok(Operand::Boolean(count > 0)),
        "all?" => Ok(Operand::Boolean(count == results.len())),
        "none?" => Ok(Operand::Boolean(count == 0)),
        "count" => Ok(Operand::length(count)),
        "sum" => Operand::list(results.into_iter().map(|(result, _)| result).collect())
            .and_then(|list| super::call(&list, "sum", &[], &mut renderer.budget)),
        "sort_by" => list::sorted(results).and_then(Operand::list),
        "min_by" => list::sorted(results).map(|s| s.first().cloned().unwrap_or(Operand::Nil)),
        "max_by" => list::sorted(results).map(|s| s.last().cloned().unwrap_or(Operand::Nil)),
        _ => Operand::list(results.into_iter().map(|(result, _)| result).collect())
            .and_then(|list| super::call(&list, "to_h", &[], &mut renderer.budget)),
    };
    renderer.at(result)
}
