//! What the program prints. Readers may go away (`| head`, a closed terminal), so nothing here
//! panics as `println!` would, which clippy forbids in this crate.

use std::{
    fmt,
    io::{ErrorKind, Write},
};

/// Prints a line of a command's result to standard output; a reader that goes away ends the
/// command in peace.
macro_rules! say {
    ($($text:tt)*) => { $crate::output::result(format_args!("{}\n", format_args!($($text)*))) };
}
pub(crate) use say;

/// Prints a line to standard output that nobody needs to read: the process goes on without.
macro_rules! announce {
    ($($text:tt)*) => { $crate::output::announcement(format_args!($($text)*)) };
}
pub(crate) use announce;

/// Prints a line to standard error: what is wrong, or on the way.
macro_rules! tell {
    ($($text:tt)*) => { $crate::output::note(format_args!($($text)*)) };
}
pub(crate) use tell;

/// Prints a text as it is, as a command's result.
pub(crate) fn result(text: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        tell!("groundlog: cannot write to standard output: {error}");
        std::process::exit(1);
    }
}

/// Prints a line of what the process does.
pub(crate) fn announcement(text: fmt::Arguments<'_>) {
    // Whoever started it may have seen enough.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a line of what is wrong, or on the way.
pub(crate) fn note(text: fmt::Arguments<'_>) {
    // There is nobody left to be told that nobody listens; the exit code still says it.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
