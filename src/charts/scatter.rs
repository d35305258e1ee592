//! Scatter plots of predicted against actual values.

use maud::{Markup, html};

use super::axis::{Axis, Scale};
use super::plot::{Plot, SQUARE, empty_chart};

/// Points `(x, y)` with the same scale on both axes, and the diagonal where `x` and `y` are equal.
pub fn scatter(x: &str, y: &str, points: &[(f64, f64)]) -> Markup {
    let finite = |&&(x, y): &&(f64, f64)| Scale::Linear.can_draw(x) && Scale::Linear.can_draw(y);
    let points: Vec<(f64, f64)> = points.iter().filter(finite).copied().collect();
    let description = format!("Points: {y} by {x}, {} of them", points.len());
    if points.is_empty() {
        return empty_chart(&description);
    }
    let axis = || Axis::covering(Scale::Linear, points.iter().flat_map(|&(x, y)| [x, y]));
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
    plot.figure(&description, x, y, marks, html! {})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::testing::finite;

    #[test]
    fn a_single_point_is_drawn() {
        assert_eq!(finite(scatter("t", "p", &[(3.0, 3.0)])).matches("<circle").count(), 1);
        assert_eq!(finite(scatter("t", "p", &[(0.0, 0.0)])).matches("<circle").count(), 1);
        let huge = finite(scatter("t", "p", &[(1e289, -1e289), (f64::MAX, 0.0), (1.0, 1.0)]));
        assert_eq!(huge.matches("<circle").count(), 2);
    }
}
