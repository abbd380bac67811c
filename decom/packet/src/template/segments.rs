//! From text to literal pieces and tags.

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Text that is copied.
    Text(String),
    /// `<% code %>`
    Statement { code: String, line: u32 },
    /// `<%= code %>`
    Expression { code: String, line: u32 },
}

/// Splits a template; the error is the line of a tag that does not end, and its text.
pub(super) fn split(text: &str) -> Result<Vec<Segment>, (u32, String)> {
    let text = without_commented_tags(text);
    let mut segments = Vec::new();
    let mut literal = String::new();
    let mut rest = text.as_str();
    let mut line = 1;
    while let Some(at) = rest.find("<%") {
        literal.push_str(&rest[..at]);
        line += newlines(&rest[..at]);
        rest = &rest[at + 2..];
        if let Some(after) = rest.strip_prefix('%') {
            literal.push_str("<%");
            rest = after;
            continue;
        }
        let Some(end) = rest.find("%>") else {
            return Err((line, rest.trim().to_owned()));
        };
        let (tag, after) = (&rest[..end], &rest[end + 2..]);
        rest = after;
        let start = line;
        line += newlines(tag);
        let (tag, eats_newline) = match tag.strip_suffix('-') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        if eats_newline {
            let after = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'));
            if let Some(after) = after {
                rest = after;
                line += 1;
            }
        }
        if tag.starts_with('#') {
            continue;
        }
        let tag = match tag.strip_prefix('-') {
            Some(tag) => {
                trim_line_start(&mut literal);
                tag
            }
            None => tag,
        };
        if !literal.is_empty() {
            segments.push(Segment::Text(std::mem::take(&mut literal)));
        }
        segments.push(match tag.strip_prefix('=') {
            Some(code) => Segment::Expression { code: code.trim().to_owned(), line: start },
            None => Segment::Statement { code: tag.trim().to_owned(), line: start },
        });
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        segments.push(Segment::Text(literal));
    }
    Ok(segments)
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// Removes the blanks at the end, if nothing else stands before them on their line.
fn trim_line_start(literal: &mut String) {
    let kept = literal.trim_end_matches([' ', '\t']).len();
    if kept == 0 || literal[..kept].ends_with('\n') {
        literal.truncate(kept);
    }
}

/// Turns every tag on a comment line into a template comment.
///
/// A comment line is blanks, `#`, and no `%` before its first `<%`.
fn without_commented_tags(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let comment = line
            .trim_start()
            .strip_prefix('#')
            .and_then(|rest| rest.find("<%").map(|at| &rest[..at]));
        match comment {
            Some(before) if !before.contains('%') => line.replace("<%", "<%#"),
            _ => line.to_owned(),
        }
    });
    lines.collect()
}
