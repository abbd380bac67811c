use groundlog_log::Records;
use groundlog_packet::{
    Value,
    limits::{LimitsColor, LimitsState, Transition},
    plan::DecodePlan,
    record::{PacketMeta, RecordView},
};
use groundlog_proto::{
    prost::Message,
    wire::{LimitsEvent, Position},
};

use crate::encode::Envelope;

/// Appends the event of a change of a limits state.
pub(crate) fn push_limits_event(
    to: &mut Records,
    envelope: &Envelope<'_>,
    plan: &DecodePlan,
    values: &[u8],
    limits: &LimitsState,
    transition: &Transition,
) {
    let Some(item) = plan.packet().items.get(transition.item) else {
        return;
    };
    let source = &envelope.source;
    let word = |color: Option<LimitsColor>| color.map_or("", LimitsColor::word).to_owned();
    let event = LimitsEvent {
        source: Some(Position {
            generation: source.generation.0,
            topic: source.topic.to_owned(),
            partition: source.partition,
            offset: source.offset,
            sub_index: source.sub_index,
        }),
        time_ns: envelope.packet_time_ns,
        target: envelope.target.to_owned(),
        packet: envelope.packet.to_owned(),
        item: item.name.clone(),
        old_state: word(transition.old),
        new_state: word(transition.new),
        message: message(envelope, plan, values, limits, transition),
        stored: false,
    };
    to.push(envelope.key.as_bytes(), &event.encode_to_vec());
}

/// Says what happened, as cosmos-packets §6.3 words it.
fn message(
    envelope: &Envelope<'_>,
    plan: &DecodePlan,
    values: &[u8],
    limits: &LimitsState,
    transition: &Transition,
) -> String {
    let name = plan.packet().items.get(transition.item).map_or("", |item| &item.name);
    let prefix = format!("{} {} {name}", envelope.target, envelope.packet);
    let meta = PacketMeta {
        received_time_ns: Some(envelope.raw.received_time_ns),
        packet_time_ns: Some(envelope.packet_time_ns),
        received_count: envelope.received_count,
    };
    let view = RecordView::new(plan, meta, values).ok();
    let value = view.map_or(Value::Null, |view| view.converted(transition.item));
    let Some(new) = transition.new else {
        return format!("{prefix} is disabled");
    };
    let range = limits.limits(transition.item).and_then(|set| {
        Some(match (new, set.green) {
            (LimitsColor::RedLow, _) => set.red_low.to_string(),
            (LimitsColor::YellowLow, _) => set.yellow_low.to_string(),
            (LimitsColor::YellowHigh, _) => set.yellow_high.to_string(),
            (LimitsColor::RedHigh, _) => set.red_high.to_string(),
            (LimitsColor::Green, _) => format!("{} to {}", set.yellow_low, set.yellow_high),
            (LimitsColor::GreenLow, Some((low, _))) => low.to_string(),
            (LimitsColor::GreenHigh, Some((_, high))) => high.to_string(),
            (LimitsColor::Blue, Some((low, high))) => format!("{low} to {high}"),
            _ => return None,
        })
    });
    match range {
        Some(range) => format!("{prefix} = {value} is {new} ({range})"),
        None => format!("{prefix} = {value} is {new}"),
    }
}
