//! Keywords that define, select or delete items (cosmos-packets §2.2 to §2.4).

use super::arguments::Arguments;
use super::checks;
use super::lines::Token;
use super::packets::endianness;
use super::parser::FileParser;
use super::values;
use crate::definition::{DataType, Item, PacketKind, is_reserved_item};

/// Reserved as column names of the time-series store.
const RESERVED_COLUMNS: [&str; 2] = ["COSMOS_DATA_TAG", "COSMOS_EXTRA"];

/// What the keyword itself says about an item.
struct Form {
    append: bool,
    id: bool,
    array: bool,
    parameter: bool,
}

impl Form {
    fn of(keyword: &str) -> Self {
        let (append, rest) = match keyword.strip_prefix("APPEND_") {
            Some(rest) => (true, rest),
            None => (false, keyword),
        };
        Self {
            append,
            id: rest.starts_with("ID_"),
            array: rest.starts_with("ARRAY_"),
            parameter: rest.ends_with("PARAMETER"),
        }
    }
}

impl FileParser<'_> {
    pub(super) fn define_item(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        self.item = None;
        let form = Form::of(arguments.keyword());
        let (kind, order) = {
            let packet = self.current_packet()?;
            (packet.kind, packet.endianness)
        };
        match (form.parameter, kind) {
            (false, PacketKind::Command) => {
                return Err("ITEM types are only valid with TELEMETRY".to_owned());
            }
            (true, PacketKind::Telemetry) => {
                return Err("PARAMETER types are only valid with COMMAND".to_owned());
            }
            _ => {}
        }
        let name = item_name(arguments, form.array)?;
        // Appended items are checked as if at offset 0 first, as the reference does (P018).
        let (offset, mut next) = if form.append { (0, 1) } else { (arguments.integer(1)?, 2) };
        let size = arguments.integer(next)?;
        let data_type = data_type(&name, arguments.text(next + 1)?)?;
        next += 2;
        let mut item = Item::new(&name, offset, size, data_type, order);
        if form.array {
            item.array_size = Some(arguments.integer(next)?);
            next += 1;
        }
        next = item_values(&form, arguments, &mut item, next)?;
        if arguments.len() > next + 2 {
            return Err(format!("Too many parameters for {}.", arguments.keyword()));
        }
        item.description = arguments.optional(next).map(str::to_owned);
        if let Some(word) = arguments.optional(next + 1) {
            item.endianness = endianness(word)?;
        }
        checks::item(&item)?;
        if form.append && !item.is_derived() {
            item.bit_offset = self.current_packet()?.append_offset();
            checks::item(&item)?;
        }
        self.add_item(item, arguments)
    }

    /// Puts an item into the current packet and makes it current.
    pub(super) fn add_item(&mut self, item: Item, arguments: Arguments<'_>) -> Result<(), String> {
        let name = item.name.clone();
        let label = self.packet_label();
        let elements = item.array_size.map_or(0, |total| total / item.bit_size.max(1));
        let packet = self.current_packet()?;
        if packet.items.len() >= checks::MAX_ITEMS {
            return Err(format!("A packet has at most {} items", checks::MAX_ITEMS));
        }
        let is_id = item.id_value.is_some();
        let replaced = packet.insert_item(item);
        // One that is redefined as no id stays an id, as a deleted one does.
        if is_id {
            packet.id_items.retain(|id| id.name != name);
        }
        if is_id && let Some(item) = packet.item(&name) {
            let copy = item.clone();
            packet.id_items.push(copy);
        }
        if replaced {
            self.warn(format!("{label} {name} redefined."));
        }
        if elements >= 100_000 {
            self.warn(format!("{label} {name} is an array of {elements} elements."));
        }
        self.item_statements.insert(name.clone(), arguments.statement.clone());
        self.item = Some(name);
        Ok(())
    }

    pub(super) fn select_item(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let name = self.existing_item(arguments)?;
        self.item = Some(name);
        Ok(())
    }

    pub(super) fn delete_item(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let name = self.existing_item(arguments)?;
        self.current_packet()?.remove_item(&name);
        Ok(())
    }

    /// Closes the current item and returns the name of the one that the statement names.
    fn existing_item(&mut self, arguments: Arguments<'_>) -> Result<String, String> {
        self.item = None;
        let keyword = arguments.keyword();
        let name = arguments.upper(0)?;
        let label = self.packet_label();
        let packet = self.current_packet()?;
        match (keyword.ends_with("PARAMETER"), packet.kind) {
            (true, PacketKind::Telemetry) => {
                return Err(format!("{keyword} only applies to command packets"));
            }
            (false, PacketKind::Command) => {
                return Err(format!("{keyword} only applies to telemetry packets"));
            }
            _ => {}
        }
        if packet.item(&name).is_none() {
            return Err(format!("{name} not found in {} packet {label}", packet.kind));
        }
        Ok(name)
    }
}

pub(super) fn item_name(arguments: Arguments<'_>, array: bool) -> Result<String, String> {
    let name = arguments.legal_name(0)?.to_uppercase();
    if is_reserved_item(&name) || RESERVED_COLUMNS.contains(&name.as_str()) {
        return Err(format!(
            "Parameter 1 ({name}) for {} cannot be a reserved item name.",
            arguments.keyword()
        ));
    }
    if array && name.contains(['[', ']']) {
        return Err(format!("ARRAY items cannot have brackets in their name: {name}"));
    }
    Ok(name)
}

fn data_type(name: &str, word: &str) -> Result<DataType, String> {
    DataType::from_word(word).filter(|data_type| *data_type != DataType::Time).ok_or_else(|| {
        format!(
            "{name}: unknown data_type: {} - Must be INT, UINT, FLOAT, STRING, BLOCK, BOOL, OBJECT, ARRAY, ANY, DERIVED",
            word.to_uppercase()
        )
    })
}

/// Reads id value, range and default; returns the index of the first parameter after them.
fn item_values(
    form: &Form,
    arguments: Arguments<'_>,
    item: &mut Item,
    next: usize,
) -> Result<usize, String> {
    let token = |index: usize| -> Result<&Token, String> {
        arguments
            .token(index)
            .ok_or_else(|| format!("Not enough parameters for {}.", arguments.keyword()))
    };
    if form.array {
        if form.parameter {
            item.default = Some(crate::Value::Array(Vec::new()));
        }
        return Ok(next);
    }
    if !form.parameter {
        if !form.id {
            return Ok(next);
        }
        let given = values::default(item, token(next)?, true)?;
        item.id_value = Some(values::id_value(item, &given)?);
        return Ok(next + 1);
    }
    let ranged = matches!(
        item.data_type,
        DataType::Int | DataType::Uint | DataType::Float | DataType::Derived
    );
    let default = if ranged {
        if item.data_type != DataType::Derived {
            let minimum = values::range_end(item, &token(next)?.text)?;
            let maximum = values::range_end(item, &token(next + 1)?.text)?;
            if minimum.is_some() && maximum.is_some() {
                item.minimum = minimum;
                item.maximum = maximum;
            }
        }
        next + 2
    } else {
        next
    };
    let value = values::default(item, token(default)?, true)?;
    if form.id {
        item.id_value = Some(values::id_value(item, &value)?);
    }
    item.default = Some(value);
    Ok(default + 1)
}
