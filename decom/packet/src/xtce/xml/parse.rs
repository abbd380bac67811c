//! From text to tree.

use std::borrow::Cow;

use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::attributes::SILENT_NAMESPACES;
use super::{Attribute, Document, Fault, Lines, NONE, Node, Position};

/// Bytes of the largest document, 64 MiB: mission databases are a tenth of it.
const MAX_BYTES: usize = 1 << 26;
/// Elements within elements.
const MAX_DEPTH: usize = 64;
/// Elements of a document.
pub(super) const MAX_ELEMENTS: usize = 2_000_000;

/// Reads a document.
///
/// # Errors
/// [`Fault`] at the first place that is not well-formed or over a bound.
pub(in crate::xtce) fn parse(bytes: &[u8]) -> Result<Document<'_>, Fault> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file is larger than {} MiB", MAX_BYTES >> 20);
        return Err(Fault { position: Position::of(bytes, 0), message });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Fault {
        position: Position::of(bytes, error.valid_up_to()),
        message: "the text is not UTF-8 here".to_owned(),
    })?;
    // A byte order mark is no part of the document.
    let (text, shift) = text.strip_prefix('\u{feff}').map_or((text, 0), |rest| (rest, 3));
    let illegal =
        |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r') || c == '\u{fffe}' || c == '\u{ffff}';
    if let Some((at, c)) = text.char_indices().find(|(_, c)| illegal(*c)) {
        let message = format!("the character U+{:04X} is not allowed in XML", u32::from(c));
        return Err(Fault { position: Position::of(bytes, at + shift), message });
    }
    let mut builder = Builder::new(text);
    builder
        .read()
        .map_err(|(at, message)| Fault { position: Position::of(text.as_bytes(), at), message })?;
    Ok(builder.finish())
}

/// What is wrong, and at which byte.
pub(super) type At<T> = Result<T, (usize, String)>;

pub(super) struct Builder<'a> {
    pub(super) text: &'a str,
    elements: Vec<Node<'a>>,
    pub(super) attributes: Vec<Attribute<'a>>,
    /// Open elements, each with the number of namespaces in scope outside of it.
    open: Vec<(u32, usize)>,
    /// Prefixes and namespaces in scope.
    pub(super) namespaces: Vec<(&'a str, Cow<'a, str>)>,
    /// Namespace of the root element.
    native: Option<Cow<'a, str>>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let xml = ("xml", Cow::Borrowed(SILENT_NAMESPACES[0]));
        Self {
            text,
            elements: Vec::new(),
            attributes: Vec::new(),
            open: Vec::new(),
            namespaces: vec![xml],
            native: None,
        }
    }

    fn finish(self) -> Document<'a> {
        Document {
            elements: self.elements,
            attributes: self.attributes,
            lines: Lines::of(self.text),
        }
    }

    fn read(&mut self) -> At<()> {
        let mut reader = Reader::from_str(self.text);
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event().map_err(|error| {
                let at = usize::try_from(reader.error_position()).unwrap_or(at);
                (at, error.to_string())
            })?;
            match event {
                Event::Start(start) => self.start(at, &start)?,
                Event::Empty(start) => {
                    self.start(at, &start)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) => self.append(at, text.xml10_content())?,
                Event::CData(text) => self.append(at, text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let c = character(&reference).ok_or_else(|| no_entity(at, &reference))?;
                    self.append(at, Cow::Owned(c.to_string()))?;
                }
                Event::DocType(_) => {
                    let message = "document type declarations and their entities are not read";
                    return Err((at, message.to_owned()));
                }
                Event::Decl(declaration) => encoding(at, &declaration)?,
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        match (self.open.first(), self.elements.is_empty()) {
            (Some((index, _)), _) => {
                let node = &self.elements[*index as usize];
                Err((node.at as usize, format!("<{}> is not closed", node.name)))
            }
            (None, true) => Err((0, "there is no element".to_owned())),
            (None, false) => Ok(()),
        }
    }

    fn start(&mut self, at: usize, start: &BytesStart<'a>) -> At<()> {
        let full = self.slice(start.name().0);
        if self.open.is_empty() && !self.elements.is_empty() {
            return Err((at, format!("<{full}> stands outside of the root element")));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err((at, format!("elements are nested more than {MAX_DEPTH} deep")));
        }
        if self.elements.len() >= MAX_ELEMENTS {
            return Err((at, format!("there are more than {MAX_ELEMENTS} elements")));
        }
        let outside = self.namespaces.len();
        let first = self.attributes.len();
        let own = self.read_attributes(at, full, start)?;
        self.declare(at, full, &own)?;
        for (name, value) in own {
            self.add_attribute(at, full, name, value)?;
        }
        let (prefix, name) = full.split_once(':').unwrap_or(("", full));
        let namespace = self.namespace(prefix).cloned();
        if namespace.is_none() && !prefix.is_empty() {
            return Err((at, format!("the prefix {prefix} of <{full}> is not declared")));
        }
        let namespace = namespace.unwrap_or_default();
        let native = *self.native.get_or_insert_with(|| namespace.clone()) == namespace;
        let index = small(self.elements.len());
        if let Some((parent, _)) = self.open.last() {
            let last = self.elements[*parent as usize].last_child;
            if last == NONE {
                self.elements[*parent as usize].first_child = index;
            } else {
                self.elements[last as usize].next_sibling = index;
            }
            self.elements[*parent as usize].last_child = index;
        }
        self.elements.push(Node {
            name,
            native,
            first_child: NONE,
            last_child: NONE,
            next_sibling: NONE,
            attributes: (small(first), small(self.attributes.len())),
            text: Cow::Borrowed(""),
            at: small(at),
        });
        self.open.push((index, outside));
        Ok(())
    }

    fn end(&mut self) {
        if let Some((_, outside)) = self.open.pop() {
            self.namespaces.truncate(outside);
        }
    }

    /// Adds text to the open element.
    fn append(&mut self, at: usize, text: Cow<'a, str>) -> At<()> {
        match self.open.last() {
            Some((index, _)) => {
                let node = &mut self.elements[*index as usize].text;
                // Blanks between tags, which are most of the texts, are nobody's.
                if node.is_empty() && !text.trim().is_empty() {
                    *node = text;
                } else if !node.is_empty() {
                    node.to_mut().push_str(&text);
                }
                Ok(())
            }
            None if text.trim().is_empty() => Ok(()),
            None => Err((at, "text outside of the root element".to_owned())),
        }
    }
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(NONE)
}

/// Returns the character of a reference.
pub(crate) fn character(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

fn no_entity(at: usize, reference: &BytesRef<'_>) -> (usize, String) {
    let name: String = reference.chars().take(40).collect();
    (at, format!("there is no entity &{name};; XML has lt, gt, amp, apos and quot"))
}

/// Checks that the declared encoding is the one that the text is in.
pub(crate) fn encoding(at: usize, declaration: &BytesDecl<'_>) -> At<()> {
    let Some(encoding) = declaration.encoding() else { return Ok(()) };
    let encoding = encoding.map_err(|error| (at, error.to_string()))?;
    if ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|it| encoding.eq_ignore_ascii_case(it)) {
        return Ok(());
    }
    Err((at, format!("the text is said to be {encoding}; only UTF-8 is read")))
}
