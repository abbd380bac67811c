//! Several processes' worth of roles in this test's process, on one shared log in memory.

mod cluster;
mod decoms;
mod gateways;
mod ingests;
mod names;
