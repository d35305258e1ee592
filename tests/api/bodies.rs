//! How bodies may be written: compressed, with a byte order mark, with `null`; and what is said of
//! those that may not.

use std::io::Write;

use axum::body::Body;
use axum::http::{Request, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::app::{TestApp, at_least_one, config, post};
use crate::support::tiny;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn encoded(body: impl Into<Body>, encoding: &str) -> Request<Body> {
    let mut request = post("/embed", body);
    request.headers_mut().insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
    request
}

#[tokio::test]
async fn a_gzip_body_gives_the_same_answer() {
    let app = TestApp::tiny("sentence");
    let body = json!({"inputs": ["a film", "a good film"]});
    let plain = app.post("/embed", body.clone()).await.ok();
    for encoding in ["gzip", "x-gzip", "GZIP"] {
        let request = encoded(gzip(body.to_string().as_bytes()), encoding);
        assert_eq!(app.send(request).await.ok(), plain);
    }
    app.send(encoded(body.to_string(), "identity")).await.ok();
    app.send(encoded(body.to_string(), "gzip")).await.problem(400, "invalid_json", None);
}

#[tokio::test]
async fn the_limit_of_a_gzip_body_is_that_of_its_content() {
    let mut config = config(tiny("sentence"));
    config.http.body_bytes = at_least_one(4096);
    let app = TestApp::new(&config);
    let spaces =
        |count: usize| gzip(format!("{{\"inputs\": \"a\"{}}}", " ".repeat(count)).as_bytes());
    app.send(encoded(spaces(4000), "gzip")).await.ok();
    app.send(encoded(spaces(100_000), "gzip")).await.problem(413, "body_too_large", None);
}

#[tokio::test]
async fn another_encoding_is_a_415_that_names_it() {
    let app = TestApp::tiny("sentence");
    for encoding in ["br", "deflate", "gzip, gzip"] {
        let answer = app.send(encoded("x", encoding)).await;
        let problem = answer.problem(415, "unsupported_content_encoding", None);
        assert!(problem["detail"].as_str().unwrap().contains(encoding), "{problem}");
        assert_eq!(answer.header("accept-encoding"), "gzip");
    }
}

#[tokio::test]
async fn answers_are_compressed_where_configured_for_clients_that_accept_it() {
    let mut config = config(tiny("sentence"));
    let plain = TestApp::new(&config);
    config.http.compress_answers = true;
    let app = TestApp::new(&config);
    let body = json!({"inputs": vec!["a good film"; 200], "tokens": true});
    let accepting = |path: &str, body: &Value| {
        let mut request = post(path, body.to_string());
        request.headers_mut().insert(header::ACCEPT_ENCODING, "gzip".parse().unwrap());
        request
    };
    let answer = app.send(accepting("/embed", &body)).await;
    let expected = plain.send(accepting("/embed", &body)).await;
    assert_eq!(serde_json::from_str::<Value>(&answer.gunzipped()).unwrap(), expected.ok());
    assert!(!expected.headers.contains_key(header::CONTENT_ENCODING));
    assert!(!app.post("/embed", body).await.headers.contains_key(header::CONTENT_ENCODING));
    let refused = app.send(accepting("/embed", &json!({"inputs": " "}))).await;
    refused.problem(422, "blank_text", Some("/inputs"));
    let probe = Request::get("/health").header(header::ACCEPT_ENCODING, "gzip");
    let probe = app.send(probe.body(Body::empty()).unwrap()).await;
    assert!(!probe.headers.contains_key(header::CONTENT_ENCODING));
    assert_eq!(app.state.memory().used(), 0);
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped_and_utf_16_is_named() {
    let app = TestApp::tiny("sentence");
    app.post_raw("/embed", "\u{feff}{\"inputs\": \"a\"}").await.ok();
    let wide: Vec<u8> = "{\"inputs\": \"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let problem = app.post_raw("/embed", wide).await.problem(400, "invalid_json", None);
    assert!(problem["detail"].as_str().unwrap().contains("UTF-16"), "{problem}");
}

#[tokio::test]
async fn null_is_the_same_as_leaving_an_optional_field_out() {
    let app = TestApp::tiny("single-label");
    let recipe = json!({
        "layers": null, "combine": null, "pooling": null, "normalize": null, "weights": null,
        "dimensions": null,
    });
    let short = app.post("/embed", json!({"inputs": {"text": "a"}, "recipe": {}})).await.ok();
    let long = json!({
        "inputs": {"text": "a", "pair": null}, "recipe": recipe, "dimensions": null,
        "encoding": null, "prompt": null, "prompt_name": null, "long_text": null, "tokens": null,
    });
    assert_eq!(app.post("/embed", long).await.ok(), short);
    let without = json!({"inputs": "a", "recipe": null});
    assert_eq!(
        app.post("/embed", without).await.ok(),
        app.post("/embed", json!({"inputs": "a"})).await.ok()
    );
    let short = app.post("/classify", json!({"inputs": "a"})).await.ok();
    let long = json!({
        "inputs": "a", "heads": null, "activation": null, "top_k": null, "explain": null,
        "embed": null, "prompt": null, "prompt_name": null, "long_text": null,
    });
    assert_eq!(app.post("/classify", long).await.ok(), short);
}

#[tokio::test]
async fn a_mistake_of_4_mb_is_not_sent_back_whole() {
    let app = TestApp::tiny("single-label");
    let huge = "k".repeat(4_000_000);
    for (path, body, status) in [
        ("/embed", json!({"inputs": "a", "encoding": huge}), 400),
        ("/embed", json!({"inputs": "a", huge.clone(): 1}), 400),
        ("/embed", json!({"inputs": "a", "recipe": huge}), 422),
        ("/embed", json!({"inputs": "a", "prompt_name": huge}), 422),
        ("/classify", json!({"inputs": "a", "heads": [huge]}), 422),
    ] {
        let answer = app.post(path, body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.body.len() < 1_500, "{} bytes", answer.body.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_million_inputs_are_counted_and_not_kept() {
    let app = TestApp::tiny("sentence");
    let body = format!("{{\"inputs\":[{}]}}", vec!["\"a\""; 2_000_000].join(","));
    let mut answers = JoinSet::new();
    for _ in 0..8 {
        let (app, body) = (app.clone(), body.clone());
        answers.spawn(async move { app.post_raw("/embed", body).await });
    }
    for answer in answers.join_all().await {
        let problem = answer.problem(422, "too_many_inputs", Some("/inputs"));
        assert_eq!(problem["detail"], "2000000 inputs; at most 1024 are allowed");
    }
    assert_eq!(app.state.memory().used(), 0);
}

#[tokio::test]
async fn other_lists_are_bounded_too() {
    let app = TestApp::tiny("single-label");
    let heads = json!({"inputs": "a", "heads": vec!["checkpoint"; 1_025]});
    app.post("/classify", heads).await.problem(400, "invalid_field", Some("/heads"));
    for (field, list) in [("layers", json!(vec![1; 1_025])), ("weights", json!(vec![1.0; 1_025]))] {
        let body = json!({"inputs": "a", "recipe": {field: list}});
        let pointer = format!("/recipe/{field}");
        let problem = app.post("/embed", body).await.problem(400, "invalid_field", Some(&pointer));
        assert!(problem["detail"].as_str().unwrap().contains("1024"), "{problem}");
    }
}
