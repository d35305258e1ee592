//! Data for the tests of this module.

use crate::training::data::{Dataset, Row, Source, Targets};

/// Rows of these texts, on lines from 2 on; labels are called `a`, `b` and so on.
pub fn dataset(texts: &[&str], targets: Targets) -> Dataset {
    let rows = texts.iter().zip(2..).map(|(text, line)| Row { text: (*text).to_owned(), line });
    let most = (0..targets.len()).flat_map(|row| targets.labels_of(row).iter().copied()).max();
    let labels = (b'a'..).take(most.map_or(1, |most| most + 1));
    Dataset {
        rows: rows.collect(),
        labels: labels.map(|letter| char::from(letter).to_string()).collect(),
        targets,
        source: Source { file: "d.tsv".to_owned(), sha256: String::new(), header: true },
        notes: vec![],
    }
}
