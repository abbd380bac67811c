//! The outside world to the raw log: interfaces, protocols, links, command release.
