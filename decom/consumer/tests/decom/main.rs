//! Decommutation: what raw records yield, and that folding them again yields the same bytes.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

mod folding;
mod limits;
mod responses;
mod service;
mod support;
mod yields;
