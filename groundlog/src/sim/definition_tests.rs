//! The simulator speaks exactly what the demo's definitions say, and understands its commands.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use groundlog_packet::{
    Definitions, PacketKind, Value,
    access::{PacketTimes, PacketView},
    command::{self, BuildOptions},
    definition::ValueType,
    identify::{Identifier, PacketPool},
};

use super::{
    ccsds::{Received, next_command},
    spacecraft::Spacecraft,
};

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::new(1_700_000_000, 250_000_000)
}

fn demo() -> crate::plugin::LoadedPlugin {
    crate::plugin::demo(None).unwrap()
}

fn read(definitions: &Definitions, packet: &[u8], item: &str, value_type: ValueType) -> Value {
    let identifier = Identifier::new(definitions);
    let id = identifier.identify_any(PacketKind::Telemetry, packet, PacketPool::Normal).unwrap();
    let definition = definitions.packet_by_id(id).unwrap();
    let view = PacketView::new(definition, packet, PacketTimes::default());
    view.read(item, value_type).unwrap()
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Float(float) => *float,
        Value::Int(int) => *int as f64,
        other => panic!("{other:?} is no number"),
    }
}

/// Builds a command as the gateway does and lets the spacecraft obey it.
fn tell(
    definitions: &Definitions,
    spacecraft: &mut Spacecraft,
    name: &str,
    given: &[(&str, Value)],
) -> Vec<Vec<u8>> {
    let given: Vec<_> =
        given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let built = command::build(definitions, "INST", name, &given, BuildOptions::default()).unwrap();
    let bytes = built.packet.into_buffer();
    let Received::Command(raw, taken) = next_command(&bytes) else {
        panic!("{name} is not a whole command: {bytes:02x?}");
    };
    assert_eq!(taken, bytes.len(), "{name}: its length field says otherwise");
    spacecraft.obey(&raw, now())
}

#[test]
fn every_packet_is_identified_and_as_long_as_defined() {
    let plugin = demo();
    let definitions = &plugin.definitions;
    assert_eq!(plugin.interfaces[0].name, "INST_INT");
    let identifier = Identifier::new(definitions);
    let mut names = Vec::new();
    for packet in Spacecraft::default().step(now()) {
        let id =
            identifier.identify_any(PacketKind::Telemetry, &packet, PacketPool::Normal).unwrap();
        let definition = definitions.packet_by_id(id).unwrap();
        assert_eq!(definition.defined_length(), packet.len(), "{}", definition.packet_name);
        names.push(definition.packet_name.clone());
    }
    assert_eq!(names, ["HEALTH_STATUS", "ADCS", "PARAMS"]);
}

#[test]
fn values_come_back_as_the_spacecraft_meant_them() {
    let definitions = demo().definitions;
    let mut spacecraft = Spacecraft::default();
    let packets = spacecraft.step(now());
    for (index, temperature) in spacecraft.temperatures.0.iter().enumerate() {
        let item = format!("TEMP{}", index + 1);
        let value = read(&definitions, &packets[0], &item, ValueType::Converted);
        assert!((number(&value) - temperature).abs() < 0.004, "{item}: {value:?} {temperature}");
    }
    let time = read(&definitions, &packets[0], "PACKET_TIME", ValueType::Converted);
    assert_eq!(time, Value::Time(1_700_000_000_250_000_000));
    let velocity = read(&definitions, &packets[1], "VELY", ValueType::Converted);
    assert!((number(&velocity) - spacecraft.velocity[1]).abs() < 1e-3);
    let mode = read(&definitions, &packets[1], "MODE", ValueType::Converted);
    assert_eq!(mode, Value::String("FINE".into()));
    let count = read(&definitions, &packets[1], "PACKET_COUNT", ValueType::Raw);
    assert_eq!(count, Value::Int(2));
    let ground = read(&definitions, &packets[0], "GROUND1STATUS", ValueType::Converted);
    assert_eq!(ground, Value::String("CONNECTED".into()));
}

#[test]
fn commands_built_on_the_ground_have_their_effect() {
    let definitions = demo().definitions;
    let mut spacecraft = Spacecraft::default();
    let given = [("TYPE", Value::String("SPECIAL".into())), ("DURATION", Value::Float(5.0))];
    let packets = tell(&definitions, &mut spacecraft, "COLLECT", &given);
    let health = |item, value_type| read(&definitions, &packets[0], item, value_type);
    assert_eq!(health("COLLECTS", ValueType::Raw), Value::Int(1));
    assert_eq!(health("COLLECT_TYPE", ValueType::Converted), Value::String("SPECIAL".into()));
    assert_eq!(number(&health("DURATION", ValueType::Converted)), 5.0);
    assert_eq!(health("OPCODE", ValueType::Raw), Value::Int(0xab));
    tell(&definitions, &mut spacecraft, "ABORT", &[]);
    let given = [("VALUE2", Value::String("BAD".into()))];
    let packets = tell(&definitions, &mut spacecraft, "SETPARAMS", &given);
    let value = read(&definitions, &packets[1], "VALUE2", ValueType::Converted);
    assert_eq!(value, Value::String("BAD".into()));
    assert_eq!(spacecraft.accepted, 3);
    tell(&definitions, &mut spacecraft, "CLEAR", &[]);
    assert_eq!((spacecraft.collects, spacecraft.rejected), (0, 0));
}
