//! Confusion matrices: actual labels by predicted labels.

use maud::{Markup, html};

use super::heat_map::{MAX_NAME_WIDTH, share_style};
use super::names::shorten;

/// The number of rows by actual label (down) and predicted label (across), and their share of the
/// actual label's rows, which decides a cell's colour. `counts[actual][predicted]` is 0 where it is
/// missing.
pub fn confusion(labels: &[String], counts: &[Vec<usize>]) -> Markup {
    let count = |actual: usize, predicted: usize| {
        counts.get(actual).and_then(|row| row.get(predicted)).copied()
    };
    let count = |actual, predicted| count(actual, predicted).unwrap_or(0);
    html! {
        div.scroll {
            table.cells.confusion {
                thead {
                    tr {
                        th.corner rowspan="2" scope="col" { "actual" }
                        th.group colspan=(labels.len().max(1)) scope="colgroup" { "predicted" }
                        th.total rowspan="2" scope="col" { "rows" }
                    }
                    tr {
                        @for name in labels { th scope="col" title=(name) { (shorten(name, MAX_NAME_WIDTH)) } }
                    }
                }
                tbody {
                    @for (actual, name) in labels.iter().enumerate() {
                        @let rows: usize = (0..labels.len()).map(|predicted| count(actual, predicted)).sum();
                        tr {
                            th scope="row" title=(name) { (shorten(name, MAX_NAME_WIDTH)) }
                            @for predicted in 0..labels.len() {
                                (cell(actual == predicted, count(actual, predicted), rows))
                            }
                            td.total { (rows) }
                        }
                    }
                }
            }
        }
    }
}

fn cell(correct: bool, count: usize, rows: usize) -> Markup {
    let share = if rows == 0 { 0.0 } else { count as f64 / rows as f64 };
    // Errors are mostly small shares. The square root makes them visible.
    let strength = if correct { share } else { share.sqrt() };
    html! {
        td.right[correct].wrong[!correct] style=(share_style(strength)) {
            (count)
            span.percent {
                @if rows == 0 { "–" } @else { (format!("{:.1}\u{a0}%", 100.0 * share)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::testing::strings;

    #[test]
    fn a_confusion_matrix_has_counts_and_shares_of_the_actual_label() {
        let counts = [vec![30, 10], vec![0, 5]];
        let drawn = confusion(&strings(&["no", "yes"]), &counts).into_string();
        for cell in ["right\" style=\"--share:75%\">30", "wrong\" style=\"--share:50%\">10"] {
            assert!(drawn.contains(cell), "{cell} in {drawn}");
        }
        assert!(
            drawn.contains("25.0\u{a0}%")
                && drawn.contains("75.0\u{a0}%")
                && drawn.contains("<td class=\"total\">40</td>")
        );
    }

    #[test]
    fn labels_without_rows_have_no_shares() {
        let drawn = confusion(&strings(&["a", "b"]), &[vec![0, 0]]).into_string();
        assert_eq!(drawn.matches("–").count(), 4);
        assert!(!drawn.contains("NaN"));
        assert!(!confusion(&[], &[]).into_string().contains("<td"));
    }
}
