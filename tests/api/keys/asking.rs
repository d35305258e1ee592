//! Who may ask.

use std::convert::Infallible;
use std::task::Poll;

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;

use super::{KEY, OTHER_KEY, Refusal, auth, entry, message, with_key};
use crate::support::answer::Answer;
use crate::support::app::{TestApp, config, post};
use crate::support::tiny;

/// The routes that need no key.
const OPEN: [&str; 6] =
    ["/health", "/livez", "/readyz", "/tei/health", "/v2/health/live", "/v2/health/ready"];

fn app() -> TestApp {
    let keys = [entry("first", KEY, ""), entry("second", OTHER_KEY, "")];
    TestApp::with_keys(&config(tiny("sentence")), auth(&keys))
}

/// What the refusal of a request without a key says.
#[track_caller]
fn refused(path: &str, answer: &Answer) -> String {
    assert_eq!(answer.header("www-authenticate"), "Bearer", "{path}");
    message(path, answer, Refusal::Unauthorized)
}

#[tokio::test]
async fn every_route_but_probes_and_documentation_needs_a_key_in_the_shape_of_its_dialect() {
    let app = app();
    let routes = app.routes().await;
    assert!(routes.len() > 20);
    for (method, path) in routes {
        let answer = app.method(method.clone(), &path).await;
        if OPEN.contains(&path.as_str()) {
            assert_eq!(answer.status.as_u16(), 200, "{path}");
            continue;
        }
        let said = refused(&path, &answer);
        assert!(said.starts_with("the header Authorization is missing"), "{path}: {said}");
        let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
        let answer = app.send(with_key(request, KEY)).await;
        assert_ne!(answer.status.as_u16(), 401, "{path}");
    }
    for path in ["/docs/", "/openapi.yaml", "/openapi.json"] {
        assert_eq!(app.get(path).await.status.as_u16(), 200, "{path}");
    }
    let other = ["/tei/embeddings", "/tei/v1/embeddings", "/tei", "/nothing", "/docs2", "/embed/"];
    for path in other {
        refused(path, &app.method(Method::POST, path).await);
    }
    for path in ["/%69nfo", "//info", "/./info", "/health/../info", "/docs/../info", "/INFO"] {
        let status = app.get(path).await.status.as_u16();
        // The last two are names of files of the documentation, which don't exist.
        assert!(status == 401 || (path.starts_with("/docs/") && status == 404), "{path}: {status}");
    }
    for method in [Method::HEAD, Method::OPTIONS, Method::TRACE] {
        assert_eq!(app.method(method, "/info").await.status.as_u16(), 401);
    }
}

#[tokio::test]
async fn a_key_that_is_not_known_or_is_somewhere_else_is_refused_without_being_repeated() {
    let app = app();
    let body = json!({"inputs": "a"}).to_string();
    let asked = |name: &str, value: String| {
        let mut request = post("/embed", body.clone());
        request
            .headers_mut()
            .insert(name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap());
        request
    };
    let hash = entry("x", KEY, "");
    let hash = hash.split('\'').nth(1).unwrap();
    let longer = format!("{KEY}x");
    for (name, value) in [
        ("authorization", format!("Bearer {longer}")),
        ("authorization", format!("Bearer {}", &KEY[..KEY.len() - 1])),
        ("authorization", format!("Bearer {}", KEY.to_uppercase())),
        // What is kept of a key is no key.
        ("authorization", format!("Bearer {hash}")),
        ("authorization", format!("Bearer {KEY} {KEY}")),
        ("authorization", format!("Basic {KEY}")),
        ("authorization", KEY.to_owned()),
        ("x-api-key", KEY.to_owned()),
        ("api-key", KEY.to_owned()),
        ("proxy-authorization", format!("Bearer {KEY}")),
        ("cookie", format!("key={KEY}")),
    ] {
        let answer = app.send(asked(name, value.clone())).await;
        let said = refused("/embed", &answer);
        assert!(!answer.text().contains(KEY) && !answer.text().contains(hash), "{name}: {said}");
        if name.ends_with("api-key") {
            assert!(said.ends_with(&format!("{name} is not read")), "{said}");
        }
    }
    let in_address = post(&format!("/embed?key={KEY}"), body.clone());
    refused("/embed", &app.send(in_address).await);
    let in_body = json!({"inputs": "a", "key": KEY}).to_string();
    let answer = app.send(post("/embed", in_body)).await;
    assert!(!answer.text().contains(KEY));
    let mut twice = with_key(post("/embed", body.clone()), KEY);
    twice.headers_mut().append(header::AUTHORIZATION, "Bearer x".parse().unwrap());
    refused("/embed", &app.send(twice).await);
    app.send(with_key(post("/embed", body), KEY)).await.ok();
}

#[tokio::test]
async fn ten_thousand_guesses_are_refused_and_nothing_of_their_bodies_is_read() {
    let app = app();
    for guess in 0..10_000 {
        let body = futures_util::stream::poll_fn(|_| -> Poll<Option<Result<String, Infallible>>> {
            panic!("the body is read")
        });
        let request = post("/embed", Body::from_stream(body));
        let request = with_key(request, &format!("strata_{guess}"));
        let answer = app.send(request).await;
        assert_eq!(answer.status.as_u16(), 401);
    }
    let scrape = app.send(with_key(Request::get("/metrics").body(Body::empty()).unwrap(), KEY));
    let scrape = scrape.await;
    let labels = "route=\"/embed\",method=\"POST\",status=\"401\",code=\"unauthorized\"";
    let counted = format!("strata_http_requests_total{{{labels}}} 10000");
    assert!(scrape.text().contains(&counted), "{}", scrape.text());
    // No label has what was guessed.
    assert!(!scrape.text().contains("strata_77"));
}

#[tokio::test]
async fn without_keys_no_request_needs_one_and_any_is_taken() {
    let app = TestApp::tiny("sentence");
    let request = post("/embed", json!({"inputs": "a"}).to_string());
    app.send(with_key(request, "anything")).await.ok();
}
