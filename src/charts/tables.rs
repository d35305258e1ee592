//! HTML tables, and lists of facts.

use maud::{Markup, html};

/// Names and values, as a definition list.
pub fn facts(pairs: &[(&str, String)]) -> Markup {
    html! {
        dl {
            @for (name, value) in pairs {
                dt { (name) }
                dd { (value) }
            }
        }
    }
}

/// A table of text. Numbers are aligned to the right, and so is the header of a column of numbers.
pub fn table(headers: &[&str], rows: &[Vec<String>]) -> Markup {
    let column = |at: usize| rows.iter().filter_map(move |row| row.get(at));
    let all = |at: usize| column(at).next().is_some() && column(at).all(|cell| numeric(cell));
    html! {
        div.scroll {
            table.plain {
                thead {
                    tr {
                        @for (at, header) in headers.iter().enumerate() {
                            th class=[all(at).then_some("number")] scope="col" { (header) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr { @for cell in row { td class=[numeric(cell).then_some("number")] { (cell) } } }
                    }
                }
            }
        }
    }
}

/// Whether a cell is a number, with a sign, an error, an exponent or a unit of at most two letters;
/// or a dash in place of a number.
fn numeric(cell: &str) -> bool {
    let part = |part: &str| {
        let digits = part.trim_start_matches(['+', '-', '−', '±', '<', '>', '~']);
        let unit = digits.trim_start_matches(|c: char| c.is_ascii_digit() || ".,e-−'".contains(c));
        digits.starts_with(|c: char| c.is_ascii_digit()) && unit.chars().count() <= 2
    };
    let unit =
        |part: &str| part.chars().count() <= 2 && !part.starts_with(|c: char| c.is_ascii_digit());
    match cell.split_whitespace().collect::<Vec<_>>()[..] {
        ["–" | "-" | "—"] => true,
        [] => false,
        [first, ref rest @ ..] => part(first) && rest.iter().all(|&next| part(next) || unit(next)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::testing::strings;

    #[test]
    fn numbers_are_distinguished_from_words() {
        let numbers =
            ["12", "−0.5", "74.07 %", "0.75 ± 0.01", "1e-5", "12 ms", "3,4", "12ms", "<0.001", "–"];
        numbers.iter().for_each(|cell| assert!(numeric(cell), "{cell}"));
        let words = ["", "mean", "6 layers", "3rows", "e", "%", "layer 6"];
        words.iter().for_each(|cell| assert!(!numeric(cell), "{cell}"));
    }

    #[test]
    fn a_column_of_numbers_has_its_header_on_the_right() {
        let rows = [strings(&["mean", "0.7"]), strings(&["cls", "–"])];
        let drawn = table(&["pooling", "accuracy"], &rows).into_string();
        assert!(drawn.contains("<th scope=\"col\">pooling") && drawn.contains("<td>mean"));
        assert!(drawn.contains("<th class=\"number\" scope=\"col\">accuracy"));
        assert!(!table(&["a"], &[]).into_string().contains("number"));
    }

    #[test]
    fn rows_may_have_any_length() {
        let rows = [strings(&[]), strings(&["a", "1", "2"])];
        assert_eq!(table(&["one"], &rows).into_string().matches("<td").count(), 3);
        assert_eq!(table(&[], &[]).into_string().matches("<t").count(), 4);
    }

    #[test]
    fn facts_are_terms_and_definitions() {
        let drawn =
            facts(&[("rows", "842".to_owned()), ("file", "a.tsv".to_owned())]).into_string();
        assert_eq!(drawn, "<dl><dt>rows</dt><dd>842</dd><dt>file</dt><dd>a.tsv</dd></dl>");
    }

    #[test]
    fn all_text_is_escaped() {
        let odd = "<b> & \"c\"".to_owned();
        for drawn in [facts(&[(&odd, odd.clone())]), table(&[&odd], &[vec![odd.clone()]])] {
            let drawn = drawn.into_string();
            assert_eq!(drawn.matches("&lt;b&gt; &amp; &quot;c&quot;").count(), 2, "{drawn}");
            assert!(!drawn.contains("<b>"));
        }
    }
}
