use groundlog_packet::{
    Definitions, PacketKind, definition::TargetSource, plan::DecodePlan, record::PacketMeta,
};

use super::*;

/// Every form of item that takes room: bits as arrays, states on arrays, texts, conversions to text.
const PACKET: &str = r#"
TELEMETRY T P BIG_ENDIAN ""
  APPEND_ID_ITEM ID 8 UINT 1
  APPEND_ITEM WIDE 128 UINT
    STATE A_NAME_THAT_IS_RATHER_LONG 1
  APPEND_ITEM IP 32 UINT
    READ_CONVERSION ip_read_conversion.rb
  APPEND_ITEM TEXT 64 STRING
  APPEND_ARRAY_ITEM FEW 16 UINT 64
  ITEM SECONDS 0 0 DERIVED
    READ_CONVERSION unix_time_formatted_conversion.rb IP
  APPEND_ARRAY_ITEM FLAGS 1 UINT 16
    STATE OFF 0
    STATE ON 1
  ARRAY_ITEM BITS 100 1 UINT 0
    OVERLAP
  ARRAY_ITEM REVERSED 104 8 UINT 0
    OVERLAP
    READ_CONVERSION bit_reverse_conversion.rb UINT 8
  ARRAY_ITEM POLY 104 8 UINT 0
    OVERLAP
    POLY_READ_CONVERSION 1 2
  ITEM REST 104 0 BLOCK
    OVERLAP
"#;

#[test]
fn no_decoded_packet_exceeds_its_bound() {
    let source = TargetSource {
        name: "T".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/tlm.txt".into(), PACKET.into())],
        binary_files: vec![],
    };
    let definitions = Definitions::builder().add_target(source).build().expect("definitions");
    let packet = definitions.packet(PacketKind::Telemetry, "T", "P").expect("packet");
    let plan = DecodePlan::compile(packet);
    let bound = SizeBound::of(packet);
    for length in [1, 20, 40, 100, 1_000, 20_000] {
        let data = vec![1; length];
        let (mut values, mut transitions) = (Vec::new(), Vec::new());
        plan.decode_into(&data, PacketMeta::default(), None, &mut values, &mut transitions);
        assert!(values.len() <= bound.at(length), "{length}: {} of {bound:?}", values.len());
    }
    assert!(bound.at(20_000) > 1_000_000, "a packet that may be too large is known as such");
    assert!(bound.at(100) < 200_000, "{bound:?}");
}
