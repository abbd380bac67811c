use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    AuthError,
    token::{self, Digest32},
};

/// Unused tokens kept; the oldest makes room, so that asking for tokens cannot fill the memory.
const TOKENS_MAX: usize = 1024;

/// A token that was not used for this long is not good any more.
const LIFETIME: Duration = Duration::from_secs(600);

/// Tokens that are good once. They live in memory only: a client that lost one asks again.
#[derive(Debug, Default)]
pub(crate) struct OneTimeTokens(Mutex<HashMap<Digest32, Instant>>);

impl OneTimeTokens {
    /// Makes a token.
    pub(crate) fn issue(&self, prefix: &str) -> Result<String, AuthError> {
        let token = token::random(prefix)?;
        let now = Instant::now();
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, issued| now.duration_since(*issued) < LIFETIME);
        if tokens.len() >= TOKENS_MAX {
            let oldest = tokens.iter().min_by_key(|(_, issued)| **issued).map(|(key, _)| *key);
            oldest.map(|key| tokens.remove(&key));
        }
        tokens.insert(token::digest(&token), now);
        Ok(token)
    }

    /// Uses a token up; returns whether it was good.
    pub(crate) fn take(&self, token: &str) -> bool {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.remove(&token::digest(token)).is_some_and(|issued| issued.elapsed() < LIFETIME)
    }

    /// Returns whether a token would be good now.
    pub(crate) fn is_good(&self, token: &str) -> bool {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(&token::digest(token)).is_some_and(|issued| issued.elapsed() < LIFETIME)
    }
}
