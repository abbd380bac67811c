//! Rendering of template tags in target files (cosmos-packets §1.5).
//!
//! The tags hold Ruby; this is the subset that plug-ins use: variables, `render` of partials,
//! loops, conditions, assignments, and expressions over numbers, texts, symbols, lists, maps and
//! patterns (docs/definitions.md lists it). Anything outside it is an error that names file, line
//! and tag, so that nothing is ever rendered wrongly in silence. Time, memory and depth of every
//! file are bounded (see the module budget).
//!
//! ```text
//! text → segments → words of one program → steps → text
//! ```

mod arguments;
mod budget;
mod evaluate;
mod expressions;
mod functions;
mod lexer;
mod methods;
mod names;
mod operators;
mod parser;
mod segments;
mod statements;
mod syntax;
mod value;

use std::collections::BTreeMap;

use thiserror::Error;

use evaluate::Renderer;

/// Variables by name; plug-in variables are always text.
pub type Variables = BTreeMap<String, String>;

/// Variable that partials see beside their locals.
pub const TARGET_NAME: &str = "target_name";

/// Where a template finds what it does not hold itself.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// Yields the text of a partial by its path, relative paths joined to the including file's.
    pub partial: &'a dyn Fn(&str) -> Option<String>,
    /// Yields an environment variable for `ENV["X"]`.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

/// Why a template cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}: <% {tag} %>: {message}")]
pub struct TemplateError {
    /// Path of the file.
    pub file: String,
    /// Line on which the tag starts, from 1.
    pub line: u32,
    /// Text of the tag.
    pub tag: String,
    /// What is wrong, and the remedy.
    pub message: String,
}

/// Renders a file. A text without tags is returned as it is.
///
/// # Errors
/// [`TemplateError`] at the first tag that is malformed or outside the supported subset.
pub fn render(
    path: &str,
    text: &str,
    variables: &Variables,
    sources: &Sources<'_>,
) -> Result<String, TemplateError> {
    if !text.contains("<%") {
        return Ok(text.to_owned());
    }
    Renderer::new(path, variables, *sources).render(text)
}

/// Returns whether `DISABLE_ERB` leaves the tags of a file alone: without words those of all
/// files, else those of the files in whose path one of the regular expressions is found.
///
/// # Errors
/// [`TemplateError`] for a pattern that is not supported.
pub fn is_disabled(path: &str, disable_erb: Option<&[String]>) -> Result<bool, TemplateError> {
    let Some(patterns) = disable_erb else {
        return Ok(false);
    };
    if patterns.is_empty() {
        return Ok(true);
    }
    for pattern in patterns {
        let pattern = lexer::compile(pattern, "").map_err(|message| TemplateError {
            file: path.to_owned(),
            line: 0,
            tag: format!("DISABLE_ERB {pattern}"),
            message,
        })?;
        if pattern.is_match(path) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Sources<'static> = Sources { partial: &|_| None, environment: &|_| None };

    fn shown(text: &str) -> String {
        let variables = Variables::from([("name".into(), "BOX1".into()), ("n".into(), "3".into())]);
        render("t.txt", text, &variables, &NONE).unwrap()
    }

    fn error(text: &str) -> String {
        render("t.txt", text, &Variables::new(), &NONE).unwrap_err().to_string()
    }

    #[test]
    fn expressions() {
        assert_eq!(shown("A <%= name %> B"), "A BOX1 B");
        assert_eq!(shown("<%= 1 + 2 * 3 %> <%= 7 / 2 %> <%= -7 % 3 %>"), "7 3 2");
        assert_eq!(shown("<%= \"%02d\" % 5 %>"), "05");
        assert_eq!(shown("<%= \"x#{name}-#{1 + 1}\" %>"), "xBOX1-2");
        assert_eq!(shown("<%= name.downcase.gsub('box', 'b') %>"), "b1");
        assert_eq!(shown("<%= name == 'BOX1' ? 'yes' : 'no' %>"), "yes");
        assert_eq!(shown("<%= n.to_i + 1 %>"), "4");
        assert_eq!(shown("<%= ENV['X'] ? 1 : 2 %>"), "2");
        assert_eq!(shown("<%= [1, 2][1] %>"), "2");
    }

    #[test]
    fn blocks() {
        assert_eq!(shown("<% (1..3).each do |i| %><%= i %>,<% end %>"), "1,2,3,");
        assert_eq!(shown("<% (1...3).each do |i| %><%= i %>,<% end %>"), "1,2,");
        assert_eq!(shown("<% 2.times do %>x<% end %>"), "xx");
        assert_eq!(
            shown("<% ['a', 'b'].each_with_index do |v, i| %><%= v %><%= i %><% end %>"),
            "a0b1"
        );
        assert_eq!(shown("<% unless false %>a<% else %>b<% end %>"), "a");
        assert_eq!(shown("<% if 1 > 2 %>a<% elsif not true %>b<% else %>c<% end %>"), "c");
        assert_eq!(shown("<% x = 1 %><% 2.times do |i| %><% x = x + i %><% end %><%= x %>"), "2");
    }

    #[test]
    fn trim_and_escapes() {
        assert_eq!(shown("  <%- if true -%>\na\n<%- end -%>\n"), "a\n");
        assert_eq!(shown("<%% not %%>"), "<% not %%>");
        assert_eq!(shown("a<%# comment %>b"), "ab");
        assert_eq!(shown("# <% bad %>\nx # <%= 1 %>\n#%<%= 2 %>\n"), "# \nx # 1\n#%2\n");
    }

    #[test]
    fn partials_see_only_their_locals() {
        let partial = |path: &str| {
            (path == "cmd_tlm/_p.txt").then(|| "<%= target_name %> <%= n %>\n".to_owned())
        };
        let sources = Sources { partial: &partial, ..NONE };
        let variables =
            Variables::from([("target_name".into(), "INST".into()), ("n".into(), "9".into())]);
        let text = "<%= render '_p.txt', locals: {n: 1} %>";
        assert_eq!(render("cmd_tlm/t.txt", text, &variables, &sources).unwrap(), "INST 1\n");
        let text = "<%= render '_p.txt' %>";
        assert!(render("cmd_tlm/t.txt", text, &variables, &sources).is_err());
    }

    #[test]
    fn refusals_name_file_line_and_tag() {
        assert!(error("a\n<%= foo %>").starts_with("t.txt:2: <% foo %>: "));
        for text in [
            "<%= `ls` %>",
            "<% require 'x' %>",
            "<%= 'a'.crypt %>",
            "<% if true %>",
            "<% end %>",
            "<%= 1 +",
            "<%= 1 / 0 %>",
            "<% 9999999999.times do %>x<% end %>",
            "<%= render 'p.txt' %>",
        ] {
            assert!(!error(text).is_empty(), "{text}");
        }
    }
}
