//! XTCE: import, export and what is refused.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

#[path = "xtce/commands.rs"]
mod commands;
#[path = "xtce/containers.rs"]
mod containers;
#[path = "xtce/documents.rs"]
mod documents;
#[path = "xtce/hostile.rs"]
mod hostile;
#[path = "xtce/refused.rs"]
mod refused;
#[path = "xtce/round_trip.rs"]
mod round_trip;
#[path = "xtce/types.rs"]
mod types;
