//! The decommutation fold: raw records in, decommutated records and limits events out.
