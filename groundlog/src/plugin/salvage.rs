use groundlog_packet::{
    config::ConfigErrors,
    plugin::{self, Plugin, PluginError},
    template::{self, Sources, Variables},
};

use super::errors::LoadErrors;

/// Starts components of plugin.txt whose modifiers follow them.
const HEADS: [&str; 7] =
    ["TARGET", "INTERFACE", "ROUTER", "MICROSERVICE", "TOOL", "WIDGET", "SCRIPT_ENGINE"];
/// Stands where a refused component stood, so that its modifiers do not go to the one before.
const PLACEHOLDER: &str = "WIDGET REFUSED";

/// What could be read of a plugin.txt with errors.
#[derive(Debug, Default)]
pub(super) struct Salvaged {
    /// What its good statements say.
    pub(super) plugin: Plugin,
    /// Whether a target may be missing because its statement was refused.
    pub(super) targets_missing: bool,
}

/// Reads what is good of a plugin.txt that was refused, so that errors of everything it names come
/// in the same list. All its errors go to `errors`.
pub(super) fn plugin_with_errors(
    path: &str,
    text: &str,
    given: &Variables,
    scope: &str,
    sources: &Sources<'_>,
    errors: &mut LoadErrors,
) -> Salvaged {
    let nothing = || Salvaged { targets_missing: true, ..Salvaged::default() };
    let mut text = text.to_owned();
    let mut refused = Vec::new();
    if let Err(wrong) = plugin::variables(path, &text) {
        text = without_statements(&text, &wrong);
        refused = wrong.errors.iter().filter_map(|one| variable_of(&one.statement)).collect();
        errors.add_config(wrong);
    }
    let Ok(declared) = plugin::variables(path, &text) else {
        return nothing();
    };
    let mut values: Variables =
        declared.iter().map(|(name, one)| (name.clone(), one.default.clone())).collect();
    let mut known = Variables::new();
    for (name, value) in given {
        if declared.contains_key(name) {
            known.insert(name.clone(), value.clone());
        } else if refused.contains(name) {
            values.insert(name.clone(), value.clone());
        } else {
            let declared = declared.keys().cloned().collect::<Vec<_>>().join(", ");
            let (path, name) = (path.to_owned(), name.clone());
            errors.add_plugin(PluginError::UnknownVariable { path, name, declared });
        }
    }
    values.extend(known.clone());
    values.insert("scope".to_owned(), scope.to_owned());
    // What lacks a refused variable would only say so again.
    if !refused.iter().all(|name| values.contains_key(name)) {
        return nothing();
    }
    // Rendered once, so that lines of errors are lines of the text they are taken out of.
    match template::render(path, &text, &values, sources) {
        Ok(rendered) => text = rendered,
        Err(error) => {
            errors.add_template(&error);
            return nothing();
        }
    }
    let mut salvaged = Salvaged::default();
    let mut first = true;
    loop {
        let wrong = match plugin::load(path, &text, &known, scope, sources) {
            Ok(mut plugin) => {
                plugin.values = values;
                return Salvaged { plugin, ..salvaged };
            }
            Err(PluginError::Config(wrong)) => wrong,
            Err(_) => return nothing(),
        };
        let rest = without_statements(&text, &wrong);
        if rest == text {
            return nothing();
        }
        text = rest;
        // Later ones only follow from what was taken out.
        if std::mem::take(&mut first) {
            let is_target = |text: &str| head_of(text) == Some("TARGET");
            salvaged.targets_missing = wrong.errors.iter().any(|one| is_target(&one.statement));
            errors.add_config(wrong);
        }
    }
}

/// Takes refused statements out of a text; the lines of all others stay the same.
pub(super) fn without_statements(text: &str, wrong: &ConfigErrors) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for error in &wrong.errors {
        // The line of a statement is its last one; those before it end in a sign of continuation.
        let Some(last) = (error.line as usize).checked_sub(1).filter(|at| *at < lines.len()) else {
            continue;
        };
        let continues = |line: &str| line.trim().ends_with(['&', '+', '\\']);
        let mut at = last;
        while at > 0 && continues(lines[at - 1]) {
            at -= 1;
            lines[at] = "";
        }
        lines[last] = if head_of(&error.statement).is_some() { PLACEHOLDER } else { "" };
    }
    let mut rest = lines.join("\n");
    rest.push('\n');
    rest
}

/// Returns the name that a statement declares as a variable.
fn variable_of(statement: &str) -> Option<String> {
    let mut words = statement.split_whitespace();
    let declares = words.next()?.eq_ignore_ascii_case("VARIABLE");
    words.next().filter(|_| declares).map(|name| name.trim_matches(['"', '\'']).to_owned())
}

/// Returns the keyword of a statement that starts a component.
fn head_of(statement: &str) -> Option<&'static str> {
    let keyword = statement.split_whitespace().next()?;
    HEADS.into_iter().find(|head| head.eq_ignore_ascii_case(keyword))
}
