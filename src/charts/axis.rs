//! Axes: a range that covers some values, and its ticks.

use super::names::number;

/// How values are placed along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences have equal lengths.
    Linear,
    /// Equal ratios have equal lengths; only values above 0 are drawn.
    Log,
}

impl Scale {
    /// Whether `value` can be drawn. The bounds keep differences and powers of ten finite.
    pub(super) fn can_draw(self, value: f64) -> bool {
        value.abs() < 1e290 && (self == Self::Linear || value > 1e-290)
    }

    fn along(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }
}

/// A range of values from one tick to another.
#[derive(Debug)]
pub(super) struct Axis {
    scale: Scale,
    /// Ends, as logarithms for [`Scale::Log`]; `low < high`.
    low: f64,
    high: f64,
    /// Distance between two ticks of a linear axis; 1 on a logarithmic one.
    pub step: f64,
    /// Values and their text, in ascending order.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// The shortest axis that covers `values`, without those that can't be drawn.
    pub fn covering(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let drawn = values.filter(|&value| scale.can_draw(value));
        let ends = drawn.fold(None, |ends: Option<(f64, f64)>, value| {
            let (low, high) = ends.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        });
        match scale {
            Scale::Linear => Self::linear(ends.unwrap_or((0.0, 1.0))),
            Scale::Log => Self::log(ends.unwrap_or((1.0, 10.0))),
        }
    }

    /// The position of `value`, from 0 at the lower end to 1 at the upper end.
    pub fn position(&self, value: f64) -> f64 {
        ((self.scale.along(value) - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The same axis, but ending at `high` even if no tick is there.
    pub fn up_to(mut self, high: f64) -> Self {
        let high = self.scale.along(high);
        if high > self.low {
            self.high = self.high.min(high);
            let (scale, end) = (self.scale, self.high + 1e-6 * (self.high - self.low));
            self.ticks.retain(|(tick, _)| scale.along(*tick) <= end);
        }
        self
    }

    fn linear(ends: (f64, f64)) -> Self {
        let (low, high) = separate(ends);
        let step = round_step((high - low) / 6.0);
        // The small margin compensates for rounding: 0.7 / 0.1 is slightly below 7.
        let (first, last) = ((low / step + 1e-6).floor(), (high / step - 1e-6).ceil());
        let ticks = (0..=(last - first) as usize).map(|tick| (first + tick as f64) * step);
        let ticks = ticks.map(|tick| (tick, number(tick, step))).collect();
        Self { scale: Scale::Linear, low: first * step, high: last * step, step, ticks }
    }

    /// Ticks are at 1, 2 and 5 times powers of ten; if the range has more than three powers, only
    /// at powers of ten, and at no more than about ten of them.
    fn log((low, high): (f64, f64)) -> Self {
        let (from, to) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let leading: &[i32] = if to - from > 3 { &[1] } else { &[1, 2, 5] };
        let powers = (from - 1..=to + 1).flat_map(|e| leading.iter().map(move |&m| (m, e)));
        let marks: Vec<(f64, String)> = powers.map(|(m, e)| power_of_ten(m, e)).collect();
        let below = marks.iter().rposition(|mark| mark.0 <= low * (1.0 + 1e-9)).unwrap_or(0);
        let above = marks.iter().skip(below + 1).position(|mark| mark.0 >= high * (1.0 - 1e-9));
        let above = above.map_or(marks.len() - 1, |after| below + 1 + after);
        Self {
            scale: Scale::Log,
            low: marks[below].0.log10(),
            high: marks[above].0.log10(),
            step: 1.0,
            ticks: marks[below..=above].iter().step_by((above - below) / 10 + 1).cloned().collect(),
        }
    }
}

/// The smallest of 1, 2, 5 and 10 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10.0_f64.powi(step.log10().floor() as i32);
    let steps = [1.0, 2.0, 5.0].map(|leading| leading * power);
    steps.into_iter().find(|candidate| *candidate >= step * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

/// Ends that are almost equal are moved apart, each by a twentieth of their size.
fn separate((low, high): (f64, f64)) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if size < 1e-290 {
        (0.0, 1.0)
    } else if high - low > size * 1e-6 {
        (low, high)
    } else {
        (low - 0.05 * size, high + 0.05 * size)
    }
}

fn power_of_ten(leading: i32, power: i32) -> (f64, String) {
    let value = f64::from(leading) * 10.0_f64.powi(power);
    let text = match power {
        -3..=4 => number(value, 10.0_f64.powi(power)),
        _ => format!("{leading}e{power}").replace('-', "−"),
    };
    (value, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(scale: Scale, values: &[f64]) -> Vec<String> {
        let axis = Axis::covering(scale, values.iter().copied());
        for &value in values.iter().filter(|&&value| scale.can_draw(value)) {
            assert!((0.0..=1.0).contains(&axis.position(value)), "{value} on {axis:?}");
        }
        axis.ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn an_axis_goes_from_tick_to_tick() {
        assert_eq!(
            ticks(Scale::Linear, &[0.703, 0.791]),
            ["0.70", "0.72", "0.74", "0.76", "0.78", "0.80"]
        );
        assert_eq!(ticks(Scale::Linear, &[0.0, 1.0]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(ticks(Scale::Linear, &[-7.0, 12.0]), ["−10", "−5", "0", "5", "10", "15"]);
    }

    #[test]
    fn a_log_axis_has_its_ticks_at_1_2_and_5_or_at_powers_of_ten() {
        assert_eq!(ticks(Scale::Log, &[3e-5, 2e-4]), ["2e−5", "5e−5", "1e−4", "2e−4"]);
        assert_eq!(
            ticks(Scale::Log, &[0.3, 40.0]),
            ["0.2", "0.5", "1", "2", "5", "10", "20", "50"]
        );
        assert_eq!(ticks(Scale::Log, &[1e-5, 0.5]), ["1e−5", "1e−4", "0.001", "0.01", "0.1", "1"]);
        assert!(ticks(Scale::Log, &[1e-200, 1e200]).len() <= 12);
    }

    #[test]
    fn values_that_are_all_equal_still_have_an_axis() {
        for value in [0.75, -3.0, 0.0, 1e-300, 1e280, 1.0] {
            let axis = Axis::covering(Scale::Linear, [value, value].into_iter());
            assert!(axis.high > axis.low && axis.ticks.len() >= 2, "{value}: {axis:?}");
        }
        assert_eq!(ticks(Scale::Log, &[0.1]), ["0.1", "0.2"]);
    }

    #[test]
    fn an_axis_may_end_between_two_ticks() {
        let axis = Axis::covering(Scale::Linear, [0.0, 1.0].into_iter()).up_to(0.9);
        assert_eq!((axis.position(0.9), axis.ticks.len()), (1.0, 5));
        assert_eq!(axis.up_to(0.0).position(0.9), 1.0);
    }

    #[test]
    fn values_that_cannot_be_drawn_are_left_out() {
        let odd = [f64::NAN, f64::INFINITY, f64::MAX];
        assert_eq!(ticks(Scale::Linear, &odd).len(), 6);
        assert_eq!(ticks(Scale::Log, &[0.0, -1.0, f64::NAN, 1.0, 10.0]), ["1", "2", "5", "10"]);
    }
}
