//! The current value table: a projection of decommutated records, and its reader.
