//! A score with its name.

/// A score with its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// The field's name for it.
    pub name: &'static str,
    /// What it is.
    pub value: f64,
    /// Whether it is a share from 0 to 1, and told in percent.
    pub share: bool,
}

impl Metric {
    /// As [`show`] has it.
    pub fn show(&self) -> String {
        show(self.value, self.share)
    }
}

/// `80.12 %` of a share, `0.4312` of another number.
pub fn show(value: f64, share: bool) -> String {
    if share { format!("{:.2} %", 100.0 * value) } else { format!("{value:.4}") }
}

/// F1 of one label: `2·right / (rows with it + rows taken for it)`, 0 where that is undefined.
pub(super) fn f1(right: usize, with: usize, taken: usize) -> f64 {
    match with + taken {
        0 => 0.0,
        both => 2.0 * right as f64 / both as f64,
    }
}
