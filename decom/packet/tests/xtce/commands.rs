//! Commands: built bytes, ranges, hazards.

use groundlog_packet::command::{BuildOptions, build};
use groundlog_packet::identify::{Identifier, PacketPool};
use groundlog_packet::{Definitions, PacketKind, Value};

use crate::documents::{UNSIGNED, read, system};

const TYPES: &str = r#"
<IntegerArgumentType name="Count"><IntegerDataEncoding sizeInBits="16"/><ValidRangeSet>
<ValidRange minInclusive="1" maxInclusive="100"/></ValidRangeSet></IntegerArgumentType>
<EnumeratedArgumentType name="Mode" initialValue="Idle"><IntegerDataEncoding/><EnumerationList>
<Enumeration value="0" label="Idle"/><Enumeration value="7" label="Run"/></EnumerationList>
</EnumeratedArgumentType>
<FloatArgumentType name="Angle"><IntegerDataEncoding encoding="twosComplement" sizeInBits="16">
<DefaultCalibrator><PolynomialCalibrator><Term coefficient="100" exponent="1"/>
</PolynomialCalibrator></DefaultCalibrator></IntegerDataEncoding></FloatArgumentType>
<StringArgumentType name="Text"><StringDataEncoding><SizeInBits><TerminationChar>0A</TerminationChar>
</SizeInBits></StringDataEncoding></StringArgumentType>
<BinaryArgumentType name="Data"><BinaryDataEncoding><SizeInBits><DynamicValue>
<ArgumentInstanceRef argumentRef="LEN"/><LinearAdjustment slope="8"/></DynamicValue></SizeInBits>
</BinaryDataEncoding></BinaryArgumentType>
<IntegerArgumentType name="U8A" initialValue="0"><IntegerDataEncoding/></IntegerArgumentType>
"#;

fn commands(commands: &str) -> Definitions {
    read(&system(&format!(
        "<CommandMetaData><ParameterTypeSet>{UNSIGNED}</ParameterTypeSet><ParameterSet>\
         <Parameter name=\"APID\" parameterTypeRef=\"U16\"/><Parameter name=\"SEQ\" \
         parameterTypeRef=\"U8\" initialValue=\"0x20\"/></ParameterSet>\
         <ArgumentTypeSet>{TYPES}</ArgumentTypeSet><MetaCommandSet>{commands}</MetaCommandSet>\
         <CommandContainerSet><SequenceContainer name=\"Header\" abstract=\"true\"><EntryList>\
         <ParameterRefEntry parameterRef=\"APID\"/><ParameterRefEntry parameterRef=\"SEQ\"/>\
         </EntryList></SequenceContainer></CommandContainerSet></CommandMetaData>"
    )))
}

fn bytes(definitions: &Definitions, command: &str, given: &[(&str, Value)]) -> Vec<u8> {
    let given: Vec<_> =
        given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let built = build(definitions, "SAT", command, &given, BuildOptions::default());
    built.unwrap_or_else(|error| panic!("{error}")).packet.buffer().to_vec()
}

fn refusal(definitions: &Definitions, command: &str, given: &[(&str, Value)]) -> String {
    let given: Vec<_> =
        given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    build(definitions, "SAT", command, &given, BuildOptions::default()).unwrap_err().to_string()
}

/// A command whose container extends the header with an APID.
fn with_header(name: &str, apid: u16, arguments: &str, entries: &str) -> String {
    format!(
        "<MetaCommand name=\"{name}\"><ArgumentList>{arguments}</ArgumentList>\
         <CommandContainer name=\"{name}_C\"><EntryList>{entries}</EntryList>\
         <BaseContainer containerRef=\"Header\"><RestrictionCriteria><Comparison \
         parameterRef=\"APID\" value=\"{apid}\"/></RestrictionCriteria></BaseContainer>\
         </CommandContainer></MetaCommand>"
    )
}

#[test]
fn arguments_parameters_and_fixed_values() {
    let arguments = "<Argument name=\"N\" argumentTypeRef=\"Count\" initialValue=\"5\"/>\
                     <Argument name=\"MODE\" argumentTypeRef=\"Mode\"/>\
                     <Argument name=\"ANGLE\" argumentTypeRef=\"Angle\"/>";
    let entries = "<FixedValueEntry name=\"OPCODE\" binaryValue=\"1F3\" sizeInBits=\"8\"/>\
                   <ArgumentRefEntry argumentRef=\"N\"/><ArgumentRefEntry argumentRef=\"MODE\"/>\
                   <ArgumentRefEntry argumentRef=\"ANGLE\"/>";
    let definitions = commands(&with_header("GO", 0x1234, arguments, entries));
    let angle = ("ANGLE", Value::Float(-1.5));
    assert_eq!(
        bytes(&definitions, "GO", std::slice::from_ref(&angle)),
        [0x12, 0x34, 0x20, 0xf3, 0, 5, 0, 0xff, 0x6a]
    );
    let mode = ("MODE", Value::from("Run"));
    let given = [angle.clone(), mode, ("N", Value::Int(100))];
    assert_eq!(bytes(&definitions, "GO", &given)[4..7], [0, 100, 7]);
    assert_eq!(
        refusal(&definitions, "GO", &[]),
        "Required command parameter 'SAT GO ANGLE' not given"
    );
    let message = refusal(&definitions, "GO", &[angle.clone(), ("N", Value::Int(101))]);
    assert!(message.contains("101"), "{message}");
    let message = refusal(&definitions, "GO", &[angle, ("MODE", Value::from("Walk"))]);
    assert!(message.contains("Idle, Run"), "{message}");
    let go = definitions.packet(PacketKind::Command, "SAT", "GO").unwrap();
    let ids: Vec<_> = go.id_items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(ids, ["APID", "OPCODE"]);
    assert!(go.item("OPCODE").unwrap().hidden);
}

#[test]
fn texts_and_blocks_of_variable_size() {
    let arguments = "<Argument name=\"NAME\" argumentTypeRef=\"Text\"/>\
                     <Argument name=\"LEN\" argumentTypeRef=\"U8A\"/>\
                     <Argument name=\"DATA\" argumentTypeRef=\"Data\"/>\
                     <Argument name=\"END\" argumentTypeRef=\"U8A\" initialValue=\"9\"/>";
    let entries = ["NAME", "LEN", "DATA", "END"]
        .map(|name| format!("<ArgumentRefEntry argumentRef=\"{name}\"/>"))
        .concat();
    let definitions = commands(&with_header("LOAD", 1, arguments, &entries));
    let given = [("NAME", Value::from("ab")), ("DATA", Value::Bytes(vec![5, 6, 7]))];
    assert_eq!(
        bytes(&definitions, "LOAD", &given),
        [&[0, 1, 0x20][..], b"ab\n", &[3, 5, 6, 7, 9]].concat()
    );
    let empty = [("NAME", Value::from("")), ("DATA", Value::Bytes(vec![]))];
    assert_eq!(bytes(&definitions, "LOAD", &empty), [0, 1, 0x20, 0x0a, 0, 9]);
}

#[test]
fn commands_that_extend_others() {
    let all = "<MetaCommand name=\"Base\" abstract=\"true\"><ArgumentList>\
         <Argument name=\"OP\" argumentTypeRef=\"U8A\"/><Argument name=\"MODE\" argumentTypeRef=\"Mode\"/>\
         </ArgumentList><CommandContainer name=\"BaseC\"><EntryList><ArgumentRefEntry argumentRef=\"OP\"/>\
         <ArgumentRefEntry argumentRef=\"MODE\"/></EntryList></CommandContainer>\
         <DefaultSignificance consequenceLevel=\"critical\" reasonForWarning=\"it burns\"/></MetaCommand>\
         <MetaCommand name=\"Start\"><BaseMetaCommand metaCommandRef=\"Base\"><ArgumentAssignmentList>\
         <ArgumentAssignment argumentName=\"OP\" argumentValue=\"1\"/>\
         <ArgumentAssignment argumentName=\"MODE\" argumentValue=\"Run\"/></ArgumentAssignmentList>\
         </BaseMetaCommand></MetaCommand>\
         <MetaCommand name=\"Stop\"><BaseMetaCommand metaCommandRef=\"Base\"><ArgumentAssignmentList>\
         <ArgumentAssignment argumentName=\"OP\" argumentValue=\"2\"/></ArgumentAssignmentList>\
         </BaseMetaCommand><ArgumentList><Argument name=\"DELAY\" argumentTypeRef=\"U8A\"/></ArgumentList>\
         <CommandContainer name=\"StopC\"><EntryList><ArgumentRefEntry argumentRef=\"DELAY\"/></EntryList>\
         <BaseContainer containerRef=\"BaseC\"/></CommandContainer>\
         <DefaultSignificance consequenceLevel=\"normal\"/></MetaCommand>\
         <MetaCommand name=\"Kill\"><BaseMetaCommand metaCommandRef=\"Stop\"/>\
         <DefaultSignificance consequenceLevel=\"forbidden\"/></MetaCommand>";
    let definitions = commands(all);
    let command = |name| definitions.packet(PacketKind::Command, "SAT", name).unwrap();
    assert!(definitions.packet(PacketKind::Command, "SAT", "BASE").is_err());
    assert_eq!(bytes(&definitions, "START", &[]), [1, 7]);
    assert_eq!(bytes(&definitions, "STOP", &[("DELAY", Value::Int(3))]), [2, 0, 3]);
    assert_eq!(command("START").hazardous.as_deref(), Some("it burns"));
    assert_eq!(command("STOP").hazardous, None);
    assert_eq!(command("KILL").hazardous.as_deref(), Some(""));
    assert_eq!(command("KILL").meta["CONSEQUENCE_LEVEL"], ["forbidden"]);
    let identifier = Identifier::new(&definitions);
    let identify = |bytes: &[u8]| {
        let found = identifier.identify_any(PacketKind::Command, bytes, PacketPool::Normal)?;
        Some(definitions.packet_by_id(found)?.packet_name.clone())
    };
    assert_eq!(identify(&[1, 7]).as_deref(), Some("START"));
    assert_eq!(identify(&[2, 0, 3]).as_deref(), Some("STOP"));
}
