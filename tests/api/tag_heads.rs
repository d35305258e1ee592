//! Heads that classify tokens: trained on files with entities, served by `/tag` as they were scored.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use strata::model::checkpoint::ProblemType;
use tempfile::TempDir;

use crate::support::app::{TestApp, config};
use crate::support::heads::{TestHead, softmax};
use crate::support::judge::Judge;
use crate::support::process::Strata;
use crate::support::tiny;

/// Of scores, to the head's layer over the rows of tokens, in float64. Largest difference seen: 7.8e-8.
const TOLERANCE: f64 = 1e-6;

/// The words of a text and their tags. The words say what they are, but for the filler's place.
fn sentence(at: usize) -> Vec<(&'static str, &'static str)> {
    let filler = ["the", "was", "not", "very", "good", "it"];
    let subject = [
        vec![("old", "B-WHO"), ("people", "I-WHO")],
        vec![("people", "B-WHO")],
        vec![("we", "O")],
        vec![("old", "B-WHO"), ("people", "I-WHO"), ("walk", "O")],
    ];
    let place = [vec![("river", "B-WHERE")], vec![("rain", "O")], vec![("stone", "B-WHERE")]];
    let mut words = vec![(filler[at % 6], "O"), (filler[at / 6 % 6], "O")];
    words.extend(subject[at % 4].clone());
    words.push(("in", "O"));
    words.extend(place[at % 3].clone());
    words.push((filler[at / 36 % 6], "O"));
    words
}

const TEXTS: usize = 216;

fn conll() -> String {
    let text = |at| {
        let line = |(word, tag): (&str, &str)| format!("{word} _ {tag}\n");
        sentence(at).into_iter().map(line).collect::<String>() + "\n"
    };
    (0..TEXTS).map(text).collect()
}

/// The text and its entities as `/tag` has them.
fn text_and_spans(at: usize) -> (String, Vec<(String, usize, usize)>) {
    let (mut text, mut spans) = (String::new(), Vec::new());
    for (word, tag) in sentence(at) {
        if !text.is_empty() {
            text.push(' ');
        }
        let start = text.len();
        text.push_str(word);
        match tag.split_once('-') {
            Some(("B", label)) => spans.push((label.to_owned(), start, text.len())),
            Some(_) => spans.last_mut().unwrap().2 = text.len(),
            None => {}
        }
    }
    (text, spans)
}

fn json_lines() -> String {
    let line = |at| {
        let (text, spans) = text_and_spans(at);
        let spans = spans.iter().map(|(label, start, end)| json!([start, end, label]));
        format!("{}\n", json!({"text": text, "label": spans.collect::<Vec<_>>()}))
    };
    (0..TEXTS).map(line).collect()
}

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("d.conll"), conll()).unwrap();
        fs::write(folder.path().join("d.jsonl"), json_lines()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Output {
        let (model, data) = (tiny("sentence"), self.path("d.conll"));
        let mut strata = Strata::new(&[command, "--model", model.to_str().unwrap()]);
        if !arguments.contains(&"--data") {
            strata = strata.arg("--data").arg(data.to_str().unwrap());
        }
        arguments.iter().fold(strata, |strata, argument| strata.arg(argument)).output()
    }

    /// Trains the head `name`, which reads the embedding output.
    fn train(&self, name: &str, more: &[&str]) -> Value {
        let out = self.path("heads").join(name);
        let recipe = r#"{"layers": [0]}"#;
        let fixed = ["--problem-type", "token", "--out", out.to_str().unwrap()];
        let recipe = if more.contains(&"--recipe") { vec![] } else { vec!["--recipe", recipe] };
        let output = self.run("train", &[&fixed[..], &recipe, more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&fs::read(out.join("head.json")).unwrap()).unwrap()
    }

    fn app(&self) -> TestApp {
        let mut config = config(tiny("sentence"));
        config.heads = vec![self.path("heads")];
        TestApp::new(&config)
    }
}

fn spans(result: &Value) -> Vec<(String, usize, usize)> {
    let place = |span: &Value, key: &str| span[key].as_u64().unwrap() as usize;
    let spans = result.as_array().unwrap().iter().map(|span| {
        let label = span["label"].as_str().unwrap().to_owned();
        (label, place(span, "start"), place(span, "end"))
    });
    spans.collect()
}

#[tokio::test]
async fn a_trained_head_finds_the_entities_that_it_was_trained_on() {
    let files = Files::new();
    let head = files.train("ner", &["--report", files.path("r.html").to_str().unwrap()]);
    assert_eq!(head["problem_type"], "token_classification");
    assert_eq!(head["labels"], json!(["O", "B-WHERE", "B-WHO", "I-WHO"]));
    let scores = &head["training"]["entities"];
    assert_eq!((&scores["micro"]["f1"], &scores["accuracy"]), (&json!(1.0), &json!(1.0)));
    assert!(scores["texts"].as_u64().unwrap() > 20, "{scores}");
    assert!(fs::read_to_string(files.path("r.html")).unwrap().contains("Entities"));

    let app = files.app();
    let (texts, expected): (Vec<_>, Vec<_>) = (0..40).map(text_and_spans).unzip();
    for aggregation in ["simple", "first"] {
        let body = json!({"inputs": texts, "aggregation": aggregation});
        let answer = app.post("/tag", body).await.ok();
        for (result, expected) in answer["results"].as_array().unwrap().iter().zip(&expected) {
            assert_eq!(spans(result), *expected, "{aggregation}");
        }
    }
    let info = app.get("/info").await.ok();
    assert_eq!(info["heads"]["ner"]["problem_type"], "token_classification");
    assert_eq!(info["heads"]["ner"]["labels"], head["labels"]);
}

#[test]
fn words_with_tags_and_texts_with_spans_give_the_same_head() {
    let files = Files::new();
    files.train("words", &[]);
    files.train("spans", &["--data", files.path("d.jsonl").to_str().unwrap()]);
    let weights = |name| fs::read(files.path("heads").join(name).join("head.safetensors")).unwrap();
    assert!(weights("words") == weights("spans"), "other weights");
}

#[test]
fn evaluation_gives_the_scores_of_training() {
    let files = Files::new();
    // One column doesn't tell all words apart.
    let recipe = r#"{"layers": [-1], "dimensions": 1}"#;
    let trained = files.train("ner", &["--recipe", recipe]);
    let trained = &trained["training"]["entities"];
    assert!(trained["micro"]["f1"].as_f64().unwrap() < 0.9, "{trained}");
    let head = files.path("heads/ner");
    let head = ["--head", head.to_str().unwrap(), "--json"];
    let output = files.run("evaluate", &[&head[..], &["--held-out"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    for key in ["micro", "macro", "weighted", "accuracy", "texts", "words", "per_label"] {
        assert_eq!(found[key], trained[key], "{key}");
    }
    assert_eq!(found["held_out"], true);
    let strict = files.run("evaluate", &[&head[..], &["--min-accuracy", "1"]].concat());
    assert_eq!(strict.status.code(), Some(1));
    let said = String::from_utf8(strict.stderr).unwrap();
    assert!(said.contains("below --min-accuracy 1") && said.contains("words)"), "{said}");
}

#[test]
fn entities_that_the_head_does_not_know_count_as_not_found_and_as_found_wrongly() {
    let files = Files::new();
    files.train("ner", &[]);
    // The head finds both kinds in all texts; one has another name here.
    let renamed = files.path("renamed.conll");
    fs::write(&renamed, conll().replace("WHERE", "ELSEWHERE")).unwrap();
    let head = files.path("heads/ner");
    let head = ["--head", head.to_str().unwrap(), "--json", "--data", renamed.to_str().unwrap()];
    let output = files.run("evaluate", &head);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |wanted: &str| {
        let spans = (0..TEXTS).flat_map(|at| text_and_spans(at).1);
        spans.filter(|(label, ..)| label == wanted).count() as f64
    };
    let (who, wher) = (count("WHO"), count("WHERE"));
    let share = who / (who + wher);
    for key in ["precision", "recall", "f1"] {
        let micro = found["micro"][key].as_f64().unwrap();
        assert!((micro - share).abs() < 1e-12, "{key}: {micro}, {share} expected");
    }
    assert_eq!(found["texts"], TEXTS);
    assert!(found["notes"].to_string().contains("B-ELSEWHERE"), "{}", found["notes"]);
}

#[test]
fn a_label_that_a_part_of_the_split_would_lack_is_left_out_and_noted() {
    let files = Files::new();
    let rare = "old _ B-RARE\npeople _ I-RARE\nof _ I-RARE\n\n\
                old _ B-RARE\npeople _ I-RARE\nin _ I-RARE\nrain _ B-RARER\n\n\
                the _ O\nrain _ B-RARER\n\n";
    let data = files.path("rare.conll");
    fs::write(&data, format!("{}{rare}", conll())).unwrap();
    let head = files.train("ner", &["--data", data.to_str().unwrap()]);
    let labels = head["labels"].to_string();
    assert!(labels.contains("B-WHO"), "{labels}");
    // No part of the split lacks a label that is left.
    assert!(head["training"]["entities"]["micro"]["f1"].as_f64().unwrap() > 0.9, "{head}");
}

#[tokio::test]
async fn scores_are_those_of_the_layer_over_the_rows_of_tokens() {
    let judge = Judge::new(&config(tiny("sentence")));
    let text = "the river was not very good";
    let mut largest = 0.0_f64;
    for recipe in [
        json!({"layers": [-1]}),
        json!({"layers": [-1, -2, 0], "combine": "concat"}),
        json!({"layers": [-1, 0], "combine": "max", "normalize": true}),
        json!({"layers": [-1, -2], "combine": "weighted", "weights": [0.5, 2.0]}),
        json!({"layers": [-2], "combine": "weighted", "weights": [3.0]}),
        json!({"layers": [-1], "dimensions": 5}),
    ] {
        let files = Files::new();
        let mut head = TestHead::new(&judge, &recipe, &["O", "B-A", "I-A"]);
        head.descriptor.problem_type = ProblemType::TokenClassification;
        head.descriptor.temperature = 1.5;
        head.save(&files.path("heads"), "ner");
        let answer = files
            .app()
            .post("/tag", json!({"inputs": text, "aggregation": "none", "ignore_labels": []}))
            .await
            .ok();
        let result = answer["results"][0].as_array().unwrap();
        let rows = judge.token_rows(text, &recipe);
        let rows: Vec<&[f32]> = rows.chunks_exact(rows.len() / judge.tokens(text)).collect();
        // Without the two special tokens.
        assert_eq!(result.len(), rows.len() - 2);
        for (span, row) in result.iter().zip(&rows[1..]) {
            let logits: Vec<f32> = head.logits(row).iter().map(|logit| logit / 1.5).collect();
            let best = softmax(&logits).into_iter().fold(0.0_f32, f32::max);
            let difference = (span["score"].as_f64().unwrap() - f64::from(best)).abs();
            largest = largest.max(difference);
            assert!(difference < TOLERANCE, "{recipe}: {difference}");
        }
    }
    println!("largest difference {largest:.1e}");
}

#[tokio::test]
async fn a_head_is_asked_for_what_it_classifies() {
    let files = Files::new();
    let judge = Judge::new(&config(tiny("sentence")));
    TestHead::new(&judge, &json!("last-four"), &["glad", "sad"]).save(&files.path("heads"), "mood");
    let app = files.app();
    let problem =
        app.post("/tag", json!({"inputs": "a"})).await.problem(422, "no_tagger", Some(""));
    assert!(problem["detail"].as_str().unwrap().contains("no head of token_classification"));

    for name in ["one", "two"] {
        let mut head = TestHead::new(&judge, &json!({"layers": [-1]}), &["O", "B-A"]);
        head.descriptor.problem_type = ProblemType::TokenClassification;
        head.save(&files.path("heads"), name);
    }
    let app = files.app();
    let classified = app.post("/classify", json!({"inputs": "a"})).await.ok();
    let classified = classified["results"][0].as_object().unwrap();
    assert_eq!(classified.keys().collect::<Vec<_>>(), ["mood"]);
    for (route, body, says) in [
        ("/tag", json!({"inputs": "a"}), "several heads that classify tokens, one, two; name one"),
        ("/tag", json!({"inputs": "a", "head": "mood"}), "\"mood\" classifies texts"),
        ("/tag", json!({"inputs": "a", "head": "other"}), "those that do are one, two"),
        (
            "/classify",
            json!({"inputs": "a", "heads": ["one"]}),
            "classifies tokens, which /tag does; the heads are mood",
        ),
    ] {
        let pointer = if route == "/tag" { "/head" } else { "/heads/0" };
        let problem = app.post(route, body).await.problem(422, "unknown_head", Some(pointer));
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    app.post("/tag", json!({"inputs": "a", "head": "two"})).await.ok();
    let outputs = app.get("/v2/models/sentence").await.ok()["outputs"].to_string();
    assert!(outputs.contains("mood/") && !outputs.contains("one/"), "{outputs}");
}

#[test]
fn what_tokens_cannot_have_is_refused() {
    let files = Files::new();
    let out = files.path("heads/ner");
    let fixed = ["--problem-type", "token", "--out", out.to_str().unwrap()];
    let refused = |command: &str, more: &[&str]| -> String {
        let fixed = if command == "train" { &fixed[..] } else { &fixed[..2] };
        let output = files.run(command, &[fixed, more].concat());
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let pooled = refused("train", &["--recipe", "last-four-cls"]);
    assert!(pooled.contains("--recipe: pooling: tokens aren't pooled"), "{pooled}");
    assert!(
        refused("train", &["--pair", "2"]).contains("--pair 2: entities are those of one text")
    );
    assert!(refused("compare", &[]).contains("recipes are compared by texts"));
    let truncated = refused("train", &["--long-text", "truncate"]);
    assert!(truncated.contains("texts with entities are read whole"), "{truncated}");
    let grouped = refused("train", &["--group", "1"]);
    assert!(grouped.contains("has no groups of texts; leave --group out"), "{grouped}");
    let only = files.path("only.conll");
    fs::write(&only, "the O\n\nriver O\n").unwrap();
    let nothing = refused("train", &["--data", only.to_str().unwrap()]);
    assert!(nothing.contains("\"O\" is the only label"), "{nothing}");
    assert!(!Path::new(&out).exists(), "a folder was written");
}

#[tokio::test]
async fn a_head_for_tokens_with_a_pooling_or_another_activation_is_refused() {
    let judge = Judge::new(&config(tiny("sentence")));
    for (recipe, activation, says) in [
        (json!("last-four-cls"), "softmax", "recipe: tokens aren't pooled"),
        (json!({"layers": [-1]}), "sigmoid", "can only be softmax"),
    ] {
        let files = Files::new();
        let mut head = TestHead::new(&judge, &recipe, &["O", "B-A"]);
        head.descriptor.problem_type = ProblemType::TokenClassification;
        head.descriptor.activation = serde_json::from_value(json!(activation)).unwrap();
        head.save(&files.path("heads"), "ner");
        let mut config = config(tiny("sentence"));
        config.heads = vec![files.path("heads")];
        let error = strata::app::load_only(&config).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
}
