//! Documents made of parts, and packets decoded by them.

use std::sync::Arc;

use groundlog_packet::access::{PacketTimes, PacketView};
use groundlog_packet::definition::{Item, ValueType};
use groundlog_packet::identify::{Identifier, PacketPool};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{PacketMeta, RecordView};
use groundlog_packet::xtce::Options;
use groundlog_packet::{Definitions, Packet, PacketKind, Value};

/// The namespace of XTCE 1.2.
pub(crate) const XMLNS: &str = "http://www.omg.org/spec/XTCE/20180204";

/// Wraps the content of a SpaceSystem.
pub(crate) fn system(content: &str) -> String {
    format!("<SpaceSystem name=\"Sat\" xmlns=\"{XMLNS}\">\n{content}\n</SpaceSystem>")
}

/// Makes a telemetry document of types, parameters (`NAME:TYPE`) and containers.
pub(crate) fn telemetry(types: &str, parameters: &[&str], containers: &str) -> String {
    let parameters: String = parameters
        .iter()
        .map(|parameter| {
            let (name, kind) = parameter.split_once(':').unwrap();
            format!("<Parameter name=\"{name}\" parameterTypeRef=\"{kind}\"/>\n")
        })
        .collect();
    system(&format!(
        "<TelemetryMetaData><ParameterTypeSet>{UNSIGNED}{types}</ParameterTypeSet>\n\
         <ParameterSet>{parameters}</ParameterSet>\n<ContainerSet>{containers}</ContainerSet>\
         </TelemetryMetaData>"
    ))
}

/// Types U1, U3, U8, U16 and U32.
pub(crate) const UNSIGNED: &str = r#"
<IntegerParameterType name="U1"><IntegerDataEncoding sizeInBits="1"/></IntegerParameterType>
<IntegerParameterType name="U3"><IntegerDataEncoding sizeInBits="3"/></IntegerParameterType>
<IntegerParameterType name="U8"><IntegerDataEncoding/></IntegerParameterType>
<IntegerParameterType name="U16"><IntegerDataEncoding sizeInBits="16"/></IntegerParameterType>
<IntegerParameterType name="U32"><IntegerDataEncoding sizeInBits="32"/></IntegerParameterType>
"#;

/// Makes a container of entries for parameters.
pub(crate) fn container(name: &str, parameters: &[&str]) -> String {
    let entries: String = parameters
        .iter()
        .map(|name| format!("<ParameterRefEntry parameterRef=\"{name}\"/>"))
        .collect();
    format!(
        "<SequenceContainer name=\"{name}\"><EntryList>{entries}</EntryList></SequenceContainer>\n"
    )
}

/// Makes a packet of one type: parameter V, then U8 parameter NEXT.
pub(crate) fn one(kind: &str) -> Definitions {
    let name = kind.split("name=\"").nth(1).unwrap().split('"').next().unwrap();
    let document =
        telemetry(kind, &[&format!("V:{name}"), "NEXT:U8"], &container("P", &["V", "NEXT"]));
    read(&document)
}

/// Reads a document that has no errors.
pub(crate) fn read(document: &str) -> Definitions {
    read_with(document, Options::default())
}

pub(crate) fn read_with(document: &str, options: Options) -> Definitions {
    let built = Definitions::builder().add_xtce("t.xml", document.into(), options).build();
    built.unwrap_or_else(|errors| panic!("{errors}\n{document}"))
}

/// Reads a document that has errors; one line each, `line: message`.
pub(crate) fn errors(document: impl AsRef<[u8]>) -> Vec<String> {
    let document = document.as_ref().to_vec();
    let built = Definitions::builder().add_xtce("t.xml", document, Options::default()).build();
    let Err(errors) = built else { return Vec::new() };
    errors.errors.iter().map(|error| format!("{}: {}", error.line, error.message)).collect()
}

/// Returns a telemetry packet of the target SAT.
pub(crate) fn packet<'d>(definitions: &'d Definitions, name: &str) -> &'d Arc<Packet> {
    definitions.packet(PacketKind::Telemetry, "SAT", name).unwrap()
}

/// Returns an item.
pub(crate) fn item<'p>(packet: &'p Packet, name: &str) -> &'p Item {
    packet.item(name).unwrap_or_else(|| panic!("there is no {name}"))
}

/// Reads a value in both ways, which must agree.
pub(crate) fn value(packet: &Arc<Packet>, bytes: &[u8], name: &str, form: ValueType) -> Value {
    let view = PacketView::new(packet, bytes, PacketTimes::default());
    let careful = view.read(name, form).unwrap_or(Value::Null);
    let plan = DecodePlan::compile(packet);
    let mut record = Vec::new();
    plan.decode_into(bytes, PacketMeta::default(), None, &mut record, &mut Vec::new());
    let record = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
    let place = packet.item_index(name).unwrap();
    if plan.is_packed(place) {
        let fast = match form {
            ValueType::Raw => record.raw(place),
            ValueType::Converted => record.converted(place),
            ValueType::Formatted => record.formatted(place),
        };
        // As texts, because NaN is not itself.
        assert_eq!(format!("{fast:?}"), format!("{careful:?}"), "{name} of {bytes:02x?}");
    }
    careful
}

pub(crate) fn raw(packet: &Arc<Packet>, bytes: &[u8], name: &str) -> Value {
    value(packet, bytes, name, ValueType::Raw)
}

pub(crate) fn converted(packet: &Arc<Packet>, bytes: &[u8], name: &str) -> Value {
    value(packet, bytes, name, ValueType::Converted)
}

/// Returns the name of the packet that bytes are.
pub(crate) fn identified(definitions: &Definitions, bytes: &[u8]) -> Option<String> {
    let identifier = Identifier::new(definitions);
    let id = identifier.identify_any(PacketKind::Telemetry, bytes, PacketPool::Normal)?;
    Some(definitions.packet_by_id(id)?.packet_name.clone())
}
