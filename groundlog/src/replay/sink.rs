use std::fmt::Write as _;

use groundlog_replay::{Appended, Batch, ImportId, ImportSink, ImportState};
use serde_json::Value;

use crate::client::{Client, ClientError};

/// The append endpoint of a running system.
pub(crate) struct GatewaySink(pub(crate) Client);

impl ImportSink for GatewaySink {
    type Error = ClientError;

    fn state(&mut self, id: &ImportId) -> Result<Option<ImportState>, ClientError> {
        let found = self.0.find(&format!("/groundlog/v1/imports/{id}"))?;
        Ok(found.map(|state| ImportState {
            next_index: number(&state, "next_index"),
            complete: state.get("complete").and_then(Value::as_bool).unwrap_or(false),
        }))
    }

    fn append(&mut self, batch: &Batch) -> Result<Appended, ClientError> {
        let path = append_path(batch);
        let answer = self.0.post(&path, "application/octet-stream", &batch.body)?;
        Ok(Appended { appended: number(&answer, "appended"), skipped: number(&answer, "skipped") })
    }
}

fn append_path(batch: &Batch) -> String {
    format!(
        "/groundlog/v1/append?import_id={}&object={}&first_index={}&complete={}",
        batch.id,
        percent_encoded(&batch.object),
        batch.first_index,
        batch.complete
    )
}

fn number(answer: &Value, name: &str) -> u64 {
    answer.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// Makes text fit for a query (RFC 3986 §2.3: all but unreserved characters).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_survive_the_query() {
        assert_eq!(percent_encoded("pass 1&2=ü.dat"), "pass%201%262%3D%C3%BC.dat");
    }
}
