//! Reranking: by the checkpoint's own cross-encoder, or by cosine.

use std::fs;

use serde_json::{Value, json};
use strata::model::encoder::EncoderChoice;
use tempfile::TempDir;

use crate::support::answer::{Answer, floats, rows};
use crate::support::app::{TestApp, config};
use crate::support::checkpoint::{Tensor, edit_tensors, edited, name_labels};
use crate::support::{assert_close, root, tiny};

/// One pair alone or with others, and sums in float64; the largest difference seen is 6e-8.
const TOLERANCE: f32 = 1e-5;

const QUERY: &str = "a good film";
const DOCUMENTS: [&str; 4] = ["It rains.", "The film was very good.", "a good film", "bad"];

async fn rerank(app: &TestApp, path: &str, fields: Value) -> Answer {
    let mut body = json!({"query": QUERY, "documents": DOCUMENTS});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    app.post(path, body).await
}

/// The scores in the order of the documents, after a check that the best are first.
fn scores(answer: &Value) -> Vec<f32> {
    let results = answer["results"].as_array().unwrap();
    let ranked: Vec<Value> = results.iter().map(|r| r["relevance_score"].clone()).collect();
    let ranked = floats(&Value::from(ranked));
    assert!(ranked.is_sorted_by(|a, b| a >= b), "{ranked:?}");
    let mut scores = vec![f32::NAN; results.len()];
    for (result, score) in results.iter().zip(ranked) {
        scores[result["index"].as_u64().unwrap() as usize] = score;
    }
    scores
}

#[tokio::test]
async fn a_cross_encoder_scores_pairs_by_its_own_head() {
    let app = TestApp::tiny("cross-encoder");
    let pairs: Vec<Value> =
        DOCUMENTS.iter().map(|document| json!({"text": QUERY, "pair": document})).collect();
    let judged = app.post("/classify", json!({"inputs": pairs})).await.ok();
    let probability = |result: &Value| result["checkpoint"]["probabilities"][0].clone();
    let expected: Vec<Value> =
        judged["results"].as_array().unwrap().iter().map(probability).collect();
    let answer = rerank(&app, "/rerank", json!({})).await.ok();
    assert_close(&scores(&answer), &floats(&Value::from(expected)), TOLERANCE, "scores");
    assert_eq!(answer["usage"]["total_tokens"], judged["usage"]["tokens"]);
    assert_eq!(app.get("/info").await.ok()["reranks_by"], "cross-encoder");
}

#[tokio::test]
async fn an_encoder_scores_by_the_cosine_of_native_with_its_prompts() {
    let app = TestApp::tiny("sentence");
    let embed = |inputs: Value, prompt: &'static str| {
        let app = app.clone();
        let body = json!({"inputs": inputs, "recipe": "native", "prompt_name": prompt});
        async move { rows(&app.post("/embed", body).await.ok()["embeddings"]) }
    };
    let query = embed(json!(QUERY), "query").await.remove(0);
    let documents = embed(json!(DOCUMENTS), "document").await;
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let cosine = |row: &Vec<f32>| dot(&query, row) / (dot(&query, &query) * dot(row, row)).sqrt();
    let expected: Vec<f32> = documents.iter().map(cosine).collect();
    let answer = rerank(&app, "/v1/rerank", json!({})).await.ok();
    assert_close(&scores(&answer), &expected, TOLERANCE, "scores");
    assert_eq!(app.get("/info").await.ok()["reranks_by"], "cosine");
}

/// Against sentence-transformers in float64; the largest difference seen is 4e-7.
const GOLDEN: f32 = 1e-5;

#[tokio::test]
async fn scores_are_those_of_sentence_transformers_with_the_folders_own_settings_of_text() {
    let golden: Value =
        serde_json::from_str(include_str!("../fixtures/rerank.json")).expect("the fixture is JSON");
    let cases = golden["cases"].as_object().unwrap();
    assert_eq!(cases.len(), 5);
    for (name, case) in cases {
        let folder = edited(&tiny("cross-encoder"), |_| ());
        for (file, content) in case["files"].as_object().unwrap() {
            fs::write(folder.path().join(file), content.to_string()).unwrap();
        }
        let app = TestApp::new(&config(folder.path().to_owned()));
        let body = json!({"query": golden["query"], "documents": golden["documents"]});
        let answer = app.post("/rerank", body).await.ok();
        assert_close(&scores(&answer), &floats(&case["scores"]), GOLDEN, name);
    }
}

/// A classifier of a family with only its first label.
fn cross_encoder(family: &str) -> TempDir {
    let source = root().join("tests/fixtures/families").join(family);
    let folder = edited(&source, |config| name_labels(config, &json!(["relevant"])));
    edit_tensors(folder.path(), |tensors| {
        let own = "classifier.out_proj.";
        let layer =
            if tensors.keys().any(|name| name.starts_with(own)) { own } else { "classifier." };
        let parts = tensors.iter_mut().filter(|(name, _)| name.starts_with(layer));
        let cut = parts.map(|(_, Tensor { shape, bytes })| {
            bytes.truncate(bytes.len() / shape[0]);
            shape[0] = 1;
        });
        assert_eq!(cut.count(), 2, "a weight and a bias");
    });
    folder
}

#[tokio::test]
async fn cross_encoders_of_every_family_score_as_sentence_transformers_does() {
    let golden: Value =
        serde_json::from_str(include_str!("../fixtures/rerank.json")).expect("the fixture is JSON");
    let families = golden["families"].as_object().unwrap();
    assert_eq!(families.len(), 11);
    for (family, expected) in families {
        let folder = cross_encoder(family);
        for encoder in [EncoderChoice::Packed, EncoderChoice::Reference] {
            let mut config = config(folder.path().to_owned());
            config.encoder.choice = encoder;
            let app = TestApp::new(&config);
            assert_eq!(app.get("/info").await.ok()["reranks_by"], "cross-encoder", "{family}");
            let body = json!({"query": golden["query"], "documents": golden["documents"]});
            let answer = app.post("/rerank", body).await.ok();
            assert_close(&scores(&answer), &floats(expected), GOLDEN, family);
        }
    }
}

#[tokio::test]
async fn a_limit_of_tokens_per_document_may_not_be_below_the_models() {
    let app = TestApp::tiny("cross-encoder");
    for allowed in [json!(null), json!(64), json!(4_096)] {
        rerank(&app, "/v2/rerank", json!({"max_tokens_per_doc": allowed})).await.ok();
    }
    let refused = rerank(&app, "/v2/rerank", json!({"max_tokens_per_doc": 63})).await;
    assert_eq!(refused.status.as_u16(), 400);
    assert_eq!(refused.json()["pointer"], "/max_tokens_per_doc");
}

#[tokio::test]
async fn the_best_come_with_their_documents_in_either_form() {
    let app = TestApp::tiny("cross-encoder");
    let all = rerank(&app, "/v2/rerank", json!({"model": "cross-encoder"})).await.ok();
    assert_eq!(all["results"].as_array().unwrap().len(), DOCUMENTS.len());
    assert!(all["results"][0].get("document").is_none());
    let documents: Vec<Value> = DOCUMENTS.iter().map(|text| json!({"text": text})).collect();
    let fields = json!({"documents": documents, "top_n": 2, "return_documents": true});
    let best = rerank(&app, "/rerank", fields).await.ok();
    assert_eq!(best["results"].as_array().unwrap().len(), 2);
    for place in 0..2 {
        let (found, expected) = (&best["results"][place], &all["results"][place]);
        assert_eq!(found["index"], expected["index"]);
        let text = DOCUMENTS[found["index"].as_u64().unwrap() as usize];
        assert_eq!(found["document"], json!({"text": text}));
    }
}

#[tokio::test]
async fn a_request_with_texts_is_answered_as_text_embeddings_inference_does() {
    let app = TestApp::tiny("cross-encoder");
    let body = json!({"query": QUERY, "texts": DOCUMENTS, "raw_scores": true, "truncate": true,
        "truncation_direction": "Right"});
    let ranks = app.post("/tei/rerank", body.clone()).await.ok();
    assert_eq!(ranks.as_array().unwrap().len(), DOCUMENTS.len());
    assert_eq!(app.post("/rerank", body.clone()).await.ok(), ranks);
    // Only that path is shared.
    assert_eq!(app.post("/v1/rerank", body).await.status, 400);
    for mixed in [
        json!({"query": QUERY}),
        json!({"query": QUERY, "texts": ["a"], "documents": ["a"]}),
        json!({"query": QUERY, "texts": ["a"], "return_documents": true}),
        json!({"query": QUERY, "documents": ["a"], "raw_scores": false}),
    ] {
        let refused = app.post("/rerank", mixed).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (400, &json!("invalid_field"))
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place() {
    let app = TestApp::new(&config(tiny("cross-encoder")));
    for (fields, status, code, pointer) in [
        (json!({"query": " "}), 400, "blank_text", json!("/query")),
        (json!({"documents": ["a", ""]}), 400, "blank_text", json!("/documents/1")),
        (json!({"documents": []}), 400, "empty_inputs", json!("/documents")),
        (json!({"documents": [1]}), 400, "invalid_field", json!("/documents/0")),
        (
            json!({"documents": [{"text": "a", "title": "b"}]}),
            400,
            "invalid_field",
            json!("/documents/0/title"),
        ),
        (json!({"documents": vec!["b"; 1_025]}), 400, "too_many_inputs", json!("/documents")),
        (
            json!({"query": "a ".repeat(30_000), "documents": vec!["b"; 1_000]}),
            400,
            "text_too_large",
            json!("/query"),
        ),
        (json!({"top_n": 0}), 400, "invalid_top_k", json!("/top_n")),
        (json!({"model": "rerank-v3.5"}), 404, "unknown_model", json!("/model")),
        (json!({"rank_fields": ["a"]}), 400, "invalid_field", json!("/rank_fields")),
    ] {
        let refused = rerank(&app, "/v2/rerank", fields).await;
        assert_eq!(refused.status.as_u16(), status, "{}", refused.text());
        let body = refused.json();
        assert_eq!((&body["code"], &body["pointer"]), (&json!(code), &pointer), "{body}");
        assert_eq!(body["message"], body["detail"]);
    }
}
