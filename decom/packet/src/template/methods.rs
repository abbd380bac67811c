//! Methods of values.

mod blocks;
mod list;
mod number;
mod text;

use super::budget::Budget;
use super::operators;
use super::value::Operand;

pub(super) use blocks::call_with_block;

/// What a method returns: `None` when the value has no such method.
type Found = Result<Option<Operand>, String>;

/// Calls a method without a block.
pub(super) fn call(
    of: &Operand,
    method: &str,
    args: &[Operand],
    budget: &mut Budget,
) -> Result<Operand, String> {
    budget.spend(1 + of.weight() / 8)?;
    let found = match (method, args) {
        ("to_s", []) => {
            let text = of.shown();
            budget.spend_text(text.len())?;
            Some(Operand::text(text))
        }
        ("inspect", []) => {
            let text = of.inspected();
            budget.spend_text(text.len())?;
            Some(Operand::text(text))
        }
        ("nil?", []) => Some(Operand::Boolean(matches!(of, Operand::Nil))),
        ("freeze" | "dup" | "clone" | "itself", []) => Some(of.clone()),
        // A loop without a block is the values that it would go over.
        ("each" | "map", []) => Some(Operand::list(elements(of, budget)?)?),
        _ => match of {
            Operand::Text(text) => text::call(text, method, args, budget)?,
            Operand::Symbol(name) => match (method, args) {
                ("to_sym", []) => Some(of.clone()),
                _ => text::call(name, method, args, budget)?,
            },
            Operand::Integer(i) => number::integer(*i, method, args)?,
            Operand::Float(f) => number::float(*f, method, args)?,
            Operand::Map(_) => match list::map_call(of, method, args)? {
                None => list::call(&elements(of, budget)?, method, args, budget)?,
                found => found,
            },
            Operand::List(list) => list::call(&list.inner, method, args, budget)?,
            Operand::Range { from, to, exclusive } => match (method, args) {
                ("first" | "begin" | "min", []) => Some(Operand::Integer(*from)),
                ("end", []) => Some(Operand::Integer(*to)),
                ("include?" | "member?" | "cover?" | "===", [Operand::Integer(_)]) => {
                    Some(Operand::Boolean(operators::is_case(of, &args[0])))
                }
                ("exclude_end?", []) => Some(Operand::Boolean(*exclusive)),
                _ => list::call(&elements(of, budget)?, method, args, budget)?,
            },
            Operand::Nil => match (method, args) {
                ("to_a", []) => Some(Operand::list(Vec::new())?),
                ("to_i", []) => Some(Operand::Integer(0)),
                _ => None,
            },
            Operand::Boolean(_) | Operand::Pattern(_) => None,
        },
    };
    found.ok_or_else(|| unsupported(method))
}

fn unsupported(method: &str) -> String {
    format!(
        "method '{method}' is not supported here; render the file beforehand if it needs all of Ruby"
    )
}

/// Returns the values that a loop goes over.
fn elements(of: &Operand, budget: &mut Budget) -> Result<Vec<Operand>, String> {
    match of {
        Operand::List(list) => {
            budget.spend(list.inner.len())?;
            Ok(list.inner.clone())
        }
        Operand::Range { from, to, exclusive } => {
            let end = if *exclusive { *to } else { to.saturating_add(1) };
            integers(*from, end, 1, budget)
        }
        Operand::Map(map) => {
            budget.spend(map.inner.len() * 2)?;
            let pair = |(key, value): (&super::value::Key, &Operand)| {
                Operand::list(vec![key.operand(), value.clone()])
            };
            map.inner.iter().map(pair).collect()
        }
        other => Err(format!("'{}' is no list or range", other.shown())),
    }
}

/// Returns the integers from one up to, or down to, another that is left out.
fn integers(from: i64, end: i64, step: i64, budget: &mut Budget) -> Result<Vec<Operand>, String> {
    if step == 0 {
        return Err("a step of 0 never ends".to_owned());
    }
    let distance = if step > 0 {
        i128::from(end) - i128::from(from)
    } else {
        i128::from(from) - i128::from(end)
    };
    let count =
        (distance.max(0) + i128::from(step.unsigned_abs()) - 1) / i128::from(step.unsigned_abs());
    let count = usize::try_from(count).map_err(|_| "the range has too many steps")?;
    budget.spend(count).map_err(|_| format!("{count} steps are too many"))?;
    let values = (0..count).map(|at| Operand::Integer(from + step * at as i64));
    Ok(values.collect())
}
