//! Tokens that are good once, at whichever gateway: settings know them.

use std::time::Duration;

use groundlog_proto::{
    Nanos,
    wire::{OneTimeToken, setting::Kind},
};

use super::{AuthError, Authenticator, ONE_TIME_PREFIX, token};

/// A token that was not used for this long is not good any more.
const LIFETIME: Duration = Duration::from_secs(600);

impl Authenticator {
    /// Makes a token that is good once.
    pub(crate) async fn one_time_token(&self) -> Result<String, AuthError> {
        let token = token::random(ONE_TIME_PREFIX)?;
        let expires_ns = Nanos::now().0.saturating_add(LIFETIME.as_nanos() as i64);
        let token_hash = token::digest(&token).to_vec().into();
        let issued = OneTimeToken { token_hash, expires_ns, ..OneTimeToken::default() };
        self.append(Kind::OneTime(issued)).await?;
        Ok(token)
    }

    /// Uses a token up; returns whether it was good. Whoever else uses it in the same moment, here
    /// or at another gateway, finds it used: the order of the log decides.
    pub(super) async fn take(&self, given: &str) -> Result<bool, AuthError> {
        if !self.would_take(given) {
            return Ok(false);
        }
        let hash = token::digest(given);
        let attempt = token::random_bytes()?[..16].to_vec();
        let taken_by = attempt.clone().into();
        let taken =
            OneTimeToken { token_hash: hash.to_vec().into(), taken_by, ..OneTimeToken::default() };
        self.append(Kind::OneTime(taken)).await?;
        Ok(self.settings.current().one_time.is_taken_by(&hash, &attempt))
    }

    /// Returns whether a token would be good now.
    pub(super) fn would_take(&self, given: &str) -> bool {
        let now = Nanos::now().0;
        self.settings.current().one_time.is_good(&token::digest(given), now)
    }
}
