//! A score with its name.

/// A score with its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// The usual name of the metric.
    pub name: &'static str,
    /// The score.
    pub value: f64,
    /// Whether it is a share from 0 to 1, shown in percent.
    pub share: bool,
}

impl Metric {
    /// The value as text; see [`show`].
    pub fn show(&self) -> String {
        show(self.value, self.share)
    }
}

/// `80.12 %` for a share, `0.4312` for another number.
pub fn show(value: f64, share: bool) -> String {
    if share { format!("{:.2} %", 100.0 * value) } else { format!("{value:.4}") }
}
