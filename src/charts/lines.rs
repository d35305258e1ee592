//! Line charts.

use maud::{Markup, html};

use super::axis::{Axis, Scale};
use super::names::{four_figures, shorten};
use super::plot::{Plot, empty_chart};

/// One curve of [`lines`].
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// `(x, y)`, connected in this order; non-finite points are left out.
    pub points: Vec<(f64, f64)>,
}

/// Colours of series in the style sheet. Further series use them again, dashed.
const COLOURS: usize = 6;

/// Curves with a legend, on axes named `x` and `y`; `scale` is that of the x axis. The y axis need
/// not start at 0.
pub fn lines(x: &str, scale: Scale, y: &str, series: &[Series]) -> Markup {
    let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
    let description = format!("Curves: {y} by {x} for {}", names.join(", "));
    let points = |series: &Series| -> Vec<(f64, f64)> {
        let points = series.points.iter().copied();
        points.filter(|&(x, y)| scale.can_draw(x) && Scale::Linear.can_draw(y)).collect()
    };
    let drawn: Vec<_> = series.iter().map(points).collect();
    let all: Vec<(f64, f64)> = drawn.concat();
    if all.is_empty() {
        return empty_chart(&description);
    }
    let x_axis = Axis::covering(scale, all.iter().map(|point| point.0));
    let y_axis = Axis::covering(Scale::Linear, all.iter().map(|point| point.1));
    let plot = Plot::new(x_axis, y_axis, 580.0, 260.0);
    let shown =
        || drawn.iter().zip(&names).enumerate().filter(|(_, (points, _))| !points.is_empty());
    let curves = html! {
        @for (at, (points, name)) in shown() {
            g class=(colour(at)) { (curve(&plot, points, name)) }
        }
    };
    let legend = html! {
        ul.legend {
            @for (at, (_, name)) in shown() {
                li title=(name) {
                    svg class=(colour(at)) width="28" height="10" aria-hidden="true" {
                        path d="M1 5H27" {}
                        circle cx="14" cy="5" r="3" {}
                    }
                    (shorten(name, 24.0))
                }
            }
        }
    };
    plot.figure(&description, x, y, curves, legend)
}

fn colour(at: usize) -> String {
    format!("series s{}{}", at % COLOURS, if at < COLOURS { "" } else { " dashed" })
}

fn curve(plot: &Plot, points: &[(f64, f64)], name: &str) -> Markup {
    let places: Vec<_> = points.iter().map(|&point| plot.at(point)).collect();
    let line: Vec<String> = places.iter().map(|(x, y)| format!("{x} {y}")).collect();
    html! {
        path d=(format!("M{}", line.join("L"))) { title { (name) } }
        @for ((x, y), (at, value)) in places.iter().zip(points) {
            circle cx=(x) cy=(y) r="3" {
                title { (name) ": " (four_figures(*value)) " at " (four_figures(*at)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::scatter;
    use crate::charts::testing::finite;

    fn series(name: &str, points: &[(f64, f64)]) -> Series {
        Series { name: name.to_owned(), points: points.to_vec() }
    }

    #[test]
    fn every_curve_is_in_the_legend_and_has_its_points_marked() {
        let all =
            [series("training", &[(1.0, 0.9), (2.0, 0.5)]), series("held out", &[(1.0, 1.0)])];
        let drawn = finite(lines("epoch", Scale::Linear, "loss", &all));
        assert!(drawn.contains("aria-label=\"Curves: loss by epoch for training, held out\""));
        assert!(drawn.contains("<title>training: 0.5 at 2</title>"));
        assert_eq!(drawn.matches("<li ").count(), 2);
        assert_eq!(drawn.matches("<circle").count(), 3 + 2);
    }

    #[test]
    fn points_that_cannot_be_drawn_are_left_out() {
        let odd = [(f64::NAN, 1.0), (1.0, f64::INFINITY), (0.0, 1.0), (-1.0, 1.0), (1e-3, 1.0)];
        let drawn = finite(lines("rate", Scale::Log, "loss", &[series("a", &odd)]));
        assert_eq!(drawn.matches("<circle").count(), 1 + 1);
        let none = [series("a", &odd[..2]), series("b", &[])];
        assert!(finite(lines("rate", Scale::Log, "loss", &none)).contains("Nothing to draw"));
        assert!(finite(scatter("true", "predicted", &odd[..2])).contains("Nothing to draw"));
        assert!(finite(lines("rate", Scale::Log, "loss", &[])).contains("Nothing to draw"));
    }

    #[test]
    fn names_are_escaped_and_long_ones_shortened_in_the_legend() {
        let name = "<b> & \"c\" ".repeat(9);
        let drawn = finite(lines("x", Scale::Linear, "<y>", &[series(&name, &[(1.0, 1.0)])]));
        assert!(!drawn.contains("<b>") && !drawn.contains("<y>"));
        let whole = "&lt;b&gt; &amp; &quot;c&quot; ".repeat(9);
        assert!(drawn.contains(&format!("<title>{whole}</title>")) && drawn.contains("…</li>"));
    }

    #[test]
    fn series_beyond_the_colours_are_dashed() {
        let all: Vec<Series> = (0..8).map(|at| series("a", &[(f64::from(at), 1.0)])).collect();
        let drawn = finite(lines("x", Scale::Linear, "y", &all));
        assert_eq!(drawn.matches("series s1 dashed").count(), 2);
    }
}
