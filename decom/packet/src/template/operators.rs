//! What operators make of values.

use std::cmp::Ordering;
use std::rc::Rc;

use super::budget::Budget;
use super::functions::formatted;
use super::value::Operand;

/// Orders numbers, texts and lists of them.
pub(super) fn compare(left: &Operand, right: &Operand) -> Option<Ordering> {
    match (left, right) {
        (Operand::Integer(a), Operand::Integer(b)) => Some(a.cmp(b)),
        (Operand::Text(a), Operand::Text(b)) | (Operand::Symbol(a), Operand::Symbol(b)) => {
            Some(a.cmp(b))
        }
        (Operand::List(a), Operand::List(b)) => {
            let mut pairs = a.inner.iter().zip(&b.inner);
            let found = pairs.find_map(|(a, b)| match compare(a, b) {
                Some(Ordering::Equal) => None,
                other => Some(other),
            });
            found.unwrap_or_else(|| Some(a.inner.len().cmp(&b.inner.len())))
        }
        _ => left.number()?.partial_cmp(&right.number()?),
    }
}

/// Returns whether a value is what a `when` names.
pub(super) fn is_case(wanted: &Operand, subject: &Operand) -> bool {
    match (wanted, subject) {
        (Operand::Range { from, to, exclusive }, Operand::Integer(i)) => {
            i >= from && if *exclusive { i < to } else { i <= to }
        }
        (Operand::Pattern(pattern), Operand::Text(text)) => pattern.is_match(text),
        _ => wanted.equals(subject),
    }
}

/// Applies `!`, `-` or `~`.
pub(super) fn prefix(operator: &str, of: &Operand) -> Result<Operand, String> {
    let refused = || Err(format!("{operator}'{}' has no result", of.shown()));
    match (operator, of) {
        ("!", _) => Ok(Operand::Boolean(!of.is_true())),
        ("-", Operand::Integer(i)) => {
            i.checked_neg().map_or_else(refused, |i| Ok(Operand::Integer(i)))
        }
        ("-", Operand::Float(f)) => Ok(Operand::Float(-f)),
        ("~", Operand::Integer(i)) => Ok(Operand::Integer(!i)),
        _ => refused(),
    }
}

/// Makes a range of integers, or the list of the letters from one to another.
pub(super) fn range(from: &Operand, to: &Operand, exclusive: bool) -> Result<Operand, String> {
    match (from, to) {
        (Operand::Integer(from), Operand::Integer(to)) => {
            Ok(Operand::Range { from: *from, to: *to, exclusive })
        }
        (Operand::Text(from), Operand::Text(to)) => {
            let (&[from], &[to]) = (from.as_bytes(), to.as_bytes()) else {
                return Err("a range needs two integers or two letters".to_owned());
            };
            let letters = (from..=to).filter(|letter| !(exclusive && *letter == to));
            Operand::list(
                letters.map(|letter| Operand::text(char::from(letter).to_string())).collect(),
            )
        }
        _ => Err("a range needs two integers or two letters".to_owned()),
    }
}

/// Applies a binary operator other than `&&` and `||`.
pub(super) fn binary(
    operator: &str,
    left: &Operand,
    right: &Operand,
    budget: &mut Budget,
) -> Result<Operand, String> {
    budget.spend((left.weight() + right.weight()) / 16)?;
    let ordered = |wanted: fn(Ordering) -> bool| {
        compare(left, right)
            .map(|ordering| Operand::Boolean(wanted(ordering)))
            .ok_or_else(|| format!("'{}' and '{}' cannot be compared", left.shown(), right.shown()))
    };
    match operator {
        "==" => Ok(Operand::Boolean(left.equals(right))),
        "!=" => Ok(Operand::Boolean(!left.equals(right))),
        "<" => ordered(Ordering::is_lt),
        ">" => ordered(Ordering::is_gt),
        "<=" => ordered(Ordering::is_le),
        ">=" => ordered(Ordering::is_ge),
        "<=>" => Ok(compare(left, right).map_or(Operand::Nil, |o| Operand::Integer(o as i64))),
        "=~" => match (left, right) {
            (Operand::Text(text), Operand::Pattern(pattern))
            | (Operand::Pattern(pattern), Operand::Text(text)) => {
                spend_match(text, budget)?;
                let found = pattern.find(text);
                Ok(found
                    .map_or(Operand::Nil, |m| Operand::length(text[..m.start()].chars().count())))
            }
            _ => Ok(Operand::Nil),
        },
        _ => match made(operator, left, right, budget)? {
            Some(value) => Ok(value),
            None => arithmetic(operator, left, right).ok_or_else(|| {
                format!("'{}' {operator} '{}' has no result", left.shown(), right.shown())
            }),
        },
    }
}

/// Spends what looking for a pattern in a text may take.
pub(super) fn spend_match(text: &str, budget: &mut Budget) -> Result<(), String> {
    budget.spend(1 + text.len() * 4)
}

/// Applies the operators that make texts and lists.
fn made(
    operator: &str,
    left: &Operand,
    right: &Operand,
    budget: &mut Budget,
) -> Result<Option<Operand>, String> {
    let made = match (operator, left, right) {
        ("+", Operand::Text(a), Operand::Text(b)) => {
            budget.spend_text(a.len() + b.len())?;
            Operand::text(format!("{a}{b}"))
        }
        ("*", Operand::Text(text), Operand::Integer(count)) => {
            let count = usize::try_from(*count)
                .map_err(|_| "a text cannot be repeated less than 0 times")?;
            budget.spend_text(text.len().saturating_mul(count))?;
            Operand::text(text.repeat(count))
        }
        ("%", Operand::Text(format), Operand::List(values)) => {
            formatted(format, &values.inner, budget)?
        }
        ("%", Operand::Text(format), value) => {
            formatted(format, std::slice::from_ref(value), budget)?
        }
        ("+", Operand::List(a), Operand::List(b)) => {
            budget.spend(a.inner.len() + b.inner.len())?;
            Operand::list(a.inner.iter().chain(&b.inner).cloned().collect())?
        }
        ("*", Operand::List(list), Operand::Integer(count)) => {
            let count = usize::try_from(*count)
                .map_err(|_| "a list cannot be repeated less than 0 times")?;
            budget.spend(list.inner.len().saturating_mul(count))?;
            let items = list.inner.iter().cycle().take(list.inner.len() * count);
            Operand::list(items.cloned().collect())?
        }
        ("-" | "&" | "|", Operand::List(a), Operand::List(b)) => {
            budget.spend(a.inner.len().saturating_mul(b.inner.len()))?;
            let holds =
                |list: &[Operand], item: &Operand| list.iter().any(|other| other.equals(item));
            let mut items: Vec<Operand> = match operator {
                "-" => a.inner.iter().filter(|item| !holds(&b.inner, item)).cloned().collect(),
                "&" => a.inner.iter().filter(|item| holds(&b.inner, item)).cloned().collect(),
                _ => a.inner.clone(),
            };
            if operator == "|" {
                items.extend(b.inner.iter().filter(|item| !holds(&a.inner, item)).cloned());
            }
            Operand::list(items)?
        }
        _ => return Ok(None),
    };
    Ok(Some(made))
}

fn arithmetic(operator: &str, left: &Operand, right: &Operand) -> Option<Operand> {
    if let (Operand::Integer(a), Operand::Integer(b)) = (left, right) {
        return integers(operator, *a, *b);
    }
    let (a, b) = (left.number()?, right.number()?);
    Some(Operand::Float(match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "%" => a - b * (a / b).floor(),
        "**" => a.powf(b),
        _ => return None,
    }))
}

fn integers(operator: &str, a: i64, b: i64) -> Option<Operand> {
    Some(Operand::Integer(match operator {
        "+" => a.checked_add(b)?,
        "-" => a.checked_sub(b)?,
        "*" => a.checked_mul(b)?,
        // Ruby rounds towards minus infinity.
        "/" => {
            let quotient = a.checked_div(b)?;
            if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
        }
        "%" => {
            let remainder = a.checked_rem(b)?;
            if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder }
        }
        "**" if b < 0 => return Some(Operand::Float((a as f64).powf(b as f64))),
        "**" => a.checked_pow(u32::try_from(b).ok()?)?,
        "&" => a & b,
        "|" => a | b,
        "^" => a ^ b,
        "<<" => {
            let shifted = a.checked_shl(u32::try_from(b).ok()?)?;
            if shifted >> b == a { shifted } else { return None }
        }
        ">>" => a.checked_shr(u32::try_from(b).ok()?)?,
        _ => return None,
    }))
}

/// Returns the places that an index with a length, or a range, means.
fn places(length: usize, keys: &[Operand]) -> Option<std::ops::Range<usize>> {
    let size = i64::try_from(length).ok()?;
    let from_end = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
    let (start, end) = match keys {
        [Operand::Integer(start), Operand::Integer(count)] if *count >= 0 => {
            let start = from_end(*start);
            (start, start.saturating_add(*count))
        }
        [Operand::Range { from, to, exclusive }] => {
            let end = from_end(*to);
            (from_end(*from), if *exclusive { end } else { end.saturating_add(1) })
        }
        _ => return None,
    };
    let start = usize::try_from(start).ok().filter(|start| *start <= length)?;
    Some(start..usize::try_from(end).unwrap_or(0).clamp(start, length))
}

/// Returns what stands at an index.
pub(super) fn index(
    of: &Operand,
    keys: &[Operand],
    budget: &mut Budget,
) -> Result<Operand, String> {
    match (of, keys) {
        (Operand::Map(map), [key]) => {
            let found = key.key().ok().and_then(|key| map.inner.get(&key).cloned());
            Ok(found.unwrap_or(Operand::Nil))
        }
        (Operand::List(list), [Operand::Integer(at)]) => {
            Ok(place(list.inner.len(), *at).map_or(Operand::Nil, |at| list.inner[at].clone()))
        }
        (Operand::List(list), _) => match places(list.inner.len(), keys) {
            Some(places) => {
                budget.spend(places.len())?;
                Operand::list(list.inner[places].to_vec())
            }
            None => Ok(Operand::Nil),
        },
        (Operand::Text(text), _) => {
            budget.spend_text(text.len())?;
            let chars: Vec<char> = text.chars().collect();
            let places = match keys {
                [Operand::Integer(at)] => place(chars.len(), *at).map(|at| at..at + 1),
                [Operand::Text(part)] => {
                    let found = text.contains(&**part);
                    return Ok(if found { Operand::Text(part.clone()) } else { Operand::Nil });
                }
                _ => places(chars.len(), keys),
            };
            Ok(places.map_or(Operand::Nil, |places| {
                Operand::text(chars[places].iter().collect::<String>())
            }))
        }
        (Operand::Integer(i), [Operand::Integer(bit)]) => Ok(Operand::Integer(
            u32::try_from(*bit).ok().and_then(|bit| i.checked_shr(bit)).unwrap_or(0) & 1,
        )),
        _ => Err(format!("'{}' has no such index", of.shown())),
    }
}

fn place(length: usize, at: i64) -> Option<usize> {
    let size = i64::try_from(length).ok()?;
    usize::try_from(if at < 0 { at.checked_add(size)? } else { at }).ok().filter(|at| *at < length)
}

/// What two names share cannot be changed through one of them: Ruby would change both.
const SHARED: &str = "a list or map that has two names cannot be changed; write a = a + [x]";

/// Sets an entry of a list or map.
pub(super) fn set_entry(
    container: &mut Operand,
    key: &Operand,
    value: Operand,
) -> Result<(), String> {
    match (container, key) {
        (Operand::List(list), Operand::Integer(at)) => {
            let list = Rc::get_mut(list).ok_or(SHARED)?;
            list.count(&value)?;
            let length = list.inner.len();
            match place(length, *at) {
                Some(at) => list.inner[at] = value,
                None if i64::try_from(length) == Ok(*at) => list.inner.push(value),
                None => return Err(format!("the list has no place {at}")),
            }
            Ok(())
        }
        (Operand::Map(map), key) => {
            let map = Rc::get_mut(map).ok_or(SHARED)?;
            map.count(&value)?;
            map.inner.insert(key.key()?, value);
            Ok(())
        }
        (other, _) => Err(format!("'{}' has no entries to set", other.shown())),
    }
}

/// Takes an entry out, so that it can be changed and set again.
pub(super) fn take_entry(container: &mut Operand, key: &Operand) -> Result<Operand, String> {
    let entry = match (&mut *container, key) {
        (Operand::List(list), Operand::Integer(at)) => {
            let list = Rc::get_mut(list).ok_or(SHARED)?;
            place(list.inner.len(), *at).and_then(|at| list.inner.get_mut(at))
        }
        (Operand::Map(map), key) => Rc::get_mut(map).ok_or(SHARED)?.inner.get_mut(&key.key()?),
        _ => None,
    };
    let entry = entry.ok_or_else(|| format!("there is no entry '{}'", key.shown()))?;
    Ok(std::mem::replace(entry, Operand::Nil))
}

/// Adds values to the end of a list or text; for an integer `<<` has no lasting effect.
pub(super) fn append(target: &mut Operand, values: Vec<Operand>) -> Result<(), String> {
    match target {
        Operand::List(list) => {
            let list = Rc::get_mut(list).ok_or(SHARED)?;
            for value in values {
                list.count(&value)?;
                list.inner.push(value);
            }
            Ok(())
        }
        Operand::Integer(_) => Ok(()),
        _ => Err("'<<' needs a list; write a = a + b for texts".to_owned()),
    }
}
