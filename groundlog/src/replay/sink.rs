use std::fmt::Write as _;

use groundlog_replay::{Appended, Batch, ImportId, ImportSink, KnownImport};
use serde_json::Value;

use crate::client::{Client, ClientError};

/// The append endpoint of a running system.
pub(crate) struct GatewaySink(pub(crate) Client);

impl ImportSink for GatewaySink {
    type Error = ClientError;

    fn imports(&mut self, lead: &ImportId) -> Result<Vec<KnownImport>, ClientError> {
        let path = format!("/groundlog/v1/imports?lead={}", lead.lead_str());
        let answer = self.0.get(&path)?;
        let imports = answer["imports"].as_array().map(Vec::as_slice).unwrap_or_default();
        let known = imports.iter().filter_map(|import| {
            Some(KnownImport {
                id: lead.of_lead(import["import_id"].as_str()?)?,
                next_index: number(import, "next_index"),
                complete: import["complete"].as_bool().unwrap_or(false),
                content: content(import),
            })
        });
        Ok(known.collect())
    }

    fn content(&mut self, id: &ImportId, index: u64) -> Result<Option<u64>, ClientError> {
        match self.0.get(&format!("/groundlog/v1/imports/{id}/content/{index}")) {
            Ok(answer) => Ok(Some(content(&answer))),
            Err(ClientError::Status { status: GONE, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn append(&mut self, batch: &Batch) -> Result<Appended, ClientError> {
        let path = append_path(batch);
        match self.0.post(&path, "application/octet-stream", &batch.body) {
            // All of it was there, and more: what it says was not compared.
            Ok(answer) if number(&answer, "next_index") > batch.first_index + batch.records => {
                Ok(Appended::Overtaken)
            }
            Ok(answer) => Ok(Appended::Taken(number(&answer, "appended"))),
            Err(ClientError::Status { status: PRECONDITION_FAILED, .. }) => Ok(Appended::Overtaken),
            Err(error) => Err(error),
        }
    }
}

/// The gateway's word for a record that the log does not have.
const GONE: u16 = 410;
/// The gateway's word for a record whose place in the import is taken by another.
const PRECONDITION_FAILED: u16 = 412;

/// Reads the running hash, 16 hexadecimal digits.
fn content(answer: &Value) -> u64 {
    let digits = answer["content"].as_str().unwrap_or_default();
    u64::from_str_radix(digits, 16).unwrap_or_default()
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
