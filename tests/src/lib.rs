//! End-to-end tests: the whole system as a user runs it.
