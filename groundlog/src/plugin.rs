//! Plug-ins as the binary loads them: a folder with plugin.txt, a bare target folder, the demo.
//!
//! ```text
//!  folder → PluginFiles → assemble (plugin.txt, templates rendered) → finish (definitions)
//! ```
//! Everything is read and checked before anything is used, and all errors come at once, each with
//! file and line.

mod args;
mod assemble;
mod bare;
mod doubts;
mod errors;
mod files;
mod interfaces;
mod remote;
mod render;
mod salvage;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use groundlog_packet::{
    Definitions, Item, Packet, PacketKind,
    definition::{TargetSource, is_reserved_item},
    plugin::{InterfaceDefinition, OtherComponent},
    template::Variables,
    xtce,
};

use crate::{config::Config, usage::wrong_usage};
use assemble::{Assembled, Origin, assemble};
use doubts::doubts;
use files::PluginFiles;
use interfaces::check_interfaces;

pub(crate) use args::{DefinitionArgs, PluginArgs, variables};
pub(crate) use errors::LoadErrors;
pub(crate) use remote::definitions_of_system;

/// Scope that templates see unless the configuration says otherwise.
const DEFAULT_SCOPE: &str = "DEFAULT";

/// What plug-ins define, ready to use.
#[derive(Debug)]
pub(crate) struct LoadedPlugin {
    /// Name of the folder; several are joined by `+`.
    pub(crate) name: String,
    /// Targets, packets and items.
    pub(crate) definitions: Arc<Definitions>,
    /// Interfaces in the order of their declaration.
    pub(crate) interfaces: Vec<InterfaceDefinition>,
    /// Components that are kept for tools: routers, microservices, tools, widgets, engines.
    pub(crate) others: Vec<OtherComponent>,
    /// What is accepted but not acted upon, and what looks wrong, with file and line.
    pub(crate) warnings: Vec<String>,
}

/// Loads what configuration and command line name; `None`: nothing, hence the demo.
///
/// # Errors
/// Every error of every file, with file and line.
pub(crate) fn configured(
    config: &Config,
    args: &PluginArgs,
) -> anyhow::Result<Option<LoadedPlugin>> {
    let scope = &config.system.scope;
    let folders = args.folders_or(&config.plugin)?;
    if folders.is_empty() {
        return Ok(None);
    }
    let connect = args.connect.as_deref().or(config.plugin.connect.as_deref());
    let mut assembled = Vec::with_capacity(folders.len());
    for (folder, variables) in &folders {
        let files = PluginFiles::read(folder)?;
        assembled.push(if files.is_bare() {
            let protocol = args.protocol.as_deref().or(config.plugin.protocol.as_deref());
            let mut bare = bare::assemble(&files, variables, scope, connect, protocol)?;
            if connect.is_none() {
                let folder = folder.display();
                let warning = format!("{folder}: no interface: add --connect tcp://HOST:PORT");
                bare.warnings.push(warning);
            }
            bare
        } else if connect.is_some() {
            return Err(wrong_usage(format!(
                "--connect is for a bare target folder; the interfaces of {} are in its plugin.txt",
                folder.display()
            )));
        } else {
            assemble(&files, Origin::PluginTxt, variables, scope)
        });
    }
    Ok(Some(finish(assembled, Use::Everything)?))
}

/// Loads one folder for its definitions; its interfaces may be of any class, nobody uses them.
///
/// # Errors
/// As [`configured`].
pub(crate) fn load_folder(folder: &Path, variables: &Variables) -> anyhow::Result<LoadedPlugin> {
    let files = PluginFiles::read(folder)?;
    let assembled = if files.is_bare() {
        bare::assemble(&files, variables, DEFAULT_SCOPE, None, None)?
    } else {
        assemble(&files, Origin::PluginTxt, variables, DEFAULT_SCOPE)
    };
    Ok(finish(vec![assembled], Use::Definitions)?)
}

/// Loads folders together, to see whether all is well: what a running system would refuse about
/// their interfaces is among the warnings. Each folder takes the values of its own variables.
///
/// # Errors
/// As [`configured`].
pub(crate) fn load_folders(folders: &[PathBuf], given: &Variables) -> anyhow::Result<LoadedPlugin> {
    let files = folders
        .iter()
        .map(|folder| PluginFiles::read(folder))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let declared: Vec<Vec<String>> = files.iter().map(PluginFiles::variables).collect();
    let mut assembled = Vec::with_capacity(files.len());
    for (at, files) in files.iter().enumerate() {
        // What no folder declares is refused by all of them.
        let is_mine = |name: &String| {
            declared[at].contains(name) || !declared.iter().flatten().any(|known| known == name)
        };
        let values = given.iter().filter(|(name, _)| is_mine(name));
        let values: Variables = values.map(|(n, v)| (n.clone(), v.clone())).collect();
        assembled.push(if files.is_bare() {
            bare::assemble(files, &values, DEFAULT_SCOPE, None, None)?
        } else {
            assemble(files, Origin::PluginTxt, &values, DEFAULT_SCOPE)
        });
    }
    let mut loaded = finish(assembled, Use::Definitions)?;
    let mut refused = LoadErrors::default();
    check_interfaces(&loaded.interfaces, &mut refused);
    loaded.warnings.extend(refused.texts().iter().cloned());
    Ok(loaded)
}

/// Loads an XTCE document for its definitions.
///
/// # Errors
/// When it cannot be read; every error of it, with line and column.
pub(crate) fn load_xtce(path: &Path, options: xtce::Options) -> anyhow::Result<LoadedPlugin> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let builder = Definitions::builder().add_xtce(&path.display().to_string(), bytes, options);
    let definitions = builder.build().map_err(|wrong| {
        let mut errors = LoadErrors::of("the document");
        errors.add_config(wrong);
        errors
    })?;
    Ok(LoadedPlugin {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        warnings: definitions.placed_warnings().collect(),
        definitions: Arc::new(definitions),
        interfaces: Vec::new(),
        others: Vec::new(),
    })
}

/// Loads the demo. Its spacecraft listens at an address, or is another process's concern: then the
/// interface is described with the address that the plug-in has by default. The definitions are the
/// same either way.
///
/// # Errors
/// None, unless the demo itself is wrong.
pub(crate) fn demo(spacecraft: Option<SocketAddr>) -> anyhow::Result<LoadedPlugin> {
    let values: Variables = spacecraft
        .into_iter()
        .flat_map(|at| {
            [("host".to_owned(), at.ip().to_string()), ("port".to_owned(), at.port().to_string())]
        })
        .collect();
    let assembled = assemble(&PluginFiles::demo(), Origin::PluginTxt, &values, DEFAULT_SCOPE);
    Ok(finish(vec![assembled], Use::Everything)?)
}

/// What a plug-in is loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Definitions alone.
    Definitions,
    /// Interfaces, too.
    Everything,
}

/// Reads the definitions of assembled plug-ins.
fn finish(mut plugins: Vec<Assembled>, wanted: Use) -> Result<LoadedPlugin, LoadErrors> {
    let mut errors = LoadErrors::default();
    for plugin in &mut plugins {
        errors.extend(std::mem::take(&mut plugin.errors));
    }
    errors.check_names(&plugins);
    if wanted == Use::Everything {
        plugins.iter().for_each(|plugin| check_interfaces(&plugin.interfaces, &mut errors));
    }
    // Once with paths that tell files of different targets apart, for messages …
    let located = |plugin: &Assembled| plugin.targets.iter().map(|t| t.located.clone()).collect();
    let located = build(plugins.iter().flat_map(|plugin| -> Vec<TargetSource> { located(plugin) }));
    let located = match located {
        Ok(definitions) if errors.is_empty() => definitions,
        Ok(_) => return Err(errors),
        Err(wrong) => {
            errors.add_config(wrong);
            return Err(errors);
        }
    };
    let name = plugins.iter().map(|plugin| plugin.name.as_str()).collect::<Vec<_>>().join("+");
    let mut warnings: Vec<String> =
        plugins.iter().flat_map(|plugin| plugin.warnings.iter().cloned()).collect();
    let unsupported = located.unsupported().iter().map(|warning| located_at(warning, &plugins));
    warnings.extend(unsupported.chain(located.placed_warnings()));
    let targets = plugins.iter().flat_map(|plugin| &plugin.targets);
    warnings.extend(targets.flat_map(|target| doubts(&located, target)));
    let mut interfaces = Vec::new();
    let mut others = Vec::new();
    let mut sources = Vec::new();
    for plugin in plugins {
        interfaces.extend(plugin.interfaces);
        others.extend(plugin.others);
        sources.extend(plugin.targets.into_iter().map(|target| target.published));
    }
    // … and once with paths inside the target, as they are published and hashed: the same plug-in
    // in another folder has the same hash.
    let definitions = build(sources).map_err(|wrong| {
        errors.add_config(wrong);
        errors
    })?;
    Ok(LoadedPlugin { name, definitions: Arc::new(definitions), interfaces, others, warnings })
}

/// Shows a warning about `TARGET/target.txt` with the path as the user can open it.
fn located_at(warning: &str, plugins: &[Assembled]) -> String {
    let mut targets = plugins.iter().flat_map(|plugin| &plugin.targets);
    let located = targets.find_map(|target| {
        let short = format!("{}/target.txt", target.published.name);
        let rest = warning.strip_prefix(&short)?.strip_prefix(':')?;
        Some(format!("{}:{rest}", target.target_txt_path))
    });
    located.unwrap_or_else(|| warning.to_owned())
}

fn build(
    sources: impl IntoIterator<Item = TargetSource>,
) -> Result<Definitions, groundlog_packet::config::ConfigErrors> {
    let builder = sources
        .into_iter()
        .fold(Definitions::builder(), |builder, source| builder.add_target(source));
    builder.build()
}

impl LoadedPlugin {
    /// Returns packet (with its target) and item that are worth a first look, if there are any.
    pub(crate) fn example_item(&self) -> Option<(String, String)> {
        let packets = self
            .definitions
            .targets()
            .flat_map(|target| self.definitions.packets_of(target, PacketKind::Telemetry));
        let shown: Vec<&Arc<Packet>> = packets.filter(|packet| !packet.hidden).collect();
        let items =
            || shown.iter().flat_map(|packet| packet.items.iter().map(move |item| (packet, item)));
        // What has limits is watched, what has a unit is measured.
        let visible = |item: &Item| !item.hidden && !is_reserved_item(&item.name);
        let watched = items().find(|(_, item)| visible(item) && item.has_limits());
        let measured = || items().find(|(_, item)| visible(item) && item.units.is_some());
        let any = || items().find(|(_, item)| visible(item) && item.id_value.is_none());
        let (packet, item) = watched.or_else(measured).or_else(any)?;
        Some((format!("{} {}", packet.target_name, packet.packet_name), item.name.clone()))
    }
}

#[cfg(test)]
mod tests;
