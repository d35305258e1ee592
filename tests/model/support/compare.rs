//! Compares numbers with reference numbers: the largest difference, and where it is.

/// The largest of all differences so far, relative to the tolerance at its place.
#[derive(Debug, Default)]
pub struct Worst {
    relative: f64,
    difference: f64,
    place: String,
}

impl Worst {
    /// Compares a row with its reference, number by number; `row` names it.
    pub fn compare(&mut self, found: &[f32], expected: &[f32], tolerance: f64, row: &str) {
        assert_eq!(found.len(), expected.len(), "{row}: another number of columns");
        for (column, (&found, &expected)) in found.iter().zip(expected).enumerate() {
            let difference = (f64::from(found) - f64::from(expected)).abs();
            // A difference of NaN counts as infinite.
            let relative = if difference.is_nan() { f64::INFINITY } else { difference / tolerance };
            if relative > self.relative || self.place.is_empty() {
                let place = format!(
                    "{row}, column {column}: {found}, {expected} expected ± {tolerance:.1e}"
                );
                *self = Self { relative, difference, place };
            }
        }
    }

    /// Prints the largest difference, and fails if it is above its tolerance.
    pub fn check(&self, group: &str) {
        let worst = self.describe();
        println!("{group}: {worst}");
        assert!(self.is_within(), "{group}: {worst}");
    }

    /// Whether all differences are within their tolerance; false if nothing was compared.
    pub fn is_within(&self) -> bool {
        !self.place.is_empty() && self.relative <= 1.0
    }

    /// The largest difference and where it is.
    pub fn describe(&self) -> String {
        let Self { relative, difference, place } = self;
        format!("largest difference {difference:.2e}, {relative:.3} of the tolerance, in {place}")
    }
}

/// The largest absolute difference between two sets of rows.
pub fn largest_difference(these: &[Vec<f32>], those: &[Vec<f32>]) -> f64 {
    assert_eq!(these.len(), those.len());
    let numbers = these.iter().flatten().zip(those.iter().flatten());
    numbers.map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()).fold(0.0, f64::max)
}
