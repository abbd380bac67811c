//! Methods of numbers.

use super::Found;
use crate::template::value::Operand;

pub(super) fn integer(i: i64, method: &str, args: &[Operand]) -> Found {
    let boolean = |b| Ok(Some(Operand::Boolean(b)));
    match (method, args) {
        ("to_i" | "to_int" | "ord" | "floor" | "ceil" | "round" | "truncate", []) => {
            Ok(Some(Operand::Integer(i)))
        }
        ("to_f", []) => Ok(Some(Operand::Float(i as f64))),
        ("to_s", [Operand::Integer(base)]) => {
            digits(i, *base).map(|text| Some(Operand::text(text)))
        }
        ("chr", []) => {
            let letter = u8::try_from(i).ok().filter(u8::is_ascii).map(char::from);
            let letter = letter.ok_or_else(|| format!("{i} is no letter"))?;
            Ok(Some(Operand::text(letter.to_string())))
        }
        ("abs", []) => Ok(i.checked_abs().map(Operand::Integer)),
        ("succ" | "next", []) => Ok(i.checked_add(1).map(Operand::Integer)),
        ("pred", []) => Ok(i.checked_sub(1).map(Operand::Integer)),
        ("even?", []) => boolean(i % 2 == 0),
        ("odd?", []) => boolean(i % 2 != 0),
        ("zero?", []) => boolean(i == 0),
        ("positive?", []) => boolean(i > 0),
        ("negative?", []) => boolean(i < 0),
        ("between?", [Operand::Integer(low), Operand::Integer(high)]) => {
            boolean((*low..=*high).contains(&i))
        }
        ("clamp", [Operand::Integer(low), Operand::Integer(high)]) if low <= high => {
            Ok(Some(Operand::Integer(i.clamp(*low, *high))))
        }
        ("fdiv", [other]) => Ok(other.number().map(|other| Operand::Float(i as f64 / other))),
        _ => Ok(None),
    }
}

pub(super) fn float(f: f64, method: &str, args: &[Operand]) -> Found {
    let whole = |f: f64| {
        let fits = f.is_finite() && f.abs() < 9e18;
        if fits { Ok(Some(Operand::Integer(f as i64))) } else { Err(format!("{f} is no integer")) }
    };
    match (method, args) {
        ("to_i" | "truncate", []) => whole(f.trunc()),
        ("floor", []) => whole(f.floor()),
        ("ceil", []) => whole(f.ceil()),
        ("round", []) => whole(f.round()),
        ("round", [Operand::Integer(places)]) => {
            let places = i32::try_from(*places).ok().filter(|places| (0..=15).contains(places));
            Ok(places.map(|places| {
                let scale = 10_f64.powi(places);
                Operand::Float((f * scale).round() / scale)
            }))
        }
        ("to_f", []) => Ok(Some(Operand::Float(f))),
        ("abs", []) => Ok(Some(Operand::Float(f.abs()))),
        ("nan?", []) => Ok(Some(Operand::Boolean(f.is_nan()))),
        ("zero?", []) => Ok(Some(Operand::Boolean(f == 0.0))),
        _ => Ok(None),
    }
}

/// Writes an integer in another base.
fn digits(i: i64, base: i64) -> Result<String, String> {
    if !(2..=36).contains(&base) {
        return Err(format!("{base} is no base of digits"));
    }
    let base = base.unsigned_abs();
    let mut rest = i.unsigned_abs();
    let mut reversed = Vec::new();
    loop {
        let digit = u32::try_from(rest % base).ok().and_then(|digit| char::from_digit(digit, 36));
        reversed.extend(digit);
        rest /= base;
        if rest == 0 {
            break;
        }
    }
    let sign = if i < 0 { "-" } else { "" };
    Ok(format!("{sign}{}", reversed.iter().rev().collect::<String>()))
}
