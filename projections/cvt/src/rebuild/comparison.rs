use groundlog_proto::Offset;

use crate::Image;

/// Names that a report lists before it only counts them.
const LISTED: usize = 20;

/// What comparing the live table with the rebuilt one has shown so far.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Entries of the rebuilt table.
    names: usize,
    /// Names whose entries differ, and how.
    pub(super) differences: Vec<String>,
    /// Names whose live entry comes from records that the log no longer has.
    gone: Vec<String>,
}

impl Comparison {
    /// Compares what both tables have of one partition, which was folded from an offset on.
    pub(super) fn add(&mut self, live: &Image, rebuilt: &Image, from: Offset) {
        self.names += rebuilt.len();
        for difference in live.differences(rebuilt) {
            if live.outlives(rebuilt, &difference.name, from) {
                self.gone.push(difference.name);
            } else {
                self.differences.push(format!("{} ({})", difference.name, difference.what));
            }
        }
    }

    /// Says what came out.
    pub(super) fn in_words(&self) -> String {
        let mut words = if self.differences.is_empty() {
            format!("equal bit for bit: {}", entries(self.names))
        } else {
            format!("different: {}, {}", entries(self.differences.len()), list(&self.differences))
        };
        if !self.gone.is_empty() {
            words += &format!(
                "; retention has removed the records of {}, which cannot be rebuilt: {}",
                entries(self.gone.len()),
                list(&self.gone)
            );
        }
        words
    }
}

fn entries(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

fn list(names: &[String]) -> String {
    let listed = names[..names.len().min(LISTED)].join(", ");
    if names.len() > LISTED { format!("{listed}, …") } else { listed }
}
