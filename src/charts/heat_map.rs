//! Matrices whose cells are coloured. A cell says how strongly, as `--share`, and the style sheet mixes a
//! colour from that on which text can be read.

use maud::{Markup, html};

use super::axis::Scale;
use super::names::shorten;

/// The most of a row's or column's name that is shown, in ems.
pub(super) const NAME: f64 = 16.0;

/// Values by row and column, coloured from the least to the largest, written by `show`; values far below
/// the others have the colour of the least that isn't. Cells that are `None`, not finite or beyond the
/// end of their row are empty. `corner` says what rows and columns are.
pub fn heat_map(
    corner: &str,
    columns: &[String],
    rows: &[(String, Vec<Option<f64>>)],
    show: &dyn Fn(f64) -> String,
) -> Markup {
    let finite = |&value: &f64| Scale::Linear.draws(value);
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
                        @for name in columns { th scope="col" title=(name) { (shorten(name, NAME)) } }
                    }
                }
                tbody {
                    @for (name, row) in rows {
                        tr {
                            th scope="row" title=(name) { (shorten(name, NAME)) }
                            @for at in 0..columns.len() {
                                @match value(row, at) {
                                    Some(value) => td.heat style=(style(share(value))) { (show(value)) },
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

/// From the least to the largest; but not from further below the lower quartile than one and a half times
/// what lies between the quartiles (Tukey's fence), so that one odd value doesn't make all others alike.
fn range(mut all: Vec<f64>) -> (f64, f64) {
    all.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (all.first(), all.last()) else { return (0.0, 0.0) };
    let quartile = |share: usize| all[share * (all.len() - 1) / 4];
    (low.max(quartile(1) - 1.5 * (quartile(3) - quartile(1))), high)
}

pub(super) fn style(share: f64) -> String {
    format!("--share:{:.0}%", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::confusion;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn heat(columns: &[&str], values: &[Option<f64>]) -> String {
        let rows = [("row".to_owned(), values.to_vec())];
        heat_map("corner", &strings(columns), &rows, &|value| format!("{value:.2}")).into_string()
    }

    #[test]
    fn cells_are_coloured_from_the_least_to_the_largest() {
        let drawn = heat(&["a", "b", "c"], &[Some(0.7), Some(0.8), Some(0.75)]);
        for cell in ["--share:0%\">0.70<", "--share:100%\">0.80<", "--share:50%\">0.75<"] {
            assert!(drawn.contains(cell), "{cell} in {drawn}");
        }
        assert!(drawn.contains("<th scope=\"row\" title=\"row\">row</th>"));
        assert!(drawn.contains("<th scope=\"col\" title=\"c\">c</th>"));
    }

    #[test]
    fn one_value_far_below_does_not_make_the_others_alike() {
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
    fn names_are_escaped_and_long_ones_cut() {
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
