//! Web pages of other origins.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;

use super::{KEY, auth, entry, with_key};
use crate::support::answer::Answer;
use crate::support::app::{TestApp, config, post};
use crate::support::metrics::Scrape;
use crate::support::tiny;

const ORIGIN: &str = "https://example.org";

fn app(origins: &[&str]) -> TestApp {
    let mut config = config(tiny("sentence"));
    config.http.cors_origins = origins.iter().map(|&origin| origin.to_owned()).collect();
    TestApp::with_keys(&config, auth(&[entry("first", KEY, "")]))
}

/// What a browser asks before it sends a request with a key.
async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = Request::builder().method(Method::OPTIONS).uri("/v1/embeddings");
    let request = request
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(
            header::ACCESS_CONTROL_REQUEST_HEADERS,
            "authorization,content-type,x-stainless-lang",
        );
    app.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_page_of_a_configured_origin_may_send_a_key_and_read_the_answer() {
    for origins in [&[ORIGIN, "http://localhost:3000"][..], &["*"]] {
        let app = app(origins);
        let answer = preflight(&app, ORIGIN).await;
        assert_eq!(answer.status.as_u16(), 200);
        let allowed = if origins == ["*"] { "*" } else { ORIGIN };
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        assert_eq!(answer.header("access-control-allow-methods"), "GET,POST");
        let headers = answer.header("access-control-allow-headers");
        assert_eq!(headers, "authorization,content-type,x-stainless-lang");
        let mut request = with_key(post("/embed", json!({"inputs": "a"}).to_string()), KEY);
        request.headers_mut().insert(header::ORIGIN, ORIGIN.parse().unwrap());
        let answer = app.send(request).await;
        answer.ok();
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        assert!(answer.header("access-control-expose-headers").contains("x-request-id"));
        // Also an error can be read.
        let mut request = post("/embed", "{}");
        request.headers_mut().insert(header::ORIGIN, ORIGIN.parse().unwrap());
        let answer = app.send(request).await;
        answer.problem(401, "unauthorized", None);
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
    }
}

#[tokio::test]
async fn other_origins_are_allowed_nothing_and_by_default_all_are_others() {
    for app in [app(&[]), app(&["https://example.com"])] {
        let answer = preflight(&app, ORIGIN).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{answer:?}");
        let mut request = with_key(post("/embed", json!({"inputs": "a"}).to_string()), KEY);
        request.headers_mut().insert(header::ORIGIN, ORIGIN.parse().unwrap());
        let answer = app.send(request).await;
        answer.ok();
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{answer:?}");
    }
}

#[tokio::test]
async fn only_a_preflight_request_is_answered_without_a_key_and_it_is_counted() {
    let app = app(&[ORIGIN]);
    preflight(&app, ORIGIN).await.assert_observed();
    for name in ["origin", "access-control-request-method"] {
        let request = Request::builder().method(Method::OPTIONS).uri("/embed").header(name, "POST");
        app.send(request.body(Body::empty()).unwrap()).await.problem(401, "unauthorized", None);
    }
    let request = Request::builder().method(Method::OPTIONS).uri("/embed").body(Body::empty());
    let answer = app.send(with_key(request.unwrap(), KEY)).await;
    answer.problem(405, "method_not_allowed", None);
    // Nor is one whose head can't be used.
    let twice = Request::builder().method(Method::OPTIONS).uri("/embed").header("origin", ORIGIN);
    let twice = twice.header("access-control-request-method", "POST").header("host", "other");
    let twice = app.send(twice.header("host", "localhost").body(Body::empty()).unwrap());
    twice.await.problem(400, "invalid_header", None);
    let metrics = Request::get("/metrics").body(Body::empty()).unwrap();
    let scrape = Scrape::parse(app.send(with_key(metrics, KEY)).await.text());
    let options = |status| {
        scrape.sum("strata_http_requests_total", &[("method", "OPTIONS"), ("status", status)])
    };
    assert_eq!((options("200"), options("401"), options("405")), (1.0, 2.0, 1.0));
}

#[tokio::test]
async fn an_answer_that_depends_on_the_origin_says_so() {
    let app = app(&[ORIGIN, "https://example.com"]);
    let mut request = with_key(post("/embed", json!({"inputs": "a"}).to_string()), KEY);
    request.headers_mut().insert(header::ORIGIN, ORIGIN.parse().unwrap());
    let answer = app.send(request).await;
    let varies: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert!(varies.iter().any(|value| value.to_str().unwrap().contains("origin")), "{varies:?}");
}
