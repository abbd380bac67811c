//! Limits against a model that follows the prose of cosmos-packets §6.2 sentence by sentence.

use groundlog_packet::access::{PacketTimes, PacketView};
use groundlog_packet::definition::{LimitsSet, Packet, ValueType};
use groundlog_packet::limits::{LimitsColor, LimitsState, Transition};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::PacketMeta;
use groundlog_packet::value::Value;
use proptest::prelude::*;

use crate::definitions::{packet, packet_text};

/// Limits of one item, slowly.
#[derive(Debug, Clone)]
struct Model {
    place: usize,
    enabled: bool,
    persistence: u32,
    count: u32,
    state: Option<LimitsColor>,
}

fn color_of(set: &LimitsSet, v: f64) -> LimitsColor {
    use LimitsColor as L;
    if v > set.yellow_low && v < set.yellow_high {
        match set.green {
            None => L::Green,
            Some((low, high)) if v > low && v < high => L::Blue,
            Some((low, _)) if v <= low => L::GreenLow,
            Some(_) => L::GreenHigh,
        }
    } else if v >= set.yellow_high && v < set.red_high {
        L::YellowHigh
    } else if v >= set.red_high {
        L::RedHigh
    } else if set.red_low < v && v <= set.yellow_low {
        L::YellowLow
    } else {
        L::RedLow
    }
}

impl Model {
    fn all(packet: &Packet) -> Vec<Self> {
        let items = packet.limits_items.iter().map(|place| (*place, &packet.items[*place]));
        items
            .map(|(place, item)| Self {
                place,
                enabled: item.limits.enabled,
                persistence: item.limits.persistence,
                count: 0,
                state: None,
            })
            .collect()
    }

    fn sample(&mut self, packet: &Packet, bytes: &[u8], set: &str) -> Option<Transition> {
        let item = &packet.items[self.place];
        let view = PacketView::new(packet, bytes, PacketTimes::default());
        let value = view.read_item(self.place, ValueType::Converted).unwrap_or(Value::Null);
        if !self.enabled || value.is_null() || item.array_size.is_some() {
            return None;
        }
        let new = if let Some(states) = &item.states {
            use groundlog_packet::definition::Color;
            let color = value.as_str().and_then(|name| states.get(name)).and_then(|s| s.color);
            let new = color.map(|color| match color {
                Color::Green => LimitsColor::Green,
                Color::Yellow => LimitsColor::Yellow,
                Color::Red => LimitsColor::Red,
            });
            if new == self.state {
                return None;
            }
            new
        } else {
            let new = Some(color_of(item.limits.set_or_default(set)?, value.as_f64()?));
            if new == self.state {
                self.count = 0;
                return None;
            }
            self.count += 1;
            if self.count < self.persistence {
                return None;
            }
            self.count = 0;
            new
        };
        let transition = Transition { item: self.place, old: self.state, new };
        self.state = new;
        Some(transition)
    }
}

#[derive(Debug, Clone)]
enum Step {
    Packet(Vec<u8>),
    Enable(proptest::sample::Index),
    Disable(proptest::sample::Index),
    Set(&'static str),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let byte = prop_oneof![3 => 0_u8..4, 1 => any::<u8>()];
    prop_oneof![
        12 => proptest::collection::vec(byte, 20..300).prop_map(Step::Packet),
        1 => any::<proptest::sample::Index>().prop_map(Step::Enable),
        1 => any::<proptest::sample::Index>().prop_map(Step::Disable),
        1 => prop_oneof![Just("TVAC"), Just("DEFAULT"), Just("NOPE")].prop_map(Step::Set),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folds_follow_the_prose(
        text in packet_text(),
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let packet = packet(&text);
        let plan = DecodePlan::compile(&packet);
        let mut limits = LimitsState::new(&packet);
        let mut models = Model::all(&packet);
        let mut set = "DEFAULT";
        for step in steps {
            match step {
                Step::Packet(mut bytes) => {
                    // Mostly full packets: those are the fast way.
                    bytes.resize(bytes.len().max(packet.defined_length()), 1);
                    let mut transitions = Vec::new();
                    plan.decode_into(&bytes, PacketMeta::default(), Some(&mut limits), &mut Vec::new(), &mut transitions);
                    let expected: Vec<_> =
                        models.iter_mut().filter_map(|m| m.sample(&packet, &bytes, set)).collect();
                    prop_assert_eq!(transitions, expected);
                }
                Step::Set(name) => {
                    set = name;
                    limits.select_set(&packet, name);
                    prop_assert_eq!(limits.active_set(), name);
                }
                Step::Restart => {
                    limits = LimitsState::restore(&packet, &limits.snapshot()).unwrap();
                }
                Step::Enable(index) if !models.is_empty() => {
                    let model = index.get(&models).place;
                    let at = models.iter().position(|m| m.place == model).unwrap();
                    models[at].enabled = true;
                    prop_assert!(limits.enable(model));
                }
                Step::Disable(index) if !models.is_empty() => {
                    let at = index.index(models.len());
                    let old = models[at].state.take();
                    models[at].enabled = false;
                    let item = models[at].place;
                    let event = Transition { item, old, new: None };
                    prop_assert_eq!(limits.disable(item), Some(event));
                }
                Step::Enable(_) | Step::Disable(_) => {}
            }
            for model in &models {
                prop_assert_eq!(limits.state(model.place), model.state);
                prop_assert_eq!(limits.is_enabled(model.place), Some(model.enabled));
                prop_assert_eq!(
                    limits.persistence(model.place),
                    Some((model.persistence, model.count))
                );
            }
        }
    }
}

/// Feeds one byte after the other and returns the state after each.
fn states(text: &str, samples: &[u8]) -> Vec<&'static str> {
    let packet = packet(&format!("TELEMETRY TGT P BIG_ENDIAN\n{text}"));
    let plan = DecodePlan::compile(&packet);
    let mut limits = LimitsState::new(&packet);
    let place = packet.limits_items[0];
    samples
        .iter()
        .map(|sample| {
            plan.decode_into(
                &[*sample],
                PacketMeta::default(),
                Some(&mut limits),
                &mut Vec::new(),
                &mut Vec::new(),
            );
            limits.state(place).map_or("", LimitsColor::word)
        })
        .collect()
}

#[test]
fn worked_vectors_of_limits() {
    let item = "APPEND_ITEM T 8 INT\nLIMITS DEFAULT";
    // L001: boundaries.
    assert_eq!(
        states(
            &format!("{item} 1 ENABLED -80 -70 60 80\n"),
            &[0x00, 0x3c, 0x50, 0x3b, 0xba, 0xb0, 0xb1, 0xbb, 0x4f],
        ),
        [
            "GREEN",
            "YELLOW_HIGH",
            "RED_HIGH",
            "GREEN",
            "YELLOW_LOW",
            "RED_LOW",
            "YELLOW_LOW",
            "GREEN",
            "YELLOW_HIGH"
        ],
    );
    // L003: persistence.
    assert_eq!(
        states(
            &format!("{item} 3 ENABLED -80 -70 60 80\n"),
            &[0, 0, 0, 0x5a, 0x5a, 0, 0x5a, 0x41, 0x5a, 0, 0, 0, 0xb5, 0xb5, 0xb5],
        ),
        [
            "",
            "",
            "GREEN",
            "GREEN",
            "GREEN",
            "GREEN",
            "GREEN",
            "GREEN",
            "RED_HIGH",
            "RED_HIGH",
            "RED_HIGH",
            "GREEN",
            "GREEN",
            "GREEN",
            "YELLOW_LOW"
        ],
    );
    // L004: operational limits.
    assert_eq!(
        states(
            &format!("{item} 1 ENABLED -80 -70 60 80 -20 20\n"),
            &[0, 0x14, 0xec, 0x13, 0x32, 0xce, 0x3c],
        ),
        ["BLUE", "GREEN_HIGH", "GREEN_LOW", "BLUE", "GREEN_HIGH", "GREEN_LOW", "YELLOW_HIGH"],
    );
    // L00B: no yellow band. L010: persistence 0 acts as 1.
    assert_eq!(
        states(&format!("{item} 0 ENABLED -60 -60 35 35\n"), &[0, 0x23, 0x22, 0xc4, 0xc5]),
        ["GREEN", "RED_HIGH", "GREEN", "RED_LOW", "GREEN"],
    );
    // L007, L00C: colours.
    assert_eq!(
        states(
            "APPEND_ITEM M 8 UINT\nSTATE OFF 0 RED\nSTATE ON 1 GREEN\nSTATE SAFE 2 YELLOW\n\
             STATE NONE 3\n",
            &[1, 0, 2, 3, 9, 1],
        ),
        ["GREEN", "RED", "YELLOW", "", "", "GREEN"],
    );
    assert_eq!(
        states("APPEND_ITEM M 8 UINT\nSTATE OK 0 GREEN\nSTATE ERR ANY RED\n", &[0, 5]),
        ["GREEN", "RED"],
    );
}

#[test]
fn missing_items_keep_their_state() {
    let packet = packet(
        "TELEMETRY TGT P BIG_ENDIAN\nALLOW_SHORT\nAPPEND_ITEM A 8 UINT\nAPPEND_ITEM T 8 INT\n\
         LIMITS DEFAULT 1 ENABLED -80 -70 60 80\n",
    );
    let plan = DecodePlan::compile(&packet);
    let mut limits = LimitsState::new(&packet);
    let place = packet.item_index("T").unwrap();
    for bytes in [&[1, 0x5a][..], &[1]] {
        plan.decode_into(
            bytes,
            PacketMeta::default(),
            Some(&mut limits),
            &mut Vec::new(),
            &mut Vec::new(),
        );
        assert_eq!(limits.state(place), Some(LimitsColor::RedHigh));
    }
}

#[test]
fn limits_given_at_run_time_survive_a_restart() {
    let packet = packet(
        "TELEMETRY TGT P BIG_ENDIAN\nAPPEND_ITEM T 8 INT\nLIMITS DEFAULT 1 ENABLED 1 2 3 4\n",
    );
    let place = packet.item_index("T").unwrap();
    let mut limits = LimitsState::new(&packet);
    let custom = LimitsSet {
        red_low: -4.0,
        yellow_low: -3.0,
        yellow_high: 3.0,
        red_high: 4.0,
        green: Some((-1.0, 0.0)),
    };
    assert!(limits.set_limits(place, &custom, 5));
    limits.select_set(&packet, "DEFAULT");
    let restored = LimitsState::restore(&packet, &limits.snapshot()).unwrap();
    assert_eq!(restored, limits);
    assert_eq!(restored.limits(place), Some(custom));
    assert_eq!(restored.persistence(place), Some((5, 0)));
    assert!(!limits.set_limits(99, &custom, 5));
}
