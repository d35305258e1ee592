//! `strata evaluate`: scores of a head on a labelled file.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::app::config;
use crate::support::heads::{TestHead, softmax};
use crate::support::judge::Judge;
use crate::support::process::Strata;
use crate::support::{default_model, root, tiny};

const TEXTS: [&str; 6] = ["a good film", "bad", "the film was", "very good", "not bad", "was the"];

/// A head of the tiny encoder, and the labels of a file, some of them wrong.
struct Case {
    head: TestHead,
    judge: Judge,
    labels: [&'static str; 6],
}

impl Case {
    fn new() -> Self {
        let judge = Judge::new(&config(tiny("sentence")));
        let head = TestHead::new(&judge, &json!("last-four"), &["glad", "sad", "calm"]);
        Self { head, judge, labels: ["glad", "sad", "sad", "glad", "glad", "sad"] }
    }

    /// Runs `strata evaluate` on the file, with more arguments.
    fn run(&self, more: &[&str]) -> Output {
        let model = tiny("sentence");
        let args = ["evaluate", "--model", model.to_str().unwrap(), "--data", "d.tsv"];
        let lines = self.labels.iter().zip(TEXTS).map(|(label, text)| format!("{label}\t{text}\n"));
        let file = format!("label\ttext\n{}", lines.collect::<String>());
        let mut command = Strata::new(&args).file("d.tsv", &file);
        self.head.save(&command.folder().join("heads"), "mood");
        for arg in more {
            command = command.arg(arg);
        }
        command.output()
    }

    fn probabilities(&self) -> Vec<Vec<f32>> {
        let row = |text| self.head.logits(&self.judge.row(text, &json!("last-four")));
        TEXTS.iter().map(|text| softmax(&row(text))).collect()
    }
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn scores_are_those_of_the_heads_own_answers() {
    let case = Case::new();
    let found = json_of(&case.run(&["--head", "heads/mood", "--json"]));
    let names = ["glad", "sad", "calm"];
    let (mut confusion, mut loss) = ([[0; 3]; 3], 0.0);
    for (label, probabilities) in case.labels.iter().zip(case.probabilities()) {
        let label = names.iter().position(|name| name == label).unwrap();
        let best = (0..3).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b])).unwrap();
        confusion[label][best] += 1;
        loss -= f64::from(probabilities[label]).ln() / 6.0;
    }
    assert_eq!((&found["head"], &found["rows"]), (&json!("mood"), &json!(6)));
    assert_eq!(found["labels"], json!(names));
    assert_eq!(found["confusion"], json!(confusion));
    let right = (0..3).map(|at| confusion[at][at]).sum::<i32>();
    assert_eq!(found["accuracy"], json!(f64::from(right) / 6.0));
    assert!((found["log_loss"].as_f64().unwrap() - loss).abs() < 1e-4, "{found}");
    assert!(found["calibration_error"].as_f64().unwrap() > 0.0);
}

#[test]
fn the_exit_code_is_1_below_the_minimum_accuracy() {
    let case = Case::new();
    let folder = ["--heads", "heads", "--head", "mood"];
    let with = |minimum: &str| case.run(&[&folder[..], &["--min-accuracy", minimum]].concat());
    assert_eq!(with("0").status.code(), Some(0));
    let output = with("1");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.lines().last().unwrap().contains("below --min-accuracy 1"), "{said}");
    // The scores are printed nevertheless.
    assert!(String::from_utf8(output.stdout).unwrap().contains("accuracy"));
    assert_eq!(with("80").status.code(), Some(2));
}

#[test]
fn labels_that_cannot_be_scored_are_reported_with_their_lines() {
    let mut case = Case::new();
    case.labels[3] = "cross";
    let said = |output: &Output| {
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr.clone()).unwrap()
    };
    let output = case.run(&["--head", "heads/mood", "--json"]);
    let left_out = String::from_utf8(output.stderr.clone()).unwrap();
    let note = "counted as wrong: labels that the head doesn't have: \"cross\" (line 5)";
    assert!(left_out.contains(note), "{left_out}");
    let found = json_of(&output);
    assert_eq!((&found["rows"], &found["unknown_rows"]), (&json!(6), &json!(1)));
    let others = found["other_labels"].as_array().unwrap();
    assert_eq!(others.iter().filter_map(Value::as_u64).sum::<u64>(), 1, "{found}");
    let known = json_of(&case.run(&["--head", "heads/mood", "--json", "--known-labels-only"]));
    assert_eq!((&known["rows"], &known["unknown_rows"]), (&json!(5), &json!(0)));
    // As many rows are correct, of more.
    let correct = |found: &Value, rows: f64| (found["accuracy"].as_f64().unwrap() * rows).round();
    assert_eq!(correct(&found, 6.0), correct(&known, 5.0));
    assert_eq!(found["log_loss"], known["log_loss"]);
    assert!(found["notes"][0].as_str().unwrap().contains("\"cross\" (line 5)"), "{found}");
    case.labels = ["cross"; 6];
    let unknown = said(&case.run(&["--head", "heads/mood"]));
    assert!(unknown.contains("\"cross\" (6 rows, the first on line 2)"), "{unknown}");
    let absent = said(&case.run(&["--head", "absent"]));
    assert!(absent.contains("no head is called \"absent\""), "{absent}");
}

#[test]
fn the_shipped_head_has_the_held_out_scores_of_its_report() {
    let (model, data) = (default_model(), root().join("data/sentiment.tsv"));
    let output = Strata::new(&["evaluate", "--head", "sentiment", "--held-out", "--json"])
        .arg("--model")
        .arg(model.to_str().unwrap())
        .arg("--data")
        .arg(data.to_str().unwrap())
        .output();
    let found = json_of(&output);
    let head = fs::read(root().join("config/heads/sentiment/head.json")).unwrap();
    let said = serde_json::from_slice::<Value>(&head).unwrap()["training"]["held_out"].clone();
    assert_eq!(found["confusion"], said["confusion"]);
    assert_eq!(found["accuracy"], said["accuracy"]);
    assert!(
        (found["log_loss"].as_f64().unwrap() - said["log_loss"].as_f64().unwrap()).abs() < 1e-6
    );
    assert!(found["calibration_error"].as_f64().unwrap() < 0.1, "{found}");
}
