//! Horizontal bars, for comparing many named values that are close to each other.

use maud::{Markup, html};

use super::axis::{Axis, Scale};
use super::names::{number, shorten, width};
use super::plot::{FONT, empty_chart, figure, px};

/// One bar of [`bars`].
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Shortened if it is long; the tooltip has the full name.
    pub name: String,
    /// The end of the bar. A bar with a non-finite value isn't drawn.
    pub value: f64,
    /// The whisker goes from `value − error` to `value + error`. No whisker for 0 or a non-finite
    /// error.
    pub error: f64,
    /// Whether the bar is highlighted.
    pub marked: bool,
}

const CHART_WIDTH: f64 = 660.0;
const ROW_HEIGHT: f64 = 20.0;
const AXIS_HEIGHT: f64 = 44.0;
/// The maximum width of a name, in ems.
const MAX_NAME_WIDTH: f64 = 20.0;
/// How much wider text is in bold, as for a marked bar.
const BOLD_FACTOR: f64 = 1.15;

/// Positions.
struct Layout {
    axis: Axis,
    /// Pixels from the left at which bars start and at which the axis ends.
    left: f64,
    right: f64,
    /// Values are written with the precision of this step.
    step: f64,
}

/// Bars from top to bottom in the given order, on an axis named `quantity`. They start slightly
/// below the lowest whisker and not at 0, since they are compared with each other; the axis says
/// so.
pub fn bars(quantity: &str, bars: &[Bar]) -> Markup {
    let bars: Vec<&Bar> = bars.iter().filter(|bar| Scale::Linear.can_draw(bar.value)).collect();
    if bars.is_empty() {
        return empty_chart(quantity);
    }
    let layout = Layout::new(&bars);
    let bottom = ROW_HEIGHT * bars.len() as f64 + 4.0;
    let drawing = html! {
        (layout.ticks(quantity, bottom))
        @for (row, bar) in bars.iter().enumerate() { (layout.bar(bar, ROW_HEIGHT * row as f64)) }
    };
    figure(&format!("Bars: {quantity}"), (CHART_WIDTH, bottom + AXIS_HEIGHT), drawing, html! {})
}

/// The error of a bar; 0 if it can't be drawn.
fn error(bar: &Bar) -> f64 {
    let drawn = bar.error > 0.0 && Scale::Linear.can_draw(bar.value.abs() + bar.error);
    if drawn { bar.error } else { 0.0 }
}

impl Layout {
    fn new(bars: &[&Bar]) -> Self {
        let low = bars.iter().map(|bar| bar.value - error(bar)).fold(f64::INFINITY, f64::min);
        let high = bars.iter().map(|bar| bar.value + error(bar)).fold(f64::NEG_INFINITY, f64::max);
        // So that the smallest bar has a length; below 0 only if a value is.
        let start = low - 0.05 * (high - low);
        let start = if low >= 0.0 { start.max(0.0) } else { start };
        let axis = Axis::covering(Scale::Linear, [start, high].into_iter()).up_to(high);
        let whole = bars.iter().all(|bar| bar.value.fract() == 0.0 && error(bar).fract() == 0.0);
        let step = if whole { 1.0 } else { axis.step / 100.0 };
        let name = |bar: &&Bar| {
            width(&shorten(&bar.name, MAX_NAME_WIDTH)) * if bar.marked { BOLD_FACTOR } else { 1.0 }
        };
        let names = bars.iter().map(name).fold(0.0, f64::max);
        let values = bars.iter().map(|bar| width(&number(bar.value, step))).fold(0.0, f64::max);
        let left = (FONT * names).max(20.0) + 10.0;
        Self { axis, left, right: CHART_WIDTH - FONT * BOLD_FACTOR * values - 10.0, step }
    }

    fn at(&self, value: f64) -> f64 {
        px(self.left + (self.right - self.left) * self.axis.position(value))
    }

    fn ticks(&self, quantity: &str, bottom: f64) -> Markup {
        let name = match self.axis.ticks.first() {
            Some((start, text)) if *start != 0.0 => {
                format!("{quantity} (axis starts at {text}, not at 0)")
            }
            _ => quantity.to_owned(),
        };
        html! {
            @for (value, text) in &self.axis.ticks {
                @let at = self.at(*value);
                line.grid x1=(at) y1="0" x2=(at) y2=(bottom) {}
                text.middle x=(at) y=(bottom + 14.0) { (text) }
            }
            text.name x=(px(self.left)) y=(bottom + 36.0) { (name) }
        }
    }

    fn bar(&self, bar: &Bar, top: f64) -> Markup {
        let error = error(bar);
        let value = number(bar.value, self.step);
        let (start, end, middle) = (px(self.left), self.at(bar.value), top + ROW_HEIGHT / 2.0);
        let (from, to) = (self.at(bar.value - error), self.at(bar.value + error));
        let whisker = format!("M{from} {0}v6M{from} {middle}H{to}M{to} {0}v6", middle - 3.0);
        html! {
            g.bar.marked[bar.marked] {
                title {
                    (bar.name) ": " (value)
                    @if error > 0.0 { " ± " (number(error, self.step)) }
                }
                text.end x=(px(start - 8.0)) y=(middle + 4.0) { (shorten(&bar.name, MAX_NAME_WIDTH)) }
                rect x=(start) y=(top + 3.0) width=(px(end - start)) height=(ROW_HEIGHT - 6.0) {}
                @if error > 0.0 { path d=(whisker) {} }
                text x=(px(to + 6.0)) y=(middle + 4.0) { (value) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::testing::finite;

    fn bar(name: &str, value: f64, error: f64) -> Bar {
        Bar { name: name.to_owned(), value, error, marked: false }
    }

    fn drawn(all: &[Bar]) -> String {
        finite(bars("accuracy", all))
    }

    #[test]
    fn bars_keep_their_order_and_show_their_values() {
        let drawn = drawn(&[bar("b", 0.7123, 0.005), bar("a", 0.7891, 0.004)]);
        let place = |text: &str| drawn.find(text).expect(text);
        assert!(place(">b<") < place(">0.7123<") && place(">0.7123<") < place(">a<"));
        assert!(drawn.contains("<title>b: 0.7123 ± 0.0050</title>"));
        assert!(drawn.contains("aria-label=\"Bars: accuracy\""));
    }

    #[test]
    fn the_axis_starts_below_the_lowest_whisker_with_a_note() {
        let drawn = drawn(&[bar("a", 0.705, 0.005), bar("b", 0.79, 0.005)]);
        assert!(drawn.contains("accuracy (axis starts at 0.68, not at 0)"));
    }

    #[test]
    fn an_axis_that_starts_at_0_has_no_note() {
        assert!(drawn(&[bar("a", 0.0, 0.0), bar("b", 3.0, 0.0)]).contains(">accuracy</text>"));
        assert!(drawn(&[bar("a", -1.0, 0.0)]).contains("(axis starts at −1.06, not at 0)"));
    }

    #[test]
    fn counts_have_no_decimals_unless_their_errors_do() {
        assert!(drawn(&[bar("a", 12.0, 3.0), bar("b", 40.0, 2.0)]).contains("<title>a: 12 ± 3<"));
        assert!(
            drawn(&[bar("a", 12.0, 0.5), bar("b", 13.0, 0.5)])
                .contains("<title>a: 12.000 ± 0.500<")
        );
    }

    #[test]
    fn only_marked_bars_are_highlighted() {
        let marked = Bar { marked: true, ..bar("a", 1.0, 0.0) };
        assert_eq!(drawn(&[marked, bar("b", 2.0, 0.0)]).matches("\"bar marked\"").count(), 1);
    }

    #[test]
    fn a_non_finite_error_has_no_whisker() {
        for error in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX] {
            assert!(
                !drawn(&[bar("a", 0.5, error), bar("b", 0.6, error)]).contains("<path"),
                "{error}"
            );
        }
    }

    #[test]
    fn bars_without_a_finite_value_are_left_out() {
        let odd = [bar("x", f64::NAN, 0.1), bar("y", f64::INFINITY, 0.1), bar("z", 0.5, 0.1)];
        assert_eq!(drawn(&odd).matches("<rect").count(), 1);
        assert!(drawn(&odd[..2]).contains("Nothing to draw: accuracy"));
        assert!(drawn(&[]).contains("Nothing to draw: accuracy"));
    }

    #[test]
    fn equal_values_and_single_ones_have_a_length() {
        for all in [vec![bar("a", 0.75, 0.0)], vec![bar("a", 0.75, 0.0), bar("b", 0.75, 0.0)]] {
            assert!(!drawn(&all).contains("width=\"0\""));
        }
        drawn(&[bar("a", 0.0, 0.0)]);
        drawn(&[bar("a", 1e280, 0.0), bar("b", -1e280, 1e250)]);
    }

    #[test]
    fn names_are_escaped_and_long_ones_shortened() {
        let long = "<i>&\"layer\" ".repeat(9);
        let drawn = drawn(&[bar(&long, 0.5, 0.1)]);
        assert!(!drawn.contains("<i>"));
        let whole = "&lt;i&gt;&amp;&quot;layer&quot; ".repeat(9);
        assert!(drawn.contains(&format!("<title>{whole}: ")));
        assert!(drawn.contains("…</text>"));
    }
}
