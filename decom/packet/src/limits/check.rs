//! What a sample does to the limits state of one item (cosmos-packets §6.2).
//!
//! Almost every sample leaves its item in the state it is in. So beside the limits themselves the
//! state keeps, for each item, what a sample must be for nothing to happen: an interval of
//! numbers, or the colour of a state. Any other sample takes the careful way.

use super::{LimitsColor, LimitsState, Transition};
use crate::definition::{Color, Item, LimitsSet};

const RED_LOW: u8 = LimitsColor::RedLow as u8;
const YELLOW_LOW: u8 = LimitsColor::YellowLow as u8;
const YELLOW_HIGH: u8 = LimitsColor::YellowHigh as u8;
const RED_HIGH: u8 = LimitsColor::RedHigh as u8;
const GREEN: u8 = LimitsColor::Green as u8;
const GREEN_LOW: u8 = LimitsColor::GreenLow as u8;
const GREEN_HIGH: u8 = LimitsColor::GreenHigh as u8;
const BLUE: u8 = LimitsColor::Blue as u8;

/// An interval that holds no number.
const NOWHERE: Stay = Stay { low: f64::INFINITY, high: f64::NEG_INFINITY };

/// Closed interval of the numbers that leave an item in its state.
#[derive(Debug, Clone, Copy)]
struct Stay {
    low: f64,
    high: f64,
}

/// Limits and settings of one item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Place in the packet's items.
    pub(super) item: usize,
    pub(super) numbers: Option<LimitsSet>,
    pub(super) persistence: u32,
    pub(super) count: u32,
    pub(super) enabled: bool,
    /// Whether the limits were given at run time rather than by a set of the definition.
    pub(super) replaced: bool,
    /// Code of each state's colour, in the order of the states.
    colors: Box<[u8]>,
}

impl Entry {
    pub(super) fn new(item: usize, definition: &Item) -> Self {
        let states = definition.states.iter().flat_map(|states| states.iter());
        Self {
            item,
            numbers: definition.limits.set_or_default(super::DEFAULT_SET).copied(),
            persistence: definition.limits.persistence,
            count: 0,
            enabled: definition.limits.enabled,
            replaced: false,
            colors: states.map(|(_, state)| code(state.color)).collect(),
        }
    }

    /// Returns the interval in which numbers have a state and so change nothing.
    fn stay(&self, state: u8) -> Stay {
        match &self.numbers {
            Some(set) if self.enabled && self.count == 0 && !has_nan(set) => interval(set, state),
            _ => NOWHERE,
        }
    }
}

/// Returns the code of a number's state; the limit itself counts as violated on every side, and
/// NaN, which is neither above nor below anything, ends as red low.
fn classify(set: &LimitsSet, value: f64) -> u8 {
    if value > set.yellow_low {
        if value < set.yellow_high {
            match set.green {
                None => GREEN,
                Some((low, _)) if value <= low => GREEN_LOW,
                Some((_, high)) if value >= high => GREEN_HIGH,
                Some(_) => BLUE,
            }
        } else if value >= set.red_high {
            RED_HIGH
        } else {
            YELLOW_HIGH
        }
    } else if value > set.red_low {
        YELLOW_LOW
    } else {
        RED_LOW
    }
}

/// Returns whether a limit is not a number, which only settings at run time can bring about.
fn has_nan(set: &LimitsSet) -> bool {
    let (green_low, green_high) = set.green.unwrap_or_default();
    let limits =
        [set.red_low, set.yellow_low, set.yellow_high, set.red_high, green_low, green_high];
    limits.iter().any(|limit| limit.is_nan())
}

/// Returns the numbers that [`classify`] gives a state, as a closed interval.
fn interval(set: &LimitsSet, state: u8) -> Stay {
    let above_yellow = set.yellow_low.next_up();
    let below_yellow = set.yellow_high.next_down();
    let (low, high) = match (state, set.green) {
        (GREEN, None) => (above_yellow, below_yellow),
        (GREEN_LOW, Some((green_low, _))) => (above_yellow, green_low.min(below_yellow)),
        (GREEN_HIGH, Some((green_low, green_high))) => {
            (green_high.max(green_low.next_up()).max(above_yellow), below_yellow)
        }
        (BLUE, Some((green_low, green_high))) => {
            (green_low.next_up().max(above_yellow), green_high.next_down().min(below_yellow))
        }
        (YELLOW_HIGH, _) => (set.yellow_high.max(above_yellow), set.red_high.next_down()),
        (RED_HIGH, _) => (set.red_high.max(set.yellow_high).max(above_yellow), f64::INFINITY),
        (YELLOW_LOW, _) => (set.red_low.next_up(), set.yellow_low),
        (RED_LOW, _) => (f64::NEG_INFINITY, set.red_low.min(set.yellow_low)),
        _ => return NOWHERE,
    };
    Stay { low, high }
}

impl LimitsState {
    /// Takes a converted number into the fold.
    #[inline]
    pub(crate) fn check_number(
        &mut self,
        index: usize,
        value: f64,
        transitions: &mut Vec<Transition>,
    ) {
        let stay = |bound: &Vec<f64>| bound.get(index).copied().unwrap_or(f64::NAN);
        if !(stay(&self.stay_low) <= value && value <= stay(&self.stay_high)) {
            self.persist(index, value, transitions);
        }
    }

    #[cold]
    fn persist(&mut self, index: usize, value: f64, transitions: &mut Vec<Transition>) {
        let current = self.current_code(index);
        let Some(entry) = self.entries.get_mut(index) else {
            return;
        };
        let Some(set) = entry.numbers.filter(|_| entry.enabled) else {
            return;
        };
        let state = classify(&set, value);
        if state == current {
            entry.count = 0;
        } else {
            entry.count = entry.count.saturating_add(1);
            if entry.count >= entry.persistence {
                entry.count = 0;
                self.change(index, state, transitions);
            }
        }
        self.refresh(index);
    }

    /// Takes the index of the state that the value has, if any; a change takes effect at once.
    #[cold]
    pub(crate) fn check_state(
        &mut self,
        index: usize,
        state: u16,
        transitions: &mut Vec<Transition>,
    ) {
        let Some(entry) = self.entries.get(index).filter(|entry| entry.enabled) else {
            return;
        };
        let color = entry.colors.get(usize::from(state)).copied().unwrap_or(0);
        if color != self.current_code(index) {
            self.change(index, color, transitions);
        }
    }

    fn change(&mut self, index: usize, state: u8, transitions: &mut Vec<Transition>) {
        let old = LimitsColor::from_code(self.current[index]);
        self.current[index] = state;
        let (item, new) = (self.entries[index].item, LimitsColor::from_code(state));
        transitions.push(Transition { item, old, new });
    }

    /// Returns the code of the current state, for a sample that is skipped.
    pub(crate) fn current_code(&self, index: usize) -> u8 {
        self.current.get(index).copied().unwrap_or(0)
    }

    /// Finds again what leaves an item in its state, after anything about it has changed.
    pub(super) fn refresh(&mut self, index: usize) {
        if let Some(entry) = self.entries.get(index) {
            let Stay { low, high } = entry.stay(self.current[index]);
            self.stay_low[index] = low;
            self.stay_high[index] = high;
        }
    }
}

/// Returns the code of a state's colour.
pub(crate) fn code(color: Option<Color>) -> u8 {
    LimitsColor::code(color.map(|color| match color {
        Color::Green => LimitsColor::Green,
        Color::Yellow => LimitsColor::Yellow,
        Color::Red => LimitsColor::Red,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_where_numbers_have_the_state() {
        let set = |red_low, yellow_low, yellow_high, red_high, green| LimitsSet {
            red_low,
            yellow_low,
            yellow_high,
            red_high,
            green,
        };
        let sets = [
            set(-80.0, -70.0, 60.0, 80.0, None),
            set(-80.0, -70.0, 60.0, 80.0, Some((-20.0, 20.0))),
            set(-60.0, -60.0, 35.0, 35.0, None),
            set(-60.0, -60.0, 35.0, 35.0, Some((-60.0, 35.0))),
            // Settings at run time are not checked for order.
            set(5.0, -5.0, 3.0, -3.0, Some((9.0, -9.0))),
            set(f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY, Some((0.25, 0.5))),
        ];
        let mut values = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e300];
        for edge in [
            -80.0, -70.0, -60.0, -20.0, 20.0, 35.0, 60.0, 80.0, 5.0, -5.0, 3.0, -3.0, 9.0, 0.25,
            1.0, 0.0,
        ] {
            let edge: f64 = edge;
            values.extend([edge.next_down(), edge, edge.next_up(), -edge]);
        }
        for set in sets {
            for value in &values {
                for state in RED_LOW..=BLUE {
                    let Stay { low, high } = interval(&set, state);
                    let stays = low <= *value && *value <= high;
                    let same = classify(&set, *value) == state;
                    assert!(!stays || same, "{set:?} {value} {state}");
                    // NaN takes the careful way.
                    assert!(stays || !same || value.is_nan(), "{set:?} {value} {state}");
                }
            }
        }
    }
}
