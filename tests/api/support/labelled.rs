//! Labelled files for the tiny encoder, which knows only a few words.

use std::fs;
use std::path::{Path, PathBuf};

/// The kind of labels in a file.
#[derive(Clone, Copy)]
pub enum Labels {
    /// `glad` or `sad`.
    Single,
    /// `glad` for glad texts and `long` for long ones, separated by `;`; possibly none.
    Multi,
    /// 1 per word, and 10 more for a glad text.
    Number,
}

/// Writes `d.tsv` with columns `label` and `text`: 240 texts, and `last`, which is glad.
pub fn write_file(folder: &Path, labels: Labels, last: &str) -> PathBuf {
    let words = [["good", "very", "film"], ["bad", "not", "the"]];
    let row = |at: usize| {
        let (sad, length) = (at % 2, 1 + at / 2 % 5);
        let text = (0..length).map(|i| words[sad][(at / 2 + i * i) % 3]).collect::<Vec<_>>();
        format!("{}\t{} {at}\n", label(labels, sad == 0, length), text.join(" "))
    };
    let file = folder.join("d.tsv");
    let rows: String = (0..240).map(row).collect();
    let glad = label(labels, true, 1);
    fs::write(&file, format!("label\ttext\n{rows}{glad}\t{last}\n")).unwrap();
    file
}

fn label(labels: Labels, glad: bool, length: usize) -> String {
    match labels {
        Labels::Single => if glad { "glad" } else { "sad" }.to_owned(),
        Labels::Multi => {
            let all = [("glad", glad), ("long", length > 3)];
            let actual = all.iter().filter(|(_, actual)| *actual).map(|(name, _)| *name);
            actual.collect::<Vec<_>>().join(";")
        }
        Labels::Number => (10 * usize::from(glad) + length).to_string(),
    }
}
