use std::time::Duration;

use serde_json::{Value, json};

/// An HTTP answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Content type.
    pub content_type: String,
    /// Body.
    pub text: String,
}

impl Answer {
    /// Parses the body.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.text) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {}", self.text),
        }
    }
}

/// A client of the gateway without any knowledge of groundlog.
pub struct Http {
    agent: ureq::Agent,
    /// Base address, `http://127.0.0.1:PORT`.
    pub url: String,
    /// What goes into the Authorization header.
    pub authorization: String,
}

impl Http {
    /// Talks to an address with the demo's password.
    pub fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.into(), url: url.into(), authorization: "password".into() }
    }

    /// Gets a path; `None` when nobody answers.
    pub fn get(&self, path: &str) -> Option<Answer> {
        let request = self.agent.get(format!("{}{path}", self.url));
        answer(request.header("Authorization", &self.authorization).call())
    }

    /// Posts a body; `None` when nobody answers.
    pub fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Option<Answer> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("Authorization", &self.authorization);
        answer(request.header("Content-Type", content_type).send(body))
    }

    /// Calls a JSON-RPC method and returns the whole answer.
    #[track_caller]
    pub fn rpc(&self, method: &str, params: Value, keywords: Value) -> Answer {
        let mut keyword_params = json!({ "scope": "DEFAULT" });
        if let (Value::Object(all), Value::Object(more)) = (&mut keyword_params, keywords) {
            all.extend(more);
        }
        let request = json!({
            "jsonrpc": "2.0", "method": method, "params": params, "id": 0,
            "keyword_params": keyword_params,
        });
        let body = request.to_string();
        let answer = self.post("/openc3-api/api", "application/json-rpc", body.as_bytes());
        answer.unwrap_or_else(|| panic!("{method}: no answer from {}", self.url))
    }

    /// Calls a JSON-RPC method that is to succeed.
    #[track_caller]
    pub fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.rpc(method, params, json!({}));
        let body = answer.json();
        assert!(body.get("error").is_none(), "{method}: {body}");
        body["result"].clone()
    }
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut response = response.ok()?;
    let content_type = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let status = response.status().as_u16();
    let text = response.body_mut().with_config().limit(1 << 30).read_to_string().ok()?;
    Some(Answer { status, content_type, text })
}
