use groundlog_packet::{
    plugin::{self, InterfaceDefinition, OtherComponent},
    template::{Sources, Variables},
};

use super::{
    errors::LoadErrors,
    files::{FolderState, PLUGIN_TXT, PluginFiles},
    render::{RenderedTarget, render_target},
    salvage::{Salvaged, plugin_with_errors},
};

/// Where the statements of a plug-in come from.
pub(super) enum Origin<'a> {
    /// Its plugin.txt.
    PluginTxt,
    /// The command line, in the same language.
    CommandLine(&'a str),
}

/// A plug-in with all templates rendered.
#[derive(Debug)]
pub(super) struct Assembled {
    /// Name of the plug-in.
    pub(super) name: String,
    /// Targets in their order.
    pub(super) targets: Vec<RenderedTarget>,
    /// Interfaces in their order.
    pub(super) interfaces: Vec<InterfaceDefinition>,
    /// Components that are kept for tools.
    pub(super) others: Vec<OtherComponent>,
    /// What is accepted but not acted upon.
    pub(super) warnings: Vec<String>,
    /// What is wrong so far; the targets that could be read are there all the same.
    pub(super) errors: LoadErrors,
    /// Whether a target may be missing because its statement was refused.
    pub(super) targets_missing: bool,
}

/// Reads plugin.txt and renders the targets it declares; what is wrong is part of the result, so
/// that errors of all files come at once.
pub(super) fn assemble(
    files: &PluginFiles,
    origin: Origin<'_>,
    given: &Variables,
    scope: &str,
) -> Assembled {
    let mut errors = LoadErrors::default();
    let (path, text) = match origin {
        Origin::PluginTxt => {
            let text = files.texts.get(PLUGIN_TXT).map_or("", String::as_str);
            (files.shown(PLUGIN_TXT), text)
        }
        Origin::CommandLine(text) => ("command line".to_owned(), text),
    };
    let environment = |name: &str| std::env::var(name).ok();
    // Partials of plugin.txt lie beside it.
    let partial = |wanted: &str| {
        let mut known = files.texts.iter();
        known.find(|(path, _)| files.shown(path) == wanted).map(|(_, text)| text.clone())
    };
    let sources = Sources { partial: &partial, environment: &environment };
    let Salvaged { plugin, targets_missing } =
        match plugin::load(&path, text, given, scope, &sources) {
            Ok(plugin) => Salvaged { plugin, targets_missing: false },
            Err(_) => plugin_with_errors(&path, text, given, scope, &sources, &mut errors),
        };
    let mut targets = Vec::with_capacity(plugin.targets.len());
    for target in &plugin.targets {
        let folder = files.shown(&format!("targets/{}", target.folder));
        let about = |what: &str| format!("target {}: {what}", target.name);
        match files.target_folder(&target.folder) {
            FolderState::Missing => {
                errors.add(&target.location, &about(&format!("there is no folder {folder}")));
            }
            FolderState::Empty => {
                errors.add(&target.location, &about(&format!("there is nothing in {folder}")));
            }
            FolderState::WithoutPackets | FolderState::Good => {}
        }
        targets.push(render_target(files, target, &plugin.values, &mut errors));
    }
    Assembled {
        name: files.name.clone(),
        targets,
        interfaces: plugin.interfaces,
        others: plugin.others,
        warnings: plugin.unsupported,
        errors,
        targets_missing,
    }
}
