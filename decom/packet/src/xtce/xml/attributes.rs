//! Attributes and namespaces.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

use super::Attribute;
use super::parse::{At, Builder};

/// Attributes of an element; XTCE has elements with a dozen.
const MAX_ATTRIBUTES: usize = 64;
/// Attributes of a document.
const MAX_ALL_ATTRIBUTES: usize = 4_000_000;
/// Namespaces in scope.
const MAX_NAMESPACES: usize = 256;

/// Namespaces of attributes that say nothing about the content: XML itself and schema instances.
pub(super) const SILENT_NAMESPACES: [&str; 2] =
    ["http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2001/XMLSchema-instance"];

impl<'a> Builder<'a> {
    /// Reads the attributes of a tag; none is there twice.
    pub(super) fn read_attributes(
        &self,
        at: usize,
        element: &str,
        start: &BytesStart<'a>,
    ) -> At<Vec<(&'a str, Cow<'a, str>)>> {
        let mut found: Vec<(&str, Cow<'_, str>)> = Vec::new();
        // Checked here, where their number is bounded.
        for attribute in start.attributes().with_checks(false) {
            let wrong = |error: &dyn std::fmt::Display| {
                (at, format!("an attribute of <{element}> cannot be read: {error}"))
            };
            let attribute = attribute.map_err(|error| wrong(&error))?;
            let name = self.slice(attribute.key.0);
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = match value.map_err(|error| wrong(&error))? {
                Cow::Borrowed(value) => Cow::Borrowed(self.slice(value)),
                Cow::Owned(value) => Cow::Owned(value),
            };
            if found.iter().any(|(known, _)| *known == name) {
                return Err((at, format!("<{element}> has the attribute {name} twice")));
            }
            if found.len() >= MAX_ATTRIBUTES {
                return Err((at, format!("<{element}> has more than {MAX_ATTRIBUTES} attributes")));
            }
            found.push((name, value));
        }
        Ok(found)
    }

    /// Brings the namespaces that an element declares into scope.
    pub(super) fn declare(
        &mut self,
        at: usize,
        element: &str,
        own: &[(&'a str, Cow<'a, str>)],
    ) -> At<()> {
        for (name, value) in own {
            let prefix = match name.split_once(':') {
                None if *name == "xmlns" => "",
                Some(("xmlns", prefix)) => prefix,
                _ => continue,
            };
            if self.namespaces.len() >= MAX_NAMESPACES {
                let message =
                    format!("<{element}>: more than {MAX_NAMESPACES} namespaces in scope");
                return Err((at, message));
            }
            self.namespaces.push((prefix, value.clone()));
        }
        Ok(())
    }

    pub(super) fn add_attribute(
        &mut self,
        at: usize,
        element: &str,
        full: &'a str,
        value: Cow<'a, str>,
    ) -> At<()> {
        let name = match full.split_once(':') {
            None if full == "xmlns" => return Ok(()),
            None => full,
            Some(("xmlns", _)) => return Ok(()),
            Some((prefix, _)) => match self.namespace(prefix) {
                Some(namespace) if SILENT_NAMESPACES.contains(&&**namespace) => return Ok(()),
                // Kept with its prefix, so that nobody takes it for one of the format's own.
                Some(_) => full,
                None => {
                    return Err((
                        at,
                        format!("the prefix {prefix} in <{element}> is not declared"),
                    ));
                }
            },
        };
        if self.attributes.len() >= MAX_ALL_ATTRIBUTES {
            return Err((at, format!("there are more than {MAX_ALL_ATTRIBUTES} attributes")));
        }
        self.attributes.push(Attribute { name, value });
        Ok(())
    }

    pub(super) fn namespace(&self, prefix: &str) -> Option<&Cow<'a, str>> {
        let found = self.namespaces.iter().rev().find(|(known, _)| *known == prefix);
        found.map(|(_, namespace)| namespace)
    }

    /// Returns a name with the life of the text, of which it is a part.
    pub(super) fn slice(&self, part: &str) -> &'a str {
        let start = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        self.text.get(start..start.wrapping_add(part.len())).unwrap_or("")
    }
}
