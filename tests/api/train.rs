//! `strata train`: the same head from the encoder and from the cache.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::process::Strata;
use crate::support::tiny;

/// Sixty texts of two labels, in a file of their own.
fn data(folder: &Path, last: &str) -> PathBuf {
    let words = [["good", "very", "film"], ["bad", "not", "the"]];
    let row = |at: usize| {
        let label = at % 2;
        let text = (0..=at % 5).map(|i| words[label][(at / 2 + i * i) % 3]).collect::<Vec<_>>();
        format!("{}\t{} {at}\n", ["glad", "sad"][label], text.join(" "))
    };
    let file = folder.join("d.tsv");
    let rows: String = (0..60).map(row).collect();
    fs::write(&file, format!("label\ttext\n{rows}glad\t{last}\n")).unwrap();
    file
}

/// Trains; the head's two files, and what was said of features.
fn train(folder: &Path, data: &Path, more: &[&str]) -> (Vec<u8>, Vec<u8>, String) {
    let model = tiny("sentence");
    let out = folder.join("tone");
    let mut command = Strata::new(&["train", "--model", model.to_str().unwrap()]);
    for arg in ["--data", data.to_str().unwrap(), "--out", out.to_str().unwrap()] {
        command = command.arg(arg);
    }
    for arg in more {
        command = command.arg(arg);
    }
    let output = command.output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let features = said.lines().find(|line| line.starts_with("features:")).unwrap().to_owned();
    let read = |name: &str| fs::read(out.join(name)).unwrap();
    (read("head.json"), read("head.safetensors"), features)
}

#[test]
fn a_second_run_reads_the_cache_and_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let data = data(folder.path(), "the end");
    let cache = folder.path().join("cache");
    let with = ["--cache", cache.to_str().unwrap()];
    let (json, weights, said) = train(folder.path(), &data, &with);
    assert!(!said.contains("cache"), "{said}");
    let again = train(folder.path(), &data, &with);
    assert!(again.2.ends_with("3 of 3 layers from the cache"), "{}", again.2);
    let without = train(folder.path(), &data, &["--no-cache"]);
    assert!(!without.2.contains("cache"), "{}", without.2);
    for other in [&again, &without] {
        assert!(other.0 == json && other.1 == weights, "other bytes");
    }
    // Another recipe over the same layers needs no encoder; another pooling does.
    let mean = r#"{"layers": [-1, -2], "combine": "mean"}"#;
    let (.., said) = train(folder.path(), &data, &[&with[..], &["--recipe", mean]].concat());
    assert!(said.ends_with("2 of 2 layers from the cache"), "{said}");
    let cls = r#"{"layers": [-1], "pooling": "cls"}"#;
    let (.., said) = train(folder.path(), &data, &[&with[..], &["--recipe", cls]].concat());
    assert!(!said.contains("cache"), "{said}");
}

#[test]
fn other_texts_and_damaged_files_are_computed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let with = ["--cache", cache.to_str().unwrap()];
    let first = train(folder.path(), &data(folder.path(), "the end"), &with);
    let (.., said) = train(folder.path(), &data(folder.path(), "the bad end"), &with);
    assert!(!said.contains("cache"), "{said}");
    for texts in fs::read_dir(&cache).unwrap() {
        for file in fs::read_dir(texts.unwrap().path()).unwrap() {
            fs::write(file.unwrap().path(), "no tensors").unwrap();
        }
    }
    let again = train(folder.path(), &data(folder.path(), "the end"), &with);
    assert!(!again.2.contains("cache"), "{}", again.2);
    assert!(again.0 == first.0 && again.1 == first.1, "other bytes");
}
