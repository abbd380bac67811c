//! Building a command's bytes (cosmos-packets §7.1).

use std::sync::Arc;

use super::check;
use super::error::BuildError;
use super::hazard;
use crate::access::{AccessError, Given, PacketBuffer, blank};
use crate::definition::{Definitions, Item, Packet, PacketKind, ValueType, is_reserved_item};
use crate::registry::{ValidatorCode, Verdict};
use crate::value::Value;

/// Which checks are made, and how values are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildOptions {
    /// Whether values must lie in their ranges and states.
    pub range_check: bool,
    /// Whether given values are raw: no states, no write conversions.
    pub raw: bool,
    /// Whether parameters marked `REQUIRED` must be given.
    pub required_check: bool,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self { range_check: true, raw: false, required_check: true }
    }
}

/// A command ready to be sent.
#[derive(Debug, Clone)]
pub struct BuiltCommand {
    /// Definition and bytes.
    pub packet: PacketBuffer,
    /// What the caller gave, names in capitals.
    pub given: Vec<(String, Value)>,
    /// Hazard description, if the command or one of its states is hazardous; may be empty.
    pub hazardous: Option<String>,
}

impl BuiltCommand {
    /// Asks the command's validator, if it is registered, before the command is sent; whoever sends
    /// commands must.
    ///
    /// # Errors
    /// [`BuildError::Validator`] when the validator stops it.
    pub fn validate(&self) -> Result<(), BuildError> {
        match self.failure(|validator| validator.before(self)) {
            Some((command, message)) => Err(BuildError::Validator { command, message }),
            None => Ok(()),
        }
    }

    /// Asks the command's validator, if it is registered, after the command was sent.
    ///
    /// # Errors
    /// [`BuildError::SentValidator`] when the validator reports a failure.
    pub fn validate_sent(&self) -> Result<(), BuildError> {
        match self.failure(|validator| validator.after(self)) {
            Some((command, message)) => Err(BuildError::SentValidator { command, message }),
            None => Ok(()),
        }
    }

    /// Returns the command's name and what its validator says if that is a failure.
    fn failure(&self, ask: impl FnOnce(&dyn ValidatorCode) -> Verdict) -> Option<(String, String)> {
        let packet = self.packet.packet();
        match ask(&**packet.validator_code.as_ref()?) {
            Verdict::Failed(message) => {
                Some((format!("{} {}", packet.target_name, packet.packet_name), message))
            }
            _ => None,
        }
    }
}

/// Builds a command out of defaults and given parameters; names in any case.
///
/// # Errors
/// [`BuildError`] that names what is unknown, missing, out of range or does not fit.
pub fn build(
    definitions: &Definitions,
    target: &str,
    command: &str,
    parameters: &[(String, Value)],
    options: BuildOptions,
) -> Result<BuiltCommand, BuildError> {
    let definition = definitions.packet(PacketKind::Command, target, command)?.clone();
    let given: Vec<(String, Value)> =
        parameters.iter().map(|(name, value)| (name.to_uppercase(), value.clone())).collect();
    let mut packet = PacketBuffer::new(definition.clone());
    packet.given = Given { values: given.clone(), raw: options.raw };
    packet.restore_defaults(&|name| given.iter().any(|(known, _)| known == name))?;
    for (name, value) in &given {
        if sets_itself(&definition, name) {
            continue;
        }
        let item = definition.item(name).ok_or_else(|| AccessError::UnknownItem {
            packet: format!("{} {}", definition.target_name, definition.packet_name),
            item: name.clone(),
        })?;
        if options.range_check {
            check::range(&definition, item, value, options.raw)?;
        }
        let value_type = if options.raw { ValueType::Raw } else { ValueType::Converted };
        packet.write(name, value, value_type)?;
    }
    if options.required_check {
        required(&definition, &given)?;
    }
    let hazardous = hazard::of_packet(&packet);
    Ok(BuiltCommand { packet, given, hazardous })
}

/// Returns whether the item holds the length of another one, which is written with that one.
fn sets_itself(packet: &Packet, name: &str) -> bool {
    let mut sizes = packet.items.iter().filter_map(|item| item.variable_bit_size.as_ref());
    sizes.any(|size| size.length_item() == Some(name))
}

fn required(packet: &Packet, given: &[(String, Value)]) -> Result<(), BuildError> {
    let missing = |item: &&Item| item.required && !given.iter().any(|(name, _)| *name == item.name);
    match packet.items.iter().find(missing) {
        Some(item) => Err(BuildError::Required { parameter: check::parameter(packet, item) }),
        None => Ok(()),
    }
}

impl PacketBuffer {
    /// Makes the buffer the template, or zeros, and writes the default of every item, except
    /// those that `skip` says.
    ///
    /// Defaults are written as converted values, also for raw commands. With a template, items
    /// whose key differs from their name keep what the template holds.
    ///
    /// # Errors
    /// [`AccessError`] when a default does not fit its field.
    pub fn restore_defaults(&mut self, skip: &dyn Fn(&str) -> bool) -> Result<(), AccessError> {
        let packet: Arc<Packet> = self.packet().clone();
        let start = packet.template.clone().unwrap_or_else(|| blank(&packet));
        // A template of another length than defined is what its author wants.
        let _ = self.set_buffer(start);
        for item in &packet.items {
            let excluded =
                is_reserved_item(&item.name) || item.structure_child.is_some() || skip(&item.name);
            if excluded {
                continue;
            }
            if let Some(inner) = &item.structure {
                let mut structure = PacketBuffer::new(inner.clone());
                structure.restore_defaults(&|_| false)?;
                self.write(&item.name, &Value::Bytes(structure.into_buffer()), ValueType::Raw)?;
                continue;
            }
            let keyed = packet.template.is_some() && item.key != item.name;
            match item.default.as_ref().filter(|value| !value.is_null() && !keyed) {
                Some(default) if !sets_itself(&packet, &item.name) => {
                    self.write(&item.name, default, ValueType::Converted)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
