use std::sync::Arc;

use anyhow::Context as _;
use groundlog_packet::{Definitions, definition::TargetSource};
use serde_json::Value;

use crate::{client::Client, hex};

/// Reads the definitions that are active in a running system.
///
/// # Errors
/// When the system does not say, or says what this version cannot read.
pub(crate) fn definitions_of_system(client: &Client) -> anyhow::Result<Arc<Definitions>> {
    let answer = client.get("/groundlog/v1/definitions")?;
    let targets = answer["targets"].as_array().context("the system names no targets")?;
    let mut builder = Definitions::builder();
    for target in targets {
        builder = builder.add_target(source(target).context("the system's definitions")?);
    }
    Ok(Arc::new(builder.build()?))
}

fn source(target: &Value) -> anyhow::Result<TargetSource> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text is missing");
    let pairs = |name: &str| target[name].as_array().cloned().unwrap_or_default();
    let mut source = TargetSource {
        name: text(&target["name"])?,
        target_txt: text(&target["target_txt"])?,
        files: Vec::new(),
        binary_files: Vec::new(),
    };
    for file in pairs("files") {
        source.files.push((text(&file["path"])?, text(&file["text"])?));
    }
    for file in pairs("binary_files") {
        let digits = text(&file["hex"])?;
        let bytes = hex::decode(&digits).context("bytes are not hex")?;
        source.binary_files.push((text(&file["path"])?, bytes));
    }
    Ok(source)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sources_are_read_as_the_gateway_writes_them() {
        let target = json!({
            "name": "SAT", "target_txt": "LANGUAGE python\n",
            "files": [{"path": "cmd_tlm/tlm.txt", "text": "TELEMETRY"}],
            "binary_files": [{"path": "cmd_tlm/start.bin", "hex": "00ff"}],
        });
        let source = source(&target).expect("complete");
        assert_eq!(source.files, [("cmd_tlm/tlm.txt".to_owned(), "TELEMETRY".to_owned())]);
        assert_eq!(source.binary_files, [("cmd_tlm/start.bin".to_owned(), vec![0, 255])]);
        assert!(super::source(&json!({"name": "SAT"})).is_err());
    }
}
