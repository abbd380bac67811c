//! The same packet decoded by code written for it: what a compiled plan is measured against.
//!
//! It yields the same values: every raw value, the converted ones that differ, the index of every
//! state, limits with persistence and operational bands, and a list of the changes of state. Its
//! conversions are constants of the program. Limits can be changed while it runs, as operators do,
//! so they are part of its state; [`Fixed`] is the same decoder with limits that nobody can
//! change, which saves it the loads.

use super::packet::{BLOCK, LENGTH, TEMPERATURES, VOLTAGES};

/// Limits states, in the numbers of the packed record.
const RED_LOW: u8 = 1;
const YELLOW_LOW: u8 = 2;
const YELLOW_HIGH: u8 = 3;
const RED_HIGH: u8 = 4;
const GREEN: u8 = 5;
const GREEN_LOW: u8 = 6;
const GREEN_HIGH: u8 = 7;
const BLUE: u8 = 8;
const RED: u8 = 9;
const YELLOW: u8 = 10;

/// Stands for "no state".
pub(super) const NO_STATE: u16 = u16::MAX;

/// Limits and their state of one item.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    set: Set,
    persistence: u32,
    count: u32,
    /// Code of the state, 0 for none.
    state: u8,
    disabled: bool,
}

/// The numbers of an item's limits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Set {
    red_low: f64,
    yellow_low: f64,
    yellow_high: f64,
    red_high: f64,
    green: Option<(f64, f64)>,
}

const TEMPERATURE: Set = Set {
    red_low: -80.0,
    yellow_low: -70.0,
    yellow_high: 60.0,
    red_high: 80.0,
    green: Some((-20.0, 20.0)),
};
const VOLTAGE: Set =
    Set { red_low: -30.0, yellow_low: -25.0, yellow_high: 25.0, red_high: 30.0, green: None };
const CURRENT: Set =
    Set { red_low: -10.0, yellow_low: -8.0, yellow_high: 8.0, red_high: 10.0, green: None };

/// Whether limits are constants or part of the state.
pub(super) trait LimitsSource {
    /// Returns the limits in use: those of the state or the ones given, with the persistence.
    fn choose(state: &Limits, fixed: (Set, u32)) -> (Set, u32);
}

/// Limits that can be changed at run time.
pub(super) struct Adjustable;

impl LimitsSource for Adjustable {
    #[inline(always)]
    fn choose(state: &Limits, _: (Set, u32)) -> (Set, u32) {
        (state.set, state.persistence)
    }
}

/// Limits that are constants of the program.
pub(super) struct Fixed;

impl LimitsSource for Fixed {
    #[inline(always)]
    fn choose(_: &Limits, fixed: (Set, u32)) -> (Set, u32) {
        fixed
    }
}

/// Returns the limits before the first packet.
pub(super) fn limits() -> [Limits; LIMITED] {
    std::array::from_fn(|index| {
        let (set, persistence) = match index {
            0..TEMPERATURES => (TEMPERATURE, 2),
            _ if index < TEMPERATURES + VOLTAGES => (VOLTAGE, 3),
            _ => (CURRENT, 1),
        };
        Limits { set, persistence, ..Limits::default() }
    })
}

/// Items with limits: temperatures, voltages, two currents, mode, two heaters.
pub(super) const LIMITED: usize = TEMPERATURES + VOLTAGES + 5;

/// All values of the packet.
#[derive(Debug, Clone)]
pub(super) struct Housekeeping {
    pub(super) version: u8,
    pub(super) kind: u8,
    pub(super) secondary: u8,
    pub(super) apid: u16,
    pub(super) sequence_flags: u8,
    pub(super) sequence_count: u16,
    pub(super) length: u16,
    pub(super) seconds: u32,
    pub(super) microseconds: u32,
    pub(super) packet_id: u16,
    pub(super) temperatures: [u16; TEMPERATURES],
    pub(super) voltages: [i16; VOLTAGES],
    pub(super) currents: [f32; 2],
    pub(super) pressure: u32,
    pub(super) mode: u8,
    pub(super) heaters: [u8; 2],
    pub(super) antenna: u8,
    pub(super) spare: u8,
    pub(super) collects: u32,
    pub(super) accepted: u32,
    pub(super) rejected: u32,
    pub(super) q: [f64; 2],
    pub(super) errors: u32,
    pub(super) uptime: u32,
    pub(super) dump: [u8; BLOCK],
    pub(super) converted_temperatures: [f64; TEMPERATURES],
    pub(super) converted_voltages: [f64; VOLTAGES],
    pub(super) converted_pressure: f64,
    pub(super) secondary_state: u16,
    pub(super) sequence_flags_state: u16,
    pub(super) mode_state: u16,
    pub(super) heater_states: [u16; 2],
    pub(super) antenna_state: u16,
    pub(super) limits: [u8; LIMITED],
}

impl Default for Housekeeping {
    fn default() -> Self {
        Self {
            version: 0,
            kind: 0,
            secondary: 0,
            apid: 0,
            sequence_flags: 0,
            sequence_count: 0,
            length: 0,
            seconds: 0,
            microseconds: 0,
            packet_id: 0,
            temperatures: [0; TEMPERATURES],
            voltages: [0; VOLTAGES],
            currents: [0.0; 2],
            pressure: 0,
            mode: 0,
            heaters: [0; 2],
            antenna: 0,
            spare: 0,
            collects: 0,
            accepted: 0,
            rejected: 0,
            q: [0.0; 2],
            errors: 0,
            uptime: 0,
            dump: [0; BLOCK],
            converted_temperatures: [0.0; TEMPERATURES],
            converted_voltages: [0.0; VOLTAGES],
            converted_pressure: 0.0,
            secondary_state: 0,
            sequence_flags_state: 0,
            mode_state: 0,
            heater_states: [0; 2],
            antenna_state: 0,
            limits: [0; LIMITED],
        }
    }
}

impl Limits {
    #[inline(always)]
    fn number<L: LimitsSource>(
        &mut self,
        item: u8,
        value: f64,
        fixed: (Set, u32),
        changes: &mut Vec<(u8, u8, u8)>,
    ) -> u8 {
        if self.disabled {
            return self.state;
        }
        let (set, persistence) = L::choose(self, fixed);
        let state = state(value, &set);
        if state == self.state {
            self.count = 0;
            return state;
        }
        self.count += 1;
        if self.count >= persistence {
            self.count = 0;
            changes.push((item, self.state, state));
            self.state = state;
        }
        self.state
    }

    #[inline(always)]
    fn color(&mut self, item: u8, state: u8, changes: &mut Vec<(u8, u8, u8)>) -> u8 {
        if state != self.state && !self.disabled {
            changes.push((item, self.state, state));
            self.state = state;
        }
        self.state
    }
}

#[inline(always)]
fn state(v: f64, set: &Set) -> u8 {
    if v > set.yellow_low && v < set.yellow_high {
        return match set.green {
            None => GREEN,
            Some((low, _)) if v <= low => GREEN_LOW,
            Some((_, high)) if v >= high => GREEN_HIGH,
            Some(_) => BLUE,
        };
    }
    if v >= set.red_high {
        RED_HIGH
    } else if v >= set.yellow_high {
        YELLOW_HIGH
    } else if v > set.red_low {
        YELLOW_LOW
    } else {
        RED_LOW
    }
}

/// Decodes one packet; returns false if it has another length.
pub(super) fn decode<L: LimitsSource>(
    bytes: &[u8],
    limits: &mut [Limits; LIMITED],
    out: &mut Housekeeping,
    changes: &mut Vec<(u8, u8, u8)>,
) -> bool {
    let Ok(b) = <&[u8; LENGTH]>::try_from(bytes) else {
        return false;
    };
    raw(b, out);
    for (index, raw) in out.temperatures.iter().enumerate() {
        let converted = -100.0 + 0.003_051_757_812_5 * f64::from(*raw);
        out.converted_temperatures[index] = converted;
        let fixed = (TEMPERATURE, 2);
        out.limits[index] = limits[index].number::<L>(index as u8, converted, fixed, changes);
    }
    for (index, raw) in out.voltages.iter().enumerate() {
        let converted = 0.5 + 0.001 * f64::from(*raw);
        out.converted_voltages[index] = converted;
        let index = TEMPERATURES + index;
        let fixed = (VOLTAGE, 3);
        out.limits[index] = limits[index].number::<L>(index as u8, converted, fixed, changes);
    }
    for (index, raw) in out.currents.iter().enumerate() {
        let index = TEMPERATURES + VOLTAGES + index;
        let (value, fixed) = (f64::from(*raw), (CURRENT, 1));
        out.limits[index] = limits[index].number::<L>(index as u8, value, fixed, changes);
    }
    let x = f64::from(out.pressure);
    out.converted_pressure = 1.5 + 0.01 * x + 1e-8 * (x * x) + 2e-18 * (x * x * x);
    states(limits, out, changes);
    true
}

#[inline(always)]
fn raw(b: &[u8; LENGTH], out: &mut Housekeeping) {
    let half = |at: usize| u16::from_be_bytes([b[at], b[at + 1]]);
    let word = |at: usize| u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
    let long = |at: usize| u64::from(word(at)) << 32 | u64::from(word(at + 4));
    out.version = b[0] >> 5;
    out.kind = b[0] >> 4 & 1;
    out.secondary = b[0] >> 3 & 1;
    out.apid = half(0) & 0x7ff;
    out.sequence_flags = b[2] >> 6;
    out.sequence_count = half(2) & 0x3fff;
    out.length = half(4);
    out.seconds = word(6);
    out.microseconds = word(10);
    out.packet_id = half(14);
    for (index, raw) in out.temperatures.iter_mut().enumerate() {
        *raw = half(16 + 2 * index);
    }
    for (index, raw) in out.voltages.iter_mut().enumerate() {
        *raw = half(36 + 2 * index) as i16;
    }
    out.currents = [f32::from_bits(word(44)), f32::from_bits(word(48))];
    out.pressure = word(52);
    out.mode = b[56];
    out.heaters = [b[57] >> 6, b[57] >> 4 & 3];
    out.antenna = b[57] >> 2 & 3;
    out.spare = b[57] & 3;
    out.collects = word(58);
    out.accepted = word(62);
    out.rejected = word(66);
    out.q = [f64::from_bits(long(70)), f64::from_bits(long(78))];
    out.errors = u32::from_be_bytes([0, b[86], b[87], b[88]]);
    out.uptime = u32::from_le_bytes([b[89], b[90], b[91], b[92]]);
    out.dump.copy_from_slice(&b[93..]);
}

#[inline(always)]
fn states(limits: &mut [Limits; LIMITED], out: &mut Housekeeping, changes: &mut Vec<(u8, u8, u8)>) {
    // State numbers are the raw values here, in the order of their definition.
    let index = |raw: u8, count: u8| {
        if raw < count { u16::from(raw) } else { NO_STATE }
    };
    out.secondary_state = index(out.secondary, 2);
    out.sequence_flags_state = index(out.sequence_flags, 4);
    out.mode_state = index(out.mode, 4);
    out.antenna_state = index(out.antenna, 2);
    let first = TEMPERATURES + VOLTAGES + 2;
    let color = match out.mode {
        0 => RED,
        1 => YELLOW,
        2 | 3 => GREEN,
        _ => 0,
    };
    out.limits[first] = limits[first].color(first as u8, color, changes);
    for heater in 0..2 {
        let at = first + 1 + heater;
        out.heater_states[heater] = index(out.heaters[heater], 3);
        let color = if out.heaters[heater] == 2 { RED } else { 0 };
        out.limits[at] = limits[at].color(at as u8, color, changes);
    }
}
