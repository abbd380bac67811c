//! Elements within elements: what XML and HTML have in common.

use super::select::{Hit, first};
use super::xpath::{self, Step, Test, XPath};

/// Which language a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Xml,
    Html,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// The document itself, which is node 0.
    Root,
    Element {
        name: String,
        attributes: Vec<(String, String)>,
    },
    Text(String),
    /// Comments, instructions and declarations, kept as they are.
    Verbatim(String),
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) parent: usize,
    pub(super) children: Vec<usize>,
}

/// A document; nodes are numbered in their order in the text.
#[derive(Debug, Clone)]
pub(crate) struct Markup {
    language: Language,
    nodes: Vec<Node>,
}

/// Elements of HTML that have no content and no end.
pub(super) const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// Elements of HTML whose text is code.
const CODE: [&str; 2] = ["script", "style"];

impl Markup {
    pub(super) fn new(language: Language) -> Self {
        let root = Node { content: Content::Root, parent: 0, children: Vec::new() };
        Self { language, nodes: vec![root] }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, index: usize) -> &Node {
        // Indices come from this document alone; the root stands in for what cannot be.
        self.nodes.get(index).unwrap_or(&self.nodes[0])
    }

    /// Adds a node as the last child of another.
    pub(super) fn add(&mut self, parent: usize, content: Content) -> usize {
        let index = self.nodes.len();
        self.nodes.push(Node { content, parent, children: Vec::new() });
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.children.push(index);
        }
        index
    }

    /// Adds text behind the last child; texts that follow each other are one.
    pub(super) fn add_text(&mut self, parent: usize, text: &str) {
        let last = self.node(parent).children.last().copied();
        match last.and_then(|last| self.nodes.get_mut(last)).map(|node| &mut node.content) {
            Some(Content::Text(known)) => known.push_str(text),
            _ => {
                self.add(parent, Content::Text(text.to_owned()));
            }
        }
    }

    pub(super) fn attributes_mut(&mut self, element: usize) -> Option<&mut Vec<(String, String)>> {
        match self.nodes.get_mut(element).map(|node| &mut node.content) {
            Some(Content::Element { attributes, .. }) => Some(attributes),
            _ => None,
        }
    }

    /// Returns the name of an element; empty of everything else.
    pub(super) fn name(&self, index: usize) -> &str {
        match &self.node(index).content {
            Content::Element { name, .. } => name,
            _ => "",
        }
    }

    /// Returns the text of what was found, with that of all elements in it.
    pub(super) fn text(&self, hit: Hit) -> String {
        match hit {
            Hit::Attribute(element, index) => match &self.node(element).content {
                Content::Element { attributes, .. } => {
                    attributes.get(index).map_or_else(String::new, |(_, value)| value.clone())
                }
                _ => String::new(),
            },
            Hit::Node(index) => {
                let mut text = String::new();
                let mut waiting = vec![index];
                while let Some(index) = waiting.pop() {
                    let node = self.node(index);
                    if let Content::Text(part) = &node.content {
                        text.push_str(part);
                    }
                    waiting.extend(node.children.iter().rev());
                }
                text
            }
        }
    }

    /// Reads the first of what a key matches.
    pub(super) fn read(&self, key: &str) -> Result<String, String> {
        match xpath::parse(key)? {
            XPath::Path(path) => match first(self, &path)? {
                Some(hit) => Ok(self.text(hit)),
                None => Err(format!("nothing in the document matches the key {key}")),
            },
            XPath::Text { normalized, path } => {
                let text = first(self, &path)?.map_or_else(String::new, |hit| self.text(hit));
                Ok(if normalized {
                    text.split_whitespace().collect::<Vec<_>>().join(" ")
                } else {
                    text
                })
            }
        }
    }

    /// Writes an attribute or a text; elements that match but have none yet get one.
    pub(super) fn write(&mut self, key: &str, text: &str) -> Result<(), String> {
        let unwritable =
            || format!("only keys that end in @name or text() can be written, not {key}");
        let XPath::Path(mut path) = xpath::parse(key)? else {
            return Err(unwritable());
        };
        if let Some(hit) = first(self, &path)? {
            return self.replace(hit, text).ok_or_else(unwritable);
        }
        let last = path.steps.pop().ok_or_else(unwritable)?;
        let Step { anywhere: false, test, predicates } = last else {
            return Err(unwritable());
        };
        let missing = || format!("nothing in the document matches the key {key}");
        if !predicates.is_empty() || !matches!(test, Test::Attribute(_) | Test::Text) {
            return Err(missing());
        }
        let Some(Hit::Node(element)) = first(self, &path)? else {
            return Err(missing());
        };
        match test {
            Test::Attribute(name) => {
                self.attributes_mut(element).ok_or_else(missing)?.push((name, text.to_owned()));
            }
            _ => {
                let new = self.add(element, Content::Text(text.to_owned()));
                if let Some(node) = self.nodes.get_mut(element) {
                    // Text of an element is what stands before its children.
                    node.children.retain(|child| *child != new);
                    node.children.insert(0, new);
                }
            }
        }
        Ok(())
    }

    fn replace(&mut self, hit: Hit, text: &str) -> Option<()> {
        let place = match hit {
            Hit::Attribute(element, index) => &mut self.attributes_mut(element)?.get_mut(index)?.1,
            Hit::Node(index) => match &mut self.nodes.get_mut(index)?.content {
                Content::Text(place) => place,
                _ => return None,
            },
        };
        text.clone_into(place);
        Some(())
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        self.write_children(0, false, &mut out);
        out.into_bytes()
    }

    /// Documents are not deeper than their parsers allow.
    fn write_children(&self, parent: usize, code: bool, out: &mut String) {
        for child in &self.node(parent).children {
            match &self.node(*child).content {
                Content::Root => {}
                Content::Verbatim(text) => out.push_str(text),
                Content::Text(text) if code => out.push_str(text),
                Content::Text(text) => escape(text, false, out),
                Content::Element { name, attributes } => {
                    self.write_element(*child, name, attributes, out);
                }
            }
        }
    }

    fn write_element(
        &self,
        index: usize,
        name: &str,
        attributes: &[(String, String)],
        out: &mut String,
    ) {
        out.push('<');
        out.push_str(name);
        for (name, value) in attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(value, true, out);
            out.push('"');
        }
        let html = self.language == Language::Html;
        if html && VOID.contains(&name) {
            out.push('>');
            return;
        }
        if !html && self.node(index).children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        self.write_children(index, html && CODE.contains(&name), out);
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
}

fn escape(text: &str, attribute: bool, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            other => out.push(other),
        }
    }
}
