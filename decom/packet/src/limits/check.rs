//! One item's limits and what a sample does to their state (cosmos-packets §6.2).

use super::{LimitsColor, Transition};
use crate::definition::{Color, Item, LimitsSet};

const RED_LOW: u8 = LimitsColor::RedLow as u8;
const YELLOW_LOW: u8 = LimitsColor::YellowLow as u8;
const YELLOW_HIGH: u8 = LimitsColor::YellowHigh as u8;
const RED_HIGH: u8 = LimitsColor::RedHigh as u8;
const GREEN: u8 = LimitsColor::Green as u8;
const GREEN_LOW: u8 = LimitsColor::GreenLow as u8;
const GREEN_HIGH: u8 = LimitsColor::GreenHigh as u8;
const BLUE: u8 = LimitsColor::Blue as u8;

/// Limits and state of one item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    red_low: f64,
    yellow_low: f64,
    yellow_high: f64,
    red_high: f64,
    green_low: f64,
    green_high: f64,
    item: u32,
    pub(super) persistence: u32,
    pub(super) count: u32,
    pub(super) current: u8,
    pub(super) enabled: bool,
    has_green: bool,
    has_numbers: bool,
    /// Whether the limits were given at run time rather than by a set of the definition.
    pub(super) replaced: bool,
    /// Code of each state's colour, in the order of the states; empty for numbers.
    colors: Box<[u8]>,
}

impl Entry {
    pub(super) fn new(place: usize, item: &Item) -> Self {
        let mut entry = Self {
            red_low: 0.0,
            yellow_low: 0.0,
            yellow_high: 0.0,
            red_high: 0.0,
            green_low: 0.0,
            green_high: 0.0,
            item: u32::try_from(place).unwrap_or(u32::MAX),
            persistence: item.limits.persistence,
            count: 0,
            current: 0,
            enabled: item.limits.enabled,
            has_green: false,
            has_numbers: false,
            replaced: false,
            colors: item
                .states
                .iter()
                .flat_map(|s| s.iter())
                .map(|(_, s)| code(s.color))
                .collect(),
        };
        if let Some(set) = item.limits.set_or_default(super::DEFAULT_SET) {
            entry.set_numbers(set);
        }
        entry
    }

    pub(super) fn item(&self) -> usize {
        self.item as usize
    }

    pub(super) fn set_numbers(&mut self, set: &LimitsSet) {
        self.red_low = set.red_low;
        self.yellow_low = set.yellow_low;
        self.yellow_high = set.yellow_high;
        self.red_high = set.red_high;
        self.has_green = set.green.is_some();
        (self.green_low, self.green_high) = set.green.unwrap_or((0.0, 0.0));
        self.has_numbers = true;
    }

    pub(super) fn numbers(&self) -> Option<LimitsSet> {
        self.has_numbers.then_some(LimitsSet {
            red_low: self.red_low,
            yellow_low: self.yellow_low,
            yellow_high: self.yellow_high,
            red_high: self.red_high,
            green: self.has_green.then_some((self.green_low, self.green_high)),
        })
    }

    /// Returns the code of a value's state; the limit itself counts as violated on every side,
    /// and NaN, which is neither above nor below anything, ends as red low.
    #[inline]
    fn classify(&self, value: f64) -> u8 {
        if value > self.yellow_low {
            if value < self.yellow_high {
                if self.has_green {
                    self.operational(value)
                } else {
                    GREEN
                }
            } else if value >= self.red_high {
                RED_HIGH
            } else {
                YELLOW_HIGH
            }
        } else if value > self.red_low {
            YELLOW_LOW
        } else {
            RED_LOW
        }
    }

    #[inline]
    fn operational(&self, value: f64) -> u8 {
        if value <= self.green_low {
            GREEN_LOW
        } else if value >= self.green_high {
            GREEN_HIGH
        } else {
            BLUE
        }
    }

    /// Takes a converted number into the fold and returns the code of the current state.
    #[inline]
    pub(crate) fn check_number(&mut self, value: f64, transitions: &mut Vec<Transition>) -> u8 {
        let state = self.classify(value);
        if state == self.current && self.count == 0 && self.enabled {
            return state;
        }
        self.persist(state, transitions)
    }

    #[cold]
    fn persist(&mut self, state: u8, transitions: &mut Vec<Transition>) -> u8 {
        if !self.enabled || !self.has_numbers {
            return self.current;
        }
        if state == self.current {
            self.count = 0;
            return state;
        }
        self.count = self.count.saturating_add(1);
        if self.count >= self.persistence {
            self.count = 0;
            self.change(state, transitions);
        }
        self.current
    }

    /// Takes the index of the state that the value has, if any; a change takes effect at once.
    #[inline]
    pub(crate) fn check_state(&mut self, index: u16, transitions: &mut Vec<Transition>) -> u8 {
        let state = self.colors.get(usize::from(index)).copied().unwrap_or(0);
        if state != self.current && self.enabled {
            self.change(state, transitions);
        }
        self.current
    }

    /// Returns the code of the current state, for a sample that is skipped.
    #[inline]
    pub(crate) fn current(&self) -> u8 {
        self.current
    }

    #[cold]
    fn change(&mut self, state: u8, transitions: &mut Vec<Transition>) {
        let old = LimitsColor::from_code(self.current);
        self.current = state;
        transitions.push(Transition {
            item: self.item(),
            old,
            new: LimitsColor::from_code(state),
        });
    }
}

fn code(color: Option<Color>) -> u8 {
    LimitsColor::code(color.map(|color| match color {
        Color::Green => LimitsColor::Green,
        Color::Yellow => LimitsColor::Yellow,
        Color::Red => LimitsColor::Red,
    }))
}
