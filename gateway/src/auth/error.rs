use groundlog_projection::SettingsError;

/// Reasons why a password is not taken, or the machinery fails.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The system's random source failed.
    #[error("the system gives no random numbers; check /dev/urandom")]
    NoRandomness,
    /// argon2 failed, or a stored hash is damaged.
    #[error("password hashing failed: {0}; set the password again")]
    Hashing(String),
    /// A password was not given.
    #[error("password must not be nil or empty")]
    Empty,
    /// A password is too short.
    #[error("password must be at least 8 characters")]
    TooShort,
    /// A password looks like a token.
    #[error("password must not start with ses_ or otp_")]
    LooksLikeToken,
    /// The password in force was not given.
    #[error("old_password must not be nil or empty")]
    OldEmpty,
    /// The password in force is another one.
    #[error("old_password incorrect")]
    OldIncorrect,
    /// The demo's password would open the gateway to the network.
    #[error("the default password is only good while the gateway listens on a loopback address")]
    DefaultExposed,
    /// The settings could not be stored.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Why a caller is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing was given.
    Missing,
    /// What was given is not known.
    Invalid,
    /// Too many bad passwords lately; this one was not tried.
    RateLimited,
}
