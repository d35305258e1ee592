//! Shared by the tests of the charts.

use maud::Markup;

/// Names as owned strings.
pub fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// A chart as text. Fails if it has a non-finite coordinate.
pub fn finite(markup: Markup) -> String {
    let drawn = markup.into_string();
    assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    drawn
}
