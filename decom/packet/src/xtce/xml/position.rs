//! Lines and columns of a text.

/// A place in a text, counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) position: Position,
    pub(crate) message: String,
}

impl Position {
    /// Finds a byte of a text, which need not be UTF-8 behind it.
    pub(super) fn of(text: &[u8], at: usize) -> Self {
        let before = &text[..at.min(text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let column = before[start..].iter().filter(|byte| !is_continuation(**byte)).count() + 1;
        Self::new(line, column)
    }

    fn new(line: usize, column: usize) -> Self {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { line: small(line), column: small(column) }
    }
}

/// Returns whether a byte continues a character of UTF-8.
fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Where the lines of a text begin.
pub(super) struct Lines {
    starts: Vec<u32>,
    /// Bytes that continue a character, so that columns count characters.
    continuations: Vec<u32>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self { starts: vec![0], continuations: Vec::new() };
        for (at, byte) in (0..).zip(text.bytes()) {
            if byte == b'\n' {
                lines.starts.push(at + 1);
            } else if is_continuation(byte) {
                lines.continuations.push(at);
            }
        }
        lines
    }

    pub(super) fn position(&self, at: usize) -> Position {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = |end: u32| self.continuations.partition_point(|byte| *byte < end);
        let column = (at - start) as usize - (before(at) - before(start)) + 1;
        Position::new(line, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "aé\nböc\n\nx";
        let lines = Lines::of(text);
        for (at, _) in text.char_indices() {
            assert_eq!(lines.position(at), Position::of(text.as_bytes(), at), "{at}");
        }
        let at = text.find('c').unwrap();
        assert_eq!(lines.position(at), Position { line: 2, column: 3 });
    }
}
