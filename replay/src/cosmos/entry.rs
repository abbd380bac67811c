use groundlog_packet::{PacketKind, Value};
use groundlog_proto::Nanos;

use super::{
    declared::{Declared, DeclaredPacket},
    maps,
};
use crate::record::{LoggedPacket, MAX_PACKET_BYTES};

/// The flags of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flags(pub(super) u16);

impl Flags {
    const COMMAND: u16 = 0x0800;
    const STORED: u16 = 0x0400;
    const ID: u16 = 0x0200;
    const CBOR: u16 = 0x0100;
    const EXTRA: u16 = 0x0080;
    const RECEIVED_TIME: u16 = 0x0040;

    fn has(self, flag: u16) -> bool {
        self.0 & flag != 0
    }

    /// Returns the type of the entry.
    pub(super) fn kind(self) -> u16 {
        self.0 >> 12
    }

    pub(super) fn packet_kind(self) -> PacketKind {
        if self.has(Self::COMMAND) { PacketKind::Command } else { PacketKind::Telemetry }
    }

    pub(super) fn has_id(self) -> bool {
        self.has(Self::ID)
    }

    pub(super) fn is_cbor(self) -> bool {
        self.has(Self::CBOR)
    }
}

/// Type of entries with a packet's bytes; those with its values follow.
const RAW_PACKET: u16 = 3;

/// An entry with a packet or its values.
pub(super) struct Entry {
    pub(super) logged: LoggedPacket,
    pub(super) received_time: Nanos,
    /// Bytes of the entry, flags included, up to the packet.
    pub(super) packet_at: usize,
}

impl Entry {
    /// Reads the body of an entry; `skip` foreign bytes come before its packet.
    pub(super) fn read(
        declared: &Declared,
        flags: Flags,
        body: &[u8],
        skip: usize,
    ) -> Result<Self, String> {
        let mut rest = Rest(body);
        let packet = declared.get(u16::from_be_bytes(rest.take("packet number")?))?;
        if packet.kind != flags.packet_kind() {
            return Err("its command flag is not that of the packet's declaration".to_owned());
        }
        let packet_time = rest.time("packet time")?;
        let received_time =
            if flags.has(Flags::RECEIVED_TIME) { rest.time("received time")? } else { packet_time };
        let extra = if flags.has(Flags::EXTRA) { Some(rest.extra(flags)?) } else { None };
        let values = if flags.kind() == RAW_PACKET {
            rest.skip(skip)?;
            None
        } else {
            Some(values_of(packet, rest.0, flags)?)
        };
        if rest.0.len() > MAX_PACKET_BYTES && values.is_none() {
            return Err(format!("its packet is longer than {MAX_PACKET_BYTES} bytes"));
        }
        let logged = LoggedPacket {
            kind: packet.kind,
            target: packet.target.clone(),
            packet: packet.name.clone(),
            packet_time,
            stored: flags.has(Flags::STORED),
            extra,
            values,
        };
        let packet_at = size_of::<u16>() + body.len() - rest.0.len();
        Ok(Self { logged, received_time, packet_at })
    }
}

/// Reads the values of a decommutated packet under their full keys.
fn values_of(
    packet: &DeclaredPacket,
    text: &[u8],
    flags: Flags,
) -> Result<Vec<(String, Value)>, String> {
    let entries = maps::read(text, flags.is_cbor())?;
    let named = |(key, value)| (packet.keys.get(&key).cloned().unwrap_or(key), value);
    Ok(entries.into_iter().map(named).collect())
}

/// What is left of a body.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const BYTES: usize>(&mut self, what: &str) -> Result<[u8; BYTES], String> {
        let (taken, rest) =
            self.0.split_first_chunk().ok_or_else(|| format!("it ends inside its {what}"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn time(&mut self, what: &str) -> Result<Nanos, String> {
        let nanos = u64::from_be_bytes(self.take(what)?);
        let time = i64::try_from(nanos).map(Nanos);
        time.map_err(|_| format!("its {what} of {nanos} ns is beyond the year 2262"))
    }

    /// Reads the extra block.
    ///
    /// The reference's main writer makes CBOR of it without saying so in the flags (cosmos-runtime
    /// §5.3, D3), so the bytes themselves decide; what is neither is kept as it is.
    fn extra(&mut self, flags: Flags) -> Result<Value, String> {
        let length = u32::from_be_bytes(self.take("length of the extra block")?) as usize;
        let (block, rest) =
            self.0.split_at_checked(length).ok_or("it ends inside its extra block")?;
        self.0 = rest;
        let looks_like_json = block.first().is_some_and(|b| *b == b'{' || b.is_ascii_whitespace());
        let cbor = flags.is_cbor() || !looks_like_json;
        let read = maps::read(block, cbor);
        Ok(match read {
            Ok(entries) => Value::Object(entries.into_iter().collect()),
            Err(_) => Value::Bytes(block.to_vec()),
        })
    }

    fn skip(&mut self, bytes: usize) -> Result<(), String> {
        let rest = self.0.get(bytes..);
        self.0 = rest.ok_or("its packet is shorter than --skip-header-bytes")?;
        Ok(())
    }
}
