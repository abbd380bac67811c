//! Where a topic's generation is kept: in the topic's own settings, as a retention limit that is
//! never reached.
//!
//! A setting is created and deleted with its topic, in one step, and every client can read it: a
//! topic that was re-created has another generation, or none. No separate record can say that, and
//! Kafka's own topic ids are not shown by the client library. docs/adr/0002-kafka-log.md weighs
//! the alternatives.

use groundlog_proto::Generation;

use crate::{LogError, Retention};

/// Generations are at least this: as a number of bytes or milliseconds it is "for ever" (4 exabytes,
/// 146 million years).
const SMALLEST: u64 = 1 << 62;

/// Makes a random generation.
pub(super) fn random() -> Result<Generation, LogError> {
    let random = getrandom::u64().map_err(|error| LogError::Io {
        context: "cannot read random bytes from",
        path: "the operating system".into(),
        source: std::sync::Arc::new(std::io::Error::other(error.to_string())),
    })?;
    // Half of the range of a signed number: 62 random bits.
    Ok(Generation(SMALLEST | (random >> 2)))
}

/// Names the setting that holds the generation: the limit that the retention does not use.
pub(super) fn carrier(retention: Retention) -> &'static str {
    match retention {
        Retention::Bytes(_) => "retention.ms",
        Retention::Forever | Retention::Age(_) | Retention::Compact => "retention.bytes",
    }
}

/// Reads a generation out of a topic's settings, whatever its retention.
pub(super) fn read<'a>(setting: impl Fn(&str) -> Option<&'a str>) -> Option<Generation> {
    let number = |name| setting(name).and_then(|value| value.parse::<u64>().ok());
    [number("retention.bytes"), number("retention.ms")]
        .into_iter()
        .flatten()
        .find(|number| (SMALLEST..=i64::MAX as u64).contains(number))
        .map(Generation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_is_a_limit_that_is_never_reached() {
        let (one, two) = (random().expect("random"), random().expect("random"));
        assert_ne!(one, two);
        for generation in [one, two] {
            let text = generation.0.to_string();
            assert!(text.parse::<i64>().is_ok_and(|limit| limit >= 1 << 62), "{text}");
            for retention in [Retention::Forever, Retention::Bytes(1 << 30)] {
                let carrier = carrier(retention);
                let setting = |name: &str| (name == carrier).then_some(text.as_str());
                assert_eq!(read(setting), Some(generation));
            }
        }
        for foreign in ["-1", "604800000", "1073741824", "nonsense"] {
            assert_eq!(read(|_| Some(foreign)), None);
        }
    }
}
