//! `STATE`, `LIMITS` and `LIMITS_RESPONSE` (cosmos-packets §2.5).

use super::arguments::{Arguments, float};
use super::parser::{FileParser, NOT_BUILT_IN};
use super::words;
use crate::definition::{
    Color, DataType, Item, LimitsResponse, LimitsSet, OpaqueKind, PacketKind, State, class_name,
};
use crate::value::Value;

impl FileParser<'_> {
    pub(super) fn state(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let kind = self.current_packet()?.kind;
        let item = self.current_item()?;
        if !item.limits.sets.is_empty() {
            return Err("Items with LIMITS can't define STATE".to_owned());
        }
        if item.units.is_some() {
            return Err("Items with UNITS can't define STATE".to_owned());
        }
        let mut state = State { value: state_value(item, arguments.text(1)?)?, ..State::default() };
        match kind {
            PacketKind::Command => command_state(arguments, &mut state)?,
            PacketKind::Telemetry => {
                arguments.count(2, 3)?;
                if let Some(word) = arguments.optional(2) {
                    state.color = Some(Color::from_word(word).ok_or_else(|| {
                        format!("Invalid state color {word}. Must be GREEN, YELLOW, or RED.")
                    })?);
                }
            }
        }
        let colored = state.color.is_some();
        if colored {
            item.limits.enabled = true;
        }
        let name = arguments.text(0)?;
        let duplicate = item.states.get_or_insert_default().insert(name, state).is_some();
        if duplicate {
            let line = arguments.statement.line;
            self.warn(format!(
                "Duplicate state defined on line {line}: {}",
                arguments.statement.text
            ));
        }
        if colored && let Some(name) = self.item.clone() {
            self.register_limits(&name);
        }
        Ok(())
    }

    pub(super) fn limits(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        self.telemetry_only("LIMITS")?;
        if arguments.len() == 8 {
            return Err("Must give both a green low and green high value.".to_owned());
        }
        let set_name = arguments.upper(0)?;
        let item = self.current_item()?;
        if item.states.is_some() {
            return Err("Items with STATE can't define LIMITS".to_owned());
        }
        if set_name != "DEFAULT" && !item.limits.sets.contains_key("DEFAULT") {
            return Err("DEFAULT limits set must be defined for an item before other limits sets"
                .to_owned());
        }
        let persistence = arguments.integer(1).ok().and_then(|n| u32::try_from(n).ok());
        let persistence = persistence.ok_or("Persistence must be an integer.")?;
        let enabled = match arguments.upper(2)?.as_str() {
            "ENABLED" => true,
            "DISABLED" => false,
            _ => return Err("Initial LIMITS state must be ENABLED or DISABLED.".to_owned()),
        };
        let set = limits_set(arguments)?;
        let first = item.limits.sets.is_empty();
        let disagrees =
            !first && (item.limits.enabled != enabled || item.limits.persistence != persistence);
        item.limits.enabled = enabled;
        item.limits.persistence = persistence;
        item.limits.sets.insert(set_name.clone(), set);
        let item_name = item.name.clone();
        if disagrees {
            let label = self.packet_label();
            self.warn(format!(
                "{label} {item_name} limits set {set_name} changes the enabled state or persistence of all its sets."
            ));
        }
        if !self.draft.limits_sets.contains(&set_name) {
            self.draft.limits_sets.push(set_name);
        }
        self.register_limits(&item_name);
        Ok(())
    }

    pub(super) fn limits_response(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        self.telemetry_only("LIMITS_RESPONSE")?;
        let class = class_name(arguments.text(0)?);
        let args = arguments.rest(1);
        let code = self.draft.registry.make_limits_response(&class, &args)?;
        if code.is_none() {
            self.opaque(OpaqueKind::LimitsResponse, &class, NOT_BUILT_IN);
        }
        self.current_item()?.limits.response = Some(LimitsResponse { class, args, code });
        Ok(())
    }

    fn telemetry_only(&mut self, keyword: &str) -> Result<(), String> {
        match self.current_packet()?.kind {
            PacketKind::Telemetry => Ok(()),
            PacketKind::Command => Err(format!("{keyword} only applies to telemetry items")),
        }
    }

    /// Notes that an item's limits are checked, after those noted before.
    pub(super) fn register_limits(&mut self, name: &str) {
        if let Some(packet) = self.packet.as_mut()
            && !packet.limits_names.iter().any(|known| known == name)
        {
            packet.limits_names.push(name.to_owned());
        }
    }
}

fn command_state(arguments: Arguments<'_>, state: &mut State) -> Result<(), String> {
    match arguments.optional(2).map(str::to_uppercase).as_deref() {
        None => {}
        Some("HAZARDOUS") => {
            state.hazardous = Some(arguments.optional(3).unwrap_or_default().to_owned());
        }
        Some("DISABLE_MESSAGES") => state.messages_disabled = true,
        Some(_) => {
            return Err("HAZARDOUS or DISABLE_MESSAGES expected as third parameter for this line."
                .to_owned());
        }
    }
    Ok(())
}

fn state_value(item: &Item, text: &str) -> Result<Value, String> {
    if matches!(item.data_type, DataType::String | DataType::Block) {
        return Ok(Value::from(text));
    }
    match words::convert_to_value(text) {
        Value::String(word) if word.eq_ignore_ascii_case("ANY") => Ok(Value::from("ANY")),
        // Derived items may have text as their value, which only the conversion knows.
        Value::String(word) if item.is_derived() => Ok(Value::String(word)),
        Value::String(word) => {
            Err(format!("Invalid state value {word} for data type {}.", item.data_type))
        }
        value => Ok(value),
    }
}

fn limits_set(arguments: Arguments<'_>) -> Result<LimitsSet, String> {
    let names = ["red low", "yellow low", "yellow high", "red high", "green low", "green high"];
    let mut numbers = [0.0; 6];
    for (index, name) in names.iter().enumerate() {
        if let Some(text) = arguments.optional(3 + index) {
            numbers[index] = float(text).ok_or_else(|| {
                format!("Invalid {name} limit value. Limits can be integers or floats.")
            })?;
        }
    }
    let [red_low, yellow_low, yellow_high, red_high, green_low, green_high] = numbers;
    if !(red_low <= yellow_low && yellow_low < yellow_high && yellow_high <= red_high) {
        return Err(
            "Invalid limits specified. Ensure yellow limits are within red limits.".to_owned()
        );
    }
    let green = (arguments.len() == 9).then_some((green_low, green_high));
    if green.is_some()
        && !(yellow_low <= green_low && green_low < green_high && green_high <= yellow_high)
    {
        return Err(
            "Invalid limits specified. Ensure green limits are within yellow limits.".to_owned()
        );
    }
    Ok(LimitsSet { red_low, yellow_low, yellow_high, red_high, green })
}
