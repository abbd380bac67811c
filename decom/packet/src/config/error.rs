//! Errors of configuration files, each with file, line, statement and usage.

use std::fmt;
use std::sync::Arc;

/// One refused statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Path of the file as it was given to the parser.
    pub file: Arc<str>,
    /// Line of the statement's end, counted from 1; 0 when the error is about the whole file.
    pub line: u32,
    /// The statement, continuation lines joined.
    pub statement: String,
    /// What is wrong.
    pub message: String,
    /// Keyword and parameters, where the keyword is known.
    pub usage: Option<String>,
}

/// Shows one entry: `file:line: statement`, `Error: …`, `Usage: …` (cosmos-packets §1.7).
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.file.rsplit('/').next().unwrap_or(&self.file);
        writeln!(f, "{base}:{}: {}", self.line, self.statement)?;
        write!(f, "Error: {}", self.message)?;
        if let Some(usage) = &self.usage {
            write!(f, "\nUsage: {usage}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Every error of a load, in file and line order; nothing was changed by the load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The errors; at least one.
    pub errors: Vec<ConfigError>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut current: Option<&str> = None;
        for error in &self.errors {
            if current != Some(&error.file) {
                writeln!(f, "Error processing {}:", error.file)?;
                current = Some(&error.file);
            }
            writeln!(f, "\n{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
