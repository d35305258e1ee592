//! Labelled files for a tiny encoder, whose words are few.

use std::fs;
use std::path::{Path, PathBuf};

/// What a file's labels are.
#[derive(Clone, Copy)]
pub enum Labels {
    /// `glad` or `sad`.
    One,
    /// `glad` or none, and `long` where the text is; with `;` between.
    Several,
    /// 10 more where it is glad, and 1 more a word.
    Number,
}

/// 240 texts and the `last`, which is glad, in `d.tsv`, columns `label` and `text`.
pub fn file(folder: &Path, labels: Labels, last: &str) -> PathBuf {
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
        Labels::One => if glad { "glad" } else { "sad" }.to_owned(),
        Labels::Several => {
            let all = [("glad", glad), ("long", length > 3)];
            let holding = all.iter().filter(|(_, holds)| *holds).map(|(name, _)| *name);
            holding.collect::<Vec<_>>().join(";")
        }
        Labels::Number => (10 * usize::from(glad) + length).to_string(),
    }
}
