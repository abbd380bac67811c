//! Interpolation between the points of a curve.

/// A point of a [`Spline`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplinePoint {
    /// Value in the packet.
    pub raw: f64,
    /// Value it stands for.
    pub calibrated: f64,
    /// Whether the line from this point to the next is flat rather than straight.
    pub flat: bool,
}

/// A curve through points, by ascending raw value.
#[derive(Debug, Clone, PartialEq)]
pub struct Spline {
    /// At least one point, no two with the same raw value.
    pub points: Vec<SplinePoint>,
    /// Whether the first and the last piece go on beyond their ends; values there have no
    /// calibrated value otherwise.
    pub extrapolate: bool,
}

impl Spline {
    /// Returns the calibrated value; `None` outside of the points and for NaN.
    ///
    /// Source: XTCE 1.2 (OMG formal/2018-10-04) schema, SplineCalibratorType and SplinePointType:
    /// a flat piece reaches from its point (inclusive) to the next (exclusive).
    #[must_use]
    pub fn apply(&self, x: f64) -> Option<f64> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        let outside = !(first.raw <= x && x <= last.raw);
        if x.is_nan() || outside && !self.extrapolate {
            return None;
        }
        let after = self.points.partition_point(|point| point.raw <= x);
        let from = after.saturating_sub(1).min(self.points.len().saturating_sub(2));
        let left = self.points.get(from)?;
        // The last point is met exactly, also behind a flat piece.
        if x == last.raw {
            return Some(last.calibrated);
        }
        match self.points.get(from + 1) {
            _ if left.flat => Some(if x >= last.raw { last.calibrated } else { left.calibrated }),
            None => Some(left.calibrated),
            Some(right) => {
                let slope = (right.calibrated - left.calibrated) / (right.raw - left.raw);
                Some(left.calibrated + (x - left.raw) * slope)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spline(points: &[(f64, f64)], flat: bool, extrapolate: bool) -> Spline {
        let point = |(raw, calibrated): &(f64, f64)| SplinePoint {
            raw: *raw,
            calibrated: *calibrated,
            flat,
        };
        Spline { points: points.iter().map(point).collect(), extrapolate }
    }

    #[test]
    fn straight_and_flat_pieces() {
        let points = [(0.0, 10.0), (4.0, 20.0), (5.0, 0.0)];
        let straight = spline(&points, false, false);
        for (x, y) in [(0.0, 10.0), (1.0, 12.5), (4.0, 20.0), (4.5, 10.0), (5.0, 0.0)] {
            assert_eq!(straight.apply(x), Some(y), "{x}");
        }
        let flat = spline(&points, true, false);
        for (x, y) in [(0.0, 10.0), (3.9, 10.0), (4.0, 20.0), (4.9, 20.0), (5.0, 0.0)] {
            assert_eq!(flat.apply(x), Some(y), "{x}");
        }
        for x in [-0.1, 5.1, f64::NAN, f64::INFINITY] {
            assert_eq!(straight.apply(x), None, "{x}");
            assert_eq!(flat.apply(x), None, "{x}");
        }
    }

    #[test]
    fn pieces_go_on_where_asked() {
        let points = [(0.0, 10.0), (4.0, 20.0), (5.0, 0.0)];
        let straight = spline(&points, false, true);
        assert_eq!((straight.apply(-4.0), straight.apply(6.0)), (Some(0.0), Some(-20.0)));
        let flat = spline(&points, true, true);
        assert_eq!((flat.apply(-4.0), flat.apply(6.0)), (Some(10.0), Some(0.0)));
        assert_eq!(spline(&[(1.0, 2.0)], false, true).apply(9.0), Some(2.0));
        assert_eq!(spline(&[], false, true).apply(9.0), None);
    }
}
