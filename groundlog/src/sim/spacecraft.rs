//! The spacecraft's state: physics over time, and what commands change.

use std::time::{Duration, SystemTime};

use super::{
    ccsds::{RawCommand, SEQUENCE_COUNTS},
    commands::Command,
    packets,
    physics::{self, Attitude, Temperatures, Vector},
};

/// Time between two packets of HEALTH_STATUS and ADCS.
pub(super) const STEP: Duration = Duration::from_millis(100);
/// Every how many steps PARAMS is sent.
const PARAMS_STEPS: u64 = 10;

/// The spacecraft.
#[derive(Debug, Default)]
pub(super) struct Spacecraft {
    /// Seconds since it started.
    pub(super) t: f64,
    steps: u64,
    pub(super) position: Vector,
    pub(super) velocity: Vector,
    pub(super) attitude: Attitude,
    pub(super) temperatures: Temperatures,
    pub(super) collects: u16,
    pub(super) collect_type: u16,
    pub(super) duration_s: f32,
    pub(super) opcode: u8,
    collecting_until: Option<f64>,
    warming_c: f64,
    pub(super) values: [u16; 5],
    pub(super) accepted: u16,
    pub(super) rejected: u16,
    pub(super) packets_sent: u64,
    sequence_counts: [u16; 4],
}

impl Spacecraft {
    /// Lets one step of time pass and returns the packets that it yields.
    pub(super) fn step(&mut self, time: SystemTime) -> Vec<Vec<u8>> {
        let dt = STEP.as_secs_f64();
        self.t += dt;
        self.steps += 1;
        if self.collecting_until.is_some_and(|until| self.t >= until) {
            self.collecting_until = None;
            self.warming_c = 0.0;
        }
        (self.position, self.velocity) = physics::orbit(self.t);
        self.attitude.step(self.t, dt);
        let work = if self.is_collecting() { 5.0 + self.warming_c } else { 0.0 };
        self.temperatures.step(self.t, dt, work);
        let mut made = vec![packets::health_status(self, time), packets::adcs(self, time)];
        if self.steps % PARAMS_STEPS == 1 {
            made.push(packets::params(self, time));
        }
        made
    }

    /// Obeys a command and returns the packets that show its effect.
    pub(super) fn obey(&mut self, raw: &RawCommand<'_>, time: SystemTime) -> Vec<Vec<u8>> {
        match Command::read(raw) {
            Some(command) => {
                self.accepted = self.accepted.wrapping_add(1);
                self.follow(command);
            }
            None => self.rejected = self.rejected.wrapping_add(1),
        }
        vec![packets::health_status(self, time), packets::params(self, time)]
    }

    fn follow(&mut self, command: Command) {
        match command {
            Command::Collect { kind, duration_s, opcode, warming_c } => {
                self.collects = self.collects.wrapping_add(1);
                self.collect_type = kind;
                self.duration_s = duration_s;
                self.opcode = opcode;
                self.warming_c = f64::from(warming_c);
                self.collecting_until = Some(self.t + f64::from(duration_s));
            }
            Command::Abort => {
                self.collecting_until = None;
                self.warming_c = 0.0;
                self.duration_s = 0.0;
            }
            Command::Clear => {
                self.collects = 0;
                self.collect_type = 0;
                self.duration_s = 0.0;
                self.opcode = 0;
                self.accepted = 0;
                self.rejected = 0;
            }
            Command::SetParams(values) => self.values = values,
        }
    }

    /// Returns whether a collection is going on.
    pub(super) fn is_collecting(&self) -> bool {
        self.collecting_until.is_some()
    }

    /// Returns the next sequence count of an application process.
    pub(super) fn next_sequence_count(&mut self, apid: u16) -> u16 {
        let count = &mut self.sequence_counts[usize::from(apid) % 4];
        let this = *count;
        *count = (this + 1) % SEQUENCE_COUNTS;
        self.packets_sent += 1;
        this
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(kind: u8, duration: f32) -> Vec<u8> {
        let mut parameters = vec![0, kind];
        parameters.extend_from_slice(&duration.to_be_bytes());
        parameters.extend_from_slice(&[0xab, 0, 0, 0, 0]);
        parameters
    }

    fn obey(spacecraft: &mut Spacecraft, id: u16, parameters: &[u8]) -> Vec<Vec<u8>> {
        spacecraft.obey(&RawCommand { id, parameters }, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn commands_change_the_next_health_status() {
        let mut spacecraft = Spacecraft::default();
        let packets = obey(&mut spacecraft, 1, &collect(1, 5.0));
        let health = &packets[0];
        assert_eq!(health[16..18], [0, 1], "COLLECTS");
        assert_eq!(health[26..28], [0, 1], "COLLECT_TYPE");
        assert_eq!(health[28..32], 5.0_f32.to_be_bytes(), "DURATION");
        assert_eq!(health[33], 1, "COLLECTING");
        obey(&mut spacecraft, 2, &[]);
        assert!(!spacecraft.is_collecting());
        obey(&mut spacecraft, 3, &[]);
        assert_eq!((spacecraft.collects, spacecraft.accepted), (0, 0));
        let packets = obey(&mut spacecraft, 4, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(packets[1][16..26], [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        obey(&mut spacecraft, 99, &[]);
        assert_eq!((spacecraft.accepted, spacecraft.rejected), (1, 1));
    }

    #[test]
    fn a_collection_ends_by_itself() {
        let mut spacecraft = Spacecraft::default();
        obey(&mut spacecraft, 1, &collect(0, 0.35));
        for _ in 0..3 {
            spacecraft.step(SystemTime::UNIX_EPOCH);
            assert!(spacecraft.is_collecting());
        }
        spacecraft.step(SystemTime::UNIX_EPOCH);
        assert!(!spacecraft.is_collecting());
    }

    #[test]
    fn packets_carry_their_lengths_and_count_on() {
        let mut spacecraft = Spacecraft::default();
        for step in 0..20_u8 {
            for packet in spacecraft.step(SystemTime::UNIX_EPOCH) {
                let length = u16::from_be_bytes([packet[4], packet[5]]);
                assert_eq!(usize::from(length) + 7, packet.len());
                if packet[1] == 2 {
                    assert_eq!(packet.len(), 70);
                    assert_eq!(packet[2..4], [0xc0, step]);
                }
            }
        }
    }
}
