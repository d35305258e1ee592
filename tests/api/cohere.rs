//! `POST /v2/embed`: Cohere's shapes over the model.

use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::app::TestApp;

const TEXTS: [&str; 2] = ["The film was not very good.", "a film"];

async fn embed(app: &TestApp, fields: Value) -> Answer {
    let mut body = json!({"texts": TEXTS, "model": "sentence", "input_type": "search_document"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    app.post("/v2/embed", body).await
}

/// The embeddings of `/embed` by `native`.
async fn native(app: &TestApp, fields: Value) -> Value {
    let mut body = json!({"inputs": TEXTS, "recipe": "native", "prompt_name": "document"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    app.post("/embed", body).await.ok()["embeddings"].clone()
}

#[tokio::test]
async fn each_type_is_that_of_native() {
    let app = TestApp::tiny("sentence");
    let types = ["ubinary", "float", "binary", "base64", "float"];
    let answer = embed(&app, json!({"embedding_types": types})).await.ok();
    let found = answer["embeddings"].as_object().unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["ubinary", "float", "binary", "base64"]);
    for (name, fields) in [
        ("float", json!({})),
        ("base64", json!({"encoding": "base64"})),
        ("binary", json!({"precision": "binary"})),
        ("ubinary", json!({"precision": "ubinary"})),
    ] {
        assert_eq!(found[name], native(&app, fields).await, "{name}");
    }
    assert_eq!(answer["texts"], json!(TEXTS));
    assert!(answer["meta"]["billed_units"]["input_tokens"].as_u64().unwrap() > 4);
    assert!(!answer["id"].as_str().unwrap().is_empty());
    let default = embed(&app, json!({})).await.ok();
    assert_eq!(default["embeddings"], json!({"float": native(&app, json!({})).await}));
}

#[tokio::test]
async fn the_input_type_chooses_a_prompt() {
    let app = TestApp::tiny("sentence");
    let query = native(&app, json!({"prompt_name": "query"})).await;
    let answer = embed(&app, json!({"input_type": "search_query"})).await.ok();
    assert_eq!(answer["embeddings"]["float"], query);
    let body = json!({"inputs": TEXTS, "recipe": "native"});
    let plain = app.post("/embed", body).await.ok()["embeddings"].clone();
    for other in [json!("classification"), json!("clustering"), json!(null)] {
        let answer = embed(&app, json!({"input_type": other})).await.ok();
        assert_eq!(answer["embeddings"]["float"], plain, "{other}");
    }
}

#[tokio::test]
async fn texts_come_in_either_field_and_are_cut_on_either_side() {
    let app = TestApp::tiny("sentence");
    let content = |text: &str| json!({"content": [{"type": "text", "text": text}]});
    let inputs: Vec<Value> = TEXTS.iter().copied().map(content).collect();
    let mut body =
        json!({"inputs": inputs, "model": "sentence", "max_tokens": 4_096, "priority": 1});
    body["input_type"] = json!("search_document");
    let answer = app.post("/v2/embed", body).await.ok();
    let expected = native(&app, json!({})).await;
    assert_eq!(answer["embeddings"]["float"], expected);
    let long = format!("good {} bad", "film ".repeat(600));
    let cut = |truncate: &'static str| {
        let (app, long) = (app.clone(), long.clone());
        async move { embed(&app, json!({"texts": [long], "truncate": truncate})).await }
    };
    let (start, end) = (cut("START").await.ok(), cut("END").await.ok());
    assert_ne!(start["embeddings"], end["embeddings"]);
    let refused = cut("NONE").await;
    assert_eq!(refused.status.as_u16(), 400, "{}", refused.text());
    let dimensions = embed(&app, json!({"output_dimension": 8})).await.ok();
    let expected = native(&app, json!({"dimensions": 8})).await;
    assert_eq!(dimensions["embeddings"]["float"], expected);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place() {
    let app = TestApp::tiny("sentence");
    let part = json!({"type": "text", "text": "a"});
    let two_parts = json!([{"content": [part, part]}]);
    for (fields, status, code, pointer) in [
        (json!({"model": "embed-v4.0"}), 404, "unknown_model", "/model"),
        (json!({"texts": ["a", " "]}), 400, "blank_text", "/texts/1"),
        (json!({"texts": []}), 400, "empty_inputs", "/texts"),
        (json!({"texts": null}), 400, "invalid_field", "/texts"),
        (json!({"inputs": []}), 400, "invalid_field", "/texts"),
        (json!({"texts": null, "inputs": two_parts}), 400, "invalid_field", "/inputs/0/content"),
        (json!({"images": ["a"]}), 400, "invalid_field", "/images"),
        (json!({"input_type": "image"}), 400, "invalid_field", "/input_type"),
        (json!({"output_dimension": 0}), 400, "invalid_dimensions", "/output_dimension"),
        (json!({"max_tokens": 3}), 400, "invalid_field", "/max_tokens"),
        (json!({"embedding_types": ["int4"]}), 400, "invalid_field", "/embedding_types/0"),
        (json!({"embedding_types": ["int8"]}), 422, "not_calibrated", "/embedding_types"),
        (json!({"truncate": "end"}), 400, "invalid_field", "/truncate"),
    ] {
        let refused = embed(&app, fields.clone()).await;
        assert_eq!(refused.status.as_u16(), status, "{fields}: {}", refused.text());
        let body = refused.json();
        assert_eq!((&body["code"], &body["pointer"]), (&json!(code), &json!(pointer)), "{body}");
        refused.assert_observed();
    }
}
