//! The compiled plan, its records and its limits state against the careful reader and naive models.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

#[path = "plan/definitions.rs"]
mod definitions;
#[path = "plan/garbage.rs"]
mod garbage;
#[path = "plan/limits.rs"]
mod limits;
#[path = "plan/times.rs"]
mod times;
#[path = "plan/values.rs"]
mod values;
