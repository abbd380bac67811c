//! The checked-in `src/wire.rs` is exactly what `groundlog.proto` generates.
//!
//! The schema is the single source of truth; the generated file is checked in so that a build needs
//! no protoc. After changing the schema:
//! `GROUNDLOG_UPDATE=1 cargo test -p groundlog-proto --test schema`.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::path::Path;

#[test]
fn wire_rs_is_generated_from_the_schema() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = protox::compile([here.join("groundlog.proto")], [here]).expect("schema compiles");
    let mut config = prost_build::Config::new();
    config.bytes(["."]);
    config.btree_map(["."]);
    let requests = files
        .file
        .into_iter()
        .map(|file| (prost_build::Module::from_parts(["wire"]), file))
        .collect();
    let generated = config.generate(requests).expect("code generation");
    let generated = generated.into_values().next().expect("one module");
    let expected = format!(
        "// Generated from groundlog.proto; see tests/schema.rs. Do not edit.\n{generated}"
    );
    let path = here.join("src/wire.rs");
    if std::env::var_os("GROUNDLOG_UPDATE").is_some() {
        std::fs::write(&path, &expected).expect("write wire.rs");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "src/wire.rs is out of date: GROUNDLOG_UPDATE=1 cargo test -p groundlog-proto --test schema"
    );
}
