//! The gateway over HTTP, on a log in memory with real decommutation and current values; the
//! owner of the interface is played by the test.

#![allow(clippy::unwrap_used)] // a test that cannot go on panics

mod auth;
mod client;
mod commands;
mod envelope;
mod gone_clients;
mod held_log;
mod imports;
mod operator;
mod operator_edges;
mod owner;
mod processes;
mod stack;
mod stores;
mod telemetry;
mod telemetry_changes;
mod two_gateways;
