//! The whole role against real TCP servers in this process, on a log in memory.

mod commands;
mod directives;
mod refusing_log;
mod stack;
mod telemetry;
