//! Checks of the modifiers of targets (cosmos-packets §2.7).

use super::PluginTarget;
use crate::config::{Arguments, is_null_word};
use crate::value::integer_text;

/// Processes of a target that may become processes of their own.
const MICROSERVICES: [&str; 4] = ["DECOM", "COMMANDLOG", "PACKETLOG", "CLEANUP"];

/// Checks the value of a modifier that follows a target.
pub(super) fn check(target: &PluginTarget, arguments: Arguments<'_>) -> Result<(), String> {
    let word = arguments.text(0)?;
    let one_of = |words: &[&str]| {
        if words.iter().any(|known| word.eq_ignore_ascii_case(known)) {
            return Ok(());
        }
        Err(format!("Unknown word {word}. Must be {}.", words.join(", ")))
    };
    match arguments.keyword() {
        "CMD_BUFFER_DEPTH" | "TLM_BUFFER_DEPTH" | "SHARD" | "DB_SHARD" => {
            arguments.integer(0).map(|_| ())
        }
        "CMD_LOG_RETAIN_TIME" | "TLM_LOG_RETAIN_TIME" | "LOG_RETAIN_TIME" if is_null_word(word) => {
            Ok(())
        }
        "CMD_DECOM_RETAIN_TIME" | "TLM_DECOM_RETAIN_TIME" => {
            let digits = word.strip_suffix(['h', 'd', 'w', 'M', 'y']);
            let is_time =
                digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
            if is_time || is_null_word(word) {
                return Ok(());
            }
            Err(format!("{word} is no time: write digits and one of h, d, w, M, y."))
        }
        "TARGET_MICROSERVICE" => one_of(&MICROSERVICES),
        "STORED_LIMITS_MODE" => one_of(&["PROCESS", "LOG", "DISABLE"]),
        "PACKET" => {
            let mut services =
                target.modifiers.iter().filter(|m| m.keyword == "TARGET_MICROSERVICE");
            match services.next_back().and_then(|service| service.args.first()) {
                Some(name) if name.eq_ignore_ascii_case("CLEANUP") => {
                    Err("PACKET cannot be used with CLEANUP.".to_owned())
                }
                Some(_) => Ok(()),
                None => Err("PACKET must follow a TARGET_MICROSERVICE.".to_owned()),
            }
        }
        _ if integer_text(word).is_some() => Ok(()),
        _ => arguments.float(0).map(|_| ()),
    }
}
