use std::{collections::HashMap, sync::Arc};

use groundlog_packet::{PacketKind, Value};

use super::{entry::Flags, maps};

/// Bytes of the id behind a declared name, a SHA-256.
const ID_BYTES: usize = 32;
/// As many targets, and as many packets, as a number of 16 bits tells apart.
const DECLARED_MAX: usize = 65_536;

/// The targets and packets that the entries so far have declared.
#[derive(Debug, Default)]
pub(super) struct Declared {
    targets: Vec<Arc<str>>,
    packets: Vec<DeclaredPacket>,
    /// The target that the file's name names.
    of_file: Option<Arc<str>>,
}

/// One declared packet.
#[derive(Debug)]
pub(super) struct DeclaredPacket {
    pub(super) kind: PacketKind,
    pub(super) target: Arc<str>,
    pub(super) name: Arc<str>,
    /// Full keys of decommutated values by their short ones.
    pub(super) keys: HashMap<String, String>,
}

impl Declared {
    /// Prepares to read a file; `FIRST__LAST__SCOPE__TARGET__…` is how COSMOS names them.
    pub(super) fn new(file: &str) -> Self {
        let name = file.rsplit('/').next().unwrap_or(file);
        Self { of_file: name.split("__").nth(3).map(Arc::from), ..Self::default() }
    }

    /// Returns a packet by its number.
    pub(super) fn get(&self, index: u16) -> Result<&DeclaredPacket, String> {
        let found = self.packets.get(usize::from(index));
        found.ok_or_else(|| format!("it names packet {index}, which no entry before it declares"))
    }

    /// Takes a target declaration.
    pub(super) fn target(&mut self, flags: Flags, body: &[u8]) -> Result<(), String> {
        let name = name_of(flags, body)?;
        // Also a name that is wrong would take its number.
        push(&mut self.targets, name)
    }

    /// Takes a packet declaration.
    pub(super) fn packet(&mut self, flags: Flags, body: &[u8]) -> Result<(), String> {
        let (index, name) = body.split_first_chunk().ok_or("it has no target number")?;
        let index = u16::from_be_bytes(*index);
        // Files from before COSMOS 5.6 may name a target that they do not declare.
        let target = self.targets.get(usize::from(index)).or(self.of_file.as_ref()).ok_or_else(|| {
            format!(
                "it names target {index}, which no entry before it declares, and the file's name \
                 names none"
            )
        })?;
        let packet = DeclaredPacket {
            kind: flags.packet_kind(),
            target: Arc::clone(target),
            name: name_of(flags, name)?,
            keys: HashMap::new(),
        };
        push(&mut self.packets, packet)
    }

    /// Takes a key map.
    pub(super) fn keys(&mut self, flags: Flags, body: &[u8]) -> Result<(), String> {
        let (index, map) = body.split_first_chunk().ok_or("it has no packet number")?;
        let index = u16::from_be_bytes(*index);
        self.get(index)?;
        let entries = maps::read(map, flags.is_cbor())?;
        if let Some(packet) = self.packets.get_mut(usize::from(index)) {
            let named = entries.into_iter().filter_map(|(short, full)| match full {
                Value::String(full) => Some((short, full)),
                _ => None,
            });
            packet.keys.extend(named);
        }
        Ok(())
    }
}

fn push<T>(declared: &mut Vec<T>, entry: T) -> Result<(), String> {
    if declared.len() == DECLARED_MAX {
        return Err(format!("it is a declaration beyond {DECLARED_MAX}, which no number names"));
    }
    declared.push(entry);
    Ok(())
}

/// Reads the name of a declaration, without the id behind it.
fn name_of(flags: Flags, body: &[u8]) -> Result<Arc<str>, String> {
    let name = if flags.has_id() {
        let end = body.len().checked_sub(ID_BYTES).ok_or("it is too short for an id")?;
        &body[..end]
    } else {
        body
    };
    let name = std::str::from_utf8(name).map_err(|_| "the name in it is no text")?;
    Ok(name.into())
}
