//! CCSDS space packets as the demo target defines them (CCSDS 133.0-B, primary header; on-board
//! time and packet id behind it).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes before the first item of a telemetry packet: primary header 6, time 8, packet id 2.
pub(super) const HEADER_BYTES: usize = 16;
/// Bytes of the primary header.
const PRIMARY_BYTES: usize = 6;
/// Bytes of a command before its parameters: primary header 6, packet id 2.
const COMMAND_HEADER_BYTES: usize = 8;
/// The 14-bit sequence count starts anew after this.
pub(super) const SEQUENCE_COUNTS: u16 = 1 << 14;
/// Application process that takes commands.
const COMMAND_APID: u16 = 200;

/// Begins a telemetry packet; [`finish`] fills in its length.
pub(super) fn begin(apid: u16, sequence_count: u16, time: SystemTime) -> Vec<u8> {
    let mut packet = Vec::with_capacity(80);
    // Version 0, type telemetry, secondary header present.
    packet.extend_from_slice(&(0x0800 | apid).to_be_bytes());
    packet.extend_from_slice(&(0xc000 | sequence_count).to_be_bytes());
    packet.extend_from_slice(&[0, 0]);
    let time = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    packet.extend_from_slice(&(time.as_secs() as u32).to_be_bytes());
    packet.extend_from_slice(&time.subsec_micros().to_be_bytes());
    packet.extend_from_slice(&1_u16.to_be_bytes());
    packet
}

/// Fills in the length field: bytes behind the primary header, less one.
pub(super) fn finish(mut packet: Vec<u8>) -> Vec<u8> {
    let length = (packet.len() - PRIMARY_BYTES - 1) as u16;
    packet[4..6].copy_from_slice(&length.to_be_bytes());
    packet
}

/// A command as it came in: which one, and its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RawCommand<'a> {
    pub(super) id: u16,
    pub(super) parameters: &'a [u8],
}

/// What lies at the front of the bytes received.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received<'a> {
    /// Not yet a whole packet.
    Incomplete,
    /// A command, and the bytes it takes.
    Command(RawCommand<'a>, usize),
    /// A packet that is no command for this spacecraft.
    Other(usize),
}

/// Looks at the front of the bytes received.
pub(super) fn next_command(bytes: &[u8]) -> Received<'_> {
    let Some(header) = bytes.get(..PRIMARY_BYTES) else {
        return Received::Incomplete;
    };
    let length = usize::from(u16::from_be_bytes([header[4], header[5]])) + PRIMARY_BYTES + 1;
    let Some(packet) = bytes.get(..length) else {
        return Received::Incomplete;
    };
    let first = u16::from_be_bytes([header[0], header[1]]);
    let is_command = first & 0x1000 != 0 && first & 0x07ff == COMMAND_APID;
    match packet.split_at_checked(COMMAND_HEADER_BYTES) {
        Some((head, parameters)) if is_command => {
            let id = u16::from_be_bytes([head[6], head[7]]);
            Received::Command(RawCommand { id, parameters }, length)
        }
        _ => Received::Other(length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_what_follows_the_primary_header() {
        let packet = finish(begin(3, 5, UNIX_EPOCH + Duration::from_millis(1500)));
        assert_eq!(packet.len(), HEADER_BYTES);
        assert_eq!(
            packet,
            [0x08, 3, 0xc0, 5, 0, 9, 0, 0, 0, 1, 0, 7, 0xa1, 0x20, 0, 1],
            "{packet:02x?}"
        );
    }

    #[test]
    fn commands_are_cut_from_a_stream() {
        let abort = [0x10, 200, 0xc0, 0, 0, 1, 0, 2];
        assert_eq!(next_command(&abort[..7]), Received::Incomplete);
        assert_eq!(
            next_command(&abort),
            Received::Command(RawCommand { id: 2, parameters: &[] }, 8)
        );
        let telemetry = [0x00, 200, 0xc0, 0, 0, 1, 0, 2, 9];
        assert_eq!(next_command(&telemetry), Received::Other(8));
        assert_eq!(next_command(&[0x10, 200, 0, 0, 0, 0, 7]), Received::Other(7));
    }
}
