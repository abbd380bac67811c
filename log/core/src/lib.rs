//! The log: contracts, backends and their conformance suite.
