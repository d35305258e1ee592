//! Charts with two axes: curves, calibration, and predicted against true values.

use maud::{Markup, html};

use super::axis::{Axis, Scale};
use super::names::{figures, shorten};
use super::plot::{Plot, nothing, px};
use crate::training::metrics::calibration::Bin;

/// One curve of [`lines`].
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// As the legend has it.
    pub name: String,
    /// `(x, y)`, joined in this order; those that aren't finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// The style sheet has that many colours for series; after these they come again, dashed.
const COLOURS: usize = 6;
/// Width of a square plot, which a phone shows whole.
const SQUARE: f64 = 290.0;

/// Curves over a named `x` axis, with a legend. The `y` axis need not start at 0.
pub fn lines(x: (&str, Scale), y: &str, series: &[Series]) -> Markup {
    let (x_name, scale) = x;
    let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
    let what = format!("Curves: {y} by {x_name} for {}", names.join(", "));
    let points = |series: &Series| -> Vec<(f64, f64)> {
        let points = series.points.iter().copied();
        points.filter(|&(x, y)| scale.draws(x) && Scale::Linear.draws(y)).collect()
    };
    let drawn: Vec<_> = series.iter().map(points).collect();
    let all: Vec<(f64, f64)> = drawn.concat();
    if all.is_empty() {
        return nothing(&what);
    }
    let x_axis = Axis::over(scale, all.iter().map(|point| point.0));
    let y_axis = Axis::over(Scale::Linear, all.iter().map(|point| point.1));
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
    plot.figure(&what, (x_name, y), curves, legend)
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
                title { (name) ": " (figures(*value)) " at " (figures(*at)) }
            }
        }
    }
}

/// How often a model is right by how sure it is: a point a bin, joined to the diagonal, on which the
/// two are equal. A bin without rows isn't drawn.
pub fn reliability(bins: &[Bin]) -> Markup {
    let unit = |value: f64| (0.0..=1.0).contains(&value);
    let drawn =
        bins.iter().filter(|bin| bin.rows > 0 && unit(bin.confidence) && unit(bin.accuracy));
    let drawn: Vec<&Bin> = drawn.collect();
    let what = format!("Reliability: accuracy by confidence in {} bins", drawn.len());
    let Some(most) = drawn.iter().map(|bin| bin.rows).max() else {
        return nothing(&what);
    };
    let axis = || Axis::over(Scale::Linear, [0.0, 1.0].into_iter());
    let plot = Plot::new(axis(), axis(), SQUARE, SQUARE);
    let marks = html! {
        (plot.diagonal())
        @for bin in drawn {
            @let (x, y) = plot.at((bin.confidence, bin.accuracy));
            @let (_, equal) = plot.at((bin.confidence, bin.confidence));
            g.bin {
                title {
                    "confidence " (figures(bin.confidence)) ", accuracy " (figures(bin.accuracy))
                    ", rows " (bin.rows)
                }
                line x1=(x) y1=(equal) x2=(x) y2=(y) {}
                circle cx=(x) cy=(y) r=(px(radius(bin.rows, most))) {}
            }
        }
    };
    let below = html! {
        figcaption { "A point is a bin; its area grows with its rows. Below the diagonal: too sure." }
    };
    plot.figure(&what, ("confidence", "accuracy"), marks, below)
}

/// Area by rows, but never too small to be seen.
fn radius(rows: usize, most: usize) -> f64 {
    (11.0 * (rows as f64 / most as f64).sqrt()).max(2.5)
}

/// `(x, y)` over one and the same scale, with the diagonal on which they are equal.
pub fn scatter(x: &str, y: &str, points: &[(f64, f64)]) -> Markup {
    let finite = |&&(x, y): &&(f64, f64)| Scale::Linear.draws(x) && Scale::Linear.draws(y);
    let points: Vec<(f64, f64)> = points.iter().filter(finite).copied().collect();
    let what = format!("Points: {y} by {x}, {} of them", points.len());
    if points.is_empty() {
        return nothing(&what);
    }
    let axis = || Axis::over(Scale::Linear, points.iter().flat_map(|&(x, y)| [x, y]));
    let plot = Plot::new(axis(), axis(), SQUARE, SQUARE);
    let marks = html! {
        (plot.diagonal())
        g.points {
            @for point in &points {
                @let (x, y) = plot.at(*point);
                circle cx=(x) cy=(y) r="2.5" {}
            }
        }
    };
    plot.figure(&what, (x, y), marks, html! {})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, points: &[(f64, f64)]) -> Series {
        Series { name: name.to_owned(), points: points.to_vec() }
    }

    fn sound(markup: Markup) -> String {
        let drawn = markup.into_string();
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        drawn
    }

    #[test]
    fn every_curve_is_in_the_legend_and_has_its_points_marked() {
        let all =
            [series("training", &[(1.0, 0.9), (2.0, 0.5)]), series("held out", &[(1.0, 1.0)])];
        let drawn = sound(lines(("epoch", Scale::Linear), "loss", &all));
        assert!(drawn.contains("aria-label=\"Curves: loss by epoch for training, held out\""));
        assert!(drawn.contains("<title>training: 0.5 at 2</title>"));
        assert_eq!(drawn.matches("<li ").count(), 2);
        assert_eq!(drawn.matches("<circle").count(), 3 + 2);
    }

    #[test]
    fn points_without_a_place_are_left_out() {
        let odd = [(f64::NAN, 1.0), (1.0, f64::INFINITY), (0.0, 1.0), (-1.0, 1.0), (1e-3, 1.0)];
        let drawn = sound(lines(("rate", Scale::Log), "loss", &[series("a", &odd)]));
        assert_eq!(drawn.matches("<circle").count(), 1 + 1);
        let none = [series("a", &odd[..2]), series("b", &[])];
        assert!(sound(lines(("rate", Scale::Log), "loss", &none)).contains("Nothing to draw"));
        assert!(sound(scatter("true", "predicted", &odd[..2])).contains("Nothing to draw"));
        assert!(sound(lines(("rate", Scale::Log), "loss", &[])).contains("Nothing to draw"));
    }

    #[test]
    fn names_are_escaped_and_long_ones_cut_in_the_legend() {
        let name = "<b> & \"c\" ".repeat(9);
        let drawn = sound(lines(("x", Scale::Linear), "<y>", &[series(&name, &[(1.0, 1.0)])]));
        assert!(!drawn.contains("<b>") && !drawn.contains("<y>"));
        let whole = "&lt;b&gt; &amp; &quot;c&quot; ".repeat(9);
        assert!(drawn.contains(&format!("<title>{whole}</title>")) && drawn.contains("…</li>"));
    }

    #[test]
    fn series_beyond_the_colours_are_dashed() {
        let all: Vec<Series> = (0..8).map(|at| series("a", &[(f64::from(at), 1.0)])).collect();
        let drawn = sound(lines(("x", Scale::Linear), "y", &all));
        assert_eq!(drawn.matches("series s1 dashed").count(), 2);
    }

    #[test]
    fn a_bin_is_drawn_at_its_confidence_and_accuracy() {
        let bin = |confidence, accuracy, rows| Bin { confidence, accuracy, rows };
        let bins = [bin(0.9, 0.75, 40), bin(0.5, 0.5, 10), bin(0.1, 0.1, 0), bin(f64::NAN, 0.5, 9)];
        let drawn = sound(reliability(&bins));
        assert!(drawn.contains("<title>confidence 0.9, accuracy 0.75, rows 40</title>"));
        assert!(drawn.contains("r=\"11\"") && drawn.contains("r=\"5.5\""));
        assert_eq!(drawn.matches("<circle").count(), 2);
        assert!(drawn.contains("class=\"diagonal\""));
        assert!(sound(reliability(&bins[2..])).contains("Nothing to draw"));
    }

    #[test]
    fn one_point_alone_is_drawn() {
        assert_eq!(sound(scatter("t", "p", &[(3.0, 3.0)])).matches("<circle").count(), 1);
        assert_eq!(sound(scatter("t", "p", &[(0.0, 0.0)])).matches("<circle").count(), 1);
        let huge = sound(scatter("t", "p", &[(1e289, -1e289), (f64::MAX, 0.0), (1.0, 1.0)]));
        assert_eq!(huge.matches("<circle").count(), 2);
    }
}
