use groundlog_packet::{
    definition::TargetSource,
    plugin::PluginTarget,
    target,
    template::{self, Sources, Variables},
};

use super::{errors::LoadErrors, files::PluginFiles};

/// A target with its templates rendered.
#[derive(Debug)]
pub(super) struct RenderedTarget {
    /// With paths as the user can open them.
    pub(super) located: TargetSource,
    /// With paths inside the target.
    pub(super) published: TargetSource,
    /// Where it is declared.
    pub(super) place: String,
}

/// Renders the files of a target that are read. What cannot be rendered goes to `errors`, what is
/// left out to `warnings`.
pub(super) fn render_target(
    files: &PluginFiles,
    declared: &PluginTarget,
    values: &Variables,
    errors: &mut LoadErrors,
    warnings: &mut Vec<String>,
) -> RenderedTarget {
    let folder = format!("targets/{}", declared.folder);
    let mut values = values.clone();
    values.insert("target_name".to_owned(), declared.name.clone());
    let renderer = Renderer { files, declared, values, folder: &folder };
    let target_txt = match files.texts.get(&format!("{folder}/target.txt")) {
        Some(text) => renderer.render("target.txt", text, errors),
        None => String::new(),
    };
    let texts = chosen(files, &folder, &declared.name, &target_txt)
        .into_iter()
        .filter_map(|path| Some((path, files.texts.get(&format!("{folder}/{path}"))?)))
        .map(|(path, text)| (path.to_owned(), renderer.render(path, text, errors)))
        .collect();
    let inside = |path: &str| path.strip_prefix(&folder)?.strip_prefix('/').map(str::to_owned);
    let mut binary_files = Vec::new();
    for (path, bytes) in &files.binaries {
        let Some(inside) = inside(path) else { continue };
        if inside.ends_with(".xtce") || inside.ends_with(".xml") {
            warnings.push(format!("{}: XTCE is not supported yet", files.shown(path)));
        } else {
            binary_files.push((inside, bytes.clone()));
        }
    }
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
    RenderedTarget { located, published, place: declared.location.to_string() }
}

/// Chooses the files of cmd_tlm that target.txt names, or all. A target.txt with errors chooses
/// all: they are reported when the definitions are built.
fn chosen<'a>(files: &'a PluginFiles, folder: &str, name: &str, target_txt: &str) -> Vec<&'a str> {
    let prefix = format!("{folder}/");
    let paths: Vec<&str> = files
        .texts
        .keys()
        .filter_map(|path| path.strip_prefix(&prefix))
        .filter(|path| *path != "target.txt")
        .collect();
    let settings = target::parse(name, target_txt).ok();
    let chosen = settings.and_then(|settings| target::files_to_read(&settings, &paths).ok());
    let mut chosen = chosen.unwrap_or_else(|| {
        let partial = |path: &&str| path.rsplit('/').next().is_some_and(|f| f.starts_with('_'));
        paths.iter().copied().filter(|path| !partial(path)).collect()
    });
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
        if self.is_left_alone(path) {
            return text.to_owned();
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

    /// `DISABLE_ERB` without words leaves all files alone, with words those whose path holds one.
    fn is_left_alone(&self, path: &str) -> bool {
        let words = self.declared.disable_erb.as_deref();
        words.is_some_and(|words| words.is_empty() || words.iter().any(|word| path.contains(word)))
    }
}
