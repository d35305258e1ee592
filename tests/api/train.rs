//! `strata train`: a head from cached features equals one from the encoder, and every kind of head is
//! served as it was scored.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::{Value, json};

use crate::support::app::config;
use crate::support::judge::Judge;
use crate::support::labelled::{self, Labels};
use crate::support::process::Strata;
use crate::support::tiny;

/// A file of texts with two labels.
fn data(folder: &Path, last: &str) -> PathBuf {
    labelled::write_file(folder, Labels::Single, last)
}

/// Trains a head. Returns its two files and the log line on features.
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
    assert!(again.2.ends_with("3 pooled layers, 100 % from the cache"), "{}", again.2);
    let without = train(folder.path(), &data, &["--no-cache"]);
    assert!(!without.2.contains("cache"), "{}", without.2);
    for other in [&again, &without] {
        assert!(other.0 == json && other.1 == weights, "different bytes");
    }
    // Another recipe over the same layers needs no encoder; another pooling does.
    let mean = r#"{"layers": [-1, -2], "combine": "mean"}"#;
    let (.., said) = train(folder.path(), &data, &[&with[..], &["--recipe", mean]].concat());
    assert!(said.ends_with("2 pooled layers, 100 % from the cache"), "{said}");
    let cls = r#"{"layers": [-1], "pooling": "cls"}"#;
    let (.., said) = train(folder.path(), &data, &[&with[..], &["--recipe", cls]].concat());
    assert!(!said.contains("cache"), "{said}");
}

#[test]
fn other_texts_and_damaged_files_are_encoded_again() {
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
    assert!(again.0 == first.0 && again.1 == first.1, "different bytes");
}

#[test]
fn new_lines_at_the_end_keep_the_cache_of_the_lines_before_them() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let with = ["--cache", cache.to_str().unwrap(), "--recipe", "last-four"];
    let file = data(folder.path(), "the end");
    let head: String = fs::read_to_string(&file).unwrap();
    let more = |rows: std::ops::Range<usize>| -> String {
        let label = |at: usize| if at.is_multiple_of(3) { "glad" } else { "sad" };
        rows.map(|at| format!("{}\tgood film {at}\n", label(at))).collect()
    };
    // Texts are cached in blocks of 4,096.
    fs::write(&file, format!("{head}{}", more(0..4_000))).unwrap();
    train(folder.path(), &file, &with);
    fs::write(&file, format!("{head}{}", more(0..4_400))).unwrap();
    let (json, weights, said) = train(folder.path(), &file, &with);
    assert!(said.ends_with("3 pooled layers, 88 % from the cache"), "{said}");
    let without = train(folder.path(), &file, &["--no-cache", "--recipe", "last-four"]);
    assert!(without.0 == json && without.1 == weights, "different bytes");
}

/// The held-out scores in a head's report, and those of `evaluate`.
fn scored(labels: Labels, more: &[&str]) -> (Value, Value) {
    let folder = tempfile::tempdir().unwrap();
    let data = labelled::write_file(folder.path(), labels, "the end");
    let (json, ..) = train(folder.path(), &data, &[&["--no-cache"], more].concat());
    let said = serde_json::from_slice::<Value>(&json).unwrap()["training"]["held_out"].clone();
    let (model, head) = (tiny("sentence"), folder.path().join("tone"));
    let command = ["evaluate", "--no-cache", "--held-out", "--json", "--label-separator", ";"];
    let output = Strata::new(&command)
        .arg("--model")
        .arg(model.to_str().unwrap())
        .arg("--data")
        .arg(data.to_str().unwrap())
        .arg("--head")
        .arg(head.to_str().unwrap())
        .output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (said, serde_json::from_slice(&output.stdout).unwrap())
}

const SEVERAL: [&str; 4] = ["--problem-type", "multi-label", "--label-separator", ";"];
const NUMBER: [&str; 2] = ["--problem-type", "regression"];
const HIDDEN: [&str; 6] = ["--hidden", "16,8", "--activation", "gelu", "--epochs", "20"];
const WEIGHTED: [&str; 2] = ["--recipe", r#"{"combine": "weighted", "layers": [-1, -2]}"#];

#[test]
fn every_kind_of_head_is_served_as_it_was_scored() {
    let balanced = ["--class-weights", "balanced"];
    for (labels, more, names) in [
        (Labels::Single, HIDDEN.to_vec(), &["accuracy", "macro_f1"][..]),
        (Labels::Single, WEIGHTED.to_vec(), &["accuracy", "macro_f1"]),
        (Labels::Single, [&WEIGHTED[..], &HIDDEN].concat(), &["accuracy", "macro_f1"]),
        (Labels::Multi, SEVERAL.to_vec(), &["accuracy", "micro_f1", "macro_f1"]),
        (Labels::Multi, [&SEVERAL[..], &balanced].concat(), &["micro_f1"]),
        (Labels::Number, NUMBER.to_vec(), &["r2", "rmse", "mae"]),
        (Labels::Number, [&NUMBER[..], &HIDDEN].concat(), &["r2", "rmse", "mae"]),
    ] {
        let (said, found) = scored(labels, &more);
        for name in names {
            let [said, found] = [&said, &found].map(|scores| scores[*name].as_f64().unwrap());
            assert!((said - found).abs() < 1e-5, "{more:?} {name}: {said} and {found}");
        }
        assert_eq!(said["confusion"], found["confusion"], "{more:?}");
    }
}

#[test]
fn a_report_is_one_file_with_the_mistakes() {
    for (labels, kind, shown) in [
        (Labels::Single, "single-label", "actual"),
        (Labels::Multi, "multi-label", "average precision"),
        (Labels::Number, "regression", "predicted"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let data = labelled::write_file(folder.path(), labels, "the end");
        let report = folder.path().join("r.html");
        let more = ["--no-cache", "--problem-type", kind, "--label-separator", ";", "--folds", "3"];
        let with = [&more[..], &["--report", report.to_str().unwrap()]].concat();
        train(folder.path(), &data, &with);
        let page = fs::read_to_string(report).unwrap();
        for part in ["<h1>tone</h1>", "<path", "Check their labels first", shown] {
            assert!(page.contains(part), "{kind}: no {part}");
        }
        assert_eq!(page.contains("Reliability"), kind != "regression");
        for outside in ["<script", "http", "src=", "<link", "NaN"] {
            assert!(!page.contains(outside), "{kind}: {outside}");
        }
    }
}

#[test]
fn incompatible_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = labelled::write_file(folder.path(), Labels::Number, "the end");
    let model = tiny("sentence");
    let refused = |more: &[&str]| {
        let mut command = Strata::new(&["train", "--out", "tone", "--no-cache"]);
        for arg in ["--model", model.to_str().unwrap(), "--data", numbers.to_str().unwrap()] {
            command = command.arg(arg);
        }
        let output = more.iter().fold(command, |command, arg| command.arg(arg)).output();
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let class_weights = refused(&[&NUMBER[..], &["--class-weights", "balanced"]].concat());
    assert!(class_weights.contains("class weights need labels"), "{class_weights}");
    let dropout = refused(&["--dropout", "0.5"]);
    assert!(dropout.contains("--hidden"), "{dropout}");
    for (flag, value) in [("--hidden", "0"), ("--hidden", "64,x"), ("--epochs", "0")] {
        assert!(refused(&[flag, value]).contains(flag));
    }
    assert!(refused(&["--hidden", "4", "--dropout", "1"]).contains("from 0 to below 1"));
    let normalised = r#"{"combine": "weighted", "normalize": true}"#;
    let normalised = refused(&[&NUMBER[..], &["--recipe", normalised]].concat());
    assert!(
        normalised.contains("--recipe: layer weights can't be learned with \"normalize\""),
        "{normalised}"
    );
    let text = refused(&[&NUMBER[..], &["--label", "text"]].concat());
    assert!(text.contains("column \"text\" is both the text and the label"), "{text}");
}

#[test]
fn features_are_those_that_the_server_uses() {
    let judge = Judge::new(&config(tiny("sentence")));
    let folder = tempfile::tempdir().unwrap();
    let data = labelled::write_file(folder.path(), Labels::Single, "the end");
    let cache = folder.path().join("cache");
    for pooling in ["mean", "cls", "mean_max", "weighted_mean"] {
        let recipe = json!({"layers": [-1, -2], "combine": "concat", "pooling": pooling});
        let (file, recipe_text) = (folder.path().join("f.safetensors"), recipe.to_string());
        let more = ["--recipe", &recipe_text, "--cache", cache.to_str().unwrap()];
        train(
            folder.path(),
            &data,
            &[&more[..], &["--save-features", file.to_str().unwrap()]].concat(),
        );
        let bytes = fs::read(&file).unwrap();
        let saved = SafeTensors::deserialize(&bytes).unwrap();
        let features = saved.tensor("features").unwrap();
        let width = features.shape()[1];
        let (numbers, _) = features.data().as_chunks::<4>();
        let numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        for (row, text) in [(0, "good 0"), (240, "the end")] {
            assert_eq!(
                numbers[row * width..][..width],
                judge.row(text, &recipe),
                "{pooling} {text}"
            );
        }
    }
}
