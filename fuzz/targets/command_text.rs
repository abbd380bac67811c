//! Command texts: parsed, built, and rendered again.

#![no_main]

use std::sync::LazyLock;

use groundlog_packet::command::{BuildOptions, build, built_command_text, parse};
use groundlog_packet::definition::Definitions;
use libfuzzer_sys::fuzz_target;

const COMMANDS: &str = "\
COMMAND TGT C BIG_ENDIAN
  APPEND_ID_PARAMETER ID 8 UINT 0 255 1
  APPEND_PARAMETER MODE 8 UINT MIN MAX 0
    STATE OFF 0
    STATE ON 1 HAZARDOUS 'Careful'
  APPEND_PARAMETER ANGLE 32 FLOAT -10 10 0
  APPEND_PARAMETER NAME 32 STRING 'AB'
    OBFUSCATE
  APPEND_PARAMETER LEN 8 UINT MIN MAX 0
  APPEND_PARAMETER DATA 0 BLOCK ''
    VARIABLE_BIT_SIZE LEN
  APPEND_ARRAY_PARAMETER LIST 16 INT 32
  PARAMETER TAIL -8 8 INT MIN MAX -1
    OVERFLOW SATURATE
";

static DEFINITIONS: LazyLock<Definitions> =
    LazyLock::new(|| groundlog_fuzz::read("ruby", COMMANDS.into()).expect("definitions"));

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(command) = parse(text, Some(&DEFINITIONS)) else {
        return;
    };
    for (range_check, raw) in [(true, false), (false, true)] {
        let options = BuildOptions { range_check, raw, required_check: true };
        let built =
            build(&DEFINITIONS, &command.target, &command.command, &command.parameters, options);
        if let Ok(built) = built {
            let _ = built_command_text("cmd", &built.packet, raw);
        }
    }
});
