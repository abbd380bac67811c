//! Tokens that are good once, at whichever gateway.

use std::collections::BTreeMap;

use groundlog_proto::wire::OneTimeToken;

/// Unused tokens kept; the one that expires first makes room, so that asking for tokens cannot fill
/// the memory of those who fold.
const TOKENS_MAX: usize = 1024;

/// Tokens that were issued and have not expired, by the SHA-256 of their text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OneTimeTokens(BTreeMap<Vec<u8>, Token>);

#[derive(Debug, Clone, PartialEq)]
struct Token {
    expires_ns: i64,
    /// Which attempt used it; of several the first in the log.
    taken_by: Vec<u8>,
}

impl OneTimeTokens {
    /// Returns whether a token may still be used.
    pub fn is_good(&self, hash: &[u8], now_ns: i64) -> bool {
        self.0.get(hash).is_some_and(|it| it.taken_by.is_empty() && it.expires_ns > now_ns)
    }

    /// Returns whether it was this attempt that used the token.
    pub fn is_taken_by(&self, hash: &[u8], attempt: &[u8]) -> bool {
        !attempt.is_empty() && self.0.get(hash).is_some_and(|it| it.taken_by == attempt)
    }

    pub(super) fn fold(&mut self, time_ns: i64, event: OneTimeToken) {
        let OneTimeToken { token_hash, expires_ns, taken_by } = event;
        self.0.retain(|_, token| token.expires_ns > time_ns);
        if expires_ns == 0 {
            if let Some(token) = self.0.get_mut(token_hash.as_ref())
                && token.taken_by.is_empty()
            {
                token.taken_by = taken_by.to_vec();
            }
            return;
        }
        let first = self.0.iter().min_by_key(|(_, token)| token.expires_ns);
        let first = first.map(|(hash, _)| hash.clone()).filter(|_| self.0.len() >= TOKENS_MAX);
        if let Some(first) = first {
            self.0.remove(&first);
        }
        let token = Token { expires_ns, taken_by: taken_by.to_vec() };
        self.0.entry(token_hash.to_vec()).or_insert(token);
    }

    /// Returns the events that give these tokens when they are folded at time 0.
    pub(super) fn events(&self) -> impl Iterator<Item = OneTimeToken> {
        self.0.iter().map(|(hash, token)| OneTimeToken {
            token_hash: hash.clone().into(),
            expires_ns: token.expires_ns,
            taken_by: token.taken_by.clone().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(hash: u16, expires_ns: i64) -> OneTimeToken {
        let token_hash = hash.to_be_bytes().to_vec().into();
        OneTimeToken { token_hash, expires_ns, ..OneTimeToken::default() }
    }

    fn taken(hash: u16, by: u8) -> OneTimeToken {
        OneTimeToken { taken_by: vec![by].into(), ..issued(hash, 0) }
    }

    #[test]
    fn the_first_use_counts() {
        let hash = 7_u16.to_be_bytes();
        let mut tokens = OneTimeTokens::default();
        tokens.fold(0, taken(7, 1));
        assert!(!tokens.is_taken_by(&hash, &[1]), "never issued");
        tokens.fold(0, issued(7, 100));
        assert!(tokens.is_good(&hash, 99) && !tokens.is_good(&hash, 100));
        tokens.fold(1, taken(7, 2));
        tokens.fold(1, taken(7, 3));
        assert!(tokens.is_taken_by(&hash, &[2]) && !tokens.is_taken_by(&hash, &[3]));
        tokens.fold(2, issued(7, 100));
        assert!(!tokens.is_good(&hash, 50), "issuing it again does not make it good again");
        let mut again = OneTimeTokens::default();
        tokens.events().for_each(|event| again.fold(0, event));
        assert_eq!(again, tokens);
        tokens.fold(100, issued(8, 200));
        assert!(!tokens.is_taken_by(&hash, &[2]), "forgotten when it expires");
    }

    #[test]
    fn there_are_never_too_many() {
        let mut tokens = OneTimeTokens::default();
        for number in 0..=TOKENS_MAX as u16 {
            tokens.fold(0, issued(number, 1000 + i64::from(number)));
        }
        assert_eq!(tokens.0.len(), TOKENS_MAX);
        assert!(!tokens.is_good(&0_u16.to_be_bytes(), 1) && tokens.is_good(&[0, 1], 1));
    }
}
