//! How the items of a packet are found in its buffer (cosmos-packets §9).

use super::{CodeClass, Item, class_name};

/// How the items of a packet are found in its buffer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Accessor {
    /// Bits at offsets.
    #[default]
    Binary,
    /// Places in a document, which the items' keys name.
    Document(DocumentFormat),
    /// Parts of a request or an answer, which travel beside the bytes; the bytes have an accessor
    /// of their own.
    Http(Box<Accessor>),
    /// An accessor of the target's own, by class; cannot be run.
    Other(CodeClass),
}

/// What kind of document a buffer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentFormat {
    /// JSON text; keys are JSON paths.
    Json,
    /// CBOR; keys are JSON paths.
    Cbor,
    /// XML text; keys are XPaths.
    Xml,
    /// HTML text, read leniently; keys are XPaths.
    Html,
    /// URL-encoded form; keys are names of fields.
    Form,
    /// The packet's template with its placeholders filled in; keys are names of placeholders.
    Template {
        /// Character before a placeholder's name.
        left: char,
        /// Character behind it.
        right: char,
    },
}

impl DocumentFormat {
    fn of(class: &str, args: &[String]) -> Result<Option<Self>, String> {
        Ok(Some(match class {
            "JsonAccessor" => Self::Json,
            "CborAccessor" => Self::Cbor,
            "XmlAccessor" => Self::Xml,
            "HtmlAccessor" => Self::Html,
            "FormAccessor" => Self::Form,
            "TemplateAccessor" => {
                let (left, right) = delimiters(args)?;
                Self::Template { left, right }
            }
            _ => return Ok(None),
        }))
    }

    fn class(self) -> &'static str {
        match self {
            Self::Json => "JsonAccessor",
            Self::Cbor => "CborAccessor",
            Self::Xml => "XmlAccessor",
            Self::Html => "HtmlAccessor",
            Self::Form => "FormAccessor",
            Self::Template { .. } => "TemplateAccessor",
        }
    }
}

fn delimiters(args: &[String]) -> Result<(char, char), String> {
    let [left, right] = args else {
        return match args {
            [] => Ok(('<', '>')),
            _ => Err("TemplateAccessor takes two delimiters or none".to_owned()),
        };
    };
    let one = |text: &str| {
        let mut characters = text.chars();
        characters.next().filter(|_| characters.next().is_none())
    };
    match (one(left), one(right)) {
        (Some(left), Some(right)) => Ok((left, right)),
        _ => Err(format!("delimiters '{left}' and '{right}' must be one character each")),
    }
}

impl Accessor {
    /// Finds the accessor that a class names.
    ///
    /// # Errors
    /// A message when the arguments do not fit the class.
    pub(crate) fn of(class: CodeClass) -> Result<Self, String> {
        if class.class == "BinaryAccessor" {
            return Ok(Self::Binary);
        }
        if class.class != "HttpAccessor" {
            let format = DocumentFormat::of(&class.class, &class.args)?;
            return Ok(format.map_or(Self::Other(class), Self::Document));
        }
        let Some((body, args)) = class.args.split_first() else {
            return Ok(Self::Http(Box::new(Self::Document(DocumentFormat::Form))));
        };
        let body =
            CodeClass { class: class_name(body), args: args.to_vec(), location: class.location };
        match Self::of(body)? {
            Self::Http(_) => Err("the body of HttpAccessor cannot be HttpAccessor".to_owned()),
            body => Ok(Self::Http(Box::new(body))),
        }
    }

    /// Returns the class name.
    #[must_use]
    pub fn class(&self) -> &str {
        match self {
            Self::Binary => "BinaryAccessor",
            Self::Document(format) => format.class(),
            Self::Http(_) => "HttpAccessor",
            Self::Other(code) => &code.class,
        }
    }

    /// Returns the arguments.
    #[must_use]
    pub fn args(&self) -> Vec<String> {
        match self {
            Self::Document(DocumentFormat::Template { left, right }) => {
                vec![left.to_string(), right.to_string()]
            }
            Self::Http(body) => {
                std::iter::once(body.class().to_owned()).chain(body.args()).collect()
            }
            Self::Other(code) => code.args.clone(),
            Self::Binary | Self::Document(_) => Vec::new(),
        }
    }

    /// Returns the accessor of the bytes.
    #[must_use]
    pub fn body(&self) -> &Self {
        match self {
            Self::Http(body) => body,
            other => other,
        }
    }

    /// Returns whether the bytes are fields at offsets.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        matches!(self.body(), Self::Binary)
    }

    /// Returns what kind of document the bytes are.
    pub(crate) fn format(&self) -> Option<DocumentFormat> {
        match self.body() {
            Self::Document(format) => Some(*format),
            _ => None,
        }
    }

    /// Returns where beside the bytes an item is kept, if it is.
    pub(crate) fn http_part(&self, item: &Item) -> Option<HttpPart> {
        matches!(self, Self::Http(_)).then(|| HttpPart::of(item)).flatten()
    }
}

/// Where a part of a request or an answer is kept, in the map that travels with the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HttpPart {
    /// An entry of its own.
    Entry(&'static str),
    /// An entry of a map of queries or headers.
    Member { map: &'static str, name: String },
}

impl HttpPart {
    fn of(item: &Item) -> Option<Self> {
        const ENTRIES: [&str; 5] =
            ["HTTP_STATUS", "HTTP_PATH", "HTTP_METHOD", "HTTP_PACKET", "HTTP_ERROR_PACKET"];
        const MAPS: [(&str, &str); 2] =
            [("HTTP_QUERY_", "HTTP_QUERIES"), ("HTTP_HEADER_", "HTTP_HEADERS")];
        if let Some(entry) = ENTRIES.into_iter().find(|entry| *entry == item.name) {
            return Some(Self::Entry(entry));
        }
        let (prefix, map) = MAPS.into_iter().find(|(prefix, _)| item.name.starts_with(prefix))?;
        let name = if item.key.starts_with(prefix) {
            item.name[prefix.len()..].to_lowercase()
        } else {
            item.key.clone()
        };
        Some(Self::Member { map, name })
    }
}
