//! What runs on the server. A script touches the keys of one slot and nothing else.

use std::sync::LazyLock;

use redis::Script;

/// Layout of the keys; a table of another one is refused.
pub(crate) const LAYOUT: &str = "1";

const TEXTS: [&str; 4] = [
    include_str!("open.lua"),
    include_str!("put.lua"),
    include_str!("clear.lua"),
    include_str!("advance.lua"),
];

/// The scripts with their texts, in the order of `TEXTS`.
pub(crate) static SCRIPTS: LazyLock<[(Script, &'static str); 4]> =
    LazyLock::new(|| TEXTS.map(|text| (Script::new(text), text)));

/// Lets a partition write to a target.
pub(crate) fn open() -> &'static Script {
    &SCRIPTS[0].0
}

/// Puts blocks into a target.
pub(crate) fn put() -> &'static Script {
    &SCRIPTS[1].0
}

/// Removes a partition's blocks from a target.
pub(crate) fn clear() -> &'static Script {
    &SCRIPTS[2].0
}

/// Moves a checkpoint.
pub(crate) fn advance() -> &'static Script {
    &SCRIPTS[3].0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::valkey::block::LUA_HEAD;

    #[test]
    fn scripts_read_blocks_as_they_are_written() {
        for text in [TEXTS[1], TEXTS[2]] {
            assert!(text.contains(LUA_HEAD));
        }
    }
}
