//! Gathers the packets of all targets and freezes them.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::error::{ConfigError, ConfigErrors};
use super::objects;
use super::parser::FileParser;
use crate::definition::{
    Definitions, Endianness, LimitsGroupItem, Opaque, Packet, PacketId, PacketKind, SourceLocation,
    Target, TargetSource,
};
use crate::registry::Registry;
use crate::{target, xtce};

/// Packets of one target while files are read.
pub(crate) type PacketTable = IndexMap<String, Packet>;

/// Builds [`Definitions`] out of the texts of target folders.
///
/// ```
/// use groundlog_packet::definition::{Definitions, TargetSource};
///
/// let source = TargetSource {
///     name: "INST".into(),
///     target_txt: String::new(),
///     files: vec![(
///         "cmd_tlm/tlm.txt".into(),
///         "TELEMETRY INST HEALTH BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n".into(),
///     )],
///     binary_files: vec![],
/// };
/// let definitions = Definitions::builder().add_target(source).build()?;
/// assert_eq!(definitions.targets().len(), 1);
/// # Ok::<(), groundlog_packet::config::ConfigErrors>(())
/// ```
#[derive(Debug, Default)]
pub struct DefinitionsBuilder {
    sources: Vec<TargetSource>,
    documents: Vec<(String, Vec<u8>, xtce::Options)>,
    registry: Option<Registry>,
}

/// What the files have defined so far.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) targets: IndexMap<String, Target>,
    pub(crate) commands: IndexMap<String, PacketTable>,
    pub(crate) telemetry: IndexMap<String, PacketTable>,
    pub(crate) limits_groups: IndexMap<String, Vec<LimitsGroupItem>>,
    pub(crate) open_limits_group: Option<String>,
    pub(crate) limits_sets: Vec<String>,
    pub(crate) warnings: Vec<(Option<SourceLocation>, String)>,
    pub(crate) unsupported: Vec<String>,
    pub(crate) opaque: Vec<Opaque>,
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) binary_files: HashMap<String, Vec<u8>>,
    pub(crate) registry: Arc<Registry>,
}

impl Draft {
    fn new(registry: Arc<Registry>) -> Self {
        Self {
            targets: IndexMap::new(),
            commands: IndexMap::new(),
            telemetry: IndexMap::new(),
            limits_groups: IndexMap::new(),
            open_limits_group: None,
            limits_sets: vec!["DEFAULT".to_owned()],
            warnings: Vec::new(),
            unsupported: Vec::new(),
            opaque: Vec::new(),
            errors: Vec::new(),
            binary_files: HashMap::new(),
            registry,
        }
    }

    pub(crate) fn tables(&mut self, kind: PacketKind) -> &mut IndexMap<String, PacketTable> {
        match kind {
            PacketKind::Command => &mut self.commands,
            PacketKind::Telemetry => &mut self.telemetry,
        }
    }

    pub(crate) fn packet(&self, kind: PacketKind, target: &str, packet: &str) -> Option<&Packet> {
        let tables = match kind {
            PacketKind::Command => &self.commands,
            PacketKind::Telemetry => &self.telemetry,
        };
        tables.get(target)?.get(packet)
    }
}

impl DefinitionsBuilder {
    /// Adds a target with the texts of its folder, templates already rendered.
    ///
    /// All text files below `cmd_tlm/` may be given; which of them are read, and in which order,
    /// follows cosmos-packets §1.1.
    #[must_use]
    pub fn add_target(mut self, source: TargetSource) -> Self {
        self.sources.push(source);
        self
    }

    /// Adds an XTCE document, which is a target by itself; `path` is what messages call it.
    #[must_use]
    pub fn add_xtce(mut self, path: &str, document: Vec<u8>, options: xtce::Options) -> Self {
        self.documents.push((path.to_owned(), document, options));
        self
    }

    /// Finds code that is not built in in this registry instead of the one of the process
    /// ([`Registry::install`]).
    #[must_use]
    pub fn with_registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Reads everything.
    ///
    /// # Errors
    /// [`ConfigErrors`] with every refused statement of every file.
    pub fn build(mut self) -> Result<Definitions, ConfigErrors> {
        let registry = self.registry.take().map_or_else(Registry::installed, Arc::new);
        let mut draft = Draft::new(registry);
        for source in &self.sources {
            read_target(&mut draft, source);
        }
        for (path, document, options) in self.documents {
            let Some(target) = read_xtce(&mut draft, &path, &document, &options) else { continue };
            // Bytes before the containers are no part of the text: such definitions have no source.
            if let (0, Ok(text)) = (options.header_bytes, String::from_utf8(document)) {
                let base = path.rsplit('/').next().unwrap_or(&path);
                let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
                self.sources.push(TargetSource {
                    name: target,
                    target_txt: String::new(),
                    files: vec![(format!("cmd_tlm/{stem}.xtce"), text)],
                    binary_files: Vec::new(),
                });
            }
        }
        if !draft.errors.is_empty() {
            return Err(ConfigErrors { errors: draft.errors });
        }
        objects::resolve(&mut draft);
        Ok(freeze(draft, self.sources))
    }
}

/// Reads an XTCE document into the draft; returns its target, or `None` if it has errors.
fn read_xtce(
    draft: &mut Draft,
    path: &str,
    document: &[u8],
    options: &xtce::Options,
) -> Option<String> {
    let imported = match xtce::read(path, document, options) {
        Ok(imported) => imported,
        Err(errors) => {
            draft.errors.extend(errors.errors);
            return None;
        }
    };
    let xtce::Imported { target, packets, warnings, .. } = imported;
    // Their texts name the place themselves.
    draft.warnings.extend(warnings.into_iter().map(|text| (None, text)));
    let settings = || Target { name: target.clone(), ..Target::default() };
    draft.targets.entry(target.clone()).or_insert_with(settings);
    for packet in packets {
        let name = packet.packet_name.clone();
        let table = draft.tables(packet.kind).entry(target.clone()).or_default();
        if let Some(replaced) = table.insert(name, packet) {
            let Packet { kind, packet_name, location, .. } = replaced;
            let warning =
                format!("{path}: {kind} packet {target} {packet_name} of {location} redefined");
            draft.warnings.push((None, warning));
        }
    }
    Some(target)
}

fn read_target(draft: &mut Draft, source: &TargetSource) {
    let name = source.name.to_uppercase();
    let settings = match target::parse(&name, &source.target_txt) {
        Ok(settings) => settings,
        Err(errors) => {
            draft.errors.extend(errors.errors);
            return;
        }
    };
    draft.unsupported.extend(settings.unsupported.iter().cloned());
    let paths: Vec<&str> = source.files.iter().map(|(path, _)| path.as_str()).collect();
    let chosen = match target::files_to_read(&settings, &paths) {
        Ok(chosen) => chosen,
        Err(error) => {
            draft.errors.push(error);
            return;
        }
    };
    draft.targets.insert(name.clone(), settings.target);
    draft.binary_files = source.binary_files.iter().cloned().collect();
    for path in chosen {
        let found = source.files.iter().find(|(candidate, _)| *candidate == path);
        match found {
            Some((path, text)) if target::is_xtce(path) => {
                let options =
                    xtce::Options { target: Some(name.clone()), ..xtce::Options::default() };
                read_xtce(draft, path, text.as_bytes(), &options);
            }
            Some((path, text)) => FileParser::new(draft, &name, path).parse(text),
            None => {}
        }
    }
}

/// Numbers the packets and makes everything immutable.
fn freeze(draft: Draft, sources: Vec<TargetSource>) -> Definitions {
    let mut targets = draft.targets;
    let mut packets = Vec::new();
    let unknown_command = add_unknown(&mut packets, PacketKind::Command);
    let unknown_telemetry = add_unknown(&mut packets, PacketKind::Telemetry);
    let all = draft.commands.into_iter().chain(draft.telemetry);
    for (target_name, table) in all {
        let target = targets
            .entry(target_name.clone())
            .or_insert_with(|| Target { name: target_name.clone(), ..Target::default() });
        for (packet_name, packet) in table {
            let kind = packet.kind;
            let id = add(&mut packets, packet);
            match kind {
                PacketKind::Command => target.commands.insert(packet_name, id),
                PacketKind::Telemetry => target.telemetry.insert(packet_name, id),
            };
        }
    }
    let (warning_places, warnings) = draft.warnings.into_iter().unzip();
    Definitions {
        targets,
        packets,
        unknown_command,
        unknown_telemetry,
        limits_groups: draft.limits_groups,
        limits_sets: draft.limits_sets,
        warnings,
        warning_places,
        unsupported: draft.unsupported,
        opaque: draft.opaque,
        sources,
    }
}

fn add(packets: &mut Vec<Arc<Packet>>, mut packet: Packet) -> PacketId {
    let id = PacketId(u32::try_from(packets.len()).unwrap_or(u32::MAX));
    packet.id = id;
    packets.push(Arc::new(packet));
    id
}

fn add_unknown(packets: &mut Vec<Arc<Packet>>, kind: PacketKind) -> PacketId {
    let location = SourceLocation { file: "built in".into(), line: 0 };
    let mut packet = Packet::new(kind, "UNKNOWN", "UNKNOWN", Endianness::Big, location);
    packet.add_reserved_items();
    packet.short_buffer_allowed = true;
    packet.fixed_size = false;
    add(packets, packet)
}
