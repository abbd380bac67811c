//! Commands: their text form, building them with checks, and rendering them (cosmos-packets §7).

mod build;
mod check;
mod error;
mod hazard;
mod render;
mod text;

pub use build::{BuildOptions, BuiltCommand, build};
pub use error::{BuildError, CommandTextError};
pub use hazard::{hazard_of_given, messages_disabled};
pub use render::{built_command_text, given_command_text};
pub use text::{CommandText, parameter_value, parse};
