//! Where the shared data lies. Crates below this one in the order of dependencies include this file
//! into their tests.

use std::path::{Path, PathBuf};

/// Finds a file of the shared data: GROUNDLOG_SHARED, relative to the workspace, or ../shared.
///
/// `None` where it is absent; the skip is printed and counted. With CI=true the absence is a failure.
pub fn shared(path: &str) -> Option<PathBuf> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = crate_folder.ancestors().find(|folder| folder.join("Cargo.lock").exists());
    let folder = std::env::var_os("GROUNDLOG_SHARED").unwrap_or_else(|| "../shared".into());
    let file = workspace.unwrap_or(crate_folder).join(folder).join(path);
    if file.exists() {
        return Some(file);
    }
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!in_ci, "{} is missing; set GROUNDLOG_SHARED", file.display());
    println!("SKIPPED: {} is missing; set GROUNDLOG_SHARED", file.display());
    None
}
