use std::{
    fmt,
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::{format::FileLayout, time::TimeSource};

/// Identifies one import for ever: the same bytes read in the same way are the same import,
/// whatever the file is called.
///
/// It is the first half of SHA-256 over the options that change what is imported (as text, one a
/// line) and the file's content.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImportId(String);

impl ImportId {
    /// Reads a file once to identify its import.
    ///
    /// # Errors
    /// The operating system's, when the file cannot be read.
    pub fn of_file(
        path: &Path,
        layout: &FileLayout,
        time: &TimeSource,
        target: &str,
    ) -> io::Result<Self> {
        Self::of(File::open(path)?, layout, time, target)
    }

    /// Identifies the import of a stream of bytes.
    ///
    /// # Errors
    /// The reader's.
    pub fn of(
        mut content: impl Read,
        layout: &FileLayout,
        time: &TimeSource,
        target: &str,
    ) -> io::Result<Self> {
        let FileLayout {
            format,
            skip_header_bytes,
            subseconds,
        } = layout;
        let mut hash = Sha256::new();
        hash.update(format!(
            "groundlog import 1\nformat {format}\nskip {skip_header_bytes}\n\
             subseconds {subseconds}\ntime {time}\ntarget {target}\n"
        ));
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
        Ok(Self(
            digest[..16]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        ))
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
    use crate::format::Format;

    fn id(content: &[u8], layout: &FileLayout, time: &TimeSource, target: &str) -> ImportId {
        ImportId::of(content, layout, time, target).expect("memory can be read")
    }

    #[test]
    fn content_and_options_make_the_id() {
        let layout = FileLayout::default();
        let dump = FileLayout {
            format: Format::Dump,
            ..FileLayout::default()
        };
        let one = id(b"abc", &layout, &TimeSource::None, "T");
        assert_eq!(one.as_str().len(), 32);
        assert_eq!(one, id(b"abc", &layout, &TimeSource::None, "T"));
        assert_ne!(one, id(b"abd", &layout, &TimeSource::None, "T"));
        assert_ne!(one, id(b"abc", &dump, &TimeSource::None, "T"));
        assert_ne!(one, id(b"abc", &layout, &TimeSource::Header, "T"));
        assert_ne!(one, id(b"abc", &layout, &TimeSource::None, "U"));
    }
}
