//! Why a command is refused; the texts are the ones that clients match on (cosmos-api §2.2).

use thiserror::Error;

use crate::access::AccessError;
use crate::definition::LookupError;

/// Why a command text is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandTextError {
    /// Nothing was given.
    #[error("ERROR: text must not be empty")]
    Empty,
    /// `with` and nothing behind it.
    #[error("ERROR: 'with' must be followed by parameters : {0}")]
    NoParameters(String),
    /// One word only.
    #[error("ERROR: Both Target Name and Command Name must be given : {0}")]
    MissingName(String),
    /// More than two words before `with`.
    #[error("ERROR: Only Target Name and Command Name must be given before 'with' : {0}")]
    TooManyNames(String),
    /// A comma with nothing before it.
    #[error("Missing command parameter before comma: {0}")]
    MissingParameter(String),
    /// The last name has no value.
    #[error("Missing value for last command parameter: {0}")]
    MissingValue(String),
    /// Three words without a comma.
    #[error("Missing comma in command parameters: {0}")]
    MissingComma(String),
}

/// Why a command cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BuildError {
    /// No such target or command.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// A parameter cannot be written; also a parameter that does not exist.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A number outside its range.
    #[error(
        "Command parameter '{parameter}' = {value} not in valid range of {minimum} to {maximum}"
    )]
    Range {
        /// Target, command and parameter.
        parameter: String,
        /// The value; text in single quotes.
        value: String,
        /// Lower end.
        minimum: String,
        /// Upper end.
        maximum: String,
    },
    /// A value that is none of the states.
    #[error("Command parameter '{parameter}' = {value} not one of {states}")]
    State {
        /// Target, command and parameter.
        parameter: String,
        /// The value in capitals.
        value: String,
        /// State names, or for raw commands the state values.
        states: String,
    },
    /// The command's validator stops it.
    #[error("Command '{command}' was stopped by its validator: {message}")]
    Validator {
        /// Target and command.
        command: String,
        /// What the validator says.
        message: String,
    },
    /// The command's validator reports a failure after the command was sent.
    #[error("Command '{command}' was sent, but its validator reports a failure: {message}")]
    SentValidator {
        /// Target and command.
        command: String,
        /// What the validator says.
        message: String,
    },
    /// A parameter that must be given was not.
    #[error("Required command parameter '{parameter}' not given")]
    Required {
        /// Target, command and parameter.
        parameter: String,
    },
}

impl BuildError {
    /// Returns whether the refusal is one of the range check, which callers may switch off.
    #[must_use]
    pub fn is_range_failure(&self) -> bool {
        matches!(self, Self::Range { .. } | Self::State { .. })
    }
}
