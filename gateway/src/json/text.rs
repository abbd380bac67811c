//! String literals.

use std::borrow::Cow;

/// Reads the literal whose opening quote was just passed; returns it with the bytes it takes,
/// closing quote included. Without an escape nothing is copied.
///
/// Half a surrogate pair becomes U+FFFD: it has no UTF-8 form.
pub(super) fn read(text: &str) -> Result<(Cow<'_, str>, usize), &'static str> {
    let bytes = text.as_bytes();
    let plain = plain_length(bytes);
    match bytes.get(plain) {
        Some(b'"') => return Ok((Cow::Borrowed(&text[..plain]), plain + 1)),
        Some(b'\\') => {}
        Some(_) => return Err("a control character must be escaped"),
        None => return Err("a string is not closed"),
    }
    let mut out = String::with_capacity(plain + 32);
    out.push_str(&text[..plain]);
    let mut at = plain;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok((Cow::Owned(out), at + 1)),
            Some(b'\\') => at += 1 + escape(&bytes[at + 1..], &mut out)?,
            Some(byte) if *byte < 0x20 => return Err("a control character must be escaped"),
            Some(_) => {
                let run = plain_length(&bytes[at..]);
                out.push_str(&text[at..at + run]);
                at += run;
            }
            None => return Err("a string is not closed"),
        }
    }
}

fn plain_length(bytes: &[u8]) -> usize {
    let special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
    bytes.iter().position(special).unwrap_or(bytes.len())
}

/// Reads what follows a backslash; returns how many bytes it takes.
fn escape(bytes: &[u8], out: &mut String) -> Result<usize, &'static str> {
    let plain = match bytes.first() {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(&bytes[1..], out).map(|taken| taken + 1),
        _ => return Err("an escape is not known"),
    };
    out.push(plain);
    Ok(1)
}

fn unicode(bytes: &[u8], out: &mut String) -> Result<usize, &'static str> {
    let first = hex4(bytes)?;
    if (0xD800..0xDC00).contains(&first) && bytes.get(4..6) == Some(b"\\u") {
        let second = hex4(&bytes[6..])?;
        if (0xDC00..0xE000).contains(&second) {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            out.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
            return Ok(10);
        }
    }
    out.push(char::from_u32(first).unwrap_or('\u{FFFD}'));
    Ok(4)
}

fn hex4(bytes: &[u8]) -> Result<u32, &'static str> {
    const WRONG: &str = "\\u needs four hex digits";
    let digits = bytes.get(..4).ok_or(WRONG)?;
    digits.iter().try_fold(0, |code, byte| {
        let digit = char::from(*byte).to_digit(16).ok_or(WRONG)?;
        Ok(code << 4 | digit)
    })
}
