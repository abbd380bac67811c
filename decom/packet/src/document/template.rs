//! Texts that are a template with its placeholders filled in.

use crate::value::Value;

/// What stands in a buffer in the places of a template's placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filled {
    values: Vec<(String, Vec<u8>)>,
}

impl Filled {
    /// Finds the template in a buffer.
    pub(super) fn parse(
        template: &[u8],
        delimiters: (char, char),
        buffer: &[u8],
    ) -> Result<Self, String> {
        let template =
            std::str::from_utf8(template).map_err(|_| "the TEMPLATE is not UTF-8".to_owned())?;
        let (literals, keys) = cut(template, delimiters);
        let found = captures(&literals, buffer).ok_or_else(|| {
            let expected = keys.len();
            format!("Unexpected number of items found in buffer: 0, Expected: {expected}")
        })?;
        Ok(Self { values: keys.into_iter().map(str::to_owned).zip(found).collect() })
    }

    pub(super) fn read(&self, key: &str) -> Result<Value, String> {
        if self.values.is_empty() {
            return Ok(Value::Null);
        }
        match self.values.iter().find(|(known, _)| known == key) {
            Some((_, bytes)) => Ok(Value::from_utf8_or_bytes(bytes.clone())),
            None => Err(format!("the TEMPLATE has no placeholder '{key}'")),
        }
    }
}

/// Puts a text in the place of a placeholder, wherever it stands.
pub(super) fn filled_in(
    buffer: &[u8],
    (left, right): (char, char),
    key: &str,
    text: &str,
) -> Result<Vec<u8>, String> {
    let placeholder = format!("{left}{key}{right}");
    let placeholder = placeholder.as_bytes();
    let (mut out, mut rest, mut found) = (Vec::new(), buffer, false);
    while let Some(at) = position(rest, placeholder) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(text.as_bytes());
        rest = &rest[at + placeholder.len()..];
        found = true;
    }
    if !found {
        return Err(format!("Key '{key}' not found in template; a placeholder is filled in once"));
    }
    out.extend_from_slice(rest);
    Ok(out)
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Cuts a template at its placeholders: one more literal than there are keys.
fn cut(template: &str, (left, right): (char, char)) -> (Vec<&[u8]>, Vec<&str>) {
    let (mut literals, mut keys) = (Vec::new(), Vec::new());
    let (mut literal, mut from) = (0, 0);
    while let Some(start) = template[from..].find(left).map(|at| from + at) {
        let name = start + left.len_utf8();
        from = name;
        let Some(end) = template[name..].find(right).map(|at| name + at) else {
            continue;
        };
        if !template[name..end].contains('\n') {
            literals.push(&template.as_bytes()[literal..start]);
            keys.push(&template[name..end]);
            from = end + right.len_utf8();
            literal = from;
        }
    }
    literals.push(&template.as_bytes()[literal..]);
    (literals, keys)
}

/// Finds the literals one after the other, the first as early as possible, and what is between
/// them as long as possible but within its line, as a pattern with greedy captures would.
///
/// What can follow is found out from the end, so that nothing is tried twice.
fn captures(literals: &[&[u8]], text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (first, others) = literals.split_first()?;
    let line_ends = line_ends(text);
    // The last place of a literal that a value from `start` on can end at.
    let furthest = |places: &[usize], start: usize| {
        let line_end = line_ends.get(start).copied()?;
        let candidates = places.partition_point(|place| *place <= line_end);
        places[..candidates].last().copied().filter(|place| *place >= start)
    };
    // Per literal the places from where all that follows can be found.
    let mut reachable: Vec<Vec<usize>> = vec![Vec::new(); others.len()];
    for (index, literal) in others.iter().enumerate().rev() {
        let places = places(text, literal).filter(|place| match reachable.get(index + 1) {
            Some(next) => furthest(next, place + literal.len()).is_some(),
            None => true,
        });
        reachable[index] = places.collect();
    }
    let start_of_values = |place: usize| place + first.len();
    let start = places(text, first)
        .map(start_of_values)
        .find(|start| reachable.first().is_none_or(|places| furthest(places, *start).is_some()));
    let mut start = start?;
    let mut values = Vec::new();
    for (literal, places) in others.iter().zip(&reachable) {
        let end = furthest(places, start)?;
        values.push(text[start..end].to_vec());
        start = end + literal.len();
    }
    Some(values)
}

fn places<'a>(text: &'a [u8], literal: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let last = text.len().checked_sub(literal.len());
    last.into_iter()
        .flat_map(|last| 0..=last)
        .filter(move |place| text[*place..].starts_with(literal))
}

/// Returns for every place the end of its line.
fn line_ends(text: &[u8]) -> Vec<usize> {
    let mut ends = vec![text.len(); text.len() + 1];
    for place in (0..text.len()).rev() {
        ends[place] = if text[place] == b'\n' { place } else { ends[place + 1] };
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(template: &str, text: &str) -> Option<Vec<String>> {
        let (literals, _) = cut(template, ('<', '>'));
        let values = captures(&literals, text.as_bytes())?;
        Some(values.into_iter().map(|value| String::from_utf8(value).unwrap()).collect())
    }

    #[test]
    fn captures_are_greedy_and_stay_in_their_line() {
        let texts = |values: &[&str]| Some(values.iter().map(|v| (*v).to_owned()).collect());
        assert_eq!(found("<A>,<B>;", "1.25,7;"), texts(&["1.25", "7"]));
        assert_eq!(found("<A>,<B>", "1,2,3"), texts(&["1,2", "3"]));
        assert_eq!(found("T=<A>", "x T=5\nT=6"), texts(&["5"]));
        assert_eq!(found("<A><B>", "ab"), texts(&["ab", ""]));
        assert_eq!(found("a<A>b<B>b", "aXbYbZ"), texts(&["X", "Y"]));
        assert_eq!(found("none", "a none"), texts(&[]));
        assert_eq!(found("<A>,<B>;", "bad"), None);
        assert_eq!(found("<A>,\n<B>;", "1\n,2;"), None);
        assert_eq!(found("<A\n> <B>", "<A\n> 5"), texts(&["5"]));
    }

    #[test]
    fn many_placeholders_take_no_time() {
        let template = "<A>a".repeat(200) + "b";
        assert_eq!(found(&template, &"a".repeat(2000)), None);
    }
}
