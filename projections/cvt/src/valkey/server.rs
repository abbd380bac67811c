//! What the server is, looked at before anything is written to it.

use std::time::Duration;

use redis::Value;
use tokio::time::Instant;

use super::{ValkeyError, link::Link};

/// How long a start waits for a server that is only just starting, too.
const START_MAX: Duration = Duration::from_secs(5);
const START_STEP: Duration = Duration::from_millis(200);

/// The oldest versions with what the scripts and clients need.
const VALKEY_MIN: (u32, u32) = (7, 2);
const REDIS_MIN: (u32, u32) = (6, 2);

/// Checks version, role, eviction and cluster; waits a moment for a server that is not there yet.
pub(crate) async fn check(link: &Link) -> Result<(), ValkeyError> {
    let deadline = Instant::now() + START_MAX;
    loop {
        let found = match tokio::time::timeout_at(deadline, look(link)).await {
            Ok(found) => found,
            Err(_) => Err(ValkeyError::Unreachable {
                server: link.server().to_owned(),
                why: format!("no answer within {START_MAX:?}"),
            }),
        };
        match found {
            Err(ValkeyError::Unreachable { .. } | ValkeyError::Busy { .. })
                if Instant::now() + START_STEP < deadline =>
            {
                tokio::time::sleep(START_STEP).await;
            }
            found => return found,
        }
    }
}

async fn look(link: &Link) -> Result<(), ValkeyError> {
    let info = text(link.ask(&redis::cmd("INFO")).await?);
    judge(link.server(), &info)?;
    if field(&info, "cluster_enabled") != Some("1") {
        return Ok(());
    }
    let slots = text(link.ask(redis::cmd("CLUSTER").arg("INFO")).await?);
    match (field(&slots, "cluster_size"), field(&slots, "cluster_state")) {
        (Some("1"), Some("ok")) => Ok(()),
        (size, _) => Err(ValkeyError::Part {
            server: link.server().to_owned(),
            why: format!("{} of its nodes hold slots", size.unwrap_or("none")),
        }),
    }
}

fn judge(server: &str, info: &str) -> Result<(), ValkeyError> {
    let server = server.to_owned();
    let (name, version, min) = match field(info, "valkey_version") {
        Some(version) => ("Valkey", version, VALKEY_MIN),
        None => ("Redis", field(info, "redis_version").unwrap_or("of no version"), REDIS_MIN),
    };
    if number(version).is_none_or(|version| version < min) {
        return Err(ValkeyError::TooOld { server, found: format!("{name} {version}") });
    }
    if field(info, "role") == Some("slave") {
        return Err(ValkeyError::Replica { server });
    }
    let policy = field(info, "maxmemory_policy").unwrap_or("noeviction");
    if policy.starts_with("allkeys") {
        return Err(ValkeyError::Evicts { server, policy: policy.to_owned() });
    }
    Ok(())
}

fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Finds a line `name:value`.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
}

fn text(answer: Value) -> String {
    match answer {
        Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => text,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(lines: &[&str]) -> String {
        match judge("valkey://x:1/0", &lines.join("\r\n")) {
            Ok(()) => "good".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn servers_are_judged_by_what_they_say() {
        // Valkey calls itself a Redis of the version that it branched off from.
        assert_eq!(judged(&["redis_version:7.2.4", "valkey_version:8.1.8", "role:master"]), "good");
        assert_eq!(judged(&["redis_version:6.2.0", "maxmemory_policy:volatile-lru"]), "good");
        for (lines, part) in [
            (&["redis_version:6.0.16"][..], "Redis 6.0.16; the current value table needs"),
            (&["redis_version:7.2.4", "valkey_version:7.1.0"], "Valkey 7.1.0"),
            (&["nothing:0"], "of no version"),
            (&["valkey_version:8.1.8", "role:slave"], "replica"),
            (&["valkey_version:8.1.8", "maxmemory_policy:allkeys-lru"], "allkeys-lru"),
        ] {
            let said = judged(lines);
            assert!(said.contains(part) && said.contains("valkey://x:1/0"), "{said}");
        }
    }
}
