//! `POST /tag`: the entities of texts, as transformers' pipeline for token classification finds them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use strata::model::encoder::EncoderChoice;
use tempfile::TempDir;

use crate::support::app::{TestApp, at_least_one, config};
use crate::support::checkpoint::{edited, name_labels, replace_tensors};
use crate::support::{root, tiny};

/// Of scores, to transformers in float64. Largest difference seen: 1.3e-6.
const TOLERANCE: f64 = 1e-5;

const NAMES: [&str; 7] =
    ["distilbert", "mpnet", "roberta", "camembert", "modernbert", "deberta-v2", "albert"];

/// What the pipeline found with a checkpoint.
fn golden(name: &str) -> Value {
    let file = root().join(format!("tests/fixtures/tags/{name}.json"));
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The encoder of a family with the golden values' classifier of tokens.
fn checkpoint(name: &str, golden: &Value) -> TempDir {
    let source = root().join("tests/fixtures/families").join(name);
    let folder = edited(&source, |config| {
        config.insert("architectures".to_owned(), json!([golden["architecture"]]));
        name_labels(config, &golden["labels"]);
    });
    replace_classifier(folder.path(), &golden["tensors"]);
    folder
}

fn replace_classifier(folder: &Path, golden: &Value) {
    replace_tensors(folder, &["classifier.", "pre_classifier."], golden);
}

/// `(label, start, end)` and the score of each span of an answer.
fn spans(result: &Value) -> Vec<((String, u64, u64), f64)> {
    let spans = result.as_array().unwrap().iter().map(|span| {
        let label = span["label"].as_str().unwrap().to_owned();
        let place = (label, span["start"].as_u64().unwrap(), span["end"].as_u64().unwrap());
        (place, span["score"].as_f64().unwrap())
    });
    spans.collect()
}

#[tokio::test]
async fn entities_are_those_of_transformers_with_every_aggregation() {
    let mut largest = 0.0_f64;
    for name in NAMES {
        let golden = golden(name);
        let folder = checkpoint(name, &golden);
        for encoder in [EncoderChoice::Packed, EncoderChoice::Reference] {
            let mut config = config(folder.path().to_owned());
            config.encoder.choice = encoder;
            let app = TestApp::new(&config);
            for case in golden["cases"].as_array().unwrap() {
                let body = json!({"inputs": case["text"], "aggregation": case["aggregation"]});
                let answer = app.post("/tag", body).await.ok();
                let found = spans(&answer["results"][0]);
                let expected = case["spans"].as_array().unwrap().iter().map(|span| {
                    let place = (
                        span[0].as_str().unwrap().to_owned(),
                        span[2].as_u64().unwrap(),
                        span[3].as_u64().unwrap(),
                    );
                    (place, span[1].as_f64().unwrap())
                });
                let expected: Vec<_> = expected.collect();
                let places = |all: &[((String, u64, u64), f64)]| {
                    all.iter().map(|(place, _)| place.clone()).collect::<Vec<_>>()
                };
                assert_eq!(places(&found), places(&expected), "{name} {case}");
                for ((_, found), (place, expected)) in found.iter().zip(&expected) {
                    largest = largest.max((found - expected).abs());
                    assert!((found - expected).abs() < TOLERANCE, "{name} {place:?}: {found}");
                }
            }
        }
    }
    println!("largest difference {largest:.1e}");
}

fn distilbert() -> (TempDir, strata::config::Config) {
    let folder = checkpoint("distilbert", &golden("distilbert"));
    let config = config(folder.path().to_owned());
    (folder, config)
}

#[tokio::test]
async fn spans_are_characters_and_their_text_is_that_of_the_input() {
    let (_folder, config) = distilbert();
    let app = TestApp::new(&config);
    let text = "é naïve river, 日本 ok";
    let characters: Vec<char> = text.chars().collect();
    let body = json!({"inputs": [text, "a"], "aggregation": "none", "ignore_labels": []});
    let answer = app.post("/tag", body).await.ok();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert!(results[0].as_array().unwrap().len() > 5);
    for span in results[0].as_array().unwrap() {
        let (start, end) = (span["start"].as_u64().unwrap(), span["end"].as_u64().unwrap());
        let expected: String = characters[start as usize..end as usize].iter().collect();
        assert_eq!(span["text"], expected);
    }
    assert_eq!(answer["usage"]["truncated"], json!([]));
}

#[tokio::test]
async fn each_token_of_a_long_text_is_tagged_once_and_entities_go_across_windows() {
    let (_folder, mut config) = distilbert();
    let text = ["the", "river", "and", "stones,", "unlikely"].repeat(12).join(" ");
    let whole = TestApp::new(&config);
    config.limits.sequence_tokens = Some(at_least_one(20));
    let app = TestApp::new(&config);
    let ask = async |app: &TestApp, aggregation: &str, long: &str, ignored: Value| {
        let body = json!({"inputs": text, "aggregation": aggregation, "long_text": long,
            "ignore_labels": ignored});
        app.post("/tag", body).await.ok()["results"][0].clone()
    };
    let tokens = ask(&app, "none", "window", json!([])).await;
    let tokens = tokens.as_array().unwrap();
    // All words, in their order: as many as in a sequence that has room for the text.
    let all = ask(&whole, "none", "truncate", json!([])).await;
    let places = |spans: &[Value]| -> Vec<(u64, u64)> {
        spans
            .iter()
            .map(|span| (span["start"].as_u64().unwrap(), span["end"].as_u64().unwrap()))
            .collect()
    };
    let cut = all.as_array().unwrap().len();
    assert_eq!(places(tokens)[..cut], places(all.as_array().unwrap()));
    assert_eq!(places(tokens).last().unwrap().1, text.chars().count() as u64);
    // One entity wherever neighbours have the same tag, also where a window ends between them.
    let entities = ask(&app, "simple", "window", json!([])).await;
    let tag = |span: &Value| {
        let label = span["label"].as_str().unwrap();
        let inner = label.strip_prefix("B-").or(label.strip_prefix("I-")).unwrap_or(label);
        (label.starts_with("B-"), inner.to_owned())
    };
    let groups = tokens.chunk_by(|a, b| !tag(b).0 && tag(a).1 == tag(b).1);
    let expected: Vec<(u64, u64)> =
        groups.map(|group| (places(group)[0].0, places(group).last().unwrap().1)).collect();
    assert_eq!(places(entities.as_array().unwrap()), expected);
}

#[tokio::test]
async fn what_cannot_be_tagged_is_refused_with_its_pointer() {
    let (_folder, config) = distilbert();
    let app = TestApp::new(&config);
    let pair = json!({"text": "a", "pair": "b"});
    for (inputs, code, pointer) in [
        (pair.clone(), "pairs_unsupported", "/inputs"),
        (json!(["a", pair]), "pairs_unsupported", "/inputs/1"),
        (json!([]), "empty_inputs", "/inputs"),
        (json!(["a", " "]), "blank_text", "/inputs/1"),
    ] {
        app.post("/tag", json!({"inputs": inputs})).await.problem(422, code, Some(pointer));
    }
    let unknown = json!({"inputs": "a", "aggregation": "last"});
    let problem = app.post("/tag", unknown).await;
    let problem = problem.problem(400, "invalid_field", Some("/aggregation"));
    assert!(problem["detail"].as_str().unwrap().contains("`average`"), "{problem}");
    let info = app.get("/info").await.ok();
    assert_eq!(info["tagger"]["labels"][1], "B-PER");
    assert_eq!(info["heads"], json!({}));

    let classifier = TestApp::new(&crate::support::app::config(tiny("single-label")));
    let problem = classifier.post("/tag", json!({"inputs": "a"})).await;
    let problem = problem.problem(422, "no_tagger", Some(""));
    assert!(problem["detail"].as_str().unwrap().contains("ForTokenClassification"), "{problem}");
    assert!(classifier.get("/info").await.ok().get("tagger").is_none());
}

#[tokio::test]
async fn a_checkpoint_without_its_classifier_of_tokens_is_refused() {
    let (folder, config) = distilbert();
    replace_classifier(folder.path(), &json!({"other": [1.0]}));
    let error = strata::app::load_only(&config).err().unwrap().to_string();
    assert!(error.contains("\"classifier.weight\": found nothing"), "{error}");
}
