//! The envelope of a request (cosmos-api §1.3), read without building a tree first.

use groundlog_packet::Value;

use super::error::RpcError;
use crate::json::{JsonError, Parser};

/// One request as the client sent it.
#[derive(Debug, Default)]
pub(crate) struct RpcRequest {
    /// Lower-cased method name.
    pub(crate) method: String,
    /// Positional arguments.
    pub(crate) params: Vec<Value>,
    /// Keyword arguments in the order given; the last of a name counts.
    pub(crate) keywords: Vec<(String, Value)>,
    /// Echoed in the answer.
    pub(crate) id: i64,
}

impl RpcRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// `Invalid Request`, whose detail says what is wrong and where.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, RpcError> {
        let mut parts = Parts::default();
        let json = |error: JsonError| RpcError::invalid_request(error.to_string());
        let mut parser = Parser::new(body).map_err(json)?;
        if parser.peek() == Some(b'[') {
            return Err(RpcError::invalid_request("batches of requests are not supported"));
        }
        parser
            .object(|parser, name| {
                match name.as_ref() {
                    "params" if parser.peek() == Some(b'[') => {
                        parts.params = Some(parser.array()?);
                    }
                    "keyword_params" if parser.peek() == Some(b'{') => {
                        parts.keywords.clear();
                        parser.object(|parser, keyword| {
                            let value = parser.value()?;
                            parts.keywords.push((keyword.into_owned(), value));
                            Ok(())
                        })?;
                    }
                    "params" => parts.wrong_params = !parser.value()?.is_null(),
                    "keyword_params" => parts.wrong_keywords = !parser.value()?.is_null(),
                    "jsonrpc" => parts.version = parser.value()?,
                    "method" => parts.method = parser.value()?,
                    "id" => parts.id = parser.value()?,
                    _ => drop(parser.value()?),
                }
                Ok(())
            })
            .and_then(|()| parser.end())
            .map_err(json)?;
        parts.check()
    }
}

/// Members of the envelope before they are checked.
#[derive(Default)]
struct Parts {
    version: Value,
    method: Value,
    params: Option<Vec<Value>>,
    keywords: Vec<(String, Value)>,
    id: Value,
    wrong_params: bool,
    wrong_keywords: bool,
}

impl Parts {
    fn check(self) -> Result<RpcRequest, RpcError> {
        let refuse = |why: &str| Err(RpcError::invalid_request(why));
        if self.version.as_str() != Some("2.0") {
            return refuse("jsonrpc must be \"2.0\"");
        }
        let Some(method) = self.method.as_str().filter(|name| !name.is_empty()) else {
            return refuse("method is missing");
        };
        if self.wrong_params {
            return refuse("params must be an array: parameters go by position");
        }
        if self.wrong_keywords {
            return refuse("keyword_params must be an object");
        }
        if self.id.is_null() {
            return refuse("id is missing or null");
        }
        Ok(RpcRequest {
            method: method.to_ascii_lowercase(),
            params: self.params.unwrap_or_default(),
            keywords: self.keywords,
            id: coerce_id(&self.id),
        })
    }
}

/// Makes an integer of any id: texts by their leading digits, floats truncated, else 0.
fn coerce_id(id: &Value) -> i64 {
    let number = match id {
        Value::String(text) => {
            let text = text.trim_start();
            let sign = usize::from(text.starts_with(['-', '+']));
            let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
            text[..sign + digits].parse().unwrap_or(0)
        }
        other => other.to_int().unwrap_or(0),
    };
    i64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(id: &str) -> i64 {
        let body = format!(r#"{{"jsonrpc":"2.0","method":"x","id":{id}}}"#);
        RpcRequest::parse(body.as_bytes()).unwrap().id
    }

    #[test]
    fn ids_are_coerced() {
        for (id, number) in
            [("0", 0), ("7", 7), ("\"12ab\"", 12), ("\"x\"", 0), ("2.9", 2), ("true", 0)]
        {
            assert_eq!(id_of(id), number, "{id}");
        }
    }

    #[test]
    fn requests_are_read() {
        let body = br#" {"jsonrpc": "2.0", "method": "Get_TLM", "params": ["A", NaN],
            "keyword_params": {"scope": "DEFAULT", "type": null}, "id": 0} "#;
        let request = RpcRequest::parse(body).unwrap();
        assert_eq!(request.method, "get_tlm");
        assert_eq!(request.params.len(), 2);
        assert_eq!(request.keywords[0], ("scope".to_owned(), Value::from("DEFAULT")));
        assert_eq!(request.keywords[1].1, Value::Null);
    }

    #[test]
    fn wrong_requests_are_refused() {
        for body in [
            "",
            "[]",
            "{",
            "nonsense",
            "{} x",
            r#"{"jsonrpc":"2.0","method":"x"}"#,
            r#"{"jsonrpc":"2.0","method":"x","id":null}"#,
            r#"{"jsonrpc":"1.0","method":"x","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","method":5,"id":1}"#,
            r#"{"jsonrpc":"2.0","method":"x","params":{"a":1},"id":1}"#,
            r#"{"jsonrpc":"2.0","method":"x","keyword_params":[],"id":1}"#,
            r#"[{"jsonrpc":"2.0","method":"x","id":1}]"#,
        ] {
            let error = RpcRequest::parse(body.as_bytes()).unwrap_err();
            assert_eq!(error.code(), -32600, "{body}");
        }
    }
}
