//! Names of keys (ADR 3).

use groundlog_proto::{Namespace, TopicKind, TopicNames, TopicPartition};

/// The two keys of a target: one slot on a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// COSMOS's hash: packet → JSON.
    pub(crate) cosmos: String,
    /// groundlog's hash: packet → blocks.
    pub(crate) own: String,
}

/// Makes the names of one table's keys.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    names: TopicNames,
    own: String,
    cosmos: String,
    scope: String,
}

impl Keys {
    pub(crate) fn new(names: &TopicNames, namespace: &Namespace, scope: &str) -> Self {
        let decom = names.topic(TopicKind::Decom);
        let prefix = decom.as_str().trim_end_matches(TopicKind::Decom.short_name());
        let scope = without_braces(scope);
        Self {
            own: format!("{}cvt", without_braces(prefix)),
            cosmos: format!("{}{scope}__tlm__", without_braces(&namespace.prefix())),
            names: names.clone(),
            scope,
        }
    }

    /// Names the keys of a target. COSMOS's name has no hash tag, so its slot comes from all of
    /// it; the other key has it as its hash tag, and so the same slot.
    pub(crate) fn pair(&self, target: &str) -> Pair {
        let cosmos = format!("{}{}", self.cosmos, without_braces(target));
        Pair { own: format!("{}:{{{cosmos}}}", self.own), cosmos }
    }

    /// Finds the keys of a target from the second of them.
    pub(crate) fn pair_of(&self, own: &str) -> Option<Pair> {
        let cosmos = own.strip_prefix(&self.own)?.strip_prefix(":{")?.strip_suffix('}')?;
        cosmos
            .starts_with(&self.cosmos)
            .then(|| Pair { cosmos: cosmos.to_owned(), own: own.to_owned() })
    }

    /// Returns the pattern that the second keys of all targets match.
    pub(crate) fn pattern(&self) -> String {
        format!("{}:{{{}*}}", escaped(&self.own), escaped(&self.cosmos))
    }

    /// Names the key of a partition's checkpoint.
    pub(crate) fn checkpoint(&self, partition: &TopicPartition) -> String {
        format!("{}.checkpoint:{{{}}}:{}", self.own, self.scope, self.part(partition))
    }

    /// Names a partition among those of this table.
    pub(crate) fn part(&self, partition: &TopicPartition) -> String {
        let kind = self.names.kind(&partition.topic).map_or("", TopicKind::short_name);
        format!("{kind}:{}", partition.partition)
    }
}

/// Writes braces as `%7B` and `%7D`: they would say what the hash tag is.
fn without_braces(text: &str) -> String {
    text.replace('{', "%7B").replace('}', "%7D")
}

/// Escapes what has a meaning in a pattern.
fn escaped(text: &str) -> String {
    let special = |it: char| matches!(it, '*' | '?' | '[' | ']' | '\\' | '^' | '-');
    text.chars().flat_map(|it| special(it).then_some('\\').into_iter().chain([it])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosmos_names_stay_and_both_keys_share_a_hash_tag() {
        let names = TopicNames::default();
        let keys = Keys::new(&names, &Namespace::Live, "DEFAULT");
        let pair = keys.pair("INST");
        assert_eq!(pair.cosmos, "DEFAULT__tlm__INST");
        assert_eq!(pair.own, "groundlog.cvt:{DEFAULT__tlm__INST}");
        assert_eq!(keys.pair_of(&pair.own), Some(pair));
        assert_eq!(keys.pair_of("groundlog.cvt:{OTHER__tlm__INST}"), None);
        let partition = TopicPartition::new(names.topic(TopicKind::DecomStored), 3);
        assert_eq!(
            keys.checkpoint(&partition),
            "groundlog.cvt.checkpoint:{DEFAULT}:decom.stored:3"
        );
        assert_eq!(keys.pattern(), "groundlog.cvt:{DEFAULT__tlm__*}");
        assert_eq!(keys.pair("A{B}C}").cosmos, "DEFAULT__tlm__A%7BB%7DC%7D");
    }

    #[test]
    fn n1_another_namespace_has_other_keys() {
        let namespace = Namespace::Replay("july".to_owned());
        let keys = Keys::new(&TopicNames::new("x*.", &namespace), &namespace, "DEFAULT");
        let pair = keys.pair("INST");
        assert_eq!(pair.cosmos, "replay-july.DEFAULT__tlm__INST");
        assert_eq!(pair.own, "x*.replay-july.cvt:{replay-july.DEFAULT__tlm__INST}");
        assert_eq!(keys.pattern(), r"x\*.replay\-july.cvt:{replay\-july.DEFAULT__tlm__*}");
    }
}
