//! URL-encoded forms.

use super::types;
use crate::value::Value;

/// The fields of a form in their order.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Any bytes are a form.
    pub(super) fn parse(buffer: &[u8]) -> Self {
        Self { fields: form_urlencoded::parse(buffer).into_owned().collect() }
    }

    /// Reads a field: text, a list of texts if it is there more than once, null if it is not.
    pub(super) fn read(&self, name: &str) -> Value {
        let mut values: Vec<Value> = self
            .fields
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| Value::from(value.as_str()))
            .collect();
        match values.len() {
            0 | 1 => values.pop().unwrap_or_default(),
            _ => Value::Array(values),
        }
    }

    /// Puts a field behind the others, once for each element of a list, in place of those of its
    /// name. The zeros that a new buffer is made of are no field either.
    pub(super) fn write(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let texts = match value {
            Value::Array(values) => values.iter().map(types::text).collect::<Result<_, _>>()?,
            single => vec![types::text(single)?],
        };
        self.fields.retain(|(known, _)| known != name && !known.starts_with('\0'));
        self.fields.extend(texts.into_iter().map(|text| (name.to_owned(), text)));
        Ok(())
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = form_urlencoded::Serializer::new(String::new());
        out.extend_pairs(&self.fields);
        out.finish().into_bytes()
    }
}
