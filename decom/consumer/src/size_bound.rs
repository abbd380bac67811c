use groundlog_packet::definition::{Conversion, DataType, Item, Packet};

/// Bytes of an item besides its content: slots, references, state, limits, a time as text.
const ITEM_BYTES: usize = 96;
/// Bytes of one element of an array or a map, raw and converted, in the wider of the forms.
const ELEMENT_BYTES: usize = 64;
/// Bytes that a byte of the packet becomes where it is text or a block: raw and converted.
const CONTENT_FACTOR: usize = 8;
/// Bytes that an expression of the definitions may make out of nothing.
const EXPRESSION_BYTES: usize = 4096;

/// More than the decoded values of a packet can take, as a function of the packet's length.
///
/// Generous: it only tells apart what is certain to fit a record, which is nearly everything, from
/// what has to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SizeBound {
    flat: usize,
    per_byte: usize,
}

impl SizeBound {
    /// Adds up the items of a packet.
    pub(crate) fn of(packet: &Packet) -> Self {
        let mut bound = Self { flat: 0, per_byte: 0 };
        packet.items.iter().for_each(|item| bound.add(item));
        bound
    }

    /// Returns the bound for a packet of that length.
    pub(crate) fn at(self, length: usize) -> usize {
        self.flat.saturating_add(self.per_byte.saturating_mul(length))
    }

    fn add(&mut self, item: &Item) {
        let bits = usize::try_from(item.bit_size).unwrap_or(0);
        let conversion = item.read_conversion.as_ref().map(|it| &it.conversion);
        self.flat = self.flat.saturating_add(ITEM_BYTES);
        if matches!(conversion, Some(Conversion::Generic { .. })) {
            self.flat = self.flat.saturating_add(EXPRESSION_BYTES);
            self.per_byte += ELEMENT_BYTES;
        }
        if matches!(conversion, Some(Conversion::Registered(_) | Conversion::ObjectRead(_))) {
            // Nothing in this item says how much they make of it.
            self.flat = usize::MAX;
        }
        match (item.data_type, fixed_bits(item)) {
            (DataType::Derived, _) => {}
            (_, Some(all)) => {
                let elements = item.array_size.map_or(0, |_| all / bits.max(1));
                self.flat = self
                    .flat
                    .saturating_add(elements.saturating_mul(ELEMENT_BYTES))
                    .saturating_add((all / 8).saturating_mul(CONTENT_FACTOR));
            }
            (_, None) => {
                let elements = 8_usize.checked_div(bits).unwrap_or(1).max(1);
                self.per_byte += elements * ELEMENT_BYTES;
            }
        }
    }
}

/// Returns the bits of an item whose size the definition alone gives.
fn fixed_bits(item: &Item) -> Option<usize> {
    use DataType::{Block, Float, Int, String, Uint};
    let plain = matches!(item.data_type, Int | Uint | Float | String | Block);
    if !plain || item.variable_bit_size.is_some() || item.structure.is_some() {
        return None;
    }
    let bits = item.array_size.unwrap_or(item.bit_size);
    usize::try_from(bits).ok().filter(|bits| *bits > 0 && item.bit_size > 0)
}

#[cfg(test)]
#[path = "size_bound/tests.rs"]
mod tests;
