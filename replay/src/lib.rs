//! Dumps and recordings back into the log.
