//! Runs worked vectors of the packet layer: `cargo run --release --example vectors -- FILE.json`.
//!
//! Prints each failing id with what was expected and what was found, then the skipped ids with
//! the reason, and closes with `N passed, N failed, N skipped`. Exit code 1 if any failed.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::process::ExitCode;

#[path = "vectors/suite.rs"]
mod suite;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: vectors FILE.json");
        return ExitCode::from(2);
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::from(2);
        }
    };
    match suite::run(&text) {
        Ok(report) => {
            print!("{report}");
            ExitCode::from(u8::from(report.failed() > 0))
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::from(2)
        }
    }
}
