//! From the files of a target folder to the texts that define it.

use crate::definition::TargetSource;
use crate::template::{self, Sources, TemplateError, Variables};

/// The files of one target folder, paths relative to it with `/`.
#[derive(Debug, Clone, Default)]
pub struct TargetFolder {
    /// Name under which the target runs; the folder may have another.
    pub name: String,
    /// Every text file, `target.txt` and partials among them.
    pub texts: Vec<(String, String)>,
    /// Files that `TEMPLATE_FILE` may name.
    pub binaries: Vec<(String, Vec<u8>)>,
}

impl TargetFolder {
    /// Renders the files, each once, with the plug-in's variables and `target_name`.
    ///
    /// `disable_erb` is the keyword of the plug-in's `TARGET`: none renders all files, an empty
    /// list none, patterns all but the files whose path they are found in.
    ///
    /// # Errors
    /// [`TemplateError`] at the first tag that cannot be rendered, or for a pattern that is not
    /// supported.
    pub fn render(
        self,
        variables: &Variables,
        disable_erb: Option<&[String]>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<TargetSource, TemplateError> {
        let mut variables = variables.clone();
        variables.insert(template::TARGET_NAME.to_owned(), self.name.clone());
        let texts = &self.texts;
        let partial = |path: &str| {
            texts.iter().find(|(known, _)| known == path).map(|(_, text)| text.clone())
        };
        let sources = Sources { partial: &partial, environment };
        let mut target_txt = String::new();
        let mut files = Vec::new();
        for (path, text) in texts {
            let base = path.rsplit('/').next().unwrap_or(path);
            if base.starts_with('_') {
                continue;
            }
            let rendered = if template::is_disabled(path, disable_erb)? {
                text.clone()
            } else {
                template::render(path, text, &variables, &sources)?
            };
            if path == "target.txt" {
                target_txt = rendered;
            } else {
                files.push((path.clone(), rendered));
            }
        }
        Ok(TargetSource { name: self.name, target_txt, files, binary_files: self.binaries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partials_are_rendered_where_they_are_named() {
        let folder = || {
            TargetFolder {
            name: "SAT".into(),
            texts: vec![
                ("target.txt".into(), "LANGUAGE python\n".into()),
                ("cmd_tlm/_ids.txt".into(), "  APPEND_ID_ITEM ID 8 UINT <%= id %>\n".into()),
                (
                    "cmd_tlm/tlm.txt".into(),
                    "TELEMETRY <%= target_name %> P BIG_ENDIAN\n<%= render '_ids.txt', locals: {id: 7} %>".into(),
                ),
            ],
            binaries: vec![],
        }
        };
        let source = folder().render(&Variables::new(), None, &|_| None).unwrap();
        assert_eq!(source.target_txt, "LANGUAGE python\n");
        assert_eq!(source.files.len(), 1);
        assert!(
            source.files[0]
                .1
                .starts_with("TELEMETRY SAT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 7")
        );
        let off = folder().render(&Variables::new(), Some(&[]), &|_| None).unwrap();
        assert!(off.files[0].1.contains("<%="));
        let some = folder().render(&Variables::new(), Some(&["tlm\\.txt$".into()]), &|_| None);
        assert!(some.unwrap().files[0].1.contains("<%="));
    }
}
