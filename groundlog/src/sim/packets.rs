//! The telemetry packets of the demo target; the layout is that of demo/targets/INST/cmd_tlm.

use std::time::SystemTime;

use super::{ccsds, physics, spacecraft::Spacecraft};

const HEALTH_STATUS: u16 = 1;
pub(super) const ADCS: u16 = 2;
const PARAMS: u16 = 3;

pub(super) fn health_status(spacecraft: &mut Spacecraft, time: SystemTime) -> Vec<u8> {
    let mut packet = begin(spacecraft, HEALTH_STATUS, time);
    put_u16(&mut packet, spacecraft.collects);
    for (sensor, temperature) in SENSORS.iter().zip(spacecraft.temperatures.0) {
        put_u16(&mut packet, sensor.counts(temperature));
    }
    put_u16(&mut packet, spacecraft.collect_type);
    put_f32(&mut packet, f64::from(spacecraft.duration_s));
    let (ground1, ground2) = physics::stations(spacecraft.t);
    packet.extend_from_slice(&[
        spacecraft.opcode,
        u8::from(spacecraft.is_collecting()),
        u8::from(ground1),
        u8::from(ground2),
    ]);
    let light = physics::sunlight(spacecraft.t);
    packet.extend((0..10_u8).map(|row| (light * 200.0) as u8 + row));
    put_u16(&mut packet, spacecraft.accepted);
    put_u16(&mut packet, spacecraft.rejected);
    // Memory that shows at a glance whether a block is kept byte by byte.
    packet.extend((0..20_u8).map(|byte| byte.wrapping_mul(13) ^ spacecraft.collects as u8));
    ccsds::finish(packet)
}

pub(super) fn adcs(spacecraft: &mut Spacecraft, time: SystemTime) -> Vec<u8> {
    let mut packet = begin(spacecraft, ADCS, time);
    let Spacecraft { position, velocity, attitude, .. } = spacecraft;
    for value in position.iter().chain(velocity.iter()).chain(&attitude.q) {
        put_f32(&mut packet, *value);
    }
    let stars = 6 + (spacecraft.t / 17.0) as u64 % 5;
    packet.extend_from_slice(&[2, stars as u8]);
    put_f32(&mut packet, attitude.error_deg);
    packet.extend_from_slice(&spacecraft.packets_sent.to_be_bytes());
    ccsds::finish(packet)
}

pub(super) fn params(spacecraft: &mut Spacecraft, time: SystemTime) -> Vec<u8> {
    let mut packet = begin(spacecraft, PARAMS, time);
    for value in spacecraft.values {
        put_u16(&mut packet, value);
    }
    ccsds::finish(packet)
}

/// A temperature sensor's polynomial, as the telemetry definition has it.
struct Sensor {
    c0: f64,
    c1: f64,
    c2: f64,
}

const SENSORS: [Sensor; 4] = [
    Sensor { c0: -100.0, c1: 200.0 / 65536.0, c2: 0.0 },
    Sensor { c0: -100.0, c1: 200.0 / 65536.0, c2: 0.0 },
    Sensor { c0: -80.0, c1: 0.002, c2: 1e-8 },
    Sensor { c0: -40.0, c1: 0.0025, c2: 0.0 },
];

impl Sensor {
    /// Returns what the sensor counts at a temperature.
    fn counts(&self, temperature: f64) -> u16 {
        let difference = temperature - self.c0;
        let counts = if self.c2 == 0.0 {
            difference / self.c1
        } else {
            let root = self.c1.mul_add(self.c1, 4.0 * self.c2 * difference).max(0.0).sqrt();
            (root - self.c1) / (2.0 * self.c2)
        };
        counts.round().clamp(0.0, f64::from(u16::MAX)) as u16
    }
}

fn begin(spacecraft: &mut Spacecraft, apid: u16, time: SystemTime) -> Vec<u8> {
    let count = spacecraft.next_sequence_count(apid);
    ccsds::begin(apid, count, time)
}

fn put_u16(packet: &mut Vec<u8>, value: u16) {
    packet.extend_from_slice(&value.to_be_bytes());
}

fn put_f32(packet: &mut Vec<u8>, value: f64) {
    packet.extend_from_slice(&(value as f32).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::SENSORS;

    #[test]
    fn sensors_count_what_the_ground_converts_back() {
        for (sensor, temperature) in SENSORS.iter().zip([20.0, -55.5, 12.25, 80.0]) {
            let counts = f64::from(sensor.counts(temperature));
            let back = sensor.c0 + sensor.c1 * counts + sensor.c2 * counts * counts;
            assert!((back - temperature).abs() < 0.004, "{back} {temperature}");
            assert_eq!(sensor.counts(-1e6), 0);
            assert_eq!(sensor.counts(1e6), u16::MAX);
        }
    }
}
