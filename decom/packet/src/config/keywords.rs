//! Every keyword of packet files: how many parameters it takes, and its usage text.

/// Where a keyword may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// Anywhere.
    Top,
    /// Needs a current packet.
    Packet,
    /// Needs a current item.
    Item,
}

/// One keyword.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keyword {
    pub(crate) level: Level,
    pub(crate) minimum: usize,
    pub(crate) maximum: usize,
    usage: &'static str,
}

/// No upper bound on the parameters.
const MANY: usize = usize::MAX;

impl Keyword {
    /// Returns `KEYWORD <parameters>`.
    pub(crate) fn usage(&self, keyword: &str) -> String {
        if self.usage.is_empty() { keyword.to_owned() } else { format!("{keyword} {}", self.usage) }
    }
}

/// Returns the facts of a keyword, or `None` when it is unknown.
pub(crate) fn find(keyword: &str) -> Option<Keyword> {
    top(keyword)
        .or_else(|| item_definition(keyword))
        .or_else(|| packet(keyword))
        .or_else(|| item(keyword))
}

fn make(level: Level, minimum: usize, maximum: usize, usage: &'static str) -> Option<Keyword> {
    Some(Keyword { level, minimum, maximum, usage })
}

fn top(keyword: &str) -> Option<Keyword> {
    let (minimum, maximum, usage) = match keyword {
        "COMMAND" | "TELEMETRY" => {
            (3, 4, "<TARGET NAME> <PACKET NAME> <BIG_ENDIAN|LITTLE_ENDIAN> [DESCRIPTION]")
        }
        "SELECT_COMMAND" | "SELECT_TELEMETRY" => (2, 2, "<TARGET NAME> <PACKET NAME>"),
        "LIMITS_GROUP" => (1, 1, "<GROUP NAME>"),
        "LIMITS_GROUP_ITEM" => (3, 3, "<TARGET NAME> <PACKET NAME> <ITEM NAME>"),
        _ => return None,
    };
    make(Level::Top, minimum, maximum, usage)
}

fn item_definition(keyword: &str) -> Option<Keyword> {
    let (minimum, maximum, usage) = match keyword {
        "ITEM" => (4, 6, "<NAME> <BIT OFFSET> <BIT SIZE> <TYPE> [DESCRIPTION] [ENDIANNESS]"),
        "APPEND_ITEM" => (3, 5, "<NAME> <BIT SIZE> <TYPE> [DESCRIPTION] [ENDIANNESS]"),
        "ID_ITEM" => {
            (5, 7, "<NAME> <BIT OFFSET> <BIT SIZE> <TYPE> <ID VALUE> [DESCRIPTION] [ENDIANNESS]")
        }
        "APPEND_ID_ITEM" => {
            (4, 6, "<NAME> <BIT SIZE> <TYPE> <ID VALUE> [DESCRIPTION] [ENDIANNESS]")
        }
        "ARRAY_ITEM" | "ARRAY_PARAMETER" => (
            5,
            7,
            "<NAME> <BIT OFFSET> <ELEMENT BIT SIZE> <TYPE> <TOTAL BIT SIZE> [DESCRIPTION] [ENDIANNESS]",
        ),
        "APPEND_ARRAY_ITEM" | "APPEND_ARRAY_PARAMETER" => {
            (4, 6, "<NAME> <ELEMENT BIT SIZE> <TYPE> <TOTAL BIT SIZE> [DESCRIPTION] [ENDIANNESS]")
        }
        // The upper bound of texts is 7; the numeric form has its own, checked with the type.
        "PARAMETER" | "ID_PARAMETER" => (
            5,
            9,
            "<NAME> <BIT OFFSET> <BIT SIZE> <TYPE> [MIN MAX] <DEFAULT> [DESCRIPTION] [ENDIANNESS]",
        ),
        "APPEND_PARAMETER" | "APPEND_ID_PARAMETER" => {
            (4, 8, "<NAME> <BIT SIZE> <TYPE> [MIN MAX] <DEFAULT> [DESCRIPTION] [ENDIANNESS]")
        }
        "STRUCTURE" => {
            (6, 6, "<NAME> <BIT OFFSET> <BIT SIZE|DEFINED> <CMD|TLM> <TARGET NAME> <PACKET NAME>")
        }
        "APPEND_STRUCTURE" => {
            (5, 5, "<NAME> <BIT SIZE|DEFINED> <CMD|TLM> <TARGET NAME> <PACKET NAME>")
        }
        "SELECT_ITEM" | "SELECT_PARAMETER" | "DELETE_ITEM" | "DELETE_PARAMETER" => (1, 1, "<NAME>"),
        _ => return None,
    };
    make(Level::Packet, minimum, maximum, usage)
}

fn packet(keyword: &str) -> Option<Keyword> {
    let (minimum, maximum, usage) = match keyword {
        "ALLOW_SHORT" | "DISABLE_MESSAGES" | "HIDDEN" | "DISABLED" | "VIRTUAL" | "CATCHALL"
        | "RESTRICTED" | "IGNORE_OVERLAP" | "SUBPACKET" => (0, 0, ""),
        "HAZARDOUS" => (0, 1, "[DESCRIPTION]"),
        "PROCESSOR" => (2, MANY, "<NAME> <CLASS FILE> [ARGUMENTS...]"),
        "META" => (1, MANY, "<NAME> [VALUES...]"),
        "ACCESSOR" | "VALIDATOR" | "SUBPACKETIZER" => (1, MANY, "<CLASS FILE> [ARGUMENTS...]"),
        "TEMPLATE" => (1, 1, "<TEXT>"),
        "TEMPLATE_BASE64" => (1, 1, "<BASE64 TEXT>"),
        "TEMPLATE_FILE" => (1, 1, "<FILE>"),
        "RESPONSE" | "ERROR_RESPONSE" => (2, 2, "<TARGET NAME> <PACKET NAME>"),
        "SCREEN" => (2, 2, "<TARGET NAME> <SCREEN NAME>"),
        "RELATED_ITEM" => (3, 3, "<TARGET NAME> <PACKET NAME> <ITEM NAME>"),
        _ => return None,
    };
    make(Level::Packet, minimum, maximum, usage)
}

fn item(keyword: &str) -> Option<Keyword> {
    let (minimum, maximum, usage) = match keyword {
        "STATE" => {
            (2, 4, "<NAME> <VALUE> [GREEN|YELLOW|RED or HAZARDOUS|DISABLE_MESSAGES] [DESCRIPTION]")
        }
        "READ_CONVERSION" | "WRITE_CONVERSION" => (1, MANY, "<CLASS FILE> [ARGUMENTS...]"),
        "POLY_READ_CONVERSION" | "POLY_WRITE_CONVERSION" => (1, MANY, "<C0> [C1 ...]"),
        "SEG_POLY_READ_CONVERSION" | "SEG_POLY_WRITE_CONVERSION" => {
            (2, MANY, "<LOWER BOUND> <C0> [C1 ...]")
        }
        "GENERIC_READ_CONVERSION_START" | "GENERIC_WRITE_CONVERSION_START" => {
            (0, 2, "[CONVERTED TYPE] [CONVERTED BIT SIZE]")
        }
        "GENERIC_READ_CONVERSION_END"
        | "GENERIC_WRITE_CONVERSION_END"
        | "REQUIRED"
        | "OVERLAP"
        | "OBFUSCATE" => (0, 0, ""),
        "CONVERTED_DATA" => (2, 3, "<BIT SIZE> <TYPE> [ARRAY BIT SIZE]"),
        "LIMITS" => (
            7,
            9,
            "<SET> <PERSISTENCE> <ENABLED|DISABLED> <RED LOW> <YELLOW LOW> <YELLOW HIGH> <RED HIGH> [GREEN LOW] [GREEN HIGH]",
        ),
        "LIMITS_RESPONSE" => (1, MANY, "<CLASS FILE> [ARGUMENTS...]"),
        "UNITS" => (2, 2, "<FULL NAME> <ABBREVIATION>"),
        "FORMAT_STRING" => (1, 1, "<PRINTF TEXT>"),
        "DESCRIPTION" => (1, 1, "<TEXT>"),
        "MINIMUM_VALUE" | "MAXIMUM_VALUE" | "DEFAULT_VALUE" => (1, 1, "<VALUE>"),
        "OVERFLOW" => (1, 1, "<ERROR|ERROR_ALLOW_HEX|TRUNCATE|SATURATE>"),
        "KEY" => (1, 1, "<PATH>"),
        "VARIABLE_BIT_SIZE" => (1, 3, "<LENGTH ITEM> [BITS PER COUNT] [BIT OFFSET]"),
        _ => return None,
    };
    make(Level::Item, minimum, maximum, usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_names_the_keyword() {
        let units = find("UNITS").unwrap();
        assert_eq!(units.usage("UNITS"), "UNITS <FULL NAME> <ABBREVIATION>");
        assert_eq!(find("VIRTUAL").unwrap().usage("VIRTUAL"), "VIRTUAL");
        assert!(find("BOGUS").is_none());
    }
}
