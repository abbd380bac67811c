//! Refusals of the JSON-RPC interface (cosmos-api §1.4, §1.5).

use axum::http::StatusCode;
use groundlog_cvt::CvtError;
use groundlog_packet::Value;

use crate::json::{write_string, write_value};

/// A refusal: what goes into `error`, and the HTTP status beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RpcError {
    code: i32,
    status: StatusCode,
    message: String,
    detail: Option<Detail>,
}

/// What goes into `error.data`: the exception the client raises.
#[derive(Debug, Clone, PartialEq)]
struct Detail {
    class: &'static str,
    message: String,
    variables: Vec<(&'static str, Value)>,
}

impl RpcError {
    /// Refuses a body that is no request.
    pub(crate) fn invalid_request(why: impl Into<String>) -> Self {
        Self::new(-32600, StatusCode::BAD_REQUEST, "Invalid Request", "RuntimeError", why)
    }

    /// Refuses a body over the limit; nothing of it was executed.
    pub(crate) fn too_large(limit: usize, whom: &str) -> Self {
        let why = format!("request body exceeds the limit of {limit} bytes{whom}");
        let mut error = Self::invalid_request(why);
        error.status = StatusCode::PAYLOAD_TOO_LARGE;
        error
    }

    /// Refuses a method that is not on the list; `data` is null, as the reference has it.
    pub(crate) fn unauthorized_method() -> Self {
        let mut error = Self::runtime("Cannot call unauthorized methods");
        error.detail = None;
        error
    }

    /// Says that a method of the list is not there yet.
    pub(crate) fn not_supported(method: &str) -> Self {
        Self::other("NotImplementedError", format!("{method} is not supported yet"))
    }

    /// Refuses wrong arguments: count, keyword, type.
    pub(crate) fn argument(why: impl Into<String>) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(-32602, status, "Invalid params", "ArgumentError", why)
    }

    /// Refuses a caller who is not known.
    pub(crate) fn auth(why: &'static str) -> Self {
        let mut error = Self::new(-32500, StatusCode::UNAUTHORIZED, why, "OpenC3::AuthError", why);
        error.message = why.to_owned();
        error
    }

    /// Refuses to try one more password for a while.
    pub(crate) fn rate_limited() -> Self {
        let mut error = Self::auth("Too many bad passwords, try again in two minutes");
        error.status = StatusCode::TOO_MANY_REQUESTS;
        error
    }

    /// Reports any other failure; the text is the interface.
    pub(crate) fn runtime(message: impl Into<String>) -> Self {
        Self::other("RuntimeError", message)
    }

    /// Reports a failure with a class of its own.
    pub(crate) fn other(class: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self {
            code: -1,
            status,
            message: message.clone(),
            detail: Some(Detail { class, message, variables: Vec::new() }),
        }
    }

    /// Refuses a hazardous command until the caller confirms (cosmos-api §3.3).
    pub(crate) fn hazardous(
        message: impl Into<String>,
        variables: Vec<(&'static str, Value)>,
    ) -> Self {
        let message = message.into();
        Self {
            code: -32502,
            status: StatusCode::CONFLICT,
            message: message.clone(),
            detail: Some(Detail { class: "HazardousError", message, variables }),
        }
    }

    /// Refuses a command that is switched off.
    pub(crate) fn disabled(target: &str, command: &str) -> Self {
        let mut error = Self::other("DisabledError", format!("{target} {command} is Disabled"));
        if let Some(detail) = &mut error.detail {
            detail.variables =
                vec![("@target_name", Value::from(target)), ("@cmd_name", Value::from(command))];
        }
        error
    }

    fn new(
        code: i32,
        status: StatusCode,
        message: &'static str,
        class: &'static str,
        why: impl Into<String>,
    ) -> Self {
        let detail = Detail { class, message: why.into(), variables: Vec::new() };
        Self { code, status, message: message.to_owned(), detail: Some(detail) }
    }

    /// Returns the HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the code.
    pub(crate) fn code(&self) -> i32 {
        self.code
    }

    /// Returns the text that tells most: the exception's, else the message.
    pub(crate) fn text(&self) -> &str {
        self.detail.as_ref().map_or(&self.message, |detail| &detail.message)
    }

    /// Appends the `error` object.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{{\"code\":{},\"message\":", self.code).as_bytes());
        write_string(out, &self.message);
        out.extend_from_slice(b",\"data\":");
        match &self.detail {
            None => out.extend_from_slice(b"null"),
            Some(detail) => detail.write(out),
        }
        out.push(b'}');
    }
}

impl From<CvtError> for RpcError {
    /// Says why current values cannot be read; what was asked for may well exist.
    fn from(error: CvtError) -> Self {
        Self::runtime(error.to_string())
    }
}

impl Detail {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"class\":");
        write_string(out, self.class);
        out.extend_from_slice(b",\"message\":");
        write_string(out, &self.message);
        // Never null: one stock client concatenates to it.
        out.extend_from_slice(b",\"backtrace\":[],\"instance_variables\":{");
        for (index, (name, value)) in self.variables.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_string(out, name);
            out.push(b':');
            write_value(out, value);
        }
        out.extend_from_slice(b"}}");
    }
}
