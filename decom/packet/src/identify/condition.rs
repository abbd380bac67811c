//! Whether a buffer meets a packet's condition.

use crate::access::{PacketTimes, PacketView};
use crate::definition::{Condition, Operand, Packet};

/// Returns whether the condition of a packet, if it has one, holds for a buffer.
///
/// A value that cannot be read meets no comparison.
pub(super) fn holds(packet: &Packet, buffer: &[u8]) -> bool {
    packet.condition.as_ref().is_none_or(|condition| {
        let view = PacketView::new(packet, buffer, PacketTimes::default());
        meets(&view, condition)
    })
}

fn meets(view: &PacketView<'_>, condition: &Condition) -> bool {
    match condition {
        Condition::All(conditions) => conditions.iter().all(|condition| meets(view, condition)),
        Condition::Any(conditions) => conditions.iter().any(|condition| meets(view, condition)),
        Condition::Compare { item, value_type, comparison, operand } => {
            let read = |name: &str, value_type| {
                view.read(name, value_type).ok().filter(|value| !value.is_null())
            };
            let Some(left) = read(item, *value_type) else {
                return false;
            };
            match operand {
                Operand::Value(right) => comparison.holds(&left, right),
                Operand::Item { name, value_type } => {
                    read(name, *value_type).is_some_and(|right| comparison.holds(&left, &right))
                }
            }
        }
    }
}
