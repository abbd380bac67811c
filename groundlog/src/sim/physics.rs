//! Orbit, attitude and temperatures: simple models, so that displays move like the real thing.

use std::f64::consts::TAU;

/// Gravitational parameter of the Earth, km³/s².
const MU: f64 = 398_600.441_8;
/// Radius of the circular orbit, km: about 500 km above ground.
const RADIUS: f64 = 6878.0;
/// Inclination of a sun-synchronous orbit at that height, radians.
const INCLINATION: f64 = 97.4 / 360.0 * TAU;
/// Day and night follow each other this fast, in seconds, so that something happens on a display.
const DAY_S: f64 = 300.0;

pub(super) type Vector = [f64; 3];

/// Position in km and velocity in km/s at a time in seconds, in an inertial frame.
pub(super) fn orbit(t: f64) -> (Vector, Vector) {
    let rate = (MU / RADIUS.powi(3)).sqrt();
    let (sin, cos) = (rate * t).sin_cos();
    let (sin_i, cos_i) = INCLINATION.sin_cos();
    let speed = RADIUS * rate;
    (
        [RADIUS * cos, RADIUS * sin * cos_i, RADIUS * sin * sin_i],
        [-speed * sin, speed * cos * cos_i, speed * cos * sin_i],
    )
}

/// Sunlight on the spacecraft, 0 to 1.
pub(super) fn sunlight(t: f64) -> f64 {
    0.5 - 0.5 * (TAU * t / DAY_S).cos()
}

/// Whether each of the two ground stations sees the spacecraft: one at a time, with an overlap.
pub(super) fn stations(t: f64) -> (bool, bool) {
    let phase = (t / DAY_S).rem_euclid(1.0);
    (phase < 0.8, !(0.1..0.7).contains(&phase))
}

/// The attitude, a unit quaternion, turned by body rates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attitude {
    /// Vector components, then the scalar.
    pub(super) q: [f64; 4],
    /// Angle between wanted and true attitude, degrees.
    pub(super) error_deg: f64,
}

impl Default for Attitude {
    fn default() -> Self {
        Self { q: [0.0, 0.0, 0.0, 1.0], error_deg: 0.0 }
    }
}

impl Attitude {
    /// Turns on by `dt` seconds: once around per orbit, with a slow wobble about the other axes.
    pub(super) fn step(&mut self, t: f64, dt: f64) {
        let orbit_rate = (MU / RADIUS.powi(3)).sqrt();
        let wobble = [2e-3 * (t / 7.0).sin(), -orbit_rate, 2e-3 * (t / 11.0).cos()];
        let [x, y, z, w] = self.q;
        let [a, b, c] = wobble.map(|rate| rate * dt / 2.0);
        let turned = [
            x + w * a + y * c - z * b,
            y + w * b + z * a - x * c,
            z + w * c + x * b - y * a,
            w - x * a - y * b - z * c,
        ];
        let norm = turned.iter().map(|part| part * part).sum::<f64>().sqrt();
        self.q = turned.map(|part| part / norm);
        self.error_deg = 0.3 * (t / 7.0).sin() * (t / 23.0).cos();
    }
}

/// Four temperatures in degrees Celsius, each following its surroundings with its own inertia.
#[derive(Debug, Clone, Copy)]
pub(super) struct Temperatures(pub(super) [f64; 4]);

impl Default for Temperatures {
    fn default() -> Self {
        Self([10.0, 5.0, -20.0, 25.0])
    }
}

impl Temperatures {
    /// Warms or cools for `dt` seconds. `work_c` is what a collection adds to the detector.
    pub(super) fn step(&mut self, t: f64, dt: f64, work_c: f64) {
        let sun = sunlight(t);
        let surroundings = [
            -45.0 + 115.0 * sun + work_c,
            -30.0 + 60.0 * sun + work_c / 2.0,
            -75.0 + 110.0 * sun,
            // The heater works in the shade.
            30.0 + 40.0 * (1.0 - sun),
        ];
        let inertia_s = [20.0, 45.0, 30.0, 15.0];
        for ((temperature, around), inertia) in self.0.iter_mut().zip(surroundings).zip(inertia_s) {
            *temperature += (around - *temperature) * (1.0 - (-dt / inertia).exp());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orbit_is_a_circle_at_right_angles_to_its_velocity() {
        for t in [0.0, 100.0, 1234.5, 90_000.0] {
            let (position, velocity) = orbit(t);
            let dot: f64 = position.iter().zip(velocity).map(|(p, v)| p * v).sum();
            let radius = position.iter().map(|p| p * p).sum::<f64>().sqrt();
            let speed = velocity.iter().map(|v| v * v).sum::<f64>().sqrt();
            assert!(dot.abs() < 1e-6, "{dot}");
            assert!((radius - RADIUS).abs() < 1e-6);
            assert!((speed - 7.61).abs() < 0.01, "{speed}");
        }
    }

    #[test]
    fn the_attitude_stays_a_unit_quaternion() {
        let mut attitude = Attitude::default();
        for step in 0..100_000 {
            attitude.step(f64::from(step) * 0.1, 0.1);
        }
        let norm: f64 = attitude.q.iter().map(|part| part * part).sum();
        assert!((norm - 1.0).abs() < 1e-12, "{norm}");
        assert!(attitude.q[3] < 0.999, "it turns");
    }

    #[test]
    fn temperatures_stay_within_what_their_sensors_show() {
        let mut temperatures = Temperatures::default();
        for step in 0..20_000 {
            temperatures.step(f64::from(step) * 0.1, 0.1, 25.0);
            for (temperature, (low, high)) in temperatures.0.iter().zip([
                (-100.0, 100.0),
                (-100.0, 100.0),
                (-80.0, 94.0),
                (-40.0, 123.0),
            ]) {
                assert!((low..=high).contains(temperature), "{temperature}");
            }
        }
    }
}
