//! Random tokens and keyed hashes.

use sha2::{Digest, Sha256};

use super::AuthError;

/// A SHA-256 digest.
pub(crate) type Digest32 = [u8; 32];

/// Makes `prefix` followed by 256 random bits in URL-safe base 64 without padding.
///
/// # Errors
/// [`AuthError::NoRandomness`] when the system gives none.
pub(crate) fn random(prefix: &str) -> Result<String, AuthError> {
    let bytes = random_bytes()?;
    let mut token = String::with_capacity(prefix.len() + 43);
    token.push_str(prefix);
    push_base64_url(&mut token, &bytes);
    Ok(token)
}

/// Returns 256 random bits.
///
/// # Errors
/// [`AuthError::NoRandomness`] when the system gives none.
pub(crate) fn random_bytes() -> Result<Digest32, AuthError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| AuthError::NoRandomness)?;
    Ok(bytes)
}

/// Hashes a token for keeping: 256 random bits need neither salt nor stretching.
pub(crate) fn digest(token: &str) -> Digest32 {
    Sha256::digest(token.as_bytes()).into()
}

/// Hashes secrets with a key that lives as long as the process (HMAC-SHA-256, RFC 2104).
pub(crate) struct KeyedHash {
    inner: Sha256,
    outer: Sha256,
}

impl KeyedHash {
    /// Draws a key.
    ///
    /// # Errors
    /// [`AuthError::NoRandomness`] when the system gives none.
    pub(crate) fn random() -> Result<Self, AuthError> {
        Ok(Self::new(&random_bytes()?))
    }

    /// Takes a key. Both hash states are kept after their key block, so that a short secret costs
    /// two compressions.
    pub(crate) fn new(key: &Digest32) -> Self {
        let mut block = [0_u8; 64];
        block[..32].copy_from_slice(key);
        let keyed = |pad: u8| Sha256::new_with_prefix(block.map(|byte| byte ^ pad));
        Self { inner: keyed(0x36), outer: keyed(0x5c) }
    }

    /// Hashes a secret.
    pub(crate) fn of(&self, secret: &str) -> Digest32 {
        let inner = self.inner.clone().chain_update(secret.as_bytes()).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

/// Compares digests in a time that does not depend on where they differ.
pub(crate) fn equal(a: &Digest32, b: &Digest32) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0, |differ, (x, y)| differ | (x ^ y))) == 0
}

fn push_base64_url(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let digit = word >> (18 - 6 * place) & 0x3f;
            out.push(char::from(DIGITS[digit as usize]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base64(bytes: &[u8]) -> String {
        let mut out = String::new();
        push_base64_url(&mut out, bytes);
        out
    }

    fn hex(digest: &Digest32) -> String {
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn base64_of_rfc_4648_without_padding() {
        assert_eq!(base64(b"f"), "Zg");
        assert_eq!(base64(b"fo"), "Zm8");
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
        assert_eq!(base64(&[0xfb, 0xff]), "-_8");
    }

    #[test]
    fn hmac_of_rfc_4231() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&KeyedHash::new(&key).of("what do ya want for nothing?")), expected);
    }

    #[test]
    fn tokens_differ() {
        let token = random("ses_").unwrap();
        assert!(token.starts_with("ses_") && token.len() == 47);
        assert_ne!(token, random("ses_").unwrap());
    }

    #[test]
    fn digests_compare() {
        assert!(equal(&digest("a"), &digest("a")));
        assert!(!equal(&digest("a"), &digest("b")));
    }
}
