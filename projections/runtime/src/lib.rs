//! The projection contract and the one runner that drives every fold of the log.
