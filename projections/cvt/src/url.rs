use std::{fmt, str::FromStr};

use crate::ValkeyError;

const DEFAULT_PORT: u16 = 6379;

/// Where a current value table lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CvtUrl {
    /// `memory:`: in this process.
    Memory,
    /// `valkey://HOST:PORT/DB` or `valkeys://…`: on a server.
    Valkey(Address),
}

/// A server and a database on it. Never holds a password, so that it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: i64,
    pub(crate) tls: bool,
}

impl CvtUrl {
    /// Returns whether only this process can read the table.
    pub fn lies_in_process(&self) -> bool {
        *self == Self::Memory
    }
}

impl FromStr for CvtUrl {
    type Err = ValkeyError;

    fn from_str(url: &str) -> Result<Self, ValkeyError> {
        if url == "memory:" {
            return Ok(Self::Memory);
        }
        let wrong = |what| ValkeyError::Url { url: shown(url), what };
        let (tls, rest) = match url.split_once("://") {
            Some(("valkey" | "redis", rest)) => (false, rest),
            Some(("valkeys" | "rediss", rest)) => (true, rest),
            _ => return Err(wrong("give memory: or valkey://HOST:PORT/DB")),
        };
        if rest.contains('@') {
            return Err(wrong(
                "a password in it would be shown in errors and by `config dump`; give cvt.user \
                 and cvt.password_file",
            ));
        }
        if tls && !cfg!(feature = "tls") {
            return Err(wrong("this build has no TLS; build it with the feature valkey-tls"));
        }
        let (server, database) = rest.split_once('/').unwrap_or((rest, ""));
        let database = match database {
            "" => 0,
            number => number.parse().map_err(|_| wrong("the database is a number, as in /0"))?,
        };
        let (host, port) =
            split_port(server).ok_or_else(|| wrong("HOST:PORT is not understood"))?;
        Ok(Self::Valkey(Address { host: host.to_owned(), port, database, tls }))
    }
}

/// Splits a port off; a host in brackets is an IPv6 address.
fn split_port(server: &str) -> Option<(&str, u16)> {
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    let port = port.map_or(Some(DEFAULT_PORT), |port| port.parse().ok())?;
    (!host.is_empty()).then_some((host, port))
}

/// Returns what may be shown of a URL: not what stands before an `@`.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        _ => url.to_owned(),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, database, tls } = self;
        let scheme = if *tls { "valkeys" } else { "valkey" };
        match host.contains(':') {
            true => write!(f, "{scheme}://[{host}]:{port}/{database}"),
            false => write!(f, "{scheme}://{host}:{port}/{database}"),
        }
    }
}

impl fmt::Display for CvtUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Valkey(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_server_and_a_database() {
        let text = |url: &str| url.parse::<CvtUrl>().unwrap().to_string();
        assert_eq!(text("memory:"), "memory:");
        assert_eq!(text("valkey://cvt.example"), "valkey://cvt.example:6379/0");
        assert_eq!(text("valkey://10.0.0.5:7000/3"), "valkey://10.0.0.5:7000/3");
        assert_eq!(text("redis://[::1]:7000"), "valkey://[::1]:7000/0");
        assert_eq!(text("valkey://[::1]/"), "valkey://[::1]:6379/0");
    }

    #[test]
    fn what_is_wrong_is_said_and_no_password_is_repeated() {
        for (url, part) in [
            ("", "memory:"),
            ("mem:", "memory:"),
            ("valkey:/x", "valkey://HOST"),
            ("http://x", "valkey://HOST"),
            ("valkey://", "HOST:PORT"),
            ("valkey://x:port", "HOST:PORT"),
            ("valkey://[::1", "HOST:PORT"),
            ("valkey://x/one", "/0"),
            ("valkey://me:s3cret@x/0", "cvt.password_file"),
        ] {
            let error = url.parse::<CvtUrl>().unwrap_err().to_string();
            assert!(error.contains(part), "{url}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
