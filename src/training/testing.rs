//! Data for the tests of this module.

use crate::training::data::{Dataset, Row, Source, Targets, is_held_out};
use crate::training::features::Features;

/// A data set of these texts, from line 2 on; labels are called `a`, `b` and so on. Equal texts are a
/// group.
pub fn dataset(texts: &[&str], targets: Targets) -> Dataset {
    let rows = texts.iter().zip(2..).map(|(&text, line)| Row {
        text: text.to_owned(),
        pair: None,
        line,
        group: texts.iter().position(|other| *other == text).unwrap_or_default(),
        held_out: is_held_out(text),
    });
    let last = (0..targets.len()).flat_map(|row| targets.row_labels(row).iter().copied()).max();
    let labels = (b'a'..).take(last.map_or(1, |last| last + 1));
    Dataset {
        rows: rows.collect(),
        labels: labels.map(|letter| char::from(letter).to_string()).collect(),
        targets,
        source: Source { file: "d.tsv".to_owned(), sha256: String::new(), header: true },
        test: None,
        notes: vec![],
    }
}

/// Outputs of two labels for which these are predicted.
pub fn predicting(labels: &[usize]) -> Vec<f64> {
    labels.iter().flat_map(|&label| [0.0, if label == 1 { 1.0 } else { -1.0 }]).collect()
}

/// Four rows of three features, of which the second is constant.
pub fn features() -> Features {
    let values = vec![1.0, 0.1, 10.0, 3.0, 0.1, 20.0, 5.0, 0.1, 90.0, 7.0, 0.1, 0.0];
    Features { rows: 4, width: 3, values }
}
