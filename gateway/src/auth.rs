//! Who may call (cosmos-api §1.6).
//!
//! Accepted in `Authorization`, with or without `Bearer `: a session token (`ses_…`), a one-time
//! token (`otp_…`), the service password, the password itself. A password is stretched with argon2
//! once; after that its keyed hash is compared, so that it costs a request two rounds of SHA-256.
//! Sessions and one-time tokens are kept as hashes in the settings, so that they are good at every
//! gateway; sessions end with the password they were opened with, and the oldest when there are too
//! many.

mod error;
mod limiter;
mod one_time;
mod password;
mod refusals;
mod routes;
mod token;

use std::{
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use groundlog_projection::SettingsStore;
use groundlog_proto::{
    Nanos,
    wire::{PasswordSet, Session, Setting, setting::Kind},
};

pub use error::AuthError;
pub(crate) use error::Refusal;
use limiter::Limiter;
pub use password::DEFAULT_PASSWORD;
use password::{PASSWORD_CHARS_MIN, Stretcher};
pub(crate) use refusals::RefusalCounters;
pub(crate) use routes::routes;
use token::{Digest32, KeyedHash};
pub(crate) use token::{digest, random_bytes};

/// Prefix of session tokens; no password may start with it.
const SESSION_PREFIX: &str = "ses_";
/// Prefix of one-time tokens; no password may start with it.
const ONE_TIME_PREFIX: &str = "otp_";
/// Name of every authenticated caller, as the reference's core edition has it.
pub(crate) const USER: &str = "anonymous";

/// How many callers may wait while a password is stretched; the rest are refused at once.
const WAITING_MAX: usize = 256;

/// How often a bad password may be tried.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    /// Bad attempts per window.
    pub attempts_max: u32,
    /// The window.
    pub window: Duration,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { attempts_max: 10, window: Duration::from_secs(120) }
    }
}

/// What the authenticator needs to know.
pub(crate) struct AuthOptions {
    /// The password that shall be in force; `None` keeps the stored one.
    pub(crate) password: Option<String>,
    /// The password where none is stored; `None` is the default.
    pub(crate) first_password: Option<String>,
    /// Password of the system's own services.
    pub(crate) service_password: Option<String>,
    pub(crate) rate_limit: RateLimit,
    /// Whether the gateway listens on a loopback address only.
    pub(crate) loopback: bool,
    /// Counts who may not call.
    pub(crate) refusals: RefusalCounters,
}

/// Knows who may call.
pub(crate) struct Authenticator {
    settings: SettingsStore,
    stretcher: Stretcher,
    keyed: KeyedHash,
    verified: RwLock<Option<Verified>>,
    service: Option<Digest32>,
    user_limiter: Limiter,
    service_limiter: Limiter,
    loopback: bool,
    refusals: RefusalCounters,
    changing: tokio::sync::Mutex<()>,
    /// Whose password is being stretched.
    trying: tokio::sync::Mutex<()>,
    /// Places for those who wait for it.
    waiting: tokio::sync::Semaphore,
}

/// A password that argon2 has confirmed, and for which hash.
struct Verified {
    keyed: Digest32,
    phc: String,
}

impl Authenticator {
    /// Brings the configured password into force and refuses to expose the default one.
    pub(crate) async fn build(
        settings: SettingsStore,
        options: AuthOptions,
    ) -> Result<Self, AuthError> {
        let keyed = KeyedHash::random()?;
        let limiter = || Limiter::new(options.rate_limit.attempts_max, options.rate_limit.window);
        let this = Self {
            settings,
            stretcher: Stretcher::new(),
            verified: RwLock::new(None),
            service: options.service_password.map(|password| keyed.of(&password)),
            keyed,
            user_limiter: limiter(),
            service_limiter: limiter(),
            loopback: options.loopback,
            refusals: options.refusals,
            changing: tokio::sync::Mutex::new(()),
            trying: tokio::sync::Mutex::new(()),
            waiting: tokio::sync::Semaphore::new(WAITING_MAX),
        };
        this.start(options.password, options.first_password).await?;
        Ok(this)
    }

    async fn start(
        &self,
        configured: Option<String>,
        first: Option<String>,
    ) -> Result<(), AuthError> {
        let is_new = self.stored().is_none();
        if let Some(password) = configured {
            self.check_exposure(&password)?;
            if is_new || !self.verify_slowly(&password).await? {
                self.store(&password).await?;
                tracing::info!("the configured password is in force now; open sessions ended");
            }
            return Ok(());
        }
        let Some(first) = first else {
            if is_new {
                self.check_exposure(DEFAULT_PASSWORD)?;
                return self.store(DEFAULT_PASSWORD).await;
            }
            return self.check_stored().await;
        };
        if is_new {
            self.check_exposure(&first)?;
            self.store(&first).await?;
            tracing::info!("the password for the first start is in force now");
            return Ok(());
        }
        // Clients take it from the same variable: it says who someone is, not what shall hold.
        if !self.verify_slowly(&first).await? {
            tracing::info!("the password for the first start is not the stored one, which holds");
        }
        self.check_stored().await
    }

    async fn check_stored(&self) -> Result<(), AuthError> {
        if !self.loopback && self.verify_slowly(DEFAULT_PASSWORD).await? {
            return Err(AuthError::DefaultExposed);
        }
        Ok(())
    }

    /// Says whether a caller with this credential may go on; a one-time token is used up.
    pub(crate) async fn check(&self, credential: Option<&str>) -> Result<(), Refusal> {
        let given = bare(credential.unwrap_or_default());
        self.refusals.count(if given.starts_with(ONE_TIME_PREFIX) {
            let taken = self.take(given).await.unwrap_or_else(|error| {
                tracing::error!(%error, "a one-time token could not be used");
                false
            });
            taken.then_some(()).ok_or(Refusal::Invalid)
        } else {
            self.known(given).await
        })
    }

    /// Says the same before a call is read; nothing is used up.
    pub(crate) async fn admits(&self, credential: Option<&str>) -> Result<(), Refusal> {
        let given = bare(credential.unwrap_or_default());
        self.refusals.count(if given.starts_with(ONE_TIME_PREFIX) {
            self.would_take(given).then_some(()).ok_or(Refusal::Invalid)
        } else {
            self.known(given).await
        })
    }

    /// Checks the password of someone who logs in.
    pub(crate) async fn log_in(&self, given: &str) -> Result<(), Refusal> {
        self.refusals.count(self.password(given).await)
    }

    async fn known(&self, given: &str) -> Result<(), Refusal> {
        if given.is_empty() {
            return Err(Refusal::Missing);
        }
        if given.starts_with(SESSION_PREFIX) {
            return self.session(given).then_some(()).ok_or(Refusal::Invalid);
        }
        if self.is_service(given) {
            return Ok(());
        }
        self.password(given).await
    }

    /// Checks the password itself, within the limit of bad attempts.
    ///
    /// One caller at a time is checked, so that no number of parallel ones gets past the limit;
    /// whoever waited behind the right password costs nothing any more.
    async fn password(&self, given: &str) -> Result<(), Refusal> {
        if self.verified_already(given) {
            return Ok(());
        }
        if !self.user_limiter.open(Instant::now()) {
            return Err(Refusal::RateLimited);
        }
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(Refusal::RateLimited);
        };
        let _turn = self.trying.lock().await;
        if self.verified_already(given) {
            return Ok(());
        }
        if !self.user_limiter.take(Instant::now()) {
            return Err(Refusal::RateLimited);
        }
        match self.verify_slowly(given).await {
            Ok(true) => {
                self.user_limiter.forgive();
                Ok(())
            }
            Ok(false) => Err(Refusal::Invalid),
            Err(error) => {
                tracing::error!(%error, "a password could not be checked");
                self.user_limiter.forgive();
                Err(Refusal::Invalid)
            }
        }
    }

    /// Checks the service password, within its own limit of bad attempts.
    pub(crate) fn service_password(&self, given: &str) -> Result<(), Refusal> {
        if !self.service_limiter.take(Instant::now()) {
            return self.refusals.count(Err(Refusal::RateLimited));
        }
        if !self.is_service(given) {
            return self.refusals.count(Err(Refusal::Invalid));
        }
        self.service_limiter.forgive();
        Ok(())
    }

    fn is_service(&self, given: &str) -> bool {
        let keyed = self.keyed.of(given);
        self.service.is_some_and(|service| token::equal(&service, &keyed))
    }

    /// Opens a session; it survives a restart.
    pub(crate) async fn open_session(&self) -> Result<String, AuthError> {
        let token = token::random(SESSION_PREFIX)?;
        self.store_session(&token::digest(&token), false).await?;
        Ok(token)
    }

    /// Ends the session of a token; other credentials have none.
    pub(crate) async fn close_session(&self, credential: &str) -> Result<(), AuthError> {
        let token = bare(credential);
        if token.starts_with(SESSION_PREFIX) && self.session(token) {
            self.store_session(&token::digest(token), true).await?;
        }
        Ok(())
    }

    /// Replaces the password; every session ends.
    pub(crate) async fn change(&self, old: Option<&str>, new: &str) -> Result<(), AuthError> {
        let _one_at_a_time = self.changing.lock().await;
        check_form(new)?;
        if self.stored().is_some() {
            let old = old.filter(|old| !old.is_empty()).ok_or(AuthError::OldEmpty)?;
            self.log_in(old).await.map_err(|_| AuthError::OldIncorrect)?;
        }
        self.check_exposure(new)?;
        self.store(new).await
    }

    /// Returns whether a password is set.
    pub(crate) fn has_password(&self) -> bool {
        self.stored().is_some()
    }

    fn check_exposure(&self, password: &str) -> Result<(), AuthError> {
        let exposed = !self.loopback && password == DEFAULT_PASSWORD;
        if exposed { Err(AuthError::DefaultExposed) } else { Ok(()) }
    }

    fn verified_already(&self, given: &str) -> bool {
        let keyed = self.keyed.of(given);
        let verified = self.verified.read().unwrap_or_else(PoisonError::into_inner);
        let Some(verified) = verified.as_ref() else {
            return false;
        };
        // The stored hash may have been replaced since, here or by another process.
        token::equal(&verified.keyed, &keyed)
            && self.settings.current().password.as_ref() == Some(&verified.phc)
    }

    async fn verify_slowly(&self, given: &str) -> Result<bool, AuthError> {
        let Some(phc) = self.stored() else {
            return Ok(false);
        };
        let good = self.stretcher.verify(given, &phc).await?;
        if good {
            self.remember(given, phc);
        }
        Ok(good)
    }

    fn remember(&self, password: &str, phc: String) {
        let verified = Verified { keyed: self.keyed.of(password), phc };
        *self.verified.write().unwrap_or_else(PoisonError::into_inner) = Some(verified);
    }

    /// Stores a password, which ends every session that is open.
    async fn store(&self, password: &str) -> Result<(), AuthError> {
        check_form(password)?;
        let phc = self.stretcher.hash(password).await?;
        self.append(Kind::Password(PasswordSet { argon2: phc.clone() })).await?;
        self.remember(password, phc);
        Ok(())
    }

    async fn store_session(&self, digest: &Digest32, revoked: bool) -> Result<(), AuthError> {
        let token_hash = bytes::Bytes::copy_from_slice(digest);
        self.append(Kind::Session(Session { token_hash, revoked, user: USER.to_owned() })).await
    }

    /// Appends a setting and waits until it counts.
    async fn append(&self, kind: Kind) -> Result<(), AuthError> {
        let (time_ns, user) = (Nanos::now().0, USER.to_owned());
        self.settings.append(&Setting { time_ns, user, kind: Some(kind) }).await?;
        Ok(())
    }

    fn stored(&self) -> Option<String> {
        self.settings.current().password.clone()
    }

    fn session(&self, token: &str) -> bool {
        self.settings.current().sessions.is_open(&token::digest(token))
    }
}

/// Takes off what some clients put before a token.
fn bare(credential: &str) -> &str {
    let given = credential.trim();
    given.strip_prefix("Bearer ").unwrap_or(given).trim_start()
}

fn check_form(password: &str) -> Result<(), AuthError> {
    if password.is_empty() {
        return Err(AuthError::Empty);
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(AuthError::TooShort);
    }
    let token = password.starts_with(SESSION_PREFIX) || password.starts_with(ONE_TIME_PREFIX);
    if token { Err(AuthError::LooksLikeToken) } else { Ok(()) }
}
