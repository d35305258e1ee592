//! How much each key may ask for.

use std::num::NonZeroUsize;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::{KEY, OTHER_KEY, Refusal, auth, entry, message, with_key};
use crate::support::answer::Answer;
use crate::support::app::{TestApp, config, post};
use crate::support::checkpoint::{masked, masked_golden, tagger};
use crate::support::metrics::Scrape;
use crate::support::tiny;

async fn ask(app: &TestApp, path: &str, key: &str, body: Value) -> Answer {
    app.send(with_key(post(path, body.to_string()), key)).await
}

/// A request for a route, and the checkpoint that can answer it.
fn request(path: &str) -> (&'static str, Value) {
    let text = json!({"inputs": "a film"});
    let reranked = json!({"model": "sentence", "query": "a", "documents": ["a film"]});
    match path {
        "/embed" | "/tei/embed" | "/tei/embed_all" | "/tei/tokenize" => ("sentence", text),
        "/classify" | "/tei/predict" => ("single-label", text),
        // Of other architectures.
        "/tag" | "/tei/embed_sparse" => ("single-label", text),
        "/zero-shot" => ("null-softmax", json!({"inputs": "a film", "labels": ["good"]})),
        "/rerank" | "/v1/rerank" | "/v2/rerank" => ("sentence", reranked),
        "/v1/embeddings" => ("sentence", json!({"model": "sentence", "input": "a film"})),
        "/v2/embed" => (
            "sentence",
            json!({"model": "sentence", "texts": ["a film"], "input_type": "search_query", "embedding_types": ["float"]}),
        ),
        "/v2/models/sentence/infer" => {
            let text =
                json!({"name": "text", "datatype": "BYTES", "shape": [1], "data": ["a film"]});
            ("sentence", json!({"inputs": [text]}))
        }
        "/tei/decode" => ("sentence", json!({"ids": [[1]]})),
        "/tei/rerank" => ("cross-encoder", json!({"query": "a", "texts": ["a film"]})),
        "/tei/similarity" => {
            ("sentence", json!({"inputs": {"source_sentence": "a", "sentences": ["a film"]}}))
        }
        _ => panic!("{path} has no request here"),
    }
}

#[tokio::test]
async fn a_key_that_is_over_its_limit_gets_a_429_of_its_dialect_and_others_do_not() {
    let mut routes = TestApp::tiny("sentence").routes().await;
    routes.retain(|(method, _)| method == Method::POST);
    assert!(routes.len() > 12, "{routes:?}");
    let (tagger, masked) = (tagger(), masked(&masked_golden("bert")));
    for (_, path) in &routes {
        let (checkpoint, body) = request(path);
        // One at a time, and the next in an hour.
        let keys = [
            entry("first", KEY, "requests_per_second = 0.000277778"),
            entry("second", OTHER_KEY, ""),
        ];
        let model = match path.as_str() {
            "/tag" => tagger.path().to_owned(),
            "/tei/embed_sparse" => masked.path().to_owned(),
            _ => tiny(checkpoint),
        };
        let mut config = config(model);
        config.embed.sparse = path == "/tei/embed_sparse";
        let app = TestApp::with_keys(&config, auth(&keys));
        let answer = ask(&app, path, KEY, body.clone()).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
        let answer = ask(&app, path, KEY, body.clone()).await;
        let said = message(path, &answer, Refusal::RateLimited);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((3_500..=3_601).contains(&wait), "{path}: {wait}");
        let expected = "the key \"first\" has used up its 0.000277778 requests a second";
        assert!(said.contains(expected), "{path}: {said}");
        let answer = ask(&app, path, OTHER_KEY, body).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn tokens_are_counted_in_full_once_a_request_is_let_in() {
    let keys = [entry("first", KEY, "tokens_per_second = 1")];
    let app = TestApp::with_keys(&config(tiny("sentence")), auth(&keys));
    let texts = vec!["a film"; 250];
    let answer = ask(&app, "/embed", KEY, json!({"inputs": texts})).await;
    let tokens = answer.ok()["usage"]["tokens"].as_u64().unwrap();
    assert!(tokens >= 1000);
    let answer = ask(&app, "/embed", KEY, json!({"inputs": "a"})).await;
    answer.problem(429, "rate_limited", None);
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!(wait <= tokens && wait + 60 > tokens, "{wait} s for {tokens} tokens");
}

#[tokio::test]
async fn a_rerank_of_two_parts_is_one_request_that_is_let_in_as_a_whole() {
    // Fewer than the query alone has.
    let keys = [entry("first", KEY, "requests_per_second = 1e-3\ntokens_per_second = 1e-3")];
    let app = TestApp::with_keys(&config(tiny("sentence")), auth(&keys));
    let body = json!({"model": "sentence", "query": "a film", "documents": ["a film", "b"]});
    for path in ["/rerank", "/v2/rerank"] {
        let answer = ask(&app, path, KEY, body.clone()).await;
        let expected = if path == "/rerank" { 200 } else { 429 };
        assert_eq!(answer.status.as_u16(), expected, "{}", answer.text());
    }
    let scrape = app.send(with_key(Request::get("/metrics").body(Body::empty()).unwrap(), KEY));
    let scrape = Scrape::parse(scrape.await.text());
    // Those of the query too.
    assert!(scrape.sum("strata_key_tokens_total", &[("key", "first")]) >= 10.0);
}

#[tokio::test]
async fn what_is_refused_for_another_reason_does_not_count() {
    let keys = [entry("first", KEY, "requests_per_second = 1e-3\ntokens_per_second = 1e-3")];
    let mut config = config(tiny("sentence"));
    config.batching.queue_tokens = NonZeroUsize::new(512).unwrap();
    let app = TestApp::with_keys(&config, auth(&keys));
    for (body, code) in [
        (json!({"inputs": []}), "empty_inputs"),
        (json!({"input": "a"}), "invalid_field"),
        (json!({"inputs": vec!["a film"; 500]}), "too_many_tokens"),
        (json!({"inputs": "a", "recipe": "none"}), "unknown_recipe"),
    ] {
        let answer = ask(&app, "/embed", KEY, body).await;
        assert_eq!(answer.json()["code"], code);
    }
    let too_long = json!({"inputs": vec!["a film ".repeat(20_000); 100]});
    let answer = ask(&app, "/tei/tokenize", KEY, too_long).await;
    assert_eq!(answer.status.as_u16(), 413, "{}", answer.text());
    let answer = ask(&app, "/tei/decode", KEY, json!({"ids": [[1, 2, 999_999]]})).await;
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.text());
    ask(&app, "/embed", KEY, json!({"inputs": "a"})).await.ok();
    ask(&app, "/embed", KEY, json!({"inputs": "a"})).await.problem(429, "rate_limited", None);
}

#[tokio::test]
async fn tokens_are_counted_of_routes_that_compute_nothing_too() {
    let keys = [entry("first", KEY, "")];
    let app = TestApp::with_keys(&config(tiny("sentence")), auth(&keys));
    let mut counted = 0.0;
    for (path, body) in [
        ("/tei/tokenize", json!({"inputs": "a film"})),
        ("/tei/decode", json!({"ids": [[1, 2, 3], [4]]})),
    ] {
        ask(&app, path, KEY, body).await.ok();
        let scrape = app.send(with_key(Request::get("/metrics").body(Body::empty()).unwrap(), KEY));
        let scrape = Scrape::parse(scrape.await.text());
        let tokens = scrape.sum("strata_key_tokens_total", &[("key", "first")]);
        assert!(tokens > counted, "{path}: {tokens}");
        counted = tokens;
        assert_eq!(scrape.value("strata_http_tokens_total"), 0.0, "{path}");
    }
}

#[tokio::test]
async fn keys_share_the_queue_as_clients_do_though_they_come_from_one_address() {
    let keys = [entry("first", KEY, ""), entry("second", OTHER_KEY, "")];
    let mut config = config(tiny("sentence"));
    config.batching.queue_tokens = NonZeroUsize::new(512).unwrap();
    let (app, mut stage) = TestApp::staged_with(&config, auth(&keys));
    let begin = |key: &'static str, texts: usize| {
        let app = app.clone();
        let body = json!({"inputs": vec!["a film"; texts]});
        tokio::spawn(async move { ask(&app, "/embed", key, body).await })
    };
    let running = begin(KEY, 1);
    stage.pass().await;
    let waiting = begin(KEY, 100);
    app.until_waiting(100).await;
    // The first key has nearly all that a client may have; the second has nothing.
    begin(KEY, 100).await.unwrap().problem(429, "queue_full", None);
    let other = begin(OTHER_KEY, 100);
    app.until_waiting(200).await;
    stage.open();
    for answer in [running, waiting, other] {
        answer.await.unwrap().ok();
    }
}
