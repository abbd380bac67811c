//! The patterns of `DISABLE_ERB`: regular expressions in the little that file names need.

/// Returns whether a pattern is found anywhere in a text.
///
/// Literals, `.`, `\` escapes, `*`, `+`, `?` behind one character, `^` and `$` are understood.
///
/// # Errors
/// A message when the pattern uses more than that.
pub(super) fn found_in(pattern: &str, text: &str) -> Result<bool, String> {
    let (pattern, anchored) = match pattern.strip_prefix('^') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let pieces = pieces(pattern)?;
    let text: Vec<char> = text.chars().collect();
    let last_start = if anchored { 0 } else { text.len() };
    Ok((0..=last_start).any(|start| matches(&pieces, &text[start..])))
}

/// What one character must be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum One {
    Any,
    Exactly(char),
    End,
}

/// How often it may stand there: at least, and at most once or any number of times.
#[derive(Debug, Clone, Copy)]
struct Piece {
    one: One,
    least: usize,
    many: bool,
}

fn pieces(pattern: &str) -> Result<Vec<Piece>, String> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let one = match c {
            '.' => One::Any,
            '$' if chars.peek().is_none() => One::End,
            '\\' => match chars.next() {
                Some(escaped) if !escaped.is_alphanumeric() => One::Exactly(escaped),
                _ => {
                    return Err(format!("pattern '{pattern}' has an escape that is not supported"));
                }
            },
            '(' | ')' | '[' | ']' | '{' | '}' | '|' | '*' | '+' | '?' | '^' | '$' => {
                return Err(format!("pattern '{pattern}' has '{c}', which is not supported"));
            }
            literal => One::Exactly(literal),
        };
        let (least, many) = match chars.peek() {
            Some('*') => (0, true),
            Some('+') => (1, true),
            Some('?') => (0, false),
            _ => {
                pieces.push(Piece { one, least: 1, many: false });
                continue;
            }
        };
        chars.next();
        pieces.push(Piece { one, least, many });
    }
    Ok(pieces)
}

/// Walks over all states at once, so that no pattern takes long.
fn matches(pieces: &[Piece], text: &[char]) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for piece in pieces {
        let fits = |at: usize| match piece.one {
            One::Any => at < text.len(),
            One::Exactly(c) => text.get(at) == Some(&c),
            One::End => false,
        };
        if piece.one == One::End {
            let at_end = reached[text.len()];
            reached.fill(false);
            reached[text.len()] = at_end;
            continue;
        }
        let mut next = if piece.least == 0 { reached.clone() } else { vec![false; text.len() + 1] };
        for at in 0..text.len() {
            let from = reached[at] || (piece.many && next[at]);
            if from && fits(at) {
                next[at + 1] = true;
            }
        }
        reached = next;
    }
    reached.contains(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let found = |pattern, text| found_in(pattern, text).unwrap();
        assert!(found("cmd", "cmd_tlm/inst_cmds.txt"));
        assert!(found(r"\.txt$", "a.txt"));
        assert!(!found(r"\.txt$", "a.txt.rb"));
        assert!(found("^cmd.*_x+y?$", "cmd_tlm/_xx"));
        assert!(!found("^tlm", "cmd_tlm"));
        assert!(found("", "anything"));
        assert!(found_in("(a|b)", "a").is_err());
        assert!(found(&"a*".repeat(200), &"a".repeat(500)));
    }
}
