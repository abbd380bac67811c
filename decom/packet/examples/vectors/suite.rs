//! Reading a file of vectors and judging each one; shared by the example and the tests.

mod build;
mod bytes;
mod json;
mod packet;
mod parse;

use std::fmt;
use std::sync::LazyLock;

use groundlog_packet::Value;
use serde_json::Value as Json;

/// What became of one vector.
#[derive(Debug)]
enum Verdict {
    Passed { values: usize },
    Failed { expected: String, found: String },
    Skipped { reason: String },
}

/// What a vector's run gave, and what is not supported in its definitions.
#[derive(Debug)]
pub(crate) struct Outcome {
    found: Value,
    unsupported: Vec<String>,
}

impl Outcome {
    fn of(found: Value) -> Self {
        Self { found, unsupported: Vec::new() }
    }
}

/// The verdicts of a file.
#[derive(Debug)]
pub(crate) struct Report {
    verdicts: Vec<(String, Verdict)>,
}

impl Report {
    pub(crate) fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Failed { .. }))
    }

    pub(crate) fn passed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Passed { .. }))
    }

    pub(crate) fn skipped(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Skipped { .. }))
    }

    /// Returns how many single values were found as expected.
    pub(crate) fn values(&self) -> usize {
        let values = |verdict: &Verdict| match verdict {
            Verdict::Passed { values } => *values,
            _ => 0,
        };
        self.verdicts.iter().map(|(_, verdict)| values(verdict)).sum()
    }

    fn count(&self, wanted: impl Fn(&Verdict) -> bool) -> usize {
        self.verdicts.iter().filter(|(_, verdict)| wanted(verdict)).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, verdict) in &self.verdicts {
            if let Verdict::Failed { expected, found } = verdict {
                writeln!(f, "FAILED {id}\n  expected {expected}\n  found    {found}")?;
            }
        }
        for (id, verdict) in &self.verdicts {
            if let Verdict::Skipped { reason } = verdict {
                writeln!(f, "skipped {id}: {reason}")?;
            }
        }
        let (passed, failed, skipped) = (self.passed(), self.failed(), self.skipped());
        let values = self.values();
        writeln!(f, "{passed} passed ({values} values), {failed} failed, {skipped} skipped")
    }
}

/// Runs every vector of a file.
///
/// # Errors
/// A message when the text is not a file of vectors.
pub(crate) fn run(text: &str) -> Result<Report, String> {
    let file: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let vectors = file.get("vectors").and_then(Json::as_array).ok_or("no list named 'vectors'")?;
    let verdicts = vectors.iter().map(|vector| (json::text(vector, "id"), judge(vector)));
    Ok(Report { verdicts: verdicts.collect() })
}

fn judge(vector: &Json) -> Verdict {
    let outcome = match json::text(vector, "kind").as_str() {
        "read" => bytes::read(vector),
        "write" => bytes::write(vector),
        "packet" => packet::steps(vector),
        "identify" => packet::identify(vector),
        "build_cmd" => build::command(vector),
        "format_cmd" => build::formatted(vector),
        "cmd_text" => parse::command_text(vector),
        "convert_to_value" => parse::to_value(vector),
        "tokenize" => parse::tokens(vector),
        "config_error" => parse::config_error(vector),
        "warnings" => parse::warnings(vector),
        "conversion" => parse::conversion(vector),
        "erb" => parse::template(vector),
        other => Err(format!("unknown kind of vector '{other}'")),
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(reason) => return Verdict::Skipped { reason },
    };
    let corrected = corrected(vector);
    let candidates = corrected.as_ref().map_or_else(|| expected(vector), |json| vec![json]);
    if json::holds_error(&outcome.found) && !outcome.unsupported.is_empty() {
        // An error because of what is missing must not pass for the error that is expected.
        return Verdict::Skipped { reason: outcome.unsupported.join("; ") };
    }
    if candidates.iter().any(|expected| json::agrees(expected, &outcome.found)) {
        return Verdict::Passed { values: leaves(&outcome.found) };
    }
    if !outcome.unsupported.is_empty() {
        return Verdict::Skipped { reason: outcome.unsupported.join("; ") };
    }
    let shown: Vec<String> = candidates.iter().map(|json| json.to_string()).collect();
    Verdict::Failed { expected: shown.join(" or "), found: format!("{:?}", outcome.found) }
}

/// Returns what is right where the expected results are a defect of the reference.
fn corrected(vector: &Json) -> Option<Json> {
    static CORRECTIONS: LazyLock<Json> = LazyLock::new(|| {
        serde_json::from_str(include_str!("corrected.json")).expect("a file of corrections")
    });
    CORRECTIONS.get(json::text(vector, "id"))?.get("expected").cloned()
}

/// Counts the single values that a result is made of.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(leaves).sum(),
        Value::Object(entries) => entries.values().map(leaves).sum(),
        _ => 1,
    }
}

/// Returns the results that count: the reference to follow, or either.
fn expected(vector: &Json) -> Vec<&Json> {
    let python = vector.get("expected");
    let ruby = vector.get("ruby");
    let chosen = match vector.get("follow").and_then(Json::as_str) {
        Some("ruby") => vec![ruby],
        Some("either") => vec![python, ruby],
        _ => vec![python],
    };
    chosen.into_iter().flatten().collect()
}
