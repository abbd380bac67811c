//! Calls without a receiver: `render`, `format` and a few of Ruby's own.

use super::TemplateError;
use super::budget::Budget;
use super::evaluate::Renderer;
use super::names::FUNCTIONS;
use super::value::{Key, Operand};
use crate::definition::FormatString;
use crate::value::{Value, integer_text};

/// Calls a function.
pub(super) fn call(
    renderer: &mut Renderer<'_>,
    name: &str,
    args: &[Operand],
) -> Result<Operand, TemplateError> {
    let result = match (name, args) {
        ("render", [Operand::Text(file)]) => {
            return renderer.partial(file, Vec::new()).map(Operand::text);
        }
        ("render", [Operand::Text(file), options]) => {
            let locals = locals(options);
            let locals = renderer.at(locals)?;
            return renderer.partial(file, locals).map(Operand::text);
        }
        ("format" | "sprintf", [Operand::Text(format), values @ ..]) => {
            formatted(format, values, &mut renderer.budget)
        }
        ("Integer", [Operand::Text(text)]) => {
            let integer = integer_text(text.trim()).and_then(|i| i64::try_from(i).ok());
            integer.map(Operand::Integer).ok_or_else(|| format!("'{text}' is no integer"))
        }
        ("Integer", [Operand::Integer(i)]) => Ok(Operand::Integer(*i)),
        ("Integer", [Operand::Float(f)]) => Ok(Operand::Integer(*f as i64)),
        ("Float", [Operand::Text(text)]) => {
            let float = text.trim().parse().map(Operand::Float);
            float.map_err(|_| format!("'{text}' is no number"))
        }
        ("Float", [one]) if one.number().is_some() => {
            Ok(Operand::Float(one.number().unwrap_or_default()))
        }
        ("String", [one]) => Ok(Operand::text(one.shown())),
        ("Array", [list @ Operand::List(_)]) => Ok(list.clone()),
        ("Array", [Operand::Nil]) => Operand::list(Vec::new()),
        ("Array", [one]) => Operand::list(vec![one.clone()]),
        // A plug-in's own check of its variables.
        ("raise", args) => Err(args.last().map_or_else(String::new, Operand::shown)),
        _ => {
            let why = match FUNCTIONS.contains(&name) {
                true => "with these arguments",
                false => "in templates",
            };
            Err(format!(
                "'{name}' is not supported {why}; render the file beforehand if it needs all of Ruby"
            ))
        }
    };
    renderer.at(result)
}

/// Reads `locals: {name: value}`.
fn locals(options: &Operand) -> Result<Vec<(String, Operand)>, String> {
    let refused = || Err("render takes a file and locals: {…}".to_owned());
    let Operand::Map(options) = options else {
        return refused();
    };
    let found = options.inner.iter().next();
    match (found, options.inner.len()) {
        (Some((Key::Symbol(name), Operand::Map(locals))), 1) if &**name == "locals" => {
            let named = locals.inner.iter().map(|(key, value)| match key {
                Key::Symbol(name) | Key::Text(name) => Ok((name.to_string(), value.clone())),
                Key::Integer(i) => Err(format!("{i} is no name of a local")),
            });
            named.collect()
        }
        _ => refused(),
    }
}

/// Renders a printf text with its values, one after the other.
pub(super) fn formatted(
    format: &str,
    values: &[Operand],
    budget: &mut Budget,
) -> Result<Operand, String> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("%%") {
            out.push('%');
            rest = after;
            continue;
        }
        let flags = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '#' | '+' | '-' | '.');
        let end = rest[1..].find(|c| !flags(c)).map(|at| 1 + at);
        let end = end.and_then(|at| Some(at + rest[at..].chars().next()?.len_utf8()));
        let end = end.ok_or_else(|| format!("the format '{format}' is not complete"))?;
        let value = values.next().ok_or_else(|| format!("'{format}' has too few values"))?;
        out.push_str(&one(&rest[..end], value)?);
        budget.spend_text(out.len())?;
        rest = &rest[end..];
    }
    out.push_str(rest);
    budget.spend_text(out.len())?;
    Ok(Operand::text(out))
}

fn one(conversion: &str, value: &Operand) -> Result<String, String> {
    let format = FormatString::parse(conversion).map_err(|error| error.to_string())?;
    let value = match value {
        _ if conversion.ends_with('s') => Value::String(value.shown()),
        Operand::Integer(i) => Value::from(*i),
        Operand::Float(f) => Value::Float(*f),
        Operand::Text(text) => Value::from(&**text),
        other => return Err(format!("'{}' cannot be formatted by {conversion}", other.shown())),
    };
    format.format(&value).map_err(|error| error.to_string())
}
