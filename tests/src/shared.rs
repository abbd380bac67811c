use std::path::PathBuf;

/// Finds a file of the shared data (GROUNDLOG_SHARED, default ../shared).
///
/// `None` where there is no such folder; the skip is printed and counted. With CI=true the absence
/// is a failure.
pub fn shared(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("GROUNDLOG_SHARED")
        .map_or_else(|| crate::workspace().join("../shared"), PathBuf::from);
    let file = folder.join(path);
    if file.exists() {
        return Some(file);
    }
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!in_ci, "{} is missing; set GROUNDLOG_SHARED", file.display());
    println!("SKIPPED: {} is missing; set GROUNDLOG_SHARED", file.display());
    None
}
