//! Requests that are refused before their meaning is checked: 400, 404, 405, 408, 413, 415, 431.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Method, Request};
use hyper::body::Frame;
use serde_json::json;

use crate::support::app::{TestApp, at_least_one, config, post};
use crate::support::tiny;

#[tokio::test]
async fn a_body_that_is_not_json_is_a_400() {
    let app = TestApp::tiny("sentence");
    for body in [
        &b""[..],
        b"{\"inputs\": ",
        b"{\"inputs\": \"a\"} {}",
        b"inputs=a",
        b"{\"inputs\": \"a\xff\"}",
        b"{\"inputs\": \"\\ud800\"}",
        b"{\"inputs\": \"\\ud800\\u0041\"}",
        b"{\"inputs\": \"a\nb\"}",
        b"{\"inputs\": \"a\", \"dimensions\": NaN}",
        b"{\"inputs\": \"a\", \"recipe\": {\"weights\": [1e999]}}",
    ] {
        let answer = app.post_raw("/embed", body.to_vec()).await;
        answer.problem(400, "invalid_json", None);
    }
    app.post_raw("/classify", "{\"inputs\": ").await.problem(400, "invalid_json", None);
}

#[tokio::test]
async fn a_field_of_the_wrong_type_unknown_or_absent_is_a_400_with_its_pointer() {
    let app = TestApp::tiny("sentence");
    for (body, pointer) in [
        (json!({}), ""),
        (json!([]), ""),
        (json!("a"), ""),
        (json!({"inputs": null}), "/inputs"),
        (json!({"inputs": 1}), "/inputs"),
        (json!({"inputs": ["a", 1]}), "/inputs/1"),
        (json!({"inputs": ["a", ["b"]]}), "/inputs/1"),
        (json!({"inputs": [{"pair": "a"}]}), "/inputs/0"),
        (json!({"inputs": {"text": "a", "pair": 1}}), "/inputs/pair"),
        (json!({"inputs": ["a", {"text": "b", "texts": "c"}]}), "/inputs/1/texts"),
        (json!({"inputs": "a", "input": "b"}), "/input"),
        (json!({"inputs": "a", "a/b~c": "b"}), "/a~1b~0c"),
        (json!({"inputs": "a", "dimensions": -1}), "/dimensions"),
        (json!({"inputs": "a", "dimensions": 1.5}), "/dimensions"),
        (json!({"inputs": "a", "encoding": "hex"}), "/encoding"),
        (json!({"inputs": "a", "long_text": "cut"}), "/long_text"),
        (json!({"inputs": "a", "tokens": "yes"}), "/tokens"),
        (json!({"inputs": "a", "recipe": ["last-four"]}), "/recipe"),
        (json!({"inputs": "a", "recipe": {"layers": ["last"]}}), "/recipe/layers/0"),
        (json!({"inputs": "a", "recipe": {"pooling": "median"}}), "/recipe/pooling"),
        (json!({"inputs": "a", "recipe": {"layer": [1]}}), "/recipe/layer"),
    ] {
        app.post("/embed", body).await.problem(400, "invalid_field", Some(pointer));
    }
    for (body, pointer) in [
        (json!({"inputs": "a", "heads": "mood"}), "/heads"),
        (json!({"inputs": "a", "heads": [1]}), "/heads/0"),
        (json!({"inputs": "a", "activation": "tanh"}), "/activation"),
        (json!({"inputs": "a", "top_k": -1}), "/top_k"),
        (json!({"inputs": "a", "embed": {"combine": "min"}}), "/embed/combine"),
        (json!({"inputs": "a", "recipe": "last-four"}), "/recipe"),
    ] {
        app.post("/classify", body).await.problem(400, "invalid_field", Some(pointer));
    }
    let twice = app.post_raw("/embed", "{\"inputs\": \"a\", \"inputs\": \"b\"}").await;
    twice.problem(400, "invalid_field", Some(""));
}

#[tokio::test]
async fn a_timeout_that_is_not_a_whole_number_above_0_is_a_400() {
    let app = TestApp::tiny("sentence");
    for bad in ["0", "-1", "1.5", "soon", "", "99999999999999999999"] {
        let mut request = post("/embed", json!({"inputs": "a"}).to_string());
        request.headers_mut().insert("x-timeout-ms", bad.parse().unwrap());
        let problem = app.send(request).await.problem(400, "invalid_header", None);
        assert!(problem["detail"].as_str().unwrap().contains("x-timeout-ms"), "{problem}");
    }
}

#[tokio::test]
async fn a_priority_is_interactive_or_batch() {
    let app = TestApp::tiny("sentence");
    let with = |priority: &str| {
        let mut request = post("/embed", json!({"inputs": "a"}).to_string());
        request.headers_mut().insert("x-priority", priority.parse().unwrap());
        app.send(request)
    };
    with("interactive").await.ok();
    with("batch").await.ok();
    let problem = with("urgent").await.problem(400, "invalid_header", None);
    assert!(problem["detail"].as_str().unwrap().contains("urgent"), "{problem}");
}

#[tokio::test]
async fn an_unknown_route_is_a_404() {
    let app = TestApp::tiny("sentence");
    for path in ["/nothing", "/embed/", "/v3/embed", "/%00"] {
        app.get(path).await.problem(404, "not_found", None);
        app.method(Method::POST, path).await.problem(404, "not_found", None);
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_405_that_lists_the_allowed_methods() {
    let app = TestApp::tiny("sentence");
    for (method, path, allowed) in [
        (Method::GET, "/embed", "POST"),
        (Method::DELETE, "/embed", "POST"),
        (Method::PUT, "/classify", "POST"),
        (Method::POST, "/health", "GET,HEAD"),
        (Method::POST, "/livez", "GET,HEAD"),
        (Method::POST, "/readyz", "GET,HEAD"),
        (Method::DELETE, "/info", "GET,HEAD"),
        (Method::POST, "/openapi.yaml", "GET,HEAD"),
        (Method::POST, "/openapi.json", "GET,HEAD"),
        (Method::POST, "/docs/", "GET,HEAD"),
    ] {
        let answer = app.method(method, path).await;
        answer.problem(405, "method_not_allowed", None);
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
}

/// A body that never arrives.
struct Never;

impl HttpBody for Never {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_a_408() {
    let mut config = config(tiny("sentence"));
    config.http.progress_window = Duration::from_millis(1);
    let app = TestApp::new(&config);
    for path in ["/embed", "/classify"] {
        let answer = app.send(post(path, Body::new(Never))).await;
        answer.problem(408, "request_timeout", None);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_by_its_header_or_in_fact_is_a_413() {
    let mut config = config(tiny("sentence"));
    config.http.body_bytes = at_least_one(1024);
    let app = TestApp::new(&config);
    let body = |bytes: usize| {
        let empty = json!({"inputs": ""}).to_string().len();
        json!({"inputs": "a".repeat(bytes - empty)}).to_string()
    };
    for announced in [false, true] {
        let sent = |bytes: usize| {
            let mut request = post("/embed", body(bytes));
            if announced {
                request.headers_mut().insert("content-length", bytes.into());
            }
            app.send(request)
        };
        sent(1024).await.ok();
        sent(1025).await.problem(413, "body_too_large", None);
    }
}

#[tokio::test]
async fn a_content_type_that_is_not_json_is_a_415_with_the_right_header() {
    let app = TestApp::tiny("sentence");
    let body = json!({"inputs": "a"}).to_string();
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("json")]
    {
        let mut request = Request::post("/embed");
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let answer = app.send(request.body(body.clone().into()).unwrap()).await;
        let problem = answer.problem(415, "unsupported_media_type", None);
        let advice = problem["advice"].as_str().unwrap();
        assert!(advice.contains("-H 'content-type: application/json'"), "{advice}");
    }
}

#[tokio::test]
async fn headers_beyond_16_kib_are_a_431() {
    let app = TestApp::tiny("sentence");
    let with = |bytes: usize| {
        let mut request = post("/embed", json!({"inputs": "a"}).to_string());
        request.headers_mut().insert("x-padding", "a".repeat(bytes).parse().unwrap());
        request
    };
    app.send(with(8 * 1024)).await.ok();
    app.send(with(16 * 1024)).await.problem(431, "headers_too_large", None);
}
