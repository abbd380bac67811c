//! The expression engine against anything that may stand in a definition.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use groundlog_packet::Value;
use groundlog_packet::access::PacketBuffer;
use groundlog_packet::definition::{Definitions, PacketKind, TargetSource, ValueType};
use groundlog_packet::limits::LimitsState;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{PacketMeta, RecordView};
use proptest::prelude::*;

/// Pieces out of which code of both languages is put together.
const PIECES: &[&str] = &[
    "value",
    "x",
    "1",
    "0",
    "-1",
    "2.5",
    "0xFF",
    "127",
    "1e300",
    "'ab'",
    "[",
    "]",
    "(",
    ")",
    ",",
    " + ",
    " - ",
    " * ",
    " / ",
    " // ",
    " % ",
    " ** ",
    " << ",
    " >> ",
    " & ",
    " | ",
    " ^ ",
    " < ",
    " == ",
    " && ",
    " and ",
    " or ",
    "not ",
    "!",
    "~",
    "-",
    " ? ",
    " : ",
    ":",
    "\n",
    "\n  ",
    "if ",
    "elsif ",
    "elif ",
    "else",
    "end",
    "case ",
    "when ",
    " then ",
    "return ",
    "x = ",
    "x += ",
    "packet.read('A')",
    "packet.read('B')",
    ".to_i",
    ".abs",
    ".round",
    ".to_s",
    "[0]",
    "int(",
    "float(",
    "Math.sqrt(",
    "math.pow(",
    "max(",
    "nil",
    "None",
    "true",
    "True",
    " if ",
    " unless ",
    " else ",
    " in ",
    " not in ",
];

fn definitions(code: &str, language: &str) -> Option<Definitions> {
    let text = format!(
        "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ITEM A 8 INT\n    GENERIC_READ_CONVERSION_START\n{code}\n    \
         GENERIC_READ_CONVERSION_END\n  APPEND_ITEM B 32 FLOAT\n  APPEND_ITEM C 8 UINT\n    \
         GENERIC_READ_CONVERSION_START\n      value + packet.read('A')\n    GENERIC_READ_CONVERSION_END\n"
    );
    let source = TargetSource {
        name: "TGT".into(),
        target_txt: format!("LANGUAGE {language}\n"),
        files: vec![("cmd_tlm/test.txt".into(), text)],
        binary_files: vec![],
    };
    Definitions::builder().add_target(source).build().ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever the code and the bytes: nothing panics, and the plan says what the careful reader
    /// says.
    #[test]
    fn any_code_is_refused_or_gives_the_same_in_plan_and_view(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 1..24),
        python in any::<bool>(),
        bytes in any::<[u8; 6]>(),
    ) {
        let language = if python { "python" } else { "ruby" };
        let Some(definitions) = definitions(&pieces.concat(), language) else { return Ok(()) };
        let packet = definitions.packet(PacketKind::Telemetry, "TGT", "P").unwrap().clone();
        let mut buffer = PacketBuffer::new(packet.clone());
        buffer.set_buffer(bytes.to_vec()).unwrap();
        let plan = DecodePlan::compile(&packet);
        let (mut record, mut transitions) = (Vec::new(), Vec::new());
        let mut limits = LimitsState::new(&packet);
        let meta = PacketMeta::default();
        plan.decode_into(&bytes, meta, Some(&mut limits), &mut record, &mut transitions);
        let view = RecordView::new(&plan, meta, &record).unwrap();
        for name in ["A", "C"] {
            let careful = buffer.read(name, ValueType::Converted).unwrap_or(Value::Null);
            let fast = view.converted(packet.item_index(name).unwrap());
            prop_assert_eq!(format!("{careful:?}"), format!("{fast:?}"));
        }
    }
}
