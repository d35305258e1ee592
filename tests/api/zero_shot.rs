//! `POST /zero-shot`: the scores of labels, as transformers' pipeline for zero-shot classification gives
//! them.

use std::fs;

use serde_json::{Value, json};
use strata::config::Config;
use strata::model::encoder::EncoderChoice;

use crate::support::app::{TestApp, at_least_one, config};
use crate::support::checkpoint::{edited, name_labels};
use crate::support::{root, tiny};

/// Of scores, to transformers in float64. Largest difference seen: 1.5e-6.
const TOLERANCE: f64 = 1e-5;

fn entailing() -> Config {
    // Its labels are contradiction, entailment and neutral.
    config(tiny("null-softmax"))
}

#[tokio::test]
async fn scores_are_those_of_transformers() {
    let file = root().join("tests/fixtures/zero_shot.json");
    let golden: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let (mut largest, mut compared) = (0.0_f64, 0);
    for (source, checkpoint) in golden.as_object().unwrap() {
        let folder = root().join("tests/fixtures").join(source);
        let folder = edited(&folder, |config| name_labels(config, &checkpoint["labels"]));
        for encoder in [EncoderChoice::Packed, EncoderChoice::Reference] {
            let mut config = config(folder.path().to_owned());
            config.encoder.choice = encoder;
            let app = TestApp::new(&config);
            for case in checkpoint["cases"].as_array().unwrap() {
                let body = json!({
                    "inputs": [case["text"]],
                    "labels": case["labels"],
                    "template": case.get("template"),
                    "multi_label": case.get("multi_label"),
                });
                let answer = app.post("/zero-shot", body).await.ok();
                let result = &answer["results"][0];
                let scores: Vec<f64> = result["scores"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|x| x.as_f64().unwrap())
                    .collect();
                assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
                let labels = result["labels"].as_array().unwrap();
                assert_eq!(labels.len(), case["labels"].as_array().unwrap().len());
                for (label, score) in labels.iter().zip(&scores) {
                    let expected = case["scores"][label.as_str().unwrap()].as_f64().unwrap();
                    largest = largest.max((score - expected).abs());
                    compared += 1;
                    assert!((score - expected).abs() < TOLERANCE, "{source} {label}: {score}");
                }
            }
        }
    }
    assert_eq!(compared, 2 * 3 * 3 * 7);
    println!("largest difference {largest:.1e}");
}

#[tokio::test]
async fn a_long_text_is_cut_and_its_labels_are_not() {
    let app = TestApp::new(&entailing());
    let long = "the old river ".repeat(60);
    let ask = async |labels: Value, long_text: &str| {
        let body = json!({"inputs": ["a", long], "labels": labels, "long_text": long_text});
        app.post("/zero-shot", body).await
    };
    let answer = ask(json!(["good", "bad", "old"]), "truncate").await.ok();
    assert_eq!(answer["usage"]["truncated"], json!([1]));
    assert_eq!(answer["results"].as_array().unwrap().len(), 2);
    ask(json!(["good"]), "error").await.problem(422, "text_too_long", Some("/inputs/1"));
    // No room is left for the text.
    let endless = json!(["good", "never ".repeat(70)]);
    ask(endless, "truncate").await.problem(422, "text_too_long", Some("/inputs/0"));
}

#[tokio::test]
async fn a_text_without_tokens_has_scores() {
    let app = TestApp::new(&entailing());
    let body = json!({"inputs": ["\u{200b}", "a", "\u{ad}"], "labels": ["good", "bad"]});
    let answer = app.post("/zero-shot", body).await.ok();
    assert_eq!(answer["usage"]["truncated"], json!([]));
    assert_eq!(answer["results"][0], answer["results"][2]);
    assert_ne!(answer["results"][0], answer["results"][1]);
}

#[tokio::test]
async fn braces_of_a_template_are_doubled() {
    let app = TestApp::new(&entailing());
    let ask = async |template: &str, label: &str| {
        let body = json!({"inputs": "a", "labels": [label], "template": template});
        app.post("/zero-shot", body).await.ok()["results"][0]["scores"].clone()
    };
    for (template, label) in
        [("{{x}} {}", "{x} good"), ("{{{}}}", "{good}"), ("{} is }}{{", "good is }{")]
    {
        assert_eq!(ask(template, "good").await, ask("{}", label).await, "{template}");
    }
}

#[tokio::test]
async fn what_cannot_be_inferred_is_refused_with_its_pointer() {
    let mut config = entailing();
    config.limits.inputs = at_least_one(5);
    let app = TestApp::new(&config);
    for (body, code, pointer) in [
        (json!({"inputs": "a", "labels": []}), "empty_inputs", "/labels"),
        (json!({"inputs": "a", "labels": ["b", " "]}), "blank_text", "/labels/1"),
        (json!({"inputs": ["a", " "], "labels": ["b"]}), "blank_text", "/inputs/1"),
        (json!({"inputs": ["a", "b", "c"], "labels": ["d", "e"]}), "too_many_inputs", "/labels"),
        (
            json!({"inputs": "a", "labels": ["b"], "template": "It is."}),
            "invalid_template",
            "/template",
        ),
        (
            json!({"inputs": "a", "labels": ["b"], "template": "{} {}"}),
            "invalid_template",
            "/template",
        ),
        (
            json!({"inputs": "a", "labels": ["b"], "template": "{} }"}),
            "invalid_template",
            "/template",
        ),
        (
            json!({"inputs": "a", "labels": ["b"], "template": "{0} {}"}),
            "invalid_template",
            "/template",
        ),
        (
            json!({"inputs": "a", "labels": vec!["b"; 1000], "template": "{}".to_owned() + &"a".repeat(30_000)}),
            "text_too_large",
            "/template",
        ),
        (
            json!({"inputs": {"text": "a", "pair": "b"}, "labels": ["c"]}),
            "pairs_unsupported",
            "/inputs",
        ),
    ] {
        app.post("/zero-shot", body).await.problem(422, code, Some(pointer));
    }
    let missing = app.post("/zero-shot", json!({"inputs": "a"})).await;
    missing.problem(400, "invalid_field", Some(""));
    let window = json!({"inputs": "a", "labels": ["b"], "long_text": "window"});
    app.post("/zero-shot", window).await.problem(400, "invalid_field", Some("/long_text"));
    for name in ["single-label", "cross-encoder", "sentence"] {
        let other = TestApp::tiny(name);
        let answer = other.post("/zero-shot", json!({"inputs": "a", "labels": ["b"]})).await;
        answer.problem(422, "no_entailment", Some(""));
    }
}
