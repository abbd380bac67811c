//! Passwords: argon2id, off the event loop.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use tokio::sync::Semaphore;

use super::{AuthError, token};

/// The demo's password; it is good on loopback addresses only.
pub const DEFAULT_PASSWORD: &str = "password";

/// The fewest characters a password may have.
pub(crate) const PASSWORD_CHARS_MIN: usize = 8;

/// Runs argon2. Two at a time: each takes 19 MiB and tens of milliseconds of a core.
#[derive(Debug, Clone)]
pub(crate) struct Stretcher(Arc<Semaphore>);

impl Stretcher {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(2)))
    }

    /// Makes the PHC string of a password.
    ///
    /// # Errors
    /// [`AuthError::Hashing`], [`AuthError::NoRandomness`].
    pub(crate) async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let password = password.to_owned();
        let bytes = token::random_bytes()?;
        self.run(move || {
            let salt = SaltString::encode_b64(&bytes[..16])?;
            Ok(Argon2::default().hash_password(password.as_bytes(), &salt)?.to_string())
        })
        .await
    }

    /// Checks a password against a PHC string.
    ///
    /// # Errors
    /// [`AuthError::Hashing`] when the string is not one.
    pub(crate) async fn verify(&self, password: &str, phc: &str) -> Result<bool, AuthError> {
        let (password, phc) = (password.to_owned(), phc.to_owned());
        self.run(move || {
            let hash = PasswordHash::new(&phc)?;
            match Argon2::default().verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::Password) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<T, AuthError> {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        match done.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(AuthError::Hashing(error.to_string())),
            Err(error) => Err(AuthError::Hashing(error.to_string())),
        }
    }
}
