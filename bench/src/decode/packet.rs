//! The housekeeping packet that decoding is measured with: 40 items in 400 bytes.

use std::fmt::Write as _;
use std::sync::Arc;

use groundlog_packet::Packet;

use crate::synthetic::{packet_of, random};

/// Bytes of the packet.
pub(super) const LENGTH: usize = 400;
/// Items of the packet, the reserved ones apart.
pub(super) const ITEMS: usize = 40;
/// Number of temperatures.
pub(super) const TEMPERATURES: usize = 10;
/// Number of voltages.
pub(super) const VOLTAGES: usize = 4;
/// Length of the block that ends the packet.
pub(super) const BLOCK: usize = LENGTH - 93;

/// Names of the packet.
pub(super) const TARGET: &str = "BENCH";
pub(super) const NAME: &str = "HK";

/// Returns the packet's definition.
#[must_use]
pub(super) fn definition() -> Arc<Packet> {
    packet_of(&text(), TARGET, NAME)
}

/// Returns the text of the packet's definition.
#[must_use]
pub(super) fn text() -> String {
    let mut text = String::from(
        "TELEMETRY BENCH HK BIG_ENDIAN \"Housekeeping\"\n\
         APPEND_ITEM CCSDSVER 3 UINT\nAPPEND_ITEM CCSDSTYPE 1 UINT\nAPPEND_ITEM CCSDSSHF 1 UINT\n\
         STATE FALSE 0\nSTATE TRUE 1\n\
         APPEND_ID_ITEM CCSDSAPID 11 UINT 7\nAPPEND_ITEM CCSDSSEQFLAGS 2 UINT\n\
         STATE CONT 0\nSTATE FIRST 1\nSTATE LAST 2\nSTATE NOGROUP 3\n\
         APPEND_ITEM CCSDSSEQCNT 14 UINT\nAPPEND_ITEM CCSDSLENGTH 16 UINT\n\
         APPEND_ITEM TIMESEC 32 UINT\nAPPEND_ITEM TIMEUS 32 UINT\nAPPEND_ITEM PKTID 16 UINT\n",
    );
    for index in 0..TEMPERATURES {
        let _ = write!(
            text,
            "APPEND_ITEM TEMP{index} 16 UINT\nPOLY_READ_CONVERSION -100.0 0.0030517578125\n\
             UNITS Celsius C\nLIMITS DEFAULT 2 ENABLED -80 -70 60 80 -20 20\n"
        );
    }
    for index in 0..VOLTAGES {
        let _ = write!(
            text,
            "APPEND_ITEM VOLT{index} 16 INT\nPOLY_READ_CONVERSION 0.5 0.001\nUNITS Volts V\n\
             LIMITS DEFAULT 3 ENABLED -30 -25 25 30\n"
        );
    }
    text.push_str(
        "APPEND_ITEM CURR1 32 FLOAT\nLIMITS DEFAULT 1 ENABLED -10 -8 8 10\n\
         APPEND_ITEM CURR2 32 FLOAT\nLIMITS DEFAULT 1 ENABLED -10 -8 8 10\n\
         APPEND_ITEM PRESSURE 32 UINT\nPOLY_READ_CONVERSION 1.5 0.01 1e-8 2e-18\n\
         APPEND_ITEM MODE 8 UINT\nSTATE SAFE 0 RED\nSTATE IDLE 1 YELLOW\nSTATE NOMINAL 2 GREEN\n\
         STATE SCIENCE 3 GREEN\n\
         APPEND_ITEM HEATER1 2 UINT\nSTATE OFF 0\nSTATE ON 1\nSTATE FAILED 2 RED\n\
         APPEND_ITEM HEATER2 2 UINT\nSTATE OFF 0\nSTATE ON 1\nSTATE FAILED 2 RED\n\
         APPEND_ITEM ANTENNA 2 UINT\nSTATE STOWED 0\nSTATE DEPLOYED 1\n\
         APPEND_ITEM SPARE 2 UINT\n\
         APPEND_ITEM COLLECTS 32 UINT\nAPPEND_ITEM ACCEPTED 32 UINT\nAPPEND_ITEM REJECTED 32 UINT\n\
         APPEND_ITEM Q1 64 FLOAT\nAPPEND_ITEM Q2 64 FLOAT\nAPPEND_ITEM ERRORS 24 UINT\n\
         APPEND_ITEM UPTIME 32 UINT \"\" LITTLE_ENDIAN\nAPPEND_ITEM DUMP 2456 BLOCK\n",
    );
    text
}

/// Returns packets whose values wander, now and then out of their limits.
#[must_use]
pub(super) fn samples(count: usize) -> Vec<[u8; LENGTH]> {
    let mut next = random();
    (0..count)
        .map(|index| {
            let mut packet = [0; LENGTH];
            packet.iter_mut().skip(93).for_each(|byte| *byte = next() as u8);
            let rare = next().is_multiple_of(100);
            fill(&mut packet, index as u32, rare, &mut next);
            packet
        })
        .collect()
}

fn fill(packet: &mut [u8; LENGTH], index: u32, rare: bool, next: &mut impl FnMut() -> u64) {
    let mut put = |at: usize, bytes: &[u8]| packet[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &[0x08, 0x07]);
    put(2, &(0xc000 | (index as u16 & 0x3fff)).to_be_bytes());
    put(4, &((LENGTH - 7) as u16).to_be_bytes());
    put(6, &(1_700_000_000 + index).to_be_bytes());
    put(10, &((next() % 1_000_000) as u32).to_be_bytes());
    put(14, &1_u16.to_be_bytes());
    for temperature in 0..TEMPERATURES {
        // About -6 to +6 degrees, or 90 once in a while.
        let raw = if rare && temperature == 3 { 62_300 } else { 31_000 + (next() % 4_000) as u16 };
        put(16 + 2 * temperature, &raw.to_be_bytes());
    }
    for voltage in 0..VOLTAGES {
        put(36 + 2 * voltage, &((next() % 40_000) as i32 - 20_000).to_be_bytes()[2..]);
    }
    put(44, &((next() % 100) as f32 / 16.0).to_be_bytes());
    put(48, &if rare { 9.5_f32 } else { (next() % 100) as f32 / 16.0 }.to_be_bytes());
    put(52, &((next() % 3_000_000) as u32).to_be_bytes());
    put(56, &[if rare { 1 } else { 2 + (next() & 1) as u8 }]);
    put(57, &[0b0001_0100 | ((next() & 1) as u8) << 6]);
    put(58, &index.to_be_bytes());
    put(62, &(index / 2).to_be_bytes());
    put(66, &(index / 100).to_be_bytes());
    put(70, &((next() % 1_000) as f64 / 1_000.0).to_be_bytes());
    put(78, &((next() % 1_000) as f64 / -1_000.0).to_be_bytes());
    put(86, &(next() as u32).to_be_bytes()[1..]);
    put(89, &(index * 10).to_le_bytes());
}
