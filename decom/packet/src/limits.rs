//! Limits at run time: checking values, persistence, and the state that survives a restart
//! (cosmos-packets §6).
//!
//! A [`LimitsState`] belongs to one packet and is the only mutable thing in decoding: which items
//! are enabled, how many samples in a row were outside the current state, and that state. It is a
//! fold over the packets in their order; [`LimitsState::snapshot`] and [`LimitsState::restore`]
//! carry it over a restart.

mod check;
mod snapshot;

use crate::definition::{Item, LimitsSet, Packet};

pub use snapshot::SnapshotError;

use check::Entry;
pub(crate) use check::code as color_code;

/// Name of the limits set that always exists.
pub const DEFAULT_SET: &str = "DEFAULT";

macro_rules! colors {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $word:literal;)+) => {
        /// The limits state of an item (cosmos-packets §6.1); no state is `None` around it.
        ///
        /// The numbers are those of the packed record and of snapshots, where 0 is no state.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum LimitsColor {
            $($(#[$doc])* $variant = $code,)+
        }

        impl LimitsColor {
            /// Returns the state of a code; `None` for 0 and for codes that do not exist.
            #[must_use]
            pub fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Returns the text that clients see, such as `RED_LOW`.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

colors! {
    /// At or below the red low limit, or not a number.
    RedLow = 1, "RED_LOW";
    /// At or below the yellow low limit.
    YellowLow = 2, "YELLOW_LOW";
    /// At or above the yellow high limit.
    YellowHigh = 3, "YELLOW_HIGH";
    /// At or above the red high limit.
    RedHigh = 4, "RED_HIGH";
    /// Within limits, or a green state.
    Green = 5, "GREEN";
    /// Within limits, at or below the operational band.
    GreenLow = 6, "GREEN_LOW";
    /// Within limits, at or above the operational band.
    GreenHigh = 7, "GREEN_HIGH";
    /// Within the operational band.
    Blue = 8, "BLUE";
    /// A red state.
    Red = 9, "RED";
    /// A yellow state.
    Yellow = 10, "YELLOW";
    /// Not received for longer than the stale time; never the result of a check.
    Stale = 11, "STALE";
}

impl LimitsColor {
    /// Returns the code of a state or of none.
    #[must_use]
    pub fn code(color: Option<Self>) -> u8 {
        color.map_or(0, |color| color as u8)
    }

    /// Returns whether the state is out of limits: the red and yellow ones.
    #[must_use]
    pub fn is_violation(self) -> bool {
        self.is_red() || matches!(self, Self::YellowLow | Self::YellowHigh | Self::Yellow)
    }

    /// Returns whether the state is one of the red ones.
    #[must_use]
    pub fn is_red(self) -> bool {
        matches!(self, Self::RedLow | Self::RedHigh | Self::Red)
    }
}

impl std::fmt::Display for LimitsColor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// A change of an item's limits state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Place of the item in [`Packet::items`].
    pub item: usize,
    /// State before; `None` before the first check and after disabling.
    pub old: Option<LimitsColor>,
    /// State now; `None` for a state without colour and after disabling.
    pub new: Option<LimitsColor>,
}

/// The limits state of one packet's items.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitsState {
    /// In the order in which limits were registered, which is the order of checking; the vectors
    /// below have one element for each.
    entries: Vec<Entry>,
    /// Code of the current state.
    pub(crate) current: Vec<u8>,
    /// Lower end of the closed interval of numbers that change nothing.
    pub(crate) stay_low: Vec<f64>,
    /// Upper end of that interval.
    pub(crate) stay_high: Vec<f64>,
    names: Vec<String>,
    set: String,
}

impl LimitsState {
    /// Makes the state before the first packet, with the limits of the `DEFAULT` set.
    #[must_use]
    pub fn new(packet: &Packet) -> Self {
        let registered: Vec<(usize, &Item)> = packet
            .limits_items
            .iter()
            .filter_map(|place| Some((*place, packet.items.get(*place)?)))
            .collect();
        let entries: Vec<Entry> =
            registered.iter().map(|(place, item)| Entry::new(*place, item)).collect();
        let mut state = Self {
            current: vec![0; entries.len()],
            stay_low: vec![0.0; entries.len()],
            stay_high: vec![0.0; entries.len()],
            names: registered.iter().map(|(_, item)| item.name.clone()).collect(),
            entries,
            set: DEFAULT_SET.to_owned(),
        };
        (0..state.entries.len()).for_each(|index| state.refresh(index));
        state
    }

    /// Returns the name of the set in use.
    #[must_use]
    pub fn active_set(&self) -> &str {
        &self.set
    }

    /// Makes a set the active one; items that lack it use `DEFAULT`.
    ///
    /// Limits given by [`LimitsState::set_limits`] stay.
    pub fn select_set(&mut self, packet: &Packet, set: &str) {
        self.set = set.to_uppercase();
        for entry in self.entries.iter_mut().filter(|entry| !entry.replaced) {
            let limits = packet.items.get(entry.item).map(|item| &item.limits);
            entry.numbers = limits.and_then(|limits| limits.set_or_default(&self.set)).copied();
        }
        (0..self.entries.len()).for_each(|index| self.refresh(index));
    }

    /// Replaces an item's limits; returns whether the item has limits at all.
    pub fn set_limits(&mut self, item: usize, limits: &LimitsSet, persistence: u32) -> bool {
        let Some(index) = self.index(item) else {
            return false;
        };
        let entry = &mut self.entries[index];
        entry.numbers = Some(*limits);
        entry.persistence = persistence;
        entry.replaced = true;
        self.refresh(index);
        true
    }

    /// Switches checking of an item on; the next check gives the state.
    ///
    /// Returns whether the item has limits at all.
    pub fn enable(&mut self, item: usize) -> bool {
        let Some(index) = self.index(item) else {
            return false;
        };
        self.entries[index].enabled = true;
        self.refresh(index);
        true
    }

    /// Switches checking of an item off and clears its state, but not its count (§6.2).
    ///
    /// Returns the event to raise, also when there was no state; `None` if the item has no limits.
    pub fn disable(&mut self, item: usize) -> Option<Transition> {
        let index = self.index(item)?;
        self.entries[index].enabled = false;
        let old = LimitsColor::from_code(self.current[index]);
        if old != Some(LimitsColor::Stale) {
            self.current[index] = 0;
        }
        self.refresh(index);
        Some(Transition { item, old, new: None })
    }

    /// Returns the current state of an item.
    #[must_use]
    pub fn state(&self, item: usize) -> Option<LimitsColor> {
        self.index(item).and_then(|index| LimitsColor::from_code(self.current[index]))
    }

    /// Returns whether an item is checked; `None` if it has no limits.
    #[must_use]
    pub fn is_enabled(&self, item: usize) -> Option<bool> {
        self.index(item).map(|index| self.entries[index].enabled)
    }

    /// Returns the limits in use for an item; `None` if it has none or has state colours.
    #[must_use]
    pub fn limits(&self, item: usize) -> Option<LimitsSet> {
        self.index(item).and_then(|index| self.entries[index].numbers)
    }

    /// Returns the setting and the current count of an item's persistence.
    #[must_use]
    pub fn persistence(&self, item: usize) -> Option<(u32, u32)> {
        let entry = &self.entries[self.index(item)?];
        Some((entry.persistence, entry.count))
    }

    fn index(&self, item: usize) -> Option<usize> {
        self.entries.iter().position(|entry| entry.item == item)
    }

    /// Returns the place of an item in the order of checking.
    pub(crate) fn order(&self, item: usize) -> usize {
        self.index(item).unwrap_or(usize::MAX)
    }
}
