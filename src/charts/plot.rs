//! SVG figures, and a pair of axes for most of them.

use maud::{Markup, html};

use super::axis::Axis;
use super::names::width;

/// Font size of labels in pixels, as in the style sheet.
pub(super) const FONT: f64 = 12.0;

/// Width of a square plot, which a phone shows whole.
pub(super) const SQUARE: f64 = 290.0;

/// Space above a plot for the name of the y axis, and below it for ticks and the name of the x
/// axis, in pixels.
const ABOVE: f64 = 30.0;
const BELOW: f64 = 44.0;

/// A scrollable drawing of `across × down` pixels. Screen readers read `description`. `below`
/// follows it.
pub(super) fn figure(
    description: &str,
    (across, down): (f64, f64),
    drawing: Markup,
    below: Markup,
) -> Markup {
    html! {
        figure {
            div.scroll {
                svg width=(px(across)) height=(px(down)) viewBox=(format!("0 0 {} {}", px(across), px(down)))
                    role="img" aria-label=(description) {
                    title { (description) }
                    (drawing)
                }
            }
            (below)
        }
    }
}

/// Shown in place of a chart without data.
pub(super) fn empty_chart(description: &str) -> Markup {
    html! { p.nothing { "Nothing to draw: " (description) } }
}

/// A coordinate, to a tenth of a pixel.
pub(super) fn px(at: f64) -> f64 {
    (10.0 * at).round() / 10.0
}

/// A pair of axes with an area of `across` by `down` pixels between them.
pub(super) struct Plot {
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    left: f64,
    across: f64,
    down: f64,
}

impl Plot {
    pub fn new(x: Axis, y: Axis, across: f64, down: f64) -> Self {
        let widest = y.ticks.iter().map(|(_, text)| width(text)).fold(0.0, f64::max);
        Self { x, y, left: widest * FONT + 12.0, across, down }
    }

    /// Pixels from the left and from the top.
    pub fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let right = self.left + self.across * self.x.position(x);
        (px(right), px(ABOVE + self.down * (1.0 - self.y.position(y))))
    }

    /// A figure with axes named `x` and `y`, the `marks` on them, and `below` under the drawing.
    pub fn figure(
        &self,
        description: &str,
        x: &str,
        y: &str,
        marks: Markup,
        below: Markup,
    ) -> Markup {
        let last = self.x.ticks.last().map_or(0.0, |(_, text)| width(text));
        let size = (self.left + self.across + 6.0 + last * FONT / 2.0, ABOVE + self.down + BELOW);
        let drawing = html! { (self.axes(x, y)) (marks) };
        figure(description, size, drawing, below)
    }

    /// The diagonal, where x equals y if both axes are equal.
    pub fn diagonal(&self) -> Markup {
        let (left, right) = (px(self.left), px(self.left + self.across));
        html! { line.diagonal x1=(left) y1=(px(ABOVE + self.down)) x2=(right) y2=(ABOVE) {} }
    }

    fn axes(&self, x: &str, y: &str) -> Markup {
        let (left, right) = (px(self.left), px(self.left + self.across));
        let bottom = px(ABOVE + self.down);
        html! {
            @for (value, text) in &self.y.ticks {
                @let at = px(ABOVE + self.down * (1.0 - self.y.position(*value)));
                line.grid x1=(left) y1=(at) x2=(right) y2=(at) {}
                text.end x=(px(left - 8.0)) y=(px(at + 4.0)) { (text) }
            }
            @for (value, text) in &self.x.ticks {
                @let at = px(self.left + self.across * self.x.position(*value));
                line.tick x1=(at) y1=(bottom) x2=(at) y2=(bottom + 4.0) {}
                text.middle x=(at) y=(bottom + 18.0) { (text) }
            }
            line.tick x1=(left) y1=(bottom) x2=(right) y2=(bottom) {}
            text.name x="0" y="12" { (y) }
            text.name.end x=(right) y=(bottom + 38.0) { (x) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::Scale;

    #[test]
    fn a_figure_has_an_escaped_description() {
        let drawn = figure("a < \"b\"", (10.0, 20.0), html! {}, html! {}).into_string();
        assert!(drawn.contains("viewBox=\"0 0 10 20\""));
        assert!(drawn.contains("aria-label=\"a &lt; &quot;b&quot;\""));
        assert!(drawn.contains("<title>a &lt; &quot;b&quot;</title>"));
    }

    #[test]
    fn larger_values_are_further_right_and_higher() {
        let axis = || Axis::covering(Scale::Linear, [0.0, 1.0].into_iter());
        let plot = Plot::new(axis(), axis(), 100.0, 50.0);
        let ((left, bottom), (right, top)) = (plot.at((0.0, 0.0)), plot.at((1.0, 1.0)));
        assert_eq!((px(right - left), px(bottom - top)), (100.0, 50.0));
    }

    #[test]
    fn both_axes_have_ticks_and_names() {
        let axis = || Axis::covering(Scale::Linear, [0.0, 1.0].into_iter());
        let plot = Plot::new(axis(), axis(), 100.0, 50.0);
        let drawn = plot.figure("w", "epoch", "a & b", html! {}, html! {}).into_string();
        assert!(drawn.contains(">epoch</text>") && drawn.contains(">a &amp; b</text>"));
        assert_eq!(drawn.matches(">0.6</text>").count(), 2);
    }
}
