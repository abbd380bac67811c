use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;

/// In which order the files of a folder go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileOrder {
    /// Last name first: names of recordings begin with their date
    Newest,
    /// First name first
    Oldest,
}

/// The path that means standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// Lists the files meant by paths: files as given, folders with all files below them; standard
/// input stays what it is.
///
/// # Errors
/// Names the path that does not exist, and a folder without files.
pub(crate) fn files_of(paths: &[PathBuf], order: FileOrder) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let about = || format!("cannot read {}", path.display());
        if path == Path::new(STANDARD_INPUT)
            || !std::fs::metadata(path).with_context(about)?.is_dir()
        {
            files.push(path.clone());
            continue;
        }
        let mut found = Vec::new();
        collect(path, &mut found).with_context(about)?;
        if found.is_empty() {
            anyhow::bail!("there are no files in {}", path.display());
        }
        found.sort();
        if order == FileOrder::Newest {
            found.reverse();
        }
        files.extend(found);
    }
    Ok(files)
}

/// Gathers files, hidden ones left out.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), found)?;
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_files_newest_first() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("sub")).expect("a folder");
        for name in ["2021-01.dat", "2021-03.dat", "sub/2021-02.dat", ".hidden"] {
            std::fs::write(folder.path().join(name), "").expect("a file");
        }
        let paths = [folder.path().to_owned()];
        let names = |order| -> Vec<String> {
            let files = files_of(&paths, order).expect("files");
            files
                .iter()
                .map(|file| file.file_name().expect("a name").to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(names(FileOrder::Oldest), ["2021-01.dat", "2021-03.dat", "2021-02.dat"]);
        assert_eq!(names(FileOrder::Newest), ["2021-02.dat", "2021-03.dat", "2021-01.dat"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = files_of(&["/nowhere/at/all".into()], FileOrder::Newest).expect_err("missing");
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
        let empty = tempfile::tempdir().expect("a folder");
        assert!(files_of(&[empty.path().to_owned()], FileOrder::Newest).is_err());
    }
}
