//! What an item may look like (cosmos-packets §3.2).

use crate::definition::{DataType, Endianness, Item};

/// Bits of the longest packet, 256 MiB: a definition beyond it is a slip of the pen.
pub(crate) const MAX_PACKET_BITS: i64 = 1 << 31;

/// Items of the largest packet: records number them in 16 bits.
pub(crate) const MAX_ITEMS: usize = 65_535;

/// Checks place and size of an item; the message starts with the item's name.
pub(crate) fn item(item: &Item) -> Result<(), String> {
    within_limits(item)
        .and_then(|()| shape(item))
        .and_then(|()| place(item))
        .map_err(|message| format!("{}: {message}", item.name))
}

fn within_limits(item: &Item) -> Result<(), String> {
    let total = item.array_size.unwrap_or(0);
    let (offset, size) = (item.bit_offset, item.bit_size);
    let numbers = [offset, size, total, offset + size, offset + total];
    if numbers.iter().any(|bits| bits.abs() > MAX_PACKET_BITS) {
        return Err(format!("lies beyond the longest packet of {} bytes", MAX_PACKET_BITS / 8));
    }
    Ok(())
}

fn shape(item: &Item) -> Result<(), String> {
    let (offset, size) = (item.bit_offset, item.bit_size);
    let bytes = matches!(item.data_type, DataType::Float | DataType::String | DataType::Block);
    if bytes && offset % 8 != 0 {
        return Err(
            "bit_offset for 'FLOAT', 'STRING', and 'BLOCK' items must be byte aligned".into()
        );
    }
    match item.data_type {
        DataType::Float if size != 32 && size != 64 => {
            return Err(format!("bit_size for FLOAT items must be 32 or 64. Given: {size}"));
        }
        DataType::String | DataType::Block if size % 8 != 0 => {
            return Err("bit_size for STRING and BLOCK items must be byte multiples".into());
        }
        DataType::Derived if offset != 0 || size != 0 => {
            return Err("DERIVED items must have bit_offset 0 and bit_size 0".into());
        }
        DataType::Int | DataType::Uint if size < 0 => {
            return Err(format!(
                "bit_size for INT and UINT items must not be negative. Given: {size}"
            ));
        }
        _ => {}
    }
    if let Some(total) = item.array_size {
        if size <= 0 {
            return Err(format!("bit_size {size} of array elements must be greater than 0"));
        }
        if total >= 0 && total % size != 0 {
            return Err("array_size must be a multiple of bit_size".into());
        }
    }
    Ok(())
}

fn place(item: &Item) -> Result<(), String> {
    let (offset, size) = (item.bit_offset, item.bit_size);
    if offset >= 0 {
        return little_endian_start(item);
    }
    if let Some(total) = item.array_size {
        if total < 0 {
            return Err(format!(
                "Can't define an item with negative array_size {total} and negative bit_offset {offset}"
            ));
        }
        if total > -offset {
            return Err(format!(
                "Can't define an item with array_size {total} greater than negative bit_offset {offset}"
            ));
        }
        return Ok(());
    }
    if size < 0 {
        return Err(format!(
            "Can't define an item with negative bit_size {size} and negative bit_offset {offset}"
        ));
    }
    if size > -offset {
        return Err(format!(
            "Can't define an item with bit_size {size} greater than negative bit_offset {offset}"
        ));
    }
    Ok(())
}

/// A little endian bit field extends towards lower addresses and must not pass byte 0 (§3.4).
fn little_endian_start(item: &Item) -> Result<(), String> {
    if item.endianness != Endianness::Little || !item.is_bit_field() || item.bit_size <= 0 {
        return Ok(());
    }
    let within = item.bit_offset % 8;
    let count = (within + item.bit_size - 1) / 8 + 1;
    if item.bit_offset / 8 - count + 1 < 0 {
        return Err(format!(
            "LITTLE_ENDIAN bitfield with bit_offset {} and bit_size {} is invalid",
            item.bit_offset, item.bit_size
        ));
    }
    Ok(())
}
