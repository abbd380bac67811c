//! Processors: what is gathered from packet to packet (cosmos-packets §10).
//!
//! Their state is a fold over the received packets, as the limits are ([`crate::limits`]): it
//! belongs to whoever folds the packets, who runs the processors once per packet, before decoding.

use std::collections::VecDeque;

use indexmap::IndexMap;

use crate::access::{PacketTimes, PacketView};
use crate::definition::{Packet, ProcessorDefinition, ProcessorKind};
use crate::record::{can_be_read, read_tagged, write_tagged};
use crate::registry::ProcessorCode;
use crate::value::Value;

/// Levels around what registered code gathers, in a snapshot.
const SNAPSHOT_DEPTH: u32 = 3;

/// What the processors of one packet have gathered, in definition order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProcessorStates {
    /// By upper-cased name.
    states: IndexMap<String, State>,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    /// Highest and lowest value; null before the first.
    Watermark { high: Value, low: Value },
    /// The last values, oldest first.
    Statistics { samples: VecDeque<Value> },
    /// What registered code keeps, its results among it.
    Registered { gathered: IndexMap<String, Value> },
    /// Nothing, because the code is not run.
    Opaque,
}

impl State {
    fn of(definition: &ProcessorDefinition) -> Self {
        match definition.kind {
            ProcessorKind::Watermark { .. } => {
                Self::Watermark { high: Value::Null, low: Value::Null }
            }
            ProcessorKind::Statistics { .. } => Self::Statistics { samples: VecDeque::new() },
            ProcessorKind::Registered(_) => Self::Registered { gathered: IndexMap::new() },
            ProcessorKind::Opaque => Self::Opaque,
        }
    }

    fn values(&self) -> Value {
        Value::Array(match self {
            Self::Watermark { high, low } => vec![high.clone(), low.clone()],
            Self::Statistics { samples } => samples.iter().cloned().collect(),
            Self::Registered { gathered } => vec![Value::Object(gathered.clone())],
            Self::Opaque => Vec::new(),
        })
    }

    /// Takes over values of [`State::values`], as far as they suit the definition.
    fn restore(definition: &ProcessorDefinition, values: Vec<Value>) -> Self {
        match definition.kind {
            ProcessorKind::Watermark { .. } => match <[Value; 2]>::try_from(values) {
                Ok([high, low]) => Self::Watermark { high, low },
                Err(_) => Self::of(definition),
            },
            ProcessorKind::Statistics { samples: most, .. } => {
                let first = values.len().saturating_sub(most);
                Self::Statistics { samples: values.into_iter().skip(first).collect() }
            }
            ProcessorKind::Registered(_) => match <[Value; 1]>::try_from(values) {
                Ok([Value::Object(gathered)]) => Self::Registered { gathered },
                _ => Self::of(definition),
            },
            ProcessorKind::Opaque => Self::Opaque,
        }
    }
}

impl ProcessorStates {
    /// Makes the states before the first packet.
    #[must_use]
    pub fn new(packet: &Packet) -> Self {
        let states = packet.processors.iter().map(|it| (it.name.clone(), State::of(it)));
        Self { states: states.collect() }
    }

    /// Runs the processors of a packet, whose states these are.
    ///
    /// Values that cannot be read, that are absent, no numbers or NaN are passed over; statistics
    /// pass over infinite ones as well.
    pub fn run(&mut self, packet: &Packet, bytes: &[u8], times: PacketTimes) {
        for definition in &packet.processors {
            if let ProcessorKind::Registered(code) = &definition.kind {
                self.run_registered(&**code, &definition.name, packet, bytes, times);
                continue;
            }
            let (ProcessorKind::Watermark { source } | ProcessorKind::Statistics { source, .. }) =
                &definition.kind
            else {
                continue;
            };
            // Later processors may read what earlier ones have gathered.
            let view = PacketView::new(packet, bytes, times).with_processors(self);
            let Ok(value) = view.read(&source.name, source.value_type) else {
                continue;
            };
            let number = value.as_f64().filter(|number| value.is_number() && !number.is_nan());
            if let (Some(number), Some(state)) = (number, self.states.get_mut(&definition.name)) {
                state.add(value, number, &definition.kind);
            }
        }
    }

    /// Runs registered code, which sees what earlier processors have gathered.
    fn run_registered(
        &mut self,
        code: &dyn ProcessorCode,
        name: &str,
        packet: &Packet,
        bytes: &[u8],
        times: PacketTimes,
    ) {
        let Some(State::Registered { gathered }) = self.states.get_mut(name) else {
            return;
        };
        let mut changed = std::mem::take(gathered);
        let view = PacketView::new(packet, bytes, times).with_processors(self);
        view.with_context(|context| code.process(&mut changed, context));
        // What could not be read back out of a snapshot is not kept.
        changed.retain(|_, value| can_be_read(value, SNAPSHOT_DEPTH));
        if let Some(State::Registered { gathered }) = self.states.get_mut(name) {
            *gathered = changed;
        }
    }

    /// Returns a result of a processor: 0 where it has none (yet), null where its code is not run;
    /// `None` when the packet has no such processor.
    #[must_use]
    pub fn result(&self, processor: &str, result: &str) -> Option<Value> {
        Some(match self.states.get(processor)? {
            State::Opaque => Value::Null,
            state => match state.result(result) {
                Value::Null => Value::Int(0),
                found => found,
            },
        })
    }

    /// Returns the states as bytes; equal states give equal bytes, no processors none.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if !self.states.is_empty() {
            let states = self.states.iter().map(|(name, state)| (name.clone(), state.values()));
            write_tagged(&Value::Object(states.collect()), &mut bytes);
        }
        bytes
    }

    /// Takes over a snapshot, also one of other definitions of the packet: processors of the same
    /// name go on with what was gathered. `None` when the bytes are damaged.
    #[must_use]
    pub fn restore(packet: &Packet, bytes: &[u8]) -> Option<Self> {
        let mut map = match bytes {
            [] => IndexMap::new(),
            bytes => match read_tagged(bytes)? {
                Value::Object(map) => map,
                _ => return None,
            },
        };
        let states = packet.processors.iter().map(|definition| {
            let state = match map.swap_remove(&definition.name) {
                Some(Value::Array(values)) => State::restore(definition, values),
                _ => State::of(definition),
            };
            (definition.name.clone(), state)
        });
        Some(Self { states: states.collect() })
    }
}

impl State {
    fn add(&mut self, value: Value, number: f64, kind: &ProcessorKind) {
        match (self, kind) {
            (Self::Watermark { high, low }, _) => {
                let beyond = |mark: &Value, order| {
                    mark.is_null() || value.compare_numbers(mark) == Some(order)
                };
                if beyond(high, std::cmp::Ordering::Greater) {
                    *high = value.clone();
                }
                if beyond(low, std::cmp::Ordering::Less) {
                    *low = value;
                }
            }
            (Self::Statistics { samples }, ProcessorKind::Statistics { samples: most, .. })
                if number.is_finite() =>
            {
                samples.push_back(value);
                while samples.len() > *most {
                    samples.pop_front();
                }
            }
            _ => {}
        }
    }

    fn result(&self, name: &str) -> Value {
        match (self, name) {
            (Self::Watermark { high, .. }, "HIGH_WATER") => high.clone(),
            (Self::Watermark { low, .. }, "LOW_WATER") => low.clone(),
            (Self::Registered { gathered }, name) => {
                gathered.get(name).cloned().unwrap_or_default()
            }
            (Self::Statistics { samples }, _) if !samples.is_empty() => statistic(samples, name),
            _ => Value::Null,
        }
    }
}

fn statistic(samples: &VecDeque<Value>, name: &str) -> Value {
    let numbers = || samples.iter().filter_map(Value::as_f64);
    let mean = numbers().sum::<f64>() / samples.len() as f64;
    let extreme = |wanted| {
        let better = |best: &Value, value: &Value| value.compare_numbers(best) == Some(wanted);
        let pick = |best, value| if better(best, value) { value } else { best };
        samples.iter().reduce(pick).cloned().unwrap_or_default()
    };
    match name {
        "MAX" => extreme(std::cmp::Ordering::Greater),
        "MIN" => extreme(std::cmp::Ordering::Less),
        "MEAN" => Value::Float(mean),
        // Of a sample, hence n − 1; of one value there is no deviation.
        "STDDEV" if samples.len() == 1 => Value::Float(0.0),
        "STDDEV" => {
            let squares: f64 = numbers().map(|number| (number - mean) * (number - mean)).sum();
            Value::Float((squares / (samples.len() - 1) as f64).sqrt())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_a_window() {
        let samples: VecDeque<Value> = [9, 1, 2].map(Value::from).into();
        assert_eq!(statistic(&samples, "MAX"), Value::Int(9));
        assert_eq!(statistic(&samples, "MIN"), Value::Int(1));
        assert_eq!(statistic(&samples, "MEAN"), Value::Float(4.0));
        assert_eq!(statistic(&samples, "STDDEV"), Value::Float(4.358898943540674));
        assert_eq!(statistic(&samples, "MEDIAN"), Value::Null);
        assert_eq!(statistic(&[5].map(Value::from).into(), "STDDEV"), Value::Float(0.0));
    }
}
