//! The part of JSON paths that names one place: `$.name`, `$['name']`, `$.list[0]`.

/// One step from a value to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Member of a map.
    Member(String),
    /// Element of a list, from 0.
    Element(usize),
}

/// Reads a key; without `$` its first step is a name, as the name of an item is its default key.
pub(super) fn parse(key: &str) -> Result<Vec<Step>, String> {
    steps(key)
        .ok_or_else(|| format!("the key '{key}' is no path such as $.name, $['name'] or $.list[0]"))
}

fn steps(key: &str) -> Option<Vec<Step>> {
    let (mut rest, mut bare) = match key.strip_prefix('$') {
        Some(rest) => (rest, false),
        None => (key, true),
    };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, behind) = match rest.strip_prefix('[') {
            Some(inner) => bracketed(inner)?,
            None if bare => named(rest)?,
            None => named(rest.strip_prefix('.')?)?,
        };
        steps.push(step);
        (rest, bare) = (behind, false);
    }
    Some(steps)
}

fn named(text: &str) -> Option<(Step, &str)> {
    let (name, behind) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    // Nothing between two points, or a star, asks for more than one place.
    let one = !name.is_empty() && name != "*";
    one.then(|| (Step::Member(name.to_owned()), behind))
}

fn bracketed(inner: &str) -> Option<(Step, &str)> {
    let quote = inner.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let Some(quote) = quote else {
        let (index, behind) = inner.split_once(']')?;
        let digits = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
        return Some((Step::Element(index.parse().ok().filter(|_| digits)?), behind));
    };
    let mut name = String::new();
    let mut characters = inner[1..].char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => name.push(characters.next()?.1),
            end if end == quote => {
                let behind = inner[1 + at + 1..].strip_prefix(']')?;
                return Some((Step::Member(name), behind));
            }
            other => name.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let member = |name: &str| Step::Member(name.to_owned());
        for (key, wanted) in [
            ("$", vec![]),
            ("$.a.b", vec![member("a"), member("b")]),
            ("$.a[2].b", vec![member("a"), Step::Element(2), member("b")]),
            ("$[0][1]", vec![Step::Element(0), Step::Element(1)]),
            ("$['a.b'][\"c]\"]", vec![member("a.b"), member("c]")]),
            ("$['it\\'s']", vec![member("it's")]),
            ("NAME", vec![member("NAME")]),
            ("a.b[1]", vec![member("a"), member("b"), Step::Element(1)]),
        ] {
            assert_eq!(parse(key).as_ref(), Ok(&wanted), "{key}");
        }
        for key in ["$..a", "$.*", "$.a[*]", "$.a[-1]", "$.a[", "$['a'", "$a", "$.", "$.a[+1]"] {
            assert!(parse(key).is_err(), "{key}");
        }
    }
}
