//! The whole role against real TCP servers in this process, on a log in memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod commands;
mod directives;
mod durable;
mod outage;
mod refusing_log;
mod stack;
mod takeover;
mod telemetry;
