//! Results on standard output; a reader that goes away (`| head`) ends the command in peace.

use std::{
    fmt,
    io::{ErrorKind, Write},
};

/// Prints one line like `println!`, without panicking when nobody reads it.
macro_rules! say {
    ($($text:tt)*) => { $crate::output::line(format_args!($($text)*)) };
}
pub(crate) use say;

/// Prints one line.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(std::io::stdout().lock(), "{text}") {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("groundlog: cannot write to standard output: {error}");
        std::process::exit(1);
    }
}
