//! Buffers that are documents: JSON, CBOR, XML, HTML, forms and filled-in templates
//! (cosmos-packets §9).
//!
//! A [`Document`] is what a buffer holds, parsed once. Reading an item finds its key in it; writing
//! one changes the document and gives the bytes of the new one. Whatever the bytes are, the time
//! and the memory that reading them takes are bounded by their number.

mod cbor;
mod form;
mod html;
mod json;
mod markup;
mod path;
mod select;
mod template;
mod tree;
mod types;
mod xml;
mod xpath;

use crate::definition::{DocumentFormat, Item, Packet};
use crate::value::Value;
pub use cbor::CborError;
pub(crate) use cbor::whole as whole_cbor;
use form::Form;
use markup::Markup;
use template::Filled;

/// Elements within elements, lists within lists.
const MAX_DEPTH: usize = 128;

/// A parsed buffer.
#[derive(Debug, Clone)]
pub(crate) enum Document {
    Json(serde_json::Value),
    Cbor(ciborium::Value),
    Markup(Markup),
    Form(Form),
    Template(Filled),
}

impl Document {
    /// Parses a buffer.
    ///
    /// # Errors
    /// A message when the bytes are no such document.
    pub(crate) fn parse(
        packet: &Packet,
        format: DocumentFormat,
        buffer: &[u8],
    ) -> Result<Self, String> {
        Ok(match format {
            DocumentFormat::Json => Self::Json(json::parse(buffer)?),
            DocumentFormat::Cbor => Self::Cbor(cbor::parse(buffer)?),
            DocumentFormat::Xml => Self::Markup(xml::parse(buffer)?),
            DocumentFormat::Html => Self::Markup(html::parse(buffer)),
            DocumentFormat::Form => Self::Form(Form::parse(buffer)),
            DocumentFormat::Template { left, right } => {
                let template = packet.template.as_deref();
                let template = template.ok_or("the packet has no TEMPLATE to compare with")?;
                Self::Template(Filled::parse(template, (left, right), buffer)?)
            }
        })
    }

    /// Reads an item's raw value; null where the document has none.
    ///
    /// # Errors
    /// A message when the key names nothing that must be there, or the value is not of the item's
    /// type.
    pub(crate) fn read(&self, item: &Item) -> Result<Value, String> {
        match self {
            Self::Json(tree) => tree::read(tree, item),
            Self::Cbor(tree) => tree::read(tree, item),
            Self::Markup(markup) => types::typed(item, Value::String(markup.read(&item.key)?)),
            // Fields of forms are texts, whatever the item's type.
            Self::Form(form) => Ok(form.read(&item.key)),
            Self::Template(filled) => types::typed(item, filled.read(&item.key)?),
        }
    }

    /// Returns the bytes of a document in which an item has a new raw value.
    ///
    /// # Errors
    /// A message when the key names no place, or the value has no form in such a document.
    pub(crate) fn written(&self, item: &Item, value: &Value) -> Result<Vec<u8>, String> {
        match self.clone() {
            Self::Json(mut tree) => {
                tree::write(&mut tree, item, value)?;
                json::bytes(&tree)
            }
            Self::Cbor(mut tree) => {
                tree::write(&mut tree, item, value)?;
                cbor::bytes(&tree)
            }
            Self::Markup(mut markup) => {
                markup.write(&item.key, &types::text(value)?)?;
                Ok(markup.bytes())
            }
            Self::Form(mut form) => {
                form.write(&item.key, value)?;
                Ok(form.bytes())
            }
            Self::Template(_) => Err("a template is filled in, not changed".to_owned()),
        }
    }
}

/// Fills in an item's placeholder, wherever it stands in the buffer.
///
/// # Errors
/// A message when it does not, as after it was filled in.
pub(crate) fn filled_in(
    buffer: &[u8],
    delimiters: (char, char),
    item: &Item,
    value: &Value,
) -> Result<Vec<u8>, String> {
    template::filled_in(buffer, delimiters, &item.key, &types::text(value)?)
}
