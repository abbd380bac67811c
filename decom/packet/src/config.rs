//! Reading of command and telemetry files into [`crate::Definitions`] (cosmos-packets §1, §2).
//!
//! Text becomes lines, lines become statements ([`tokenize`]), statements change the packet or
//! item that is current. Every statement is attempted and every error is collected with its file
//! and line ([`ConfigErrors`]), so that a user sees all of them at once.

mod arguments;
mod builder;
mod checks;
mod close;
mod code;
mod conversion_classes;
mod conversions;
mod error;
mod flow;
mod items;
mod keywords;
mod limits;
mod lines;
mod modifiers;
mod objects;
mod packets;
mod parser;
mod range;
mod structures;
mod values;
mod words;

pub use builder::DefinitionsBuilder;
pub use error::{ConfigError, ConfigErrors};
pub use lines::{Statement, Token, tokenize};
pub use words::{convert_to_value, hex_bytes};

pub(crate) use arguments::Arguments;
pub(crate) use checks::{MAX_ITEMS, MAX_PACKET_BITS, item as check_item};
pub(crate) use lines::{quoted_end, unquoted};
pub(crate) use range::bounds;
pub(crate) use words::is_null_word;
