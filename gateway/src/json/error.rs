/// Why a text is not JSON, even relaxed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {byte}")]
pub struct JsonError {
    /// What is wrong, in words.
    pub what: &'static str,
    /// Where in the text.
    pub byte: usize,
}
