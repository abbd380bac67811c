//! `GET definitions`: the texts that are active, for tools that decode by themselves.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use groundlog_packet::definition::TargetSource;
use serde_json::{Value, json};

use super::refuse;
use crate::system::System;

/// `GET definitions`: hash, plug-in, and per target the rendered texts of its folder.
pub(super) async fn definitions(State(system): State<Arc<System>>) -> Response {
    let Some(hash) = system.definition_store.active() else {
        return refuse(StatusCode::NOT_FOUND, "no definitions are active: load a plug-in first");
    };
    match system.definition_store.get(hash).await {
        Ok(loaded) => Json(json!({
            "hash": hash.to_string(),
            "plugin": loaded.plugin(),
            "targets": loaded.definitions().sources().iter().map(target).collect::<Vec<_>>(),
        }))
        .into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, error),
    }
}

fn target(source: &TargetSource) -> Value {
    let file = |(path, text): &(String, String)| json!({ "path": path, "text": text });
    let binary = |(path, bytes): &(String, Vec<u8>)| json!({ "path": path, "hex": hex(bytes) });
    json!({
        "name": source.name,
        "target_txt": source.target_txt,
        "files": source.files.iter().map(file).collect::<Vec<_>>(),
        "binary_files": source.binary_files.iter().map(binary).collect::<Vec<_>>(),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
