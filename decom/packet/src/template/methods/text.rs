//! Methods of texts.

use super::Found;
use crate::template::budget::Budget;
use crate::template::operators::spend_match;
use crate::template::value::Operand;

pub(super) fn call(text: &str, method: &str, args: &[Operand], budget: &mut Budget) -> Found {
    let boolean = |b| Ok(Some(Operand::Boolean(b)));
    let shown = |text: String, budget: &mut Budget| {
        budget.spend_text(text.len())?;
        Ok(Some(Operand::text(text)))
    };
    match (method, args) {
        ("strip", []) => shown(text.trim().to_owned(), budget),
        ("lstrip", []) => shown(text.trim_start().to_owned(), budget),
        ("rstrip", []) => shown(text.trim_end().to_owned(), budget),
        ("chomp", []) => shown(
            text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t)).to_owned(),
            budget,
        ),
        ("chop", []) => {
            let kept = text.char_indices().next_back().map_or(0, |(at, _)| at);
            shown(text[..kept].to_owned(), budget)
        }
        ("length" | "size", []) => Ok(Some(Operand::length(text.chars().count()))),
        ("bytesize", []) => Ok(Some(Operand::length(text.len()))),
        ("downcase", []) => shown(text.to_lowercase(), budget),
        ("upcase", []) => shown(text.to_uppercase(), budget),
        ("capitalize", []) => shown(capitalized(text), budget),
        ("reverse", []) => shown(text.chars().rev().collect(), budget),
        ("empty?", []) => boolean(text.is_empty()),
        ("include?", [Operand::Text(part)]) => boolean(text.contains(&**part)),
        ("start_with?", parts) => boolean(parts.iter().any(|part| text.starts_with(&part.shown()))),
        ("end_with?", parts) => boolean(parts.iter().any(|part| text.ends_with(&part.shown()))),
        ("match?", [Operand::Pattern(pattern)]) => {
            spend_match(text, budget)?;
            boolean(pattern.is_match(text))
        }
        ("gsub" | "sub", [what, Operand::Text(with)]) => {
            shown(replaced(text, what, with, method == "gsub", budget)?, budget)
        }
        ("delete", [Operand::Text(letters)]) if !letters.contains(['-', '^', '\\']) => {
            shown(text.replace(|c| letters.contains(c), ""), budget)
        }
        ("delete_prefix", [Operand::Text(part)]) => {
            shown(text.strip_prefix(&**part).unwrap_or(text).to_owned(), budget)
        }
        ("delete_suffix", [Operand::Text(part)]) => {
            shown(text.strip_suffix(&**part).unwrap_or(text).to_owned(), budget)
        }
        ("tr", [Operand::Text(from), Operand::Text(to)]) if !from.contains(['-', '^', '\\']) => {
            shown(translated(text, from, to), budget)
        }
        ("ljust" | "rjust" | "center", [Operand::Integer(width), rest @ ..]) => {
            let fill = match rest {
                [] => " ",
                [Operand::Text(fill)] if !fill.is_empty() => fill,
                _ => return Ok(None),
            };
            shown(justified(text, method, *width, fill, budget)?, budget)
        }
        ("split", _) => split(text, args, budget),
        ("chars", []) => pieces(text.chars().map(|c| c.to_string()), budget),
        ("lines", []) => pieces(text.split_inclusive('\n').map(str::to_owned), budget),
        ("to_i", []) => Ok(Some(Operand::Integer(leading_integer(text, 10)))),
        ("to_i", [Operand::Integer(base)]) => match u32::try_from(*base) {
            Ok(base @ 2..=36) => Ok(Some(Operand::Integer(leading_integer(text, base)))),
            _ => Err(format!("{base} is no base of digits")),
        },
        ("hex", []) => Ok(Some(Operand::Integer(leading_integer(text, 16)))),
        ("to_f", []) => Ok(Some(Operand::Float(leading_float(text)))),
        ("to_sym", []) => Ok(Some(Operand::Symbol(text.into()))),
        ("ord", []) => Ok(text.chars().next().map(|c| Operand::Integer(i64::from(u32::from(c))))),
        ("index", [Operand::Text(part)]) => {
            let found = text.find(&**part).map(|at| text[..at].chars().count());
            Ok(Some(found.map_or(Operand::Nil, Operand::length)))
        }
        ("count", [Operand::Text(letters)]) if !letters.contains(['-', '^', '\\']) => {
            Ok(Some(Operand::length(text.chars().filter(|c| letters.contains(*c)).count())))
        }
        ("succ" | "next", []) => Ok(successor(text).map(Operand::text)),
        _ => Ok(None),
    }
}

fn pieces(pieces: impl Iterator<Item = String>, budget: &mut Budget) -> Found {
    let pieces: Vec<Operand> = pieces.map(Operand::text).collect();
    budget.spend(pieces.len())?;
    Operand::list(pieces).map(Some)
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &chars.as_str().to_lowercase()
}

fn replaced(
    text: &str,
    what: &Operand,
    with: &str,
    all: bool,
    budget: &mut Budget,
) -> Result<String, String> {
    // Every letter may become the whole replacement, and one more at the end.
    budget.spend_text(text.len() + (text.len() + 1).saturating_mul(with.len()))?;
    match what {
        Operand::Text(what) if all => Ok(text.replace(&**what, with)),
        Operand::Text(what) => Ok(text.replacen(&**what, with, 1)),
        Operand::Pattern(pattern) => {
            if with.contains('\\') {
                return Err("'\\' in a replacement is not supported".to_owned());
            }
            spend_match(text, budget)?;
            let with = regex_lite::NoExpand(with);
            let replaced =
                if all { pattern.replace_all(text, with) } else { pattern.replace(text, with) };
            Ok(replaced.into_owned())
        }
        other => Err(format!("'{}' cannot be looked for in a text", other.shown())),
    }
}

/// Replaces letters by those at the same place, the last one serving for all that are missing.
fn translated(text: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    let letter = |c: char| match from.chars().position(|known| known == c) {
        None => Some(c),
        Some(at) => to.get(at).or(to.last()).copied(),
    };
    text.chars().filter_map(letter).collect()
}

fn justified(
    text: &str,
    method: &str,
    width: i64,
    fill: &str,
    budget: &mut Budget,
) -> Result<String, String> {
    let missing = usize::try_from(width).unwrap_or(0).saturating_sub(text.chars().count());
    budget.spend_text(missing.saturating_mul(4))?;
    let filled = |count: usize| fill.chars().cycle().take(count).collect::<String>();
    Ok(match method {
        "ljust" => format!("{text}{}", filled(missing)),
        "rjust" => format!("{}{text}", filled(missing)),
        _ => format!("{}{text}{}", filled(missing / 2), filled(missing - missing / 2)),
    })
}

fn split(text: &str, args: &[Operand], budget: &mut Budget) -> Found {
    // Empty pieces at the end are left out, as Ruby does.
    let kept = |mut found: Vec<String>, budget: &mut Budget| {
        let full = found.iter().rposition(|piece| !piece.is_empty()).map_or(0, |at| at + 1);
        found.truncate(full);
        pieces(found.into_iter(), budget)
    };
    match args {
        [] => pieces(text.split_whitespace().map(str::to_owned), budget),
        [Operand::Text(by)] if &**by == " " => {
            pieces(text.split_whitespace().map(str::to_owned), budget)
        }
        [Operand::Text(by)] if by.is_empty() => pieces(text.chars().map(|c| c.to_string()), budget),
        [Operand::Text(by)] => kept(text.split(&**by).map(str::to_owned).collect(), budget),
        [Operand::Pattern(by)] => {
            spend_match(text, budget)?;
            kept(by.split(text).map(str::to_owned).collect(), budget)
        }
        [Operand::Text(by), Operand::Integer(most @ 1..)] if !by.is_empty() => {
            let most = usize::try_from(*most).unwrap_or(usize::MAX);
            pieces(text.splitn(most, &**by).map(str::to_owned), budget)
        }
        _ => Ok(None),
    }
}

/// Reads the digits at the start, as Ruby's `to_i` does; 0 without any.
fn leading_integer(text: &str, base: u32) -> i64 {
    let text = text.trim_start();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let prefix = match base {
        16 => "0x",
        8 => "0o",
        2 => "0b",
        _ => "",
    };
    let rest = rest.strip_prefix(prefix).unwrap_or(rest);
    let digits: String = rest.chars().take_while(|c| c.is_digit(base) || *c == '_').collect();
    i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), base).unwrap_or(0)
}

/// Reads the number at the start, as Ruby's `to_f` does; 0 without any.
fn leading_float(text: &str) -> f64 {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+' | 'e' | 'E'));
    // Few characters: the longest start that is a number is looked for from the end.
    let text = &text[..end.unwrap_or(text.len()).min(64)];
    (0..=text.len()).rev().find_map(|end| text[..end].parse().ok()).unwrap_or(0.0)
}

/// Returns the letter or number that follows, for single letters and whole numbers.
fn successor(text: &str) -> Option<String> {
    match text.as_bytes() {
        [letter @ (b'a'..=b'y' | b'A'..=b'Y')] => Some(char::from(letter + 1).to_string()),
        _ if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            let next = text.parse::<u64>().ok()?.checked_add(1)?;
            Some(format!("{next:0width$}", width = text.len()))
        }
        _ => None,
    }
}
