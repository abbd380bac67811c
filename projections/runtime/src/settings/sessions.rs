//! Sessions of those who have logged in, good at every gateway.

use std::collections::{BTreeMap, BTreeSet};

use groundlog_proto::wire::{Session, Setting, setting::Kind};

/// Sessions open at once; the oldest one ends when another is opened beyond it. Clients that never
/// log out leave one behind each time they log in, and every fold of the settings keeps them all.
pub(super) const SESSIONS_MAX: usize = 10_000;

/// Sessions that were opened and have not ended, by the SHA-256 of their token.
///
/// One ends when its user logs out, when the password is set, or when too many later ones are
/// open; never by its age alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sessions {
    open: BTreeMap<Vec<u8>, Opened>,
    /// The same by when they were opened.
    by_age: BTreeSet<(i64, Vec<u8>)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Opened {
    time_ns: i64,
    user: String,
}

impl Sessions {
    /// Returns whether a token's session is open.
    pub fn is_open(&self, hash: &[u8]) -> bool {
        self.open.contains_key(hash)
    }

    pub(super) fn fold(&mut self, time_ns: i64, event: Session) {
        let Session { token_hash, revoked, user } = event;
        let hash = token_hash.to_vec();
        if let Some(known) = self.open.remove(&hash) {
            self.by_age.remove(&(known.time_ns, hash.clone()));
        }
        if revoked {
            return;
        }
        self.by_age.insert((time_ns, hash.clone()));
        self.open.insert(hash, Opened { time_ns, user });
        if self.open.len() > SESSIONS_MAX
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.open.remove(&oldest);
        }
    }

    /// Ends all of them: another password is set.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// Returns the events that give these sessions when they are folded.
    pub(super) fn events(&self) -> impl Iterator<Item = Setting> {
        self.open.iter().map(|(hash, Opened { time_ns, user })| {
            let token_hash = hash.clone().into();
            let session = Session { token_hash, revoked: false, user: user.clone() };
            Setting { time_ns: *time_ns, kind: Some(Kind::Session(session)), ..Setting::default() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(number: u16, revoked: bool) -> Session {
        let token_hash = number.to_be_bytes().to_vec().into();
        Session { token_hash, revoked, user: "ada".to_owned() }
    }

    #[test]
    fn who_logs_out_is_forgotten() {
        let mut sessions = Sessions::default();
        sessions.fold(5, session(1, false));
        assert!(sessions.is_open(&[0, 1]) && !sessions.is_open(&[0, 2]));
        sessions.fold(6, session(1, true));
        assert_eq!(sessions, Sessions::default());
    }

    #[test]
    fn the_oldest_one_makes_room() {
        let mut sessions = Sessions::default();
        let last = SESSIONS_MAX as u16;
        for number in (0..=last).rev() {
            // The order of the hashes is the reverse of the order of opening.
            sessions.fold(i64::from(last - number), session(number, false));
        }
        assert_eq!(sessions.open.len(), SESSIONS_MAX);
        assert_eq!(sessions.by_age.len(), SESSIONS_MAX);
        assert!(!sessions.is_open(&last.to_be_bytes()) && sessions.is_open(&[0, 0]));
        let mut again = Sessions::default();
        for event in sessions.events() {
            let Some(Kind::Session(session)) = event.kind else { panic!("another kind") };
            again.fold(event.time_ns, session);
        }
        assert_eq!(again, sessions, "with their times, so that the same ones end next");
    }
}
