//! Writing values in the forms that clients of the API know.

use groundlog_packet::{
    Value,
    value::{NonFinite, write_json},
};

pub use groundlog_packet::value::{
    write_json_bytes as write_bytes_object, write_json_string as write_string,
};

/// Appends a value; NaN and infinities become `json_class` objects (cosmos-api §1.3).
pub fn write_value(out: &mut Vec<u8>, value: &Value) {
    write_json(out, value, NonFinite::Object);
}
