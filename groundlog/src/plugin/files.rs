use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use groundlog_packet::plugin;

/// Path of the file that makes a folder a plug-in.
pub(super) const PLUGIN_TXT: &str = "plugin.txt";

/// Largest file that a packet's initial bytes may come from; recordings left in a target folder
/// are not loaded into memory.
const BINARY_BYTES_MAX: u64 = 1024 * 1024;

/// The files of a plug-in that define something, by their path inside it.
#[derive(Debug, Default)]
pub(super) struct PluginFiles {
    /// Name of the plug-in: its folder's.
    pub(super) name: String,
    /// Path of the folder, for messages.
    pub(super) root: PathBuf,
    /// Texts: plugin.txt, target.txt, and what lies in cmd_tlm.
    pub(super) texts: BTreeMap<String, String>,
    /// Files in cmd_tlm that are no text.
    pub(super) binaries: BTreeMap<String, Vec<u8>>,
    /// What the folder of each target is.
    folders: BTreeMap<String, FolderState>,
}

/// What a target's folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FolderState {
    /// There is none.
    Missing,
    /// There is nothing in it.
    Empty,
    /// It has no cmd_tlm, hence no packets.
    WithoutPackets,
    /// It has a cmd_tlm.
    Good,
}

impl PluginFiles {
    /// Reads a folder: a plug-in, or a bare target, whose files then lie below `targets/NAME`.
    ///
    /// # Errors
    /// Names the folder that is neither, or the file that cannot be read.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let root = fs::canonicalize(folder)
            .with_context(|| format!("cannot read the plug-in {}", folder.display()))?;
        let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = Self { name, root: folder.to_owned(), ..Self::default() };
        if root.join(PLUGIN_TXT).is_file() {
            files.add(&root, PLUGIN_TXT)?;
            files.add_partials(&root, "")?;
            let targets = root.join("targets");
            if targets.is_dir() {
                for target in sorted_entries(&targets)? {
                    let folder = targets.join(&target);
                    if folder.is_dir() {
                        files.add_target(&folder, &format!("targets/{target}"))?;
                    }
                }
            }
        } else if root.join("target.txt").is_file() || root.join("cmd_tlm").is_dir() {
            let prefix = format!("targets/{}", files.name);
            files.add_target(&root, &prefix)?;
        } else {
            anyhow::bail!(
                "{} is no plug-in and no target: it has neither plugin.txt nor target.txt nor \
                 cmd_tlm",
                folder.display()
            );
        }
        Ok(files)
    }

    /// Returns the demo, which is part of the binary.
    pub(super) fn demo() -> Self {
        let texts = [
            (PLUGIN_TXT, include_str!("../../demo/plugin.txt")),
            ("targets/INST/target.txt", include_str!("../../demo/targets/INST/target.txt")),
            (
                "targets/INST/cmd_tlm/_ccsds_cmd.txt",
                include_str!("../../demo/targets/INST/cmd_tlm/_ccsds_cmd.txt"),
            ),
            (
                "targets/INST/cmd_tlm/_ccsds_tlm.txt",
                include_str!("../../demo/targets/INST/cmd_tlm/_ccsds_tlm.txt"),
            ),
            (
                "targets/INST/cmd_tlm/cmd.txt",
                include_str!("../../demo/targets/INST/cmd_tlm/cmd.txt"),
            ),
            (
                "targets/INST/cmd_tlm/tlm.txt",
                include_str!("../../demo/targets/INST/cmd_tlm/tlm.txt"),
            ),
        ];
        Self {
            name: "demo".to_owned(),
            root: "demo".into(),
            texts: texts.map(|(path, text)| (path.to_owned(), text.to_owned())).into(),
            binaries: BTreeMap::new(),
            folders: BTreeMap::from([("targets/INST".to_owned(), FolderState::Good)]),
        }
    }

    /// Returns whether it is a target without a plugin.txt.
    pub(super) fn is_bare(&self) -> bool {
        !self.texts.contains_key(PLUGIN_TXT)
    }

    /// Returns the names of the variables that its plugin.txt declares.
    pub(super) fn variables(&self) -> Vec<String> {
        let text = self.texts.get(PLUGIN_TXT).map_or("", String::as_str);
        // What is wrong with them is found when they are used.
        plugin::variables(PLUGIN_TXT, text).map_or_else(|_| Vec::new(), |v| v.into_keys().collect())
    }

    /// Returns what the folder of a target is.
    pub(super) fn target_folder(&self, folder: &str) -> FolderState {
        let found = self.folders.get(&format!("targets/{folder}"));
        found.copied().unwrap_or(FolderState::Missing)
    }

    /// Returns a path as the user can open it.
    pub(super) fn shown(&self, path: &str) -> String {
        // The files of a bare target lie in the folder itself.
        let inside = match path.strip_prefix("targets/") {
            Some(inside) if self.is_bare() => inside.split_once('/').map_or("", |(_, rest)| rest),
            _ => path,
        };
        if inside.is_empty() {
            return self.root.display().to_string();
        }
        self.root.join(inside).display().to_string()
    }

    fn add_target(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        if folder.join("target.txt").is_file() {
            self.add(folder, &format!("{prefix}/target.txt"))?;
        }
        self.add_partials(folder, &format!("{prefix}/"))?;
        let cmd_tlm = folder.join("cmd_tlm");
        let state = if cmd_tlm.is_dir() {
            self.add_folder(&cmd_tlm, &format!("{prefix}/cmd_tlm"))?;
            FolderState::Good
        } else if sorted_entries(folder)?.is_empty() {
            FolderState::Empty
        } else {
            FolderState::WithoutPackets
        };
        self.folders.insert(prefix.to_owned(), state);
        Ok(())
    }

    /// Reads the files of a folder that only `render` names.
    fn add_partials(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        for name in sorted_entries(folder)? {
            if name.starts_with('_') && folder.join(&name).is_file() {
                self.add(folder, &format!("{prefix}{name}"))?;
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        for name in sorted_entries(folder)? {
            let path = format!("{prefix}/{name}");
            if folder.join(&name).is_dir() {
                self.add_folder(&folder.join(&name), &path)?;
            } else {
                self.add(folder, &path)?;
            }
        }
        Ok(())
    }

    /// Reads one file of a folder under its path inside the plug-in.
    fn add(&mut self, folder: &Path, path: &str) -> anyhow::Result<()> {
        let file = folder.join(path.rsplit('/').next().unwrap_or(path));
        let about = || format!("cannot read {}", file.display());
        let is_text = file.extension().is_some_and(|extension| {
            ["txt", "xtce", "xml"].iter().any(|text| extension.eq_ignore_ascii_case(text))
        });
        if !is_text && fs::metadata(&file).with_context(about)?.len() > BINARY_BYTES_MAX {
            return Ok(());
        }
        let bytes = fs::read(&file).with_context(about)?;
        // Partials may have any name behind their underscore, texts or not.
        let is_partial = path.rsplit('/').next().is_some_and(|name| name.starts_with('_'));
        if !is_text
            && is_partial
            && let Ok(text) = String::from_utf8(bytes.clone())
        {
            self.texts.insert(path.to_owned(), text);
        }
        if !is_text {
            self.binaries.insert(path.to_owned(), bytes);
            return Ok(());
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            anyhow::anyhow!("{}:{line}: this line is not UTF-8", file.display())
        })?;
        self.texts.insert(path.to_owned(), text);
        Ok(())
    }
}

/// Lists a folder by name, hidden entries left out.
fn sorted_entries(folder: &Path) -> anyhow::Result<Vec<String>> {
    let about = || format!("cannot read {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(about)? {
        let name = entry.with_context(about)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}
