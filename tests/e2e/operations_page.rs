//! What the operators' pages quote is what the program says.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use groundlog_tests::workspace;

/// Gathers the program's sources: of every crate, without tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "tests" && !name.starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Reads a source with texts that are broken over lines joined again, and quotes as they print.
fn text_of(path: &Path) -> String {
    let source = fs::read_to_string(path).expect("a source");
    let mut joined = String::with_capacity(source.len());
    let mut pieces = source.split("\\\n");
    joined.push_str(pieces.next().unwrap_or_default());
    pieces.for_each(|piece| joined.push_str(piece.trim_start()));
    joined.replace("\\\"", "\"")
}

/// Returns the names and values of the constants of a source that hold a text.
fn constants(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.split_once("const "));
    let named = lines.filter_map(|(_, rest)| {
        let (name, value) = rest.split_once(": &str = \"")?;
        Some((format!("{{{name}}}"), value.split_once('"')?.0.to_owned()))
    });
    named.collect()
}

#[test]
fn quoted_messages_are_those_of_the_program() {
    let page = fs::read_to_string(workspace().join("docs/operations.md")).expect("the page");
    let mut files = Vec::new();
    sources(&workspace(), &mut files);
    let program: Vec<String> = files.iter().map(|path| text_of(path)).collect();
    let constants: Vec<_> = program.iter().flat_map(|text| constants(text)).collect();
    let put_in = |text: &String| {
        let used = constants.iter().filter(|(name, _)| text.contains(name));
        used.fold(text.clone(), |text, (name, value)| text.replace(name, value))
    };
    let program: Vec<String> = program.iter().map(put_in).collect();
    let blocks: Vec<&str> = page.split("```text\n").skip(1).collect();
    assert!(blocks.len() >= 10, "{} messages are quoted", blocks.len());
    for block in blocks {
        let message = block.split("\n```").next().expect("an end");
        // Names and numbers are put in where the page has an ellipsis; what the system says (behind
        // the last colon) is not ours.
        let ours = message.strip_suffix("Connection refused").unwrap_or(message);
        for part in ours.split('…').filter(|part| part.trim().len() > 3) {
            let part = part.trim_matches([' ', ':']);
            assert!(program.iter().any(|text| text.contains(part)), "'{part}' of '{message}'");
        }
    }
}

/// Gathers the metrics that a text names between `quote`s.
fn metrics(text: &str, quote: char) -> BTreeSet<String> {
    let quoted = text.split(quote).filter(|word| word.starts_with("groundlog_"));
    let named = quoted.filter(|word| word.chars().all(|it| it == '_' || it.is_ascii_lowercase()));
    named.filter(|name| !name.starts_with("groundlog_test_")).map(str::to_owned).collect()
}

#[test]
fn every_metric_is_on_its_page() {
    let page = fs::read_to_string(workspace().join("docs/metrics.md")).expect("the page");
    let mut files = Vec::new();
    sources(&workspace(), &mut files);
    let program: BTreeSet<String> =
        files.iter().flat_map(|path| metrics(&text_of(path), '"')).collect();
    assert!(program.len() > 20, "{program:?}");
    assert_eq!(metrics(&page, '`'), program);
}
