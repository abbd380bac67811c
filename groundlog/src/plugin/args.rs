use std::path::{Path, PathBuf};

use clap::Args;
use groundlog_packet::{template::Variables, xtce};

use super::LoadedPlugin;
use crate::{config::PluginConfig, output::tell, usage::wrong_usage};

/// What `run` loads.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PluginArgs {
    /// Plug-in folder and values of its variables, or a bare target folder (then with --connect);
    /// replaces the demo. May be repeated
    #[arg(long, num_args = 1.., value_names = ["DIR", "NAME=VALUE"])]
    pub(super) plugin: Vec<String>,
    /// For a bare target folder: where its packets come from
    #[arg(long, value_name = "tcp://HOST:PORT")]
    pub(super) connect: Option<String>,
    /// For a bare target folder: how packets are framed, as after PROTOCOL READ_WRITE; else LENGTH
    /// where the packets are space packets, BURST where not
    #[arg(long, value_name = "PROTOCOL", requires = "connect")]
    pub(super) protocol: Option<String>,
}

impl PluginArgs {
    /// Returns the folders to load with their variables: the command line's, else the
    /// configuration's.
    pub(super) fn folders_or(
        &self,
        config: &PluginConfig,
    ) -> anyhow::Result<Vec<(PathBuf, Variables)>> {
        if self.plugin.is_empty() {
            let folder = config.path.clone();
            if folder.is_none() && (self.connect.is_some() || config.connect.is_some()) {
                return Err(wrong_usage("--connect needs a target folder: --plugin DIR"));
            }
            return Ok(folder.into_iter().map(|path| (path, config.variables.clone())).collect());
        }
        let mut folders: Vec<(PathBuf, Variables)> = Vec::new();
        for word in &self.plugin {
            match (assignment(word), folders.last_mut()) {
                (Some((name, value)), Some((_, variables))) => {
                    variables.insert(name.to_owned(), value.to_owned());
                }
                (Some(_), None) => {
                    let text = format!("--plugin {word}: name the folder first");
                    return Err(wrong_usage(text));
                }
                (None, _) => folders.push((word.into(), Variables::new())),
            }
        }
        Ok(folders)
    }
}

/// Which definitions a command reads packets with.
#[derive(Debug, Clone, Args)]
pub(crate) struct DefinitionArgs {
    /// Definitions: a plug-in folder or a bare target folder
    #[arg(long, value_name = "DIR")]
    plugin: Option<PathBuf>,
    /// Value of a variable of the plug-in
    #[arg(long, value_name = "NAME=VALUE", requires = "plugin")]
    variable: Vec<String>,
    /// Definitions: an XTCE document, a target named by its SpaceSystem
    #[arg(long, value_name = "FILE", conflicts_with = "plugin")]
    xtce: Option<PathBuf>,
    /// Byte of every packet at which the containers of the XTCE document begin: 6 where they leave
    /// the primary header of space packets out
    #[arg(long, value_name = "BYTE", default_value_t = 0, requires = "xtce")]
    container_at: u16,
}

impl DefinitionArgs {
    /// Loads the folder or the document, if one is named; what is not acted upon goes to standard
    /// error.
    ///
    /// # Errors
    /// Every error of every file, with file and line.
    pub(crate) fn load(&self) -> anyhow::Result<Option<LoadedPlugin>> {
        if let Some(document) = &self.xtce {
            let options = xtce::Options { target: None, header_bytes: self.container_at };
            let loaded = super::load_xtce(document, options)?;
            loaded.warnings.iter().for_each(|warning| tell!("{warning}"));
            return Ok(Some(loaded));
        }
        let Some(folder) = &self.plugin else {
            return Ok(None);
        };
        let variables = variables(&self.variable)?;
        let loaded = super::load_folder(Path::new(folder), &variables)?;
        loaded.warnings.iter().for_each(|warning| tell!("{warning}"));
        Ok(Some(loaded))
    }
}

/// Reads the words of `--variable`.
///
/// # Errors
/// When one is no assignment.
pub(crate) fn variables(words: &[String]) -> anyhow::Result<Variables> {
    let pair = |word: &String| {
        let (name, value) = assignment(word)
            .ok_or_else(|| wrong_usage(format!("--variable {word}: write NAME=VALUE")))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    words.iter().map(pair).collect()
}

/// Splits `NAME=VALUE`; the name of a variable is a word, so that a path with `=` stays a path.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_word.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(words: &[&str]) -> anyhow::Result<Vec<(PathBuf, Variables)>> {
        let plugin = words.iter().map(|&word| word.to_owned()).collect();
        PluginArgs { plugin, ..PluginArgs::default() }.folders_or(&PluginConfig::default())
    }

    #[test]
    fn folders_take_the_variables_behind_them() {
        let found = folders(&["a", "x=1", "y=2=3", "./b=c", "z="]).expect("good words");
        let variables = |pairs: &[(&str, &str)]| -> Variables {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
        };
        let expected = [
            ("a".into(), variables(&[("x", "1"), ("y", "2=3")])),
            ("./b=c".into(), variables(&[("z", "")])),
        ];
        assert_eq!(found, expected);
        assert!(folders(&["x=1"]).is_err());
    }
}
