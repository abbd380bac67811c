//! target.txt: language, ignored names and which files are read (cosmos-packets §1.1, §2.6).

use crate::config::{Arguments, ConfigError, ConfigErrors, Statement, tokenize};
use crate::definition::Target;

/// What a target.txt says.
#[derive(Debug, Clone, Default)]
pub struct TargetSettings {
    /// The target, without packets.
    pub target: Target,
    /// Files of cmd_tlm named by `COMMANDS` and `TELEMETRY`, each with its line; empty: all files.
    pub files: Vec<(String, u32)>,
    /// What is accepted but not acted upon, with line.
    pub unsupported: Vec<String>,
}

/// Parses the text of a target.txt; an empty text is one without statements.
///
/// # Errors
/// [`ConfigErrors`] with every refused statement.
pub fn parse(name: &str, text: &str) -> Result<TargetSettings, ConfigErrors> {
    let target =
        Target { name: name.to_uppercase(), language: "ruby".to_owned(), ..Target::default() };
    let mut settings = TargetSettings { target, ..TargetSettings::default() };
    let mut errors = Vec::new();
    for statement in tokenize(text) {
        if let Err((message, usage)) = apply(&mut settings, &statement) {
            errors.push(ConfigError {
                file: file_of(&settings).into(),
                line: statement.line,
                statement: statement.text.clone(),
                message,
                usage: usage.map(str::to_owned),
            });
        }
    }
    if errors.is_empty() { Ok(settings) } else { Err(ConfigErrors { errors }) }
}

fn file_of(settings: &TargetSettings) -> String {
    format!("{}/target.txt", settings.target.name)
}

fn apply(
    settings: &mut TargetSettings,
    statement: &Statement,
) -> Result<(), (String, Option<&'static str>)> {
    let arguments = Arguments::new(statement);
    let (maximum, usage) = match arguments.keyword() {
        "LANGUAGE" => (1, "LANGUAGE <ruby|python>"),
        "REQUIRE" => (1, "REQUIRE <FILE>"),
        "IGNORE_PARAMETER" => (1, "IGNORE_PARAMETER <PARAMETER NAME>"),
        "IGNORE_ITEM" => (1, "IGNORE_ITEM <ITEM NAME>"),
        "COMMANDS" => (1, "COMMANDS <FILE IN cmd_tlm>"),
        "TELEMETRY" => (1, "TELEMETRY <FILE IN cmd_tlm>"),
        // Found out from the packets nowadays.
        "CMD_UNIQUE_ID_MODE" | "TLM_UNIQUE_ID_MODE" => return Ok(()),
        other => return Err((format!("Unknown keyword '{other}'"), None)),
    };
    let result = arguments.count(1, maximum).and_then(|()| {
        let word = arguments.text(0)?;
        let target = &mut settings.target;
        match arguments.keyword() {
            "LANGUAGE" => {
                let language = word.to_ascii_lowercase();
                if !["ruby", "python"].contains(&language.as_str()) {
                    return Err(format!("Unknown language {word}. Must be ruby or python."));
                }
                target.language = language;
            }
            "REQUIRE" => {
                target.requires.push(word.to_owned());
                settings.unsupported.push(format!(
                    "{}/target.txt:{}: REQUIRE {word} is not supported yet; the code is not run",
                    settings.target.name, statement.line
                ));
            }
            "IGNORE_PARAMETER" => target.ignored_parameters.push(word.to_uppercase()),
            "IGNORE_ITEM" => target.ignored_items.push(word.to_uppercase()),
            _ => settings.files.push((word.to_owned(), statement.line)),
        }
        Ok(())
    });
    result.map_err(|message| (message, Some(usage)))
}

/// Returns whether a file of a target is an XTCE document, by its name.
#[must_use]
pub fn is_xtce(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.ends_with(".xtce") || lower.ends_with(".xml")
}

/// Chooses the files to read, in order, out of the paths of a target's text files.
///
/// With explicit names only those, in their order; otherwise every `.txt` and `.xtce` below
/// `cmd_tlm`, sorted by path in byte order; never one whose base name starts with `_`.
///
/// # Errors
/// [`ConfigError`] when an explicitly named file is missing.
pub fn files_to_read<'a>(
    settings: &TargetSettings,
    paths: &[&'a str],
) -> Result<Vec<&'a str>, ConfigError> {
    if settings.files.is_empty() {
        let mut chosen: Vec<&str> = paths
            .iter()
            .copied()
            .filter(|path| {
                let base = path.rsplit('/').next().unwrap_or(path);
                let lower = base.to_ascii_lowercase();
                !base.starts_with('_')
                    && (lower.ends_with(".txt") || lower.ends_with(".xtce"))
                    && base != "target.txt"
            })
            .collect();
        chosen.sort_unstable();
        return Ok(chosen);
    }
    let mut chosen = Vec::new();
    for (name, line) in &settings.files {
        let wanted = format!("cmd_tlm/{name}");
        let found = paths
            .iter()
            .find(|path| ***path == *wanted || path.ends_with(&format!("/{wanted}")))
            .or_else(|| paths.iter().find(|path| *path == name));
        let path = found.ok_or_else(|| ConfigError {
            file: file_of(settings).into(),
            line: *line,
            statement: format!("COMMANDS or TELEMETRY {name}"),
            message: format!("File {name} was not found in cmd_tlm of {}", settings.target.name),
            usage: None,
        })?;
        chosen.push(*path);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_files_in_their_order() {
        let settings = parse("inst", "TELEMETRY b.txt\nCOMMANDS a.txt\nIGNORE_ITEM pad\n").unwrap();
        assert_eq!(settings.target.name, "INST");
        assert_eq!(settings.target.ignored_items, ["PAD"]);
        let paths = ["cmd_tlm/a.txt", "cmd_tlm/b.txt", "cmd_tlm/c.txt"];
        assert_eq!(files_to_read(&settings, &paths).unwrap(), ["cmd_tlm/b.txt", "cmd_tlm/a.txt"]);
        assert!(files_to_read(&settings, &paths[..1]).is_err());
    }

    #[test]
    fn all_files_in_byte_order() {
        let settings = parse("T", "").unwrap();
        let paths = ["b.txt", "_part.txt", "A.txt", "x.bin", "a.xtce", "x.xml"]
            .map(|p| format!("cmd_tlm/{p}"));
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let chosen = files_to_read(&settings, &paths).unwrap();
        assert_eq!(chosen, ["cmd_tlm/A.txt", "cmd_tlm/a.xtce", "cmd_tlm/b.txt"]);
    }

    #[test]
    fn errors_name_file_and_line() {
        let errors = parse("T", "LANGUAGE cobol\nBOGUS 1\nREQUIRE\n").unwrap_err();
        assert_eq!(errors.errors.len(), 3);
        let text = errors.to_string();
        assert!(text.contains("target.txt:2: BOGUS 1\nError: Unknown keyword 'BOGUS'"), "{text}");
        assert!(text.contains("Usage: REQUIRE <FILE>"), "{text}");
    }
}
