//! The gateway as the operator commands see it: plain HTTP, one password.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use serde_json::{Value, json};
use thiserror::Error;
use ureq::{Agent, http::Response};

/// Where the gateway listens unless told otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:2900";
/// The variable that holds the password; the same that the stock clients read.
pub(crate) const PASSWORD_VARIABLE: &str = "OPENC3_API_PASSWORD";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than the 30 s for which the gateway waits for a command's end.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Enough for any status; larger answers are refused by the client library.
const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Why the gateway did not do what was asked.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// Nothing listens there.
    #[error(
        "cannot connect to {url} ({reason}); start the system with `groundlog run`, or name \
         another address with --url"
    )]
    Connect { url: String, reason: String },
    /// The password is missing or wrong.
    #[error(
        "{url} refuses the password; set OPENC3_API_PASSWORD or name a file with --password-file"
    )]
    Password { url: String },
    /// The gateway knows no such thing.
    #[error("{url}{path}: {message}")]
    NotFound { url: String, path: String, message: String },
    /// Any other refusal.
    #[error("{url}{path} answers {status}: {message}")]
    Status { url: String, path: String, status: u16, message: String },
    /// The answer cannot be understood: something else listens there.
    #[error("{url}{path} does not answer as a groundlog gateway: {reason}")]
    Answer { url: String, path: String, reason: String },
    /// The call reached the system, which refused it.
    #[error("{message}")]
    Rpc { code: i64, class: String, message: String },
}

/// A connection to the gateway of a running system.
pub(crate) struct Client {
    agent: Agent,
    url: String,
    password: String,
}

impl Client {
    /// Takes the gateway's address and the password; connects with the first call.
    pub(crate) fn new(url: &str, password: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(ANSWER_TIMEOUT))
            .build();
        Self {
            agent: config.into(),
            url: url.trim_end_matches('/').to_owned(),
            password: password.to_owned(),
        }
    }

    /// Asks for a JSON document.
    ///
    /// # Errors
    /// [`ClientError`], with a remedy where there is one.
    pub(crate) fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.json(path, self.get_text(path)?)
    }

    /// Asks for a text, such as the metrics.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn get_text(&self, path: &str) -> Result<String, ClientError> {
        let request = self.agent.get(format!("{}{path}", self.url));
        let answer = request.header("Authorization", &self.password).call();
        self.text(path, answer)
    }

    /// Sends a body and returns the JSON document that answers it.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) fn post(
        &self,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<Value, ClientError> {
        let (status, text) = self.post_any(path, content_type, body)?;
        let text = self.accepted(path, status, text)?;
        self.json(path, text)
    }

    /// Calls a method of the JSON API and returns its result.
    ///
    /// # Errors
    /// As [`Self::get`], and [`ClientError::Rpc`] when the method refuses.
    pub(crate) fn rpc(&self, method: &str, params: Vec<Value>) -> Result<Value, ClientError> {
        self.rpc_with(method, params, json!({"scope": "DEFAULT"}))
    }

    /// Calls a method of the JSON API with keyword parameters, the scope among them.
    ///
    /// # Errors
    /// As [`Self::rpc`].
    pub(crate) fn rpc_with(
        &self,
        method: &str,
        params: Vec<Value>,
        keywords: Value,
    ) -> Result<Value, ClientError> {
        const PATH: &str = "/openc3-api/api";
        let request = json!({
            "jsonrpc": "2.0", "method": method, "params": params,
            "keyword_params": keywords, "id": 1,
        });
        let body = request.to_string();
        let (status, text) = self.post_any(PATH, "application/json-rpc", body.as_bytes())?;
        // Refusals of a method come with an HTTP error status and a JSON error that says more.
        let mut answer = match self.json(PATH, text.clone()) {
            Ok(answer) => answer,
            Err(_) if status != 200 => self.json(PATH, self.accepted(PATH, status, text)?)?,
            Err(error) => return Err(error),
        };
        if status == 401 {
            return Err(ClientError::Password { url: self.url.clone() });
        }
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return Err(rpc_error(error));
        }
        Ok(answer.get_mut("result").map(Value::take).unwrap_or_default())
    }

    fn post_any(
        &self,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<(u16, String), ClientError> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request =
            request.header("Authorization", &self.password).header("Content-Type", content_type);
        self.answer(path, request.send(body))
    }

    fn text(
        &self,
        path: &str,
        answer: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<String, ClientError> {
        let (status, text) = self.answer(path, answer)?;
        self.accepted(path, status, text)
    }

    fn answer(
        &self,
        path: &str,
        answer: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<(u16, String), ClientError> {
        let mut response = answer.map_err(|error| self.unanswered(path, &error))?;
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let text = body.read_to_string().map_err(|error| self.unanswered(path, &error))?;
        Ok((status, text))
    }

    /// Tells a gateway that is not there from one that does not answer.
    fn unanswered(&self, path: &str, error: &ureq::Error) -> ClientError {
        let (url, reason) = (self.url.clone(), error.to_string());
        match error {
            ureq::Error::Io(_)
            | ureq::Error::ConnectionFailed
            | ureq::Error::HostNotFound
            | ureq::Error::BadUri(_)
            | ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                ClientError::Connect { url, reason }
            }
            _ => ClientError::Answer { url, path: path.to_owned(), reason },
        }
    }

    fn accepted(&self, path: &str, status: u16, text: String) -> Result<String, ClientError> {
        let (url, path) = (self.url.clone(), path.to_owned());
        match status {
            200..=299 => Ok(text),
            401 | 403 => Err(ClientError::Password { url }),
            404 => Err(ClientError::NotFound { url, path, message: message_of(&text) }),
            _ => Err(ClientError::Status { url, path, status, message: message_of(&text) }),
        }
    }

    fn json(&self, path: &str, text: String) -> Result<Value, ClientError> {
        serde_json::from_str(&text).map_err(|error| ClientError::Answer {
            url: self.url.clone(),
            path: path.to_owned(),
            reason: format!("no JSON ({error}): {}", beginning(&text)),
        })
    }
}

/// Finds the words of a refusal: `error`, or the like, of a JSON object, else the text itself.
fn message_of(text: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    let found = parsed.as_ref().and_then(|value| {
        let said = ["error", "message", "reason"];
        let error = said.iter().find_map(|name| value.get(name))?;
        error.as_str().or_else(|| error.get("message")?.as_str())
    });
    found.map_or_else(|| beginning(text), str::to_owned)
}

fn beginning(text: &str) -> String {
    let shown: String = text.trim().chars().take(200).collect();
    if shown.is_empty() { "no text".to_owned() } else { shown }
}

fn rpc_error(error: &Value) -> ClientError {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let data = error.get("data");
    let message = text(data.and_then(|data| data.get("message")))
        .or_else(|| text(error.get("message")))
        .unwrap_or_else(|| error.to_string());
    ClientError::Rpc {
        code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
        class: text(data.and_then(|data| data.get("class"))).unwrap_or_default(),
        message,
    }
}

/// Finds the password: the file if one is named, else the environment, else the demo's, so that the
/// first commands work as they are printed; a system with another password refuses it and says how
/// to give the right one.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn password(file: Option<&Path>) -> anyhow::Result<String> {
    let Some(file) = file else {
        let given = std::env::var(PASSWORD_VARIABLE);
        return Ok(given.unwrap_or_else(|_| groundlog_gateway::DEFAULT_PASSWORD.to_owned()));
    };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the password file {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// How to reach the running system; part of every operator command.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ConnectionArgs {
    /// Address of the gateway
    #[arg(long, value_name = "URL", default_value = DEFAULT_URL, env = "GROUNDLOG_URL",
          value_parser = checked_url)]
    pub(crate) url: String,
    /// File with the password; else OPENC3_API_PASSWORD holds it, else it is the demo's
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<std::path::PathBuf>,
}

/// Refuses what can be no address of a gateway: TLS ends before it.
fn checked_url(text: &str) -> Result<String, String> {
    let after = text.strip_prefix("http://").unwrap_or_default();
    let good = !after.is_empty() && !after.starts_with(['/', ':']) && !after.contains(' ');
    if good { Ok(text.to_owned()) } else { Err("write http://HOST:PORT".to_owned()) }
}

impl ConnectionArgs {
    /// Makes the client.
    ///
    /// # Errors
    /// When the password file cannot be read.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::new(&self.url, &password(self.password_file.as_deref())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_put_in_their_own_words() {
        assert_eq!(message_of(r#"{"error":"no such import"}"#), "no such import");
        assert_eq!(message_of(r#"{"error":{"message":"deep"}}"#), "deep");
        assert_eq!(
            message_of(r#"{"status":"DOWN","reason":"the log is full"}"#),
            "the log is full"
        );
        assert_eq!(message_of("plain"), "plain");
        assert_eq!(message_of(""), "no text");
    }

    #[test]
    fn nobody_listening_names_the_remedy() {
        let unused = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = unused.local_addr().expect("its address");
        drop(unused);
        let client = Client::new(&format!("http://{address}"), "password");
        let error = client.get("/groundlog/v1/status").expect_err("nobody listens");
        assert!(matches!(error, ClientError::Connect { .. }), "{error:?}");
        assert!(error.to_string().contains("groundlog run"), "{error}");
    }

    #[test]
    fn errors_of_methods_carry_class_and_text() {
        let error = json!({"code": -1, "message": "m", "data": {"class": "RuntimeError",
            "message": "Packet 'X Y' does not exist"}});
        let error = rpc_error(&error);
        assert_eq!(error.to_string(), "Packet 'X Y' does not exist");
        assert!(
            matches!(error, ClientError::Rpc { code: -1, class, .. } if class == "RuntimeError")
        );
    }
}
