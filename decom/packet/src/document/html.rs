//! HTML texts, read leniently: any bytes are a document.
//!
//! Tags that authors leave out are added as browsers add them, as far as paths depend on it: the
//! elements `html`, `head` and `body`, and the ends of paragraphs, list items and table cells.

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use super::MAX_DEPTH;
use super::markup::{Content, Language, Markup, VOID};

/// Elements that belong to the head, until there is a body.
const HEAD: [&str; 6] = ["base", "link", "meta", "script", "style", "title"];

/// Elements that end a paragraph.
const BLOCKS: [&str; 25] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "div",
    "dl",
    "fieldset",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Reads a document.
pub(super) fn parse(buffer: &[u8]) -> Markup {
    let text = String::from_utf8_lossy(buffer);
    let mut builder = Builder {
        markup: Markup::new(Language::Html),
        open: Vec::new(),
        html: None,
        head: None,
        body: None,
        tag: None,
    };
    let callback = |event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
        builder.event(&event);
        None
    };
    let mut emitter = CallbackEmitter::new(callback);
    // Code and titles hold no tags.
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(&*text, emitter).for_each(drop);
    builder.markup
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    /// Whether the attribute that is being read is there already.
    repeated: bool,
}

struct Builder {
    markup: Markup,
    /// Open elements, beginning with `html`.
    open: Vec<usize>,
    html: Option<usize>,
    head: Option<usize>,
    body: Option<usize>,
    /// The start tag that is being read.
    tag: Option<Tag>,
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Builder {
    fn event(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                let tag = Tag { name: text_of(name), attributes: Vec::new(), repeated: false };
                self.tag = Some(tag);
            }
            CallbackEvent::AttributeName { name } => {
                if let Some(tag) = &mut self.tag {
                    let name = text_of(name);
                    tag.repeated = tag.attributes.iter().any(|(known, _)| *known == name);
                    if !tag.repeated {
                        tag.attributes.push((name, String::new()));
                    }
                }
            }
            CallbackEvent::AttributeValue { value } => {
                if let Some(tag) = self.tag.as_mut().filter(|tag| !tag.repeated)
                    && let Some((_, place)) = tag.attributes.last_mut()
                {
                    *place = text_of(value);
                }
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                if let Some(tag) = self.tag.take() {
                    self.start(tag, *self_closing);
                }
            }
            CallbackEvent::EndTag { name } => {
                self.tag = None;
                self.end(&text_of(name));
            }
            CallbackEvent::String { value } => self.text(&text_of(value)),
            CallbackEvent::Comment { value } => self.keep(format!("<!--{}-->", text_of(value))),
            CallbackEvent::Doctype { name, public_identifier, system_identifier, .. } => {
                self.keep(doctype(name, *public_identifier, *system_identifier));
            }
            CallbackEvent::Error(_) => {}
        }
    }

    fn parent(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    fn keep(&mut self, text: String) {
        self.markup.add(self.parent(), Content::Verbatim(text));
    }

    fn start(&mut self, tag: Tag, self_closing: bool) {
        let frame = match tag.name.as_str() {
            "html" => Some(self.html()),
            "head" => Some(self.head()),
            "body" => Some(self.body()),
            name if self.body.is_none() && HEAD.contains(&name) => {
                if self.head.is_none() || self.open.len() < 2 {
                    self.head();
                }
                None
            }
            _ => {
                if self.body.is_none() || self.open.len() < 2 {
                    self.body();
                }
                None
            }
        };
        if let Some(frame) = frame {
            self.add_attributes(frame, tag.attributes);
            return;
        }
        while self.open.len() > 2 && is_closed_by(self.markup.name(self.parent()), &tag.name) {
            self.open.pop();
        }
        let Tag { name, attributes, .. } = tag;
        // What is nested too deep stands side by side.
        let opens = !self_closing && !VOID.contains(&name.as_str()) && self.open.len() < MAX_DEPTH;
        let element = self.markup.add(self.parent(), Content::Element { name, attributes });
        if opens {
            self.open.push(element);
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "html" | "body" => {}
            "head" => self.open.truncate(1),
            _ => {
                let open = self.open.iter().rposition(|element| self.markup.name(*element) == name);
                if let Some(place) = open.filter(|place| *place >= 2) {
                    self.open.truncate(place);
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        let outside = match self.open.last() {
            None => true,
            Some(last) => Some(*last) == self.html || Some(*last) == self.head,
        };
        if outside && text.trim().is_empty() {
            return;
        }
        if outside {
            self.body();
        }
        self.markup.add_text(self.parent(), text);
    }

    fn element(&mut self, parent: usize, name: &str) -> usize {
        let content = Content::Element { name: name.to_owned(), attributes: Vec::new() };
        self.markup.add(parent, content)
    }

    /// Returns the outermost element; there is one from the first tag or text on.
    fn html(&mut self) -> usize {
        let html = match self.html {
            Some(html) => html,
            None => self.element(0, "html"),
        };
        self.html = Some(html);
        if self.open.is_empty() {
            self.open.push(html);
        }
        html
    }

    fn head(&mut self) -> usize {
        let html = self.html();
        let head = match self.head {
            Some(head) => head,
            None => self.element(html, "head"),
        };
        self.head = Some(head);
        if self.body.is_none() {
            self.open = vec![html, head];
        }
        head
    }

    fn body(&mut self) -> usize {
        let html = self.html();
        let body = match self.body {
            Some(body) => body,
            None => self.element(html, "body"),
        };
        self.body = Some(body);
        if self.open.get(1) != Some(&body) {
            self.open = vec![html, body];
        }
        body
    }

    fn add_attributes(&mut self, element: usize, new: Vec<(String, String)>) {
        if let Some(attributes) = self.markup.attributes_mut(element) {
            for (name, value) in new {
                if !attributes.iter().any(|(known, _)| *known == name) {
                    attributes.push((name, value));
                }
            }
        }
    }
}

/// Returns whether an open element ends where another begins.
fn is_closed_by(open: &str, new: &str) -> bool {
    match open {
        "p" => BLOCKS.contains(&new),
        "li" => new == "li",
        "dt" | "dd" => matches!(new, "dt" | "dd"),
        "option" => new == "option",
        "td" | "th" => matches!(new, "td" | "th" | "tr" | "tbody" | "tfoot" | "thead"),
        "tr" => matches!(new, "tr" | "tbody" | "tfoot" | "thead"),
        "tbody" | "tfoot" | "thead" => matches!(new, "tbody" | "tfoot" | "thead"),
        _ => false,
    }
}

fn doctype(name: &[u8], public: Option<&[u8]>, system: Option<&[u8]>) -> String {
    let name = text_of(name);
    match (public.map(text_of), system.map(text_of)) {
        (None, None) => format!("<!DOCTYPE {name}>"),
        (Some(public), None) => format!("<!DOCTYPE {name} PUBLIC \"{public}\">"),
        (Some(public), Some(system)) => {
            format!("<!DOCTYPE {name} PUBLIC \"{public}\" \"{system}\">")
        }
        (None, Some(system)) => format!("<!DOCTYPE {name} SYSTEM \"{system}\">"),
    }
}
