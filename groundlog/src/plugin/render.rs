use std::collections::BTreeMap;

use groundlog_packet::{
    config::{ConfigErrors, tokenize},
    definition::TargetSource,
    plugin::PluginTarget,
    target,
    template::{self, Sources, Variables},
};

use super::{
    errors::LoadErrors,
    files::{FolderState, PluginFiles},
    salvage::without_statements,
};

/// A target with its templates rendered.
#[derive(Debug)]
pub(super) struct RenderedTarget {
    /// With paths as the user can open them.
    pub(super) located: TargetSource,
    /// With paths inside the target.
    pub(super) published: TargetSource,
    /// Its target.txt as the user can open it.
    pub(super) target_txt_path: String,
    /// Where it is declared: a bare target by its folder.
    pub(super) place: String,
    /// Its folder as the user can open it.
    pub(super) folder: String,
    /// What that folder is.
    pub(super) state: FolderState,
}

/// Renders the files of a target that are read. What cannot be rendered goes to `errors`.
pub(super) fn render_target(
    files: &PluginFiles,
    declared: &PluginTarget,
    values: &Variables,
    errors: &mut LoadErrors,
) -> RenderedTarget {
    let folder = format!("targets/{}", declared.folder);
    let mut values = values.clone();
    values.insert(template::TARGET_NAME.to_owned(), declared.name.clone());
    let renderer = Renderer { files, declared, values, folder: &folder };
    let target_txt_path = files.shown(&format!("{folder}/target.txt"));
    let target_txt = files.texts.get(&format!("{folder}/target.txt"));
    let mut target_txt =
        renderer.render("target.txt", target_txt.map_or("", String::as_str), errors);
    let texts: Vec<(String, String)> =
        chosen(files, &folder, &declared.name, &mut target_txt, errors)
            .into_iter()
            .filter_map(|path| Some((path, files.texts.get(&format!("{folder}/{path}"))?)))
            .map(|(path, text)| (path.to_owned(), renderer.render(path, text, errors)))
            .collect();
    let inside = |path: &str| path.strip_prefix(&folder)?.strip_prefix('/').map(str::to_owned);
    let mut binary_files = Vec::new();
    for (path, bytes) in &files.binaries {
        let Some(inside) = inside(path) else { continue };
        binary_files.push((inside, bytes.clone()));
    }
    binary_files.extend(template_texts(files, &folder, &texts));
    let name = declared.name.clone();
    let published = TargetSource { name, target_txt, files: texts, binary_files };
    let shown = |path: &String| files.shown(&format!("{folder}/{path}"));
    let located = TargetSource {
        files: published.files.iter().map(|(path, text)| (shown(path), text.clone())).collect(),
        binary_files: published
            .binary_files
            .iter()
            .map(|(path, bytes)| (shown(path), bytes.clone()))
            .collect(),
        ..published.clone()
    };
    let state = files.target_folder(&declared.folder);
    let folder = files.shown(&folder);
    let place = if files.is_bare() { folder.clone() } else { declared.location.to_string() };
    RenderedTarget { located, published, target_txt_path, place, folder, state }
}

/// Returns the texts that packets name as their initial bytes, by path inside the target.
fn template_texts(
    files: &PluginFiles,
    folder: &str,
    texts: &[(String, String)],
) -> BTreeMap<String, Vec<u8>> {
    let mut named = BTreeMap::new();
    for (path, text) in texts.iter().filter(|(_, text)| text.contains("TEMPLATE_FILE")) {
        let beside = path.rsplit_once('/').map_or("", |(beside, _)| beside);
        let statements = tokenize(text).into_iter().filter(|s| s.keyword == "TEMPLATE_FILE");
        for word in statements.filter_map(|statement| statement.parameters.into_iter().next()) {
            let inside = format!("{beside}/{}", word.text);
            if let Some(text) = files.texts.get(&format!("{folder}/{inside}")) {
                named.insert(inside, text.clone().into_bytes());
            }
        }
    }
    named
}

/// Chooses the files of cmd_tlm that target.txt names, or all. Statements with errors are taken out
/// of it, so that the definitions are read all the same.
fn chosen<'a>(
    files: &'a PluginFiles,
    folder: &str,
    name: &str,
    target_txt: &mut String,
    errors: &mut LoadErrors,
) -> Vec<&'a str> {
    let prefix = format!("{folder}/");
    let paths: Vec<&str> = files
        .texts
        .keys()
        .filter_map(|path| path.strip_prefix(&prefix))
        .filter(|path| *path != "target.txt")
        .collect();
    let mut chosen = loop {
        let found = target::parse(name, target_txt).and_then(|settings| {
            let found = target::files_to_read(&settings, &paths);
            found.map_err(|error| ConfigErrors { errors: vec![error] })
        });
        let wrong = match found {
            Ok(chosen) => break chosen,
            Err(wrong) => wrong,
        };
        let rest = without_statements(target_txt, &wrong);
        errors.add_config_of(&files.shown(&format!("{folder}/target.txt")), wrong);
        // Every turn takes statements out; an error without one would come for ever.
        if rest == *target_txt {
            break Vec::new();
        }
        *target_txt = rest;
    };
    // A file that target.txt names twice is one file.
    let mut seen = std::collections::BTreeSet::new();
    chosen.retain(|path| seen.insert(*path));
    chosen
}

struct Renderer<'a> {
    files: &'a PluginFiles,
    declared: &'a PluginTarget,
    values: Variables,
    folder: &'a str,
}

impl Renderer<'_> {
    /// Renders one file; one that cannot be rendered counts as empty.
    fn render(&self, path: &str, text: &str, errors: &mut LoadErrors) -> String {
        // XTCE documents are no templates.
        if target::is_xtce(path) {
            return text.to_owned();
        }
        match template::is_disabled(path, self.declared.disable_erb.as_deref()) {
            Ok(true) => return text.to_owned(),
            Ok(false) => {}
            // Once for all files.
            Err(error) if path == "target.txt" => {
                errors.add(&self.declared.location, &format!("{}: {}", error.tag, error.message));
            }
            Err(_) => {}
        }
        // Partials are looked up beside the file that is rendered, under the same kind of path.
        let shown = self.files.shown(&format!("{}/{path}", self.folder));
        let partial = |wanted: &str| {
            let known = self.files.texts.iter();
            let mut known = known.filter(|(path, _)| path.starts_with(self.folder));
            known.find(|(path, _)| self.files.shown(path) == wanted).map(|(_, text)| text.clone())
        };
        let environment = |name: &str| std::env::var(name).ok();
        let sources = Sources { partial: &partial, environment: &environment };
        template::render(&shown, text, &self.values, &sources).unwrap_or_else(|error| {
            errors.add_template(&error);
            String::new()
        })
    }
}
