//! An XML document as a tree of elements with their places in the text.
//!
//! Entities other than the five of XML itself do not exist, document type declarations are refused,
//! and size, depth, elements and attributes are bounded, so that no document takes more than a
//! bounded multiple of its own size.

mod attributes;
mod parse;
mod position;

use std::borrow::Cow;
use std::fmt;

pub(super) use parse::parse;
pub(crate) use parse::{character, encoding};
pub(super) use position::{Fault, Position};

use position::Lines;

/// Stands for "no element".
const NONE: u32 = u32::MAX;

/// A parsed document.
pub(super) struct Document<'a> {
    elements: Vec<Node<'a>>,
    attributes: Vec<Attribute<'a>>,
    lines: Lines,
}

/// One element; children are linked, not owned, so that nothing recurses.
struct Node<'a> {
    /// Name without prefix.
    name: &'a str,
    /// Whether the element is in the namespace of the root.
    native: bool,
    first_child: u32,
    last_child: u32,
    next_sibling: u32,
    /// Range of the element's attributes.
    attributes: (u32, u32),
    text: Cow<'a, str>,
    /// Byte at which its tag begins.
    at: u32,
}

/// One attribute, without those of XML itself and of schema instances.
struct Attribute<'a> {
    name: &'a str,
    value: Cow<'a, str>,
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(super) struct Element<'d> {
    document: &'d Document<'d>,
    index: u32,
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl<'a> Document<'a> {
    /// Returns the outermost element.
    pub(super) fn root<'d>(&'d self) -> Element<'d>
    where
        'a: 'd,
    {
        Element { document: self, index: 0 }
    }
}

impl<'d> Element<'d> {
    fn node(self) -> &'d Node<'d> {
        &self.document.elements[self.index as usize]
    }

    /// Returns the number of the element in its document.
    pub(super) fn index(self) -> u32 {
        self.index
    }

    /// Returns the name without prefix.
    pub(super) fn name(self) -> &'d str {
        self.node().name
    }

    /// Returns whether the element is in the namespace of the document's root.
    pub(super) fn is_native(self) -> bool {
        self.node().native
    }

    /// Returns an attribute.
    pub(super) fn attribute(self, name: &str) -> Option<&'d str> {
        self.attributes().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Iterates over names and values of the attributes.
    pub(super) fn attributes(self) -> impl Iterator<Item = (&'d str, &'d str)> {
        let (first, end) = self.node().attributes;
        let attributes = &self.document.attributes[first as usize..end as usize];
        attributes.iter().map(|attribute| (attribute.name, &*attribute.value))
    }

    /// Iterates over the child elements.
    pub(super) fn children(self) -> impl Iterator<Item = Element<'d>> {
        let child = move |index: u32| (index != NONE).then_some(Self { index, ..self });
        let first = child(self.node().first_child);
        std::iter::successors(first, move |element| child(element.node().next_sibling))
    }

    /// Returns the first child of a name.
    pub(super) fn child(self, name: &str) -> Option<Element<'d>> {
        self.children().find(|child| child.name() == name)
    }

    /// Iterates over the children of a name.
    pub(super) fn children_named(self, name: &'d str) -> impl Iterator<Item = Element<'d>> {
        self.children().filter(move |child| child.name() == name)
    }

    /// Returns the text between the tags, without that of children and without surrounding blanks.
    pub(super) fn text(self) -> &'d str {
        self.node().text.trim()
    }

    /// Returns where the element begins.
    pub(super) fn position(self) -> Position {
        self.document.lines.position(self.node().at as usize)
    }
}

/// Shows the element as its start tag with the attribute that tells it from its like.
impl fmt::Display for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TELLING: [&str; 9] = [
            "name",
            "parameterRef",
            "argumentRef",
            "containerRef",
            "metaCommandRef",
            "argumentName",
            "label",
            "enumerationLabel",
            "binaryValue",
        ];
        const LONGEST: usize = 80;
        let found = TELLING.iter().find_map(|name| Some((name, self.attribute(name)?)));
        match found {
            Some((name, value)) => {
                let value: String = value.chars().take(LONGEST).collect();
                write!(f, "<{} {name}=\"{value}\">", self.name())
            }
            None => write!(f, "<{}>", self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let Err(fault) = parse(text.as_bytes()) else { return String::new() };
        format!("{}:{}: {}", fault.position.line, fault.position.column, fault.message)
    }

    #[test]
    fn a_tree_with_places() {
        let text = "<?xml version='1.0' encoding='UTF-8'?>\n<!-- c -->\n<x:A xmlns:x='u' n='1&amp;&#x41;'\
                    ><x:B>t&lt;<![CDATA[<c>]]></x:B>\n  <x:B k=\"v\"/> </x:A>\n";
        let document = parse(text.as_bytes()).unwrap();
        let root = document.root();
        assert_eq!((root.name(), root.attribute("n"), root.text()), ("A", Some("1&A"), ""));
        let children: Vec<_> = root.children().collect();
        assert_eq!(children.len(), 2);
        assert_eq!(children[0].text(), "t<<c>");
        assert_eq!(children[1].attribute("k"), Some("v"));
        let position = children[1].position();
        assert_eq!((position.line, position.column), (4, 3));
        assert_eq!(children[1].to_string(), "<B>");
    }

    #[test]
    fn faults_have_places() {
        for (text, expected) in [
            ("<a>\n<b></a>", "2:4: ill-formed document: expected `</b>`, but `</a>` was found"),
            ("<a>\n  <b>", "1:1: <a> is not closed"),
            ("<a/><b/>", "1:5: <b> stands outside of the root element"),
            ("<a>&x;</a>", "1:4: there is no entity &x;; "),
            ("<a b='&x;'/>", "1:1: an attribute of <a>"),
            ("<a b='1' b='2'/>", "1:1: <a> has the attribute b twice"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "1:1: document type declarations"),
            ("<x:a/>", "1:1: the prefix x of <x:a> is not declared"),
            ("", "1:1: there is no element"),
            ("text", "1:1: text outside of the root element"),
            ("<?xml version='1.0' encoding='UTF-16'?><a/>", "1:1: the text is said to be UTF-16"),
            ("<a\u{0}/>", "1:3: the character U+0000 is not allowed"),
        ] {
            let found = fault(text);
            assert!(found.starts_with(expected), "{text}: {found}");
        }
        let Err(fault) = parse(b"<a>\n\xff</a>") else { panic!("not UTF-8") };
        assert_eq!((fault.position.line, fault.position.column), (2, 1));
    }

    #[test]
    fn bounds() {
        assert!(fault(&"<a>".repeat(1_000_000)).contains("nested more than"));
        let many: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
        assert!(fault(&format!("<a{many}/>")).contains("attributes"));
        let spaces: String = (0..60).map(|n| format!(" xmlns:p{n}='u{n}'")).collect();
        let nested = format!("<a{spaces}>").repeat(10);
        assert!(fault(&nested).contains("namespaces"));
        assert!(
            fault(&format!("<a>{}</a>", "<b/>".repeat(parse::MAX_ELEMENTS))).contains("elements")
        );
    }
}
