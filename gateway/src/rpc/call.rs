//! One call on its way through a method.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use groundlog_cvt::{CvtError, Latest};
use groundlog_packet::Value;
use groundlog_projection::LoadedDefinitions;

use super::error::RpcError;
use crate::{auth::Refusal, system::System, values::has_item};

/// What a method makes of a call.
pub(crate) type Answer<'a> = BoxFuture<'a, Result<Value, RpcError>>;

/// A method's code.
pub(crate) type Handler = for<'a> fn(Call<'a>) -> Answer<'a>;

/// A call before its caller is known.
///
/// Only definitions can be reached from here. Everything else is behind [`Call::authorise`], so
/// that a method cannot forget it; it comes late because clients expect the text of a call to be
/// checked first (cosmos-api §1.6).
pub(crate) struct Call<'a> {
    system: &'a System,
    /// Name of the method, for texts.
    pub(crate) method: &'static str,
    /// Positional arguments.
    pub(crate) params: Vec<Value>,
    keywords: Vec<(String, Value)>,
    credential: Option<String>,
}

impl<'a> Call<'a> {
    /// Puts a call together. A credential in the header goes before the keyword `token`.
    pub(crate) fn new(
        system: &'a System,
        method: &'static str,
        params: Vec<Value>,
        keywords: Vec<(String, Value)>,
        header: Option<String>,
    ) -> Self {
        let mut this = Self { system, method, params, keywords, credential: header };
        if this.credential.is_none() {
            this.credential = this.keyword("token").map(ToString::to_string);
        }
        this
    }

    /// Returns the definitions in force.
    pub(crate) async fn definitions(&self) -> Result<Arc<LoadedDefinitions>, RpcError> {
        self.system.definitions().await
    }

    /// Returns the packet that `LATEST` stands for.
    pub(crate) async fn latest(
        &self,
        definitions: &LoadedDefinitions,
        target: &str,
        item: &str,
    ) -> Result<Option<Latest>, CvtError> {
        self.system.current.latest(definitions.definitions(), target, has_item(item)).await
    }

    /// Returns the scope that is served, for texts.
    pub(crate) fn scope(&self) -> &'a str {
        &self.system.scope
    }

    /// Lets the caller in.
    ///
    /// # Errors
    /// `Scope is required`, `Token is required`, `Token is invalid`; another scope than the one
    /// served.
    pub(crate) async fn authorise(&self) -> Result<&'a System, RpcError> {
        let Some(scope) = self.keyword("scope") else {
            return Err(RpcError::auth("Scope is required"));
        };
        match self.system.auth.check(self.credential.as_deref()).await {
            Ok(()) => {}
            Err(Refusal::Missing) => return Err(RpcError::auth("Token is required")),
            Err(Refusal::Invalid) => return Err(RpcError::auth("Token is invalid")),
            Err(Refusal::RateLimited) => return Err(RpcError::rate_limited()),
        }
        if scope.as_str() != Some(&self.system.scope) {
            return Err(RpcError::runtime(format!(
                "Scope '{scope}' does not exist, this system serves scope '{}'",
                self.system.scope
            )));
        }
        Ok(self.system)
    }

    /// Returns the names of all keyword arguments given.
    pub(crate) fn keyword_names(&self) -> impl Iterator<Item = &str> {
        self.keywords.iter().map(|(name, _)| name.as_str())
    }

    /// Returns a keyword argument; null counts as absent.
    pub(crate) fn keyword(&self, name: &str) -> Option<&Value> {
        let found = self.keywords.iter().rev().find(|(keyword, _)| keyword == name);
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// Returns a keyword argument as text in capitals, or a default.
    pub(crate) fn word(&self, name: &str, default: &str) -> String {
        self.keyword(name)
            .map_or_else(|| default.to_owned(), |value| value.to_string())
            .to_uppercase()
    }

    /// Returns a keyword argument that is true or false, or a default.
    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        match self.keyword(name) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => !matches!(other.as_str(), Some("false" | "")),
        }
    }

    /// Returns a keyword argument that is a number, or a default.
    pub(crate) fn number(&self, name: &str, default: f64) -> Result<f64, RpcError> {
        let Some(value) = self.keyword(name) else {
            return Ok(default);
        };
        numeric(value).ok_or_else(|| {
            RpcError::argument(format!("Invalid {name} parameter: {value}. Must be numeric."))
        })
    }
}

/// Returns a number, or the number that a text shows; NaN, which the parser takes, is none.
pub(crate) fn numeric(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number.filter(|number: &f64| !number.is_nan())
}
