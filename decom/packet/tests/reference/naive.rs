//! A reader and a writer that take one bit after the other, straight from the prose of
//! cosmos-packets §3; slow on purpose, and sharing nothing with the crate.

/// What reading gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The field's value.
    Value(i128),
    /// A byte that is needed lies past the end.
    Null,
    /// The place cannot exist.
    Error,
}

/// A field of an integer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) offset: i64,
    pub(crate) size: i64,
    pub(crate) little: bool,
    pub(crate) signed: bool,
}

/// Lists the bits of the field as (byte, weight within the byte), least significant first.
fn bits(length: usize, place: Place) -> Result<Option<Vec<(usize, u8)>>, ()> {
    let end = 8 * length as i64;
    let offset = if place.offset < 0 { end + place.offset } else { place.offset };
    if offset < 0 || place.size <= 0 {
        return Err(());
    }
    let plain = offset % 8 == 0 && [8, 16, 32, 64].contains(&place.size);
    let mut list = Vec::new();
    if !place.little {
        for bit in (offset..offset + place.size).rev() {
            list.push(((bit / 8) as usize, (7 - bit % 8) as u8));
        }
    } else {
        // Bit k of the little endian stream lives in byte k/8 with weight 2^(k mod 8).
        let lowest = if plain {
            offset
        } else {
            let highest = 8 * (offset / 8) + 7 - offset % 8;
            if highest / 8 >= length as i64 {
                return Ok(None);
            }
            highest - place.size + 1
        };
        if lowest < 0 {
            return Err(());
        }
        for k in lowest..lowest + place.size {
            list.push(((k / 8) as usize, (k % 8) as u8));
        }
    }
    Ok(list.iter().all(|(byte, _)| *byte < length).then_some(list))
}

/// Reads a field bit by bit.
pub(crate) fn read(buf: &[u8], place: Place) -> Outcome {
    let list = match bits(buf.len(), place) {
        Err(()) => return Outcome::Error,
        Ok(None) => return Outcome::Null,
        Ok(Some(list)) => list,
    };
    let mut value = 0_i128;
    for (index, (byte, weight)) in list.iter().enumerate() {
        let bit = i128::from(buf[*byte] >> weight & 1);
        let last = index + 1 == list.len();
        if last && place.signed && place.size > 1 && bit == 1 {
            value -= 1 << index;
        } else {
            value += bit << index;
        }
    }
    Outcome::Value(value)
}

/// Writes the low bits of `pattern` bit by bit; `None` where the field is not in the buffer.
pub(crate) fn write(buf: &[u8], place: Place, pattern: i128) -> Option<Vec<u8>> {
    let list = bits(buf.len(), place).ok().flatten()?;
    let mut changed = buf.to_vec();
    for (index, (byte, weight)) in list.iter().enumerate() {
        changed[*byte] &= !(1 << weight);
        changed[*byte] |= ((pattern >> index & 1) as u8) << weight;
    }
    Some(changed)
}
