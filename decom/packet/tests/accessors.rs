//! Packets whose items are found by keys in a document (cosmos-packets §9).

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

#[path = "accessors/cbor.rs"]
mod cbor;
#[path = "accessors/forms.rs"]
mod forms;
#[path = "accessors/garbage.rs"]
mod garbage;
#[path = "accessors/html.rs"]
mod html;
#[path = "accessors/http.rs"]
mod http;
#[path = "accessors/json.rs"]
mod json;
#[path = "accessors/plan.rs"]
mod plan;
#[path = "support/definitions.rs"]
mod support;
#[path = "accessors/templates.rs"]
mod templates;
#[path = "accessors/xml.rs"]
mod xml;

use groundlog_packet::access::{AccessError, PacketBuffer};
use groundlog_packet::definition::ValueType;
use groundlog_packet::{PacketKind, Value};

/// Makes a telemetry packet `P` with an accessor, and with bytes in it.
fn telemetry(accessor: &str, items: &str, bytes: impl AsRef<[u8]>) -> PacketBuffer {
    let config = format!("TELEMETRY TGT P BIG_ENDIAN\nACCESSOR {accessor}\n{items}");
    let packet = support::packet(&support::definitions(&config), PacketKind::Telemetry, "P");
    let mut buffer = PacketBuffer::new(packet);
    buffer.set_buffer(bytes.as_ref().to_vec()).unwrap();
    buffer
}

fn read(packet: &PacketBuffer, item: &str) -> Value {
    packet.read(item, ValueType::Converted).unwrap_or_else(|error| panic!("{error}"))
}

fn error(packet: &PacketBuffer, item: &str) -> AccessError {
    packet.read(item, ValueType::Converted).expect_err("an error")
}

fn write(
    packet: &mut PacketBuffer,
    item: &str,
    value: impl Into<Value>,
) -> Result<String, AccessError> {
    packet.write(item, &value.into(), ValueType::Converted)?;
    Ok(String::from_utf8_lossy(packet.buffer()).into_owned())
}
