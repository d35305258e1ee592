//! Heat maps. Each cell gives its intensity as the CSS variable `--share`; the style sheet mixes a
//! colour from it on which text is readable.

use maud::{Markup, html};

use super::axis::Scale;
use super::names::shorten;

/// The maximum width of the name of a row or column, in ems.
pub(super) const MAX_NAME_WIDTH: f64 = 16.0;

/// Values by row and column, formatted by `show` and coloured from the minimum to the maximum;
/// outliers far below the others have the colour of the minimum without them. Cells that are
/// `None`, non-finite or beyond the end of their row are empty. `corner` names the rows and
/// columns.
pub fn heat_map(
    corner: &str,
    columns: &[String],
    rows: &[(String, Vec<Option<f64>>)],
    show: &dyn Fn(f64) -> String,
) -> Markup {
    let finite = |&value: &f64| Scale::Linear.can_draw(value);
    let value = |row: &[Option<f64>], at: usize| row.get(at).copied().flatten().filter(finite);
    let all = rows.iter().flat_map(|(_, row)| (0..columns.len()).filter_map(|at| value(row, at)));
    let (low, high) = range(all.collect());
    let share = |value: f64| match high > low {
        true => ((value - low) / (high - low)).max(0.0),
        false => 0.5,
    };
    html! {
        div.scroll {
            table.cells {
                thead {
                    tr {
                        th.corner scope="col" { (corner) }
                        @for name in columns { th scope="col" title=(name) { (shorten(name, MAX_NAME_WIDTH)) } }
                    }
                }
                tbody {
                    @for (name, row) in rows {
                        tr {
                            th scope="row" title=(name) { (shorten(name, MAX_NAME_WIDTH)) }
                            @for at in 0..columns.len() {
                                @match value(row, at) {
                                    Some(value) => td.heat style=(share_style(share(value))) { (show(value)) },
                                    None => td {},
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Minimum and maximum, where the minimum is at least Tukey's lower fence (1.5 interquartile ranges
/// below the lower quartile), so that one outlier doesn't make all other colours equal.
fn range(mut all: Vec<f64>) -> (f64, f64) {
    all.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (all.first(), all.last()) else { return (0.0, 0.0) };
    let quartile = |share: usize| all[share * (all.len() - 1) / 4];
    (low.max(quartile(1) - 1.5 * (quartile(3) - quartile(1))), high)
}

pub(super) fn share_style(share: f64) -> String {
    format!("--share:{:.0}%", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::confusion;
    use crate::charts::testing::strings;

    fn heat(columns: &[&str], values: &[Option<f64>]) -> String {
        let rows = [("row".to_owned(), values.to_vec())];
        heat_map("corner", &strings(columns), &rows, &|value| format!("{value:.2}")).into_string()
    }

    #[test]
    fn cells_are_coloured_from_the_minimum_to_the_maximum() {
        let drawn = heat(&["a", "b", "c"], &[Some(0.7), Some(0.8), Some(0.75)]);
        for cell in ["--share:0%\">0.70<", "--share:100%\">0.80<", "--share:50%\">0.75<"] {
            assert!(drawn.contains(cell), "{cell} in {drawn}");
        }
        assert!(drawn.contains("<th scope=\"row\" title=\"row\">row</th>"));
        assert!(drawn.contains("<th scope=\"col\" title=\"c\">c</th>"));
    }

    #[test]
    fn one_value_far_below_does_not_make_the_other_colours_equal() {
        let values = [10.0, 70.0, 72.0, 76.0, 80.0].map(Some);
        let drawn = heat(&["a", "b", "c", "d", "e"], &values);
        for cell in ["--share:0%\">10.00<", "--share:47%\">70.00<", "--share:100%\">80.00<"] {
            assert!(drawn.contains(cell), "{cell} in {drawn}");
        }
    }

    #[test]
    fn cells_without_a_value_are_empty() {
        let drawn = heat(&["a", "b", "c", "d"], &[None, Some(f64::NAN), Some(1.0)]);
        assert_eq!(drawn.matches("<td></td>").count(), 3);
        assert!(drawn.contains("--share:50%\">1.00<"), "{drawn}");
        assert!(!heat(&["a"], &[]).contains("heat") && !heat(&[], &[Some(1.0)]).contains("<td"));
    }

    #[test]
    fn names_are_escaped_and_long_ones_shortened() {
        let odd = "<b> & \"c\" ".repeat(6);
        let names = [odd.clone()];
        let heat = heat_map(&odd, &names, &[(odd.clone(), vec![Some(1.0)])], &|_| odd.clone());
        for drawn in [heat, confusion(&names, &[vec![1]])].map(Markup::into_string) {
            assert!(!drawn.contains("<b>"));
            assert!(
                drawn.contains("title=\"&lt;b&gt; &amp; &quot;c&quot; ")
                    && drawn.contains("…</th>")
            );
        }
    }
}
