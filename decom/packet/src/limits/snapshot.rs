//! Limits state as bytes, for the snapshots of decommutation's fold.
//!
//! # Layout
//! Little endian. `1` (version), length (u8) and text of the active set, number of items (u16),
//! then per item: length (u8) and text of its name, flags (u8: 1 enabled, 2 limits given at run
//! time, 4 with operational limits), state (u8, code of [`LimitsColor`]), count (u32),
//! persistence (u32), and with flag 2 six doubles: red low, yellow low, yellow high, red high,
//! green low, green high. Items are named, so that a snapshot fits a changed definition as far as
//! the items still exist.

use super::{LimitsColor, LimitsState};
use crate::definition::{LimitsSet, Packet};

const VERSION: u8 = 1;
const ENABLED: u8 = 1;
const REPLACED: u8 = 2;
const GREEN: u8 = 4;

/// Why a snapshot cannot be restored: its bytes are damaged or of another version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "limits snapshot of {length} bytes is not readable at byte {at}; delete the snapshot and \
     rebuild the state from the log"
)]
pub struct SnapshotError {
    /// Length of the snapshot in bytes.
    pub length: usize,
    /// First byte that makes no sense.
    pub at: usize,
}

impl LimitsState {
    /// Returns the state as bytes.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        text(&mut out, &self.set);
        out.extend((self.entries.len() as u16).to_le_bytes());
        for ((entry, name), current) in self.entries.iter().zip(&self.names).zip(&self.current) {
            let numbers = entry.numbers.filter(|_| entry.replaced);
            let green = numbers.and_then(|numbers| numbers.green);
            text(&mut out, name);
            out.push(
                if entry.enabled { ENABLED } else { 0 }
                    | if numbers.is_some() { REPLACED } else { 0 }
                    | if green.is_some() { GREEN } else { 0 },
            );
            out.push(*current);
            out.extend(entry.count.to_le_bytes());
            out.extend(entry.persistence.to_le_bytes());
            if let Some(n) = numbers {
                let (green_low, green_high) = green.unwrap_or((0.0, 0.0));
                for number in
                    [n.red_low, n.yellow_low, n.yellow_high, n.red_high, green_low, green_high]
                {
                    out.extend(number.to_le_bytes());
                }
            }
        }
        out
    }

    /// Makes the state of a packet from a snapshot; items that the snapshot does not name start
    /// anew, and names that the packet does not have are passed over.
    ///
    /// # Errors
    /// [`SnapshotError`] when the bytes are damaged or of another version.
    pub fn restore(packet: &Packet, snapshot: &[u8]) -> Result<Self, SnapshotError> {
        let mut state = Self::new(packet);
        let mut input = Input { bytes: snapshot, at: 0 };
        let error = |input: &Input<'_>| SnapshotError { length: snapshot.len(), at: input.at };
        state.read(packet, &mut input).ok_or_else(|| error(&input))?;
        if input.at == snapshot.len() { Ok(state) } else { Err(error(&input)) }
    }

    fn read(&mut self, packet: &Packet, input: &mut Input<'_>) -> Option<()> {
        let [version] = input.take()?;
        if version != VERSION {
            input.at = 0;
            return None;
        }
        let set = input.text()?;
        self.select_set(packet, set);
        for _ in 0..u16::from_le_bytes(input.take()?) {
            let name = input.text()?;
            let [flags, current] = input.take()?;
            let count = u32::from_le_bytes(input.take()?);
            let persistence = u32::from_le_bytes(input.take()?);
            let numbers = if flags & REPLACED == 0 { None } else { Some(input.numbers(flags)?) };
            let Some(index) = self.names.iter().position(|known| known == name) else {
                continue;
            };
            let entry = &mut self.entries[index];
            entry.enabled = flags & ENABLED != 0;
            entry.count = count;
            entry.persistence = persistence;
            entry.replaced = numbers.is_some();
            entry.numbers = numbers.or(entry.numbers);
            self.current[index] = LimitsColor::code(LimitsColor::from_code(current));
            self.refresh(index);
        }
        Some(())
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    // Names are at most 127 bytes; a longer one would not be found again, not corrupt the rest.
    let bytes = &text.as_bytes()[..text.len().min(255)];
    out.push(bytes.len() as u8);
    out.extend(bytes);
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = *self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'a str> {
        let [length] = self.take()?;
        let bytes = self.bytes.get(self.at..self.at + usize::from(length))?;
        let text = std::str::from_utf8(bytes).ok()?;
        self.at += bytes.len();
        Some(text)
    }

    fn numbers(&mut self, flags: u8) -> Option<LimitsSet> {
        let mut number = || self.take().map(f64::from_le_bytes);
        let set = LimitsSet {
            red_low: number()?,
            yellow_low: number()?,
            yellow_high: number()?,
            red_high: number()?,
            green: Some((number()?, number()?)),
        };
        Some(if flags & GREEN == 0 { LimitsSet { green: None, ..set } } else { set })
    }
}
