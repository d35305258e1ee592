//! Reliability diagrams: accuracy by confidence.

use maud::{Markup, html};

use super::axis::{Axis, Scale};
use super::names::four_figures;
use super::plot::{Plot, SQUARE, empty_chart, px};

/// Predictions with similar confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// Number of predictions.
    pub rows: usize,
    /// Their mean confidence, from 0 to 1.
    pub confidence: f64,
    /// The share of them that is correct.
    pub accuracy: f64,
}

/// One point per bin, connected to the diagonal, where accuracy and confidence are equal. Empty
/// bins aren't drawn.
pub fn reliability(bins: &[Bin]) -> Markup {
    let unit = |value: f64| (0.0..=1.0).contains(&value);
    let drawn =
        bins.iter().filter(|bin| bin.rows > 0 && unit(bin.confidence) && unit(bin.accuracy));
    let drawn: Vec<&Bin> = drawn.collect();
    let description = format!("Reliability: accuracy by confidence in {} bins", drawn.len());
    let Some(most) = drawn.iter().map(|bin| bin.rows).max() else {
        return empty_chart(&description);
    };
    let axis = || Axis::covering(Scale::Linear, [0.0, 1.0].into_iter());
    let plot = Plot::new(axis(), axis(), SQUARE, SQUARE);
    let marks = html! {
        (plot.diagonal())
        @for bin in drawn {
            @let (x, y) = plot.at((bin.confidence, bin.accuracy));
            @let (_, equal) = plot.at((bin.confidence, bin.confidence));
            g.bin {
                title {
                    "confidence " (four_figures(bin.confidence)) ", accuracy " (four_figures(bin.accuracy))
                    ", rows " (bin.rows)
                }
                line x1=(x) y1=(equal) x2=(x) y2=(y) {}
                circle cx=(x) cy=(y) r=(px(radius(bin.rows, most))) {}
            }
        }
    };
    let below = html! {
        figcaption { "Each point is a bin; its area is proportional to its rows. Below the diagonal: overconfident." }
    };
    plot.figure(&description, "confidence", "accuracy", marks, below)
}

/// The area is proportional to the rows, with a minimum so that every point is visible.
fn radius(rows: usize, most: usize) -> f64 {
    (11.0 * (rows as f64 / most as f64).sqrt()).max(2.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::testing::finite;

    #[test]
    fn a_bin_is_drawn_at_its_confidence_and_accuracy() {
        let bin = |confidence, accuracy, rows| Bin { confidence, accuracy, rows };
        let bins = [bin(0.9, 0.75, 40), bin(0.5, 0.5, 10), bin(0.1, 0.1, 0), bin(f64::NAN, 0.5, 9)];
        let drawn = finite(reliability(&bins));
        assert!(drawn.contains("<title>confidence 0.9, accuracy 0.75, rows 40</title>"));
        assert!(drawn.contains("r=\"11\"") && drawn.contains("r=\"5.5\""));
        assert_eq!(drawn.matches("<circle").count(), 2);
        assert!(drawn.contains("class=\"diagonal\""));
        assert!(finite(reliability(&bins[2..])).contains("Nothing to draw"));
    }
}
