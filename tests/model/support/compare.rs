//! Numbers against reference numbers: how far off at worst, and where.

/// The worst of all differences seen so far, as a share of what was allowed there.
#[derive(Debug, Default)]
pub struct Worst {
    share: f64,
    difference: f64,
    place: String,
}

impl Worst {
    /// Compares a row with its reference, number by number; `what` says which row it is.
    pub fn see(&mut self, found: &[f32], expected: &[f32], allowed: f64, what: &str) {
        assert_eq!(found.len(), expected.len(), "{what}: another number of columns");
        for (column, (&found, &expected)) in found.iter().zip(expected).enumerate() {
            let difference = (f64::from(found) - f64::from(expected)).abs();
            // NaN is as far off as can be.
            let share = if difference.is_nan() { f64::INFINITY } else { difference / allowed };
            if share > self.share || self.place.is_empty() {
                let place = format!(
                    "{what}, column {column}: {found}, {expected} expected ± {allowed:.1e}"
                );
                *self = Self { share, difference, place };
            }
        }
    }

    /// Fails if anything was further off than allowed. Prints the worst either way.
    pub fn check(&self, group: &str) {
        let worst = self.describe();
        println!("{group}: {worst}");
        assert!(self.is_within(), "{group}: {worst}");
    }

    /// Whether everything was as close as it must be; not so if nothing was seen.
    pub fn is_within(&self) -> bool {
        !self.place.is_empty() && self.share <= 1.0
    }

    /// The largest difference and where it is.
    pub fn describe(&self) -> String {
        let Self { share, difference, place } = self;
        format!("largest difference {difference:.2e}, {share:.3} of what is allowed, in {place}")
    }
}

/// The largest absolute difference between two sets of rows.
pub fn apart(these: &[Vec<f32>], those: &[Vec<f32>]) -> f64 {
    assert_eq!(these.len(), those.len());
    let numbers = these.iter().flatten().zip(those.iter().flatten());
    numbers.map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()).fold(0.0, f64::max)
}
