//! The words every part of groundlog shares: wire messages, positions, names, times, fault classes.
