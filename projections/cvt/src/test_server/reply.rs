use std::io::{self, BufRead};

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing there.
    Nil,
    /// A number.
    Number(i64),
    /// Text or bytes.
    Bytes(Vec<u8>),
    /// A refusal.
    Error(String),
    /// Several answers.
    List(Vec<Reply>),
}

impl Reply {
    /// Returns the answer as text; a refusal's is what it says, nothing's is empty.
    pub fn text(&self) -> String {
        match self {
            Self::Nil => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Error(error) => error.clone(),
            Self::List(list) => list.iter().map(Self::text).collect::<Vec<_>>().join(" "),
        }
    }

    pub(super) fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let odd = || io::Error::other(format!("an odd answer: {line:?}"));
        let rest = line.get(1..).map(str::trim_end).ok_or_else(odd)?;
        let number = || rest.parse::<i64>().map_err(|_| odd());
        Ok(match line.as_bytes().first() {
            Some(b'+') => Self::Bytes(rest.as_bytes().to_vec()),
            Some(b'-') => Self::Error(rest.to_owned()),
            Some(b':') => Self::Number(number()?),
            Some(b'$' | b'*') if number()? < 0 => Self::Nil,
            Some(b'$') => {
                let mut bytes = vec![0; number()? as usize + 2];
                from.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Self::Bytes(bytes)
            }
            Some(b'*') => {
                let list = (0..number()?).map(|_| Self::read(from));
                Self::List(list.collect::<io::Result<_>>()?)
            }
            _ => return Err(odd()),
        })
    }
}
