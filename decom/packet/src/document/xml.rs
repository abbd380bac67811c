//! XML texts.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::MAX_DEPTH;
use super::markup::{Content, Language, Markup};
use crate::xtce::xml::{character, encoding};

/// Attributes of an element.
const MAX_ATTRIBUTES: usize = 256;

/// Reads a document. Entities beyond those of XML itself are not known, so none can grow.
pub(super) fn parse(buffer: &[u8]) -> Result<Markup, String> {
    let text = std::str::from_utf8(buffer).map_err(|error| {
        format!("the buffer is no XML: no UTF-8 at byte {}", error.valid_up_to())
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder { text, markup: Markup::new(Language::Xml), open: vec![0] };
    builder
        .read()
        .map_err(|(at, message)| format!("the buffer is no XML: {message} at byte {at}"))?;
    Ok(builder.markup)
}

struct Builder<'a> {
    text: &'a str,
    markup: Markup,
    /// Open elements below the document.
    open: Vec<usize>,
}

type At<T> = Result<T, (usize, String)>;

impl Builder<'_> {
    fn read(&mut self) -> At<()> {
        let mut reader = Reader::from_str(self.text);
        let place = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
        loop {
            let at = place(reader.buffer_position());
            let event = reader
                .read_event()
                .map_err(|error| (place(reader.error_position()), error.to_string()))?;
            match event {
                Event::Start(start) => self.start(at, &start, true)?,
                Event::Empty(start) => self.start(at, &start, false)?,
                Event::End(_) => {
                    self.open.pop();
                }
                Event::Text(text) => self.add_text(at, &text.xml10_content())?,
                Event::CData(text) => self.add_text(at, &text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let character = character(&reference)
                        .ok_or_else(|| (at, "there is an unknown entity".to_owned()))?;
                    self.add_text(at, character.encode_utf8(&mut [0; 4]))?;
                }
                Event::Decl(declaration) => {
                    encoding(at, &declaration)?;
                    self.keep(at, place(reader.buffer_position()));
                }
                Event::DocType(_) | Event::Comment(_) | Event::PI(_) => {
                    self.keep(at, place(reader.buffer_position()));
                }
                Event::Eof => break,
            }
        }
        match (self.open.len(), self.roots()) {
            (1, 1) => Ok(()),
            (1, _) => Err((0, "there is no element".to_owned())),
            _ => Err((self.text.len(), "an element is not closed".to_owned())),
        }
    }

    fn parent(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    fn roots(&self) -> usize {
        let children = &self.markup.node(0).children;
        children.iter().filter(|child| !self.markup.name(**child).is_empty()).count()
    }

    fn start(&mut self, at: usize, start: &BytesStart<'_>, opens: bool) -> At<()> {
        if self.open.len() > MAX_DEPTH {
            return Err((at, format!("elements are nested more than {MAX_DEPTH} deep")));
        }
        if self.open.len() == 1 && self.roots() > 0 {
            return Err((at, "there is a second element outside".to_owned()));
        }
        let mut attributes: Vec<(String, String)> = Vec::new();
        // Checked here, where their number is bounded.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| (at, error.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| (at, error.to_string()))?;
            let name = attribute.key.0;
            if attributes.iter().any(|(known, _)| known == name) {
                return Err((at, "an attribute is there twice".to_owned()));
            }
            if attributes.len() >= MAX_ATTRIBUTES {
                return Err((at, format!("there are more than {MAX_ATTRIBUTES} attributes")));
            }
            attributes.push((name.to_owned(), value.into_owned()));
        }
        let name = start.name().0.to_owned();
        let element = self.markup.add(self.parent(), Content::Element { name, attributes });
        if opens {
            self.open.push(element);
        }
        Ok(())
    }

    fn add_text(&mut self, at: usize, text: &str) -> At<()> {
        if self.open.len() > 1 {
            self.markup.add_text(self.parent(), text);
        } else if text.trim().is_empty() {
            self.markup.add(0, Content::Verbatim(text.to_owned()));
        } else {
            return Err((at, "there is text outside of the element".to_owned()));
        }
        Ok(())
    }

    fn keep(&mut self, from: usize, to: usize) {
        let text = self.text.get(from..to).unwrap_or_default();
        self.markup.add(self.parent(), Content::Verbatim(text.to_owned()));
    }
}
