use groundlog_packet::{
    plugin::{self, InterfaceDefinition},
    template::{Sources, Variables},
};

use super::{
    errors::LoadErrors,
    files::{PLUGIN_TXT, PluginFiles},
    render::{RenderedTarget, render_target},
    salvage::{Salvaged, plugin_with_errors},
};

/// Letters that make a word of `DISABLE_ERB` more than a plain piece of a path.
const PATTERN_LETTERS: [char; 12] = ['*', '+', '?', '[', ']', '(', ')', '{', '}', '|', '^', '$'];

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
    let sources = Sources { partial: &|_| None, environment: &environment };
    let Salvaged { plugin, targets_missing } =
        match plugin::load(&path, text, given, scope, &sources) {
            Ok(plugin) => Salvaged { plugin, targets_missing: false },
            Err(_) => plugin_with_errors(&path, text, given, scope, &sources, &mut errors),
        };
    let warnings = plugin.unsupported;
    let mut targets = Vec::with_capacity(plugin.targets.len());
    for target in &plugin.targets {
        if !files.has_target(&target.folder) {
            let folder = files.root.join("targets").join(&target.folder);
            let message =
                format!("target {}: there is nothing in {}", target.name, folder.display());
            errors.add(&target.location, &message);
        }
        for word in target.disable_erb.iter().flatten() {
            if word.contains(PATTERN_LETTERS) {
                let message = format!(
                    "DISABLE_ERB {word}: regular expressions are not supported; write a piece of \
                     the files' path"
                );
                errors.add(&target.location, &message);
            }
        }
        targets.push(render_target(files, target, &plugin.values, &mut errors));
    }
    Assembled {
        name: files.name.clone(),
        targets,
        interfaces: plugin.interfaces,
        warnings,
        errors,
        targets_missing,
    }
}
