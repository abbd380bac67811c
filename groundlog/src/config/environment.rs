//! The environment's part of the configuration.

use std::ffi::OsString;

use anyhow::{Context as _, bail};

/// Prefix of environment variables that override keys.
pub(super) const ENVIRONMENT_PREFIX: &str = "GROUNDLOG__";

/// Variables that are no keys of the configuration.
const VARIABLES: [&str; 5] = [
    "GROUNDLOG_LOG",
    "GROUNDLOG_URL",
    "GROUNDLOG_CVT_PASSWORD",
    "GROUNDLOG_KAFKA_PASSWORD",
    "GROUNDLOG_DEMO_SIMULATOR",
];

/// Returns the variables of the environment; what is no text is there with replacement characters.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |word: OsString| word.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
}

/// Names the variables that look like ours and that nothing reads, as a mistyped key of the
/// configuration would be.
pub(crate) fn unread_variables(
    environment: impl Iterator<Item = (String, String)>,
) -> impl Iterator<Item = String> {
    let names = environment.map(|(name, _)| name);
    names.filter_map(|name| {
        let rest = name.strip_prefix("GROUNDLOG_").filter(|rest| !rest.starts_with('_'))?;
        // What the tests of this program read is none of an operator's business.
        if VARIABLES.contains(&name.as_str()) || rest.starts_with("TEST_") {
            return None;
        }
        let key = match rest.split_once('_') {
            Some((section, key)) => format!("{section}__{}", key.trim_start_matches('_')),
            None => rest.to_owned(),
        };
        Some(format!(
            "environment variable {name}: nothing reads it; keys of the configuration are \
             {ENVIRONMENT_PREFIX}SECTION__KEY ({ENVIRONMENT_PREFIX}{key}?)"
        ))
    })
}

/// Names a variable and what it says, as a message can show it: what may be a secret is not shown.
pub(super) fn about(name: &str, value: &str) -> String {
    let secret = ["PASSWORD", "SECRET"].iter().any(|word| name.to_uppercase().contains(word));
    match secret {
        true => format!("environment variable {name}"),
        false => format!("environment variable {name}={value:?}"),
    }
}

/// Sets `SECTION__KEY`, or a key further down, of a table; a value is TOML where it reads as such,
/// else text.
pub(super) fn set(table: &mut toml::Table, path: &str, value: &str) -> anyhow::Result<()> {
    let path = path.to_lowercase();
    let Some((sections, key)) = path.rsplit_once("__") else {
        bail!("has no key: use {ENVIRONMENT_PREFIX}SECTION__KEY");
    };
    let parsed = format!("value = {value}")
        .parse::<toml::Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .filter(|value| value.is_integer() || value.is_bool() || value.is_array());
    let mut section = table;
    for name in sections.split("__") {
        section = section
            .entry(name)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
            .context("names no section")?;
    }
    section.insert(key.into(), parsed.unwrap_or_else(|| toml::Value::String(value.into())));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_nothing_reads_are_named() {
        let names = [
            "GROUNDLOG_GATEWAY_LISTEN",
            "GROUNDLOG_GATEWAY__LISTEN",
            "GROUNDLOG_LOG",
            "GROUNDLOG__LOG__URL",
            "HOME",
        ];
        let environment = names.map(|name| (name.to_owned(), String::new()));
        let unread: Vec<String> = unread_variables(environment.into_iter()).collect();
        assert_eq!(unread.len(), 2, "{unread:?}");
        for (unread, name) in unread.iter().zip(names) {
            assert!(unread.contains(&format!("{name}: nothing reads it")), "{unread}");
            assert!(unread.contains("(GROUNDLOG__GATEWAY__LISTEN?)"), "{unread}");
        }
    }
}
