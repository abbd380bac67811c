//! Every end-to-end test, in one binary: the release build of groundlog over real sockets.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

mod announcement;
mod backlog;
mod bad_input;
mod client;
mod closed_pipes;
mod commands;
mod crowd;
mod decode;
mod demo;
mod endurance;
mod faults;
mod full_disk;
mod jpss;
mod log_command;
mod operations_page;
mod outside;
mod plugin;
mod replay;
mod restart;
mod roles;
mod topology;
