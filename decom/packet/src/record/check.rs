//! Checks a record's bytes against its layout, once, so that reading items cannot go wrong.

use super::form::{ConvertedForm, RawForm};
use super::layout::{HEADER_LENGTH, Layout, NO_SLOT, PackedItem};
use super::{FLAG_STATUS, RecordError, VERSION, tagged};
use crate::definition::Packet;

/// Returns the status section, empty if the record has none.
#[inline(never)]
pub(super) fn check<'a>(
    packet: &Packet,
    layout: &Layout,
    bytes: &'a [u8],
) -> Result<&'a [u8], RecordError> {
    let length = bytes.len();
    let header: &[u8; HEADER_LENGTH] =
        bytes.first_chunk().ok_or(RecordError::Short { length, needed: HEADER_LENGTH })?;
    let [version, flags, items_low, items_high, f0, f1, f2, f3] = *header;
    if version != VERSION {
        return Err(RecordError::Version(version));
    }
    let found_items = u16::from_le_bytes([items_low, items_high]);
    let found = u32::from_le_bytes([f0, f1, f2, f3]);
    let items = layout.items.len();
    if found != layout.fingerprint || usize::from(found_items) != items {
        return Err(RecordError::OtherDefinition {
            target: packet.target_name.clone(),
            packet: packet.packet_name.clone(),
            found_items,
            found,
            items,
            expected: layout.fingerprint,
        });
    }
    let status_length = if flags & FLAG_STATUS == 0 { 0 } else { items };
    let needed = layout.fixed_length.saturating_add(status_length);
    if length < needed {
        return Err(RecordError::Short { length, needed });
    }
    let (values, status) = bytes.split_at(length - status_length);
    if layout.has_references {
        references(packet, layout, values)?;
    } else if length > needed {
        return Err(RecordError::Excess { length, excess: length - needed });
    }
    Ok(status)
}

fn references(packet: &Packet, layout: &Layout, values: &[u8]) -> Result<(), RecordError> {
    for item in &layout.items {
        let failed = |part: &'static str| RecordError::Reference {
            item: packet.items.get(item.place).map_or_else(String::new, |item| item.name.clone()),
            part,
        };
        let fixed = layout.fixed_length;
        if !raw_is_sound(item, values, fixed) {
            return Err(failed("raw value"));
        }
        let sound = match item.converted {
            ConvertedForm::Number if item.count().is_none() => {
                target(values, fixed, item.converted_at, 8).is_some()
            }
            ConvertedForm::Tagged => tagged_is_sound(values, fixed, item.converted_at),
            _ => true,
        };
        if !sound {
            return Err(failed("converted value"));
        }
        let states_vary = item.state_at != NO_SLOT && item.count().is_none();
        if states_vary && target(values, fixed, item.state_at, 2).is_none() {
            return Err(failed("states"));
        }
    }
    Ok(())
}

fn raw_is_sound(item: &PackedItem, values: &[u8], fixed: usize) -> bool {
    match item.raw {
        RawForm::VariableBytes { .. } => target(values, fixed, item.raw_at, 1).is_some(),
        RawForm::VariableList { element } => {
            // At least a byte an element, so that no count is larger than the record.
            target(values, fixed, item.raw_at, element.width().max(1)).is_some()
        }
        RawForm::Tagged => tagged_is_sound(values, fixed, item.raw_at),
        _ => true,
    }
}

fn tagged_is_sound(values: &[u8], fixed: usize, slot: u32) -> bool {
    target(values, fixed, slot, 1)
        .is_some_and(|bytes| bytes.is_empty() || tagged::read(bytes).is_some())
}

/// Returns the bytes that a reference points to; a reference of zeros points to nothing.
fn target(values: &[u8], fixed: usize, slot: u32, width: u32) -> Option<&[u8]> {
    let (offset, count) = super::view::reference(values, slot)?;
    if offset == 0 && count == 0 {
        return Some(&[]);
    }
    let length = usize::try_from(u64::from(count) * u64::from(width)).ok()?;
    let offset = offset as usize;
    if offset < fixed {
        return None;
    }
    values.get(offset..offset.checked_add(length)?)
}
