use std::fmt;

use sha2::{Digest, Sha256};

use crate::{content::Content, record::ImportRecord};

/// Identifies one import for ever.
///
/// The first record of a file and the name of a wanted repetition (`--again`) make the *lead*; all
/// files with the same lead are candidates for being the same, grown, or cut short, which their
/// [`Content`] decides. The first of them has the lead as its id, others with other content
/// `LEAD.2`, `LEAD.3` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImportId {
    text: String,
    lead_digits: usize,
    number: u32,
}

impl ImportId {
    /// Makes the lead of a file that begins with this record, if it has any.
    pub fn lead(first: Option<&ImportRecord>, again: Option<&str>) -> Self {
        let mut content = Content::default();
        first.into_iter().for_each(|record| content.push(record));
        let mut hash = Sha256::new();
        // Its length before the name: no content can look like the end of one.
        let again = again.unwrap_or("");
        hash.update(format!("groundlog import 3\nagain {}\n{again}\n", again.len()));
        hash.update(content.bytes());
        let digest = hash.finalize();
        let text: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { lead_digits: text.len(), text, number: 1 }
    }

    /// Returns the id of the import with this number, from 1, among those of the same lead.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let lead = self.lead_str();
        let text = if number == 1 { lead.to_owned() } else { format!("{lead}.{number}") };
        Self { text, number, ..*self }
    }

    /// Reads an id of this lead; `None` for another text.
    pub fn of_lead(&self, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(self.lead_str())?;
        let number = match rest.strip_prefix('.') {
            None if rest.is_empty() => 1,
            None => return None,
            Some(number) => number.parse().ok()?,
        };
        Some(self.numbered(number)).filter(|id| id.text == text)
    }

    /// Returns the lead as 32 hexadecimal digits.
    pub fn lead_str(&self) -> &str {
        &self.text[..self.lead_digits]
    }

    /// Returns the number among the imports of the same lead, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Returns the id: the lead, from the second import on with a point and its number behind.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(packet: &'static [u8], again: Option<&str>) -> ImportId {
        let record = ImportRecord::new(0, 0, packet.into());
        ImportId::lead(Some(&record), again)
    }

    #[test]
    fn first_record_and_name_make_the_lead() {
        let one = lead(b"abc", None);
        assert_eq!(one.as_str().len(), 32);
        assert_eq!(one, lead(b"abc", None));
        assert_ne!(one, lead(b"abd", None));
        assert_ne!(one, lead(b"abc", Some("second")));
        assert_ne!(lead(b"abc", Some("third")), lead(b"abc", Some("second")));
        assert_ne!(ImportId::lead(None, None), ImportId::lead(None, Some("x")));
    }

    #[test]
    fn ids_of_a_lead_are_numbered() {
        let one = lead(b"abc", None);
        assert_eq!(one.numbered(1), one);
        let second = one.numbered(2);
        assert_eq!(second.to_string(), format!("{one}.2"));
        assert_eq!((second.lead_str(), second.number()), (one.as_str(), 2));
        assert_eq!(second.numbered(1), one);
        for id in [&one, &second] {
            assert_eq!(second.of_lead(id.as_str()).as_ref(), Some(id));
        }
        let other = lead(b"x", None);
        for text in ["", other.as_str(), &format!("{one}0"), &format!("{one}.x")] {
            assert_eq!(one.of_lead(text), None, "{text}");
        }
        for text in [format!("{one}.1"), format!("{one}.02"), format!("{one}.")] {
            assert_eq!(one.of_lead(&text), None, "{text}");
        }
    }
}
