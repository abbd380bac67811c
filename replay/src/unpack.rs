use std::io::{Chain, Cursor, ErrorKind, Read, Result};

use flate2::read::MultiGzDecoder;

/// How files compressed with gzip begin: two bytes of magic and the only method there is
/// (RFC 1952 §2.3.1).
const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

type Whole = Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>;

/// Reads a file and unpacks it where it is compressed with gzip, which its first bytes tell.
pub(crate) enum Unpacked {
    /// Nothing is read yet.
    Unseen(Box<dyn Read + Send>),
    /// As it is.
    Plain(Whole),
    /// Through the decompressor, one member after the other.
    Gzip(Box<MultiGzDecoder<Whole>>),
}

impl Unpacked {
    pub(crate) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self::Unseen(reader)
    }

    /// Looks at the first bytes and decides.
    fn begin(reader: &mut Box<dyn Read + Send>) -> Result<Self> {
        let mut head = Vec::with_capacity(GZIP_MAGIC.len());
        let limit = GZIP_MAGIC.len() as u64;
        reader.as_mut().take(limit).read_to_end(&mut head)?;
        let is_gzip = head == GZIP_MAGIC;
        let rest = std::mem::replace(reader, Box::new(std::io::empty()));
        let whole = Cursor::new(head).chain(rest);
        Ok(if is_gzip {
            Self::Gzip(Box::new(MultiGzDecoder::new(whole)))
        } else {
            Self::Plain(whole)
        })
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if let Self::Unseen(reader) = self {
            *self = Self::begin(reader)?;
        }
        match self {
            Self::Unseen(_) => Err(ErrorKind::Other.into()),
            Self::Plain(whole) => whole.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}
