//! The groundlog binary.
fn main() {}
