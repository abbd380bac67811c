//! Decommutation: what raw records yield, and that folding them again yields the same bytes.

mod folding;
mod limits;
mod service;
mod support;
mod yields;
