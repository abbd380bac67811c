use std::fmt;

/// Wrong usage: what the command line says cannot mean anything, whatever the state of the system.
/// Ends with exit code 2, like the errors of the command line's own parser.
#[derive(Debug)]
struct UsageError(String);

/// Makes the error; says what to write instead.
pub(crate) fn wrong_usage(text: impl fmt::Display) -> anyhow::Error {
    UsageError(text.to_string()).into()
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Returns the exit code for an error that ends a command.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<UsageError>() { 2 } else { 1 }
}

/// Puts an error and its causes into one line, what several of them say once.
pub(crate) fn told(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if line.is_empty() || text.starts_with(&line) {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn wrong_usage_has_a_code_of_its_own() {
        let error = Err::<(), _>(wrong_usage("say --plugin DIR"));
        let error = error.context("nothing is loaded").expect_err("an error");
        assert_eq!((exit_code(&error), exit_code(&anyhow::anyhow!("no disk"))), (2, 1));
        assert_eq!(told(&error), "nothing is loaded: say --plugin DIR");
    }

    #[test]
    fn what_causes_repeat_is_told_once() {
        let cause = std::io::Error::other("there is no log");
        let error = anyhow::Error::new(cause)
            .context("cannot open the log in data: there is no log")
            .context("cannot open the log in data");
        assert_eq!(told(&error), "cannot open the log in data: there is no log");
    }
}
