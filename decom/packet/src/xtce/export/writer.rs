//! Indented XML.

use std::fmt::Write as _;

/// Writes elements one below the other.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
    depth: usize,
}

/// Names and values of attributes.
pub(super) type Attributes<'a> = [(&'a str, &'a str)];

impl Writer {
    pub(super) fn declaration(&mut self) {
        self.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }

    fn tag(&mut self, name: &str, attributes: &Attributes<'_>) {
        let _ = write!(self.out, "{:indent$}<{name}", "", indent = self.depth * 2);
        for (name, value) in attributes {
            let _ = write!(self.out, " {name}=\"{}\"", escaped(value));
        }
    }

    /// Opens an element.
    pub(super) fn open(&mut self, name: &str, attributes: &Attributes<'_>) {
        self.tag(name, attributes);
        self.out.push_str(">\n");
        self.depth += 1;
    }

    /// Closes an element.
    pub(super) fn close(&mut self, name: &str) {
        self.depth -= 1;
        let _ = writeln!(self.out, "{:indent$}</{name}>", "", indent = self.depth * 2);
    }

    /// Writes an element without content.
    pub(super) fn leaf(&mut self, name: &str, attributes: &Attributes<'_>) {
        self.tag(name, attributes);
        self.out.push_str("/>\n");
    }

    /// Writes an element with text.
    pub(super) fn text(&mut self, name: &str, attributes: &Attributes<'_>, text: &str) {
        self.tag(name, attributes);
        let _ = writeln!(self.out, ">{}</{name}>", escaped(text));
    }

    /// Writes an element with what another writer has written, or without content if that is none.
    pub(super) fn with(&mut self, name: &str, attributes: &Attributes<'_>, content: &str) {
        if content.is_empty() {
            return self.leaf(name, attributes);
        }
        self.open(name, attributes);
        self.raw(content);
        self.close(name);
    }

    /// Writes lines of XML, indented as deep as this.
    pub(super) fn raw(&mut self, lines: &str) {
        for line in lines.lines() {
            let _ = writeln!(self.out, "{:indent$}{line}", "", indent = self.depth * 2);
        }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

/// Returns whether XML can hold a character.
pub(super) fn is_legal(c: char) -> bool {
    c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}' || matches!(c, '\t' | '\n' | '\r')
}

/// Escapes a text; line ends become references, so that they survive in attributes and one element
/// stays one line. Characters that XML cannot hold are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c if is_legal(c) => out.push(c),
            _ => out.push('\u{fffd}'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        let mut out = Writer::default();
        out.open("A", &[("k", "a\"<\n")]);
        out.text("B", &[], "x & \u{1}y");
        out.with("C", &[], "<D/>\n");
        out.with("C", &[], "");
        out.close("A");
        let expected = "<A k=\"a&quot;&lt;&#10;\">\n  <B>x &amp; \u{fffd}y</B>\n  <C>\n    <D/>\n  </C>\n  \
                        <C/>\n</A>\n";
        assert_eq!(out.finish(), expected);
    }
}
