use std::{
    fmt,
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

/// Identifies one import for ever: the same bytes are the same import, whatever the file is called
/// and with whatever options it is read.
///
/// It is the first half of SHA-256 over a name and the file's content. The name is empty unless
/// the user wants the same file once more beside an earlier import. A copy that lacks its end has
/// other content and is another import.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImportId(String);

impl ImportId {
    /// Reads a file once to identify its import; `again` names an import beside earlier ones.
    ///
    /// # Errors
    /// The operating system's, when the file cannot be read.
    pub fn of_file(path: &Path, again: Option<&str>) -> io::Result<Self> {
        Self::of(File::open(path)?, again)
    }

    /// Identifies the import of a stream of bytes; `again` names an import beside earlier ones.
    ///
    /// # Errors
    /// The reader's.
    pub fn of(mut content: impl Read, again: Option<&str>) -> io::Result<Self> {
        let mut hash = Sha256::new();
        // Its length before the name: no content can look like the end of one.
        let again = again.unwrap_or("");
        hash.update(format!("groundlog import 2\nagain {}\n{again}\n", again.len()));
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => hash.update(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let digest = hash.finalize();
        Ok(Self(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Returns the id as 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(content: &[u8], again: Option<&str>) -> ImportId {
        ImportId::of(content, again).expect("memory can be read")
    }

    #[test]
    fn content_and_name_make_the_id() {
        let one = id(b"abc", None);
        assert_eq!(one.as_str().len(), 32);
        assert_eq!(one, id(b"abc", None));
        assert_ne!(one, id(b"abd", None));
        assert_ne!(one, id(b"abc", Some("second")));
        assert_ne!(id(b"abc", Some("third")), id(b"abc", Some("second")));
    }
}
