//! Health routes, and the headers of every answer.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::support::app::{TestApp, config, service};
use crate::support::judge::Judge;
use crate::support::stage::Fault;
use crate::support::{tiny, until};

/// The state that `/health` and `/readyz` both report.
async fn state(app: &TestApp, status: u16) -> String {
    let (health, readyz) = (app.get("/health").await, app.get("/readyz").await);
    for answer in [&health, &readyz] {
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
        answer.assert_observed();
    }
    let live = app.get("/livez").await;
    assert_eq!((live.status.as_u16(), live.text()), (200, "ok\n"));
    let (health, readyz) = (health.json(), readyz.json());
    assert_eq!(health["state"], readyz["state"]);
    assert!(health["uptime_seconds"].as_f64().unwrap() >= 0.0);
    let model = if health["state"] == "starting" { Value::Null } else { json!("sentence") };
    assert_eq!(health["model"], model);
    health["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn readiness_follows_the_state_of_the_server_and_liveness_does_not() {
    let config = config(tiny("sentence"));
    let app = TestApp::starting(&config);
    assert_eq!(state(&app, 503).await, "starting");
    app.state.ready(service(&config));
    assert_eq!(state(&app, 200).await, "ready");
    app.state.drain();
    assert_eq!(state(&app, 503).await, "draining");
    // Readiness is off, but requests are still answered.
    app.post("/embed", json!({"inputs": "a"})).await.ok();
}

#[tokio::test]
async fn a_failing_model_is_not_ready_until_a_pass_succeeds() {
    let (app, stage) = TestApp::staged(&config(tiny("sentence")));
    stage.open();
    stage.fault(Fault::Broken);
    app.post("/embed", json!({"inputs": "a"})).await.problem(500, "internal", None);
    assert_eq!(state(&app, 503).await, "failing");
    stage.fault(Fault::None);
    app.post("/embed", json!({"inputs": "a"})).await.ok();
    assert_eq!(state(&app, 200).await, "ready");
}

#[tokio::test]
async fn a_server_whose_worker_has_ended_is_neither_ready_nor_alive() {
    let app = TestApp::tiny("sentence");
    app.batcher().close();
    until(async || !app.batcher().status().alive).await;
    let answers = [app.get("/readyz").await, app.get("/livez").await];
    assert_eq!(answers.each_ref().map(|answer| answer.status.as_u16()), [503, 503]);
    assert_eq!(answers[0].json()["state"], "failing");
    assert_eq!(answers[1].text(), "the worker is dead\n");
    // It ends while the server drains, which is no failure.
    app.state.drain();
    assert_eq!(state(&app, 503).await, "draining");
}

#[tokio::test]
async fn a_request_that_fails_alone_does_not_turn_readiness_off() {
    let config = config(tiny("sentence"));
    let (app, stage) = TestApp::staged(&config);
    stage.open();
    stage.fault(Fault::PanicOn(Judge::new(&config).sequence("a", None).ids[1]));
    for _ in 0..3 {
        app.post("/embed", json!({"inputs": "a"})).await.problem(500, "internal", None);
        assert_eq!(state(&app, 200).await, "ready");
    }
}

#[tokio::test]
async fn a_pass_that_hangs_makes_liveness_fail() {
    let mut config = config(tiny("sentence"));
    config.batching.longest_pass = Duration::from_millis(1);
    let (app, mut stage) = TestApp::staged(&config);
    let other = app.clone();
    let blocked = tokio::spawn(async move { other.post("/embed", json!({"inputs": "a"})).await });
    stage.pass().await;
    tokio::time::sleep(Duration::from_millis(2)).await;
    let live = app.get("/livez").await;
    assert_eq!((live.status.as_u16(), live.text()), (503, "a pass hangs\n"));
    stage.open();
    blocked.await.unwrap().ok();
    let live = app.get("/livez").await;
    assert_eq!((live.status.as_u16(), live.text()), (200, "ok\n"));
}

#[tokio::test]
async fn health_is_answered_while_a_pass_is_blocked() {
    let (app, mut stage) = TestApp::staged(&config(tiny("sentence")));
    let other = app.clone();
    let blocked = tokio::spawn(async move { other.post("/embed", json!({"inputs": "a"})).await });
    stage.pass().await;
    assert_eq!(state(&app, 200).await, "ready");
    app.get("/info").await.ok();
    assert!(!blocked.is_finished());
    stage.open();
    blocked.await.unwrap().ok();
}

#[tokio::test]
async fn a_head_request_is_answered_like_a_get_without_its_body() {
    let app = TestApp::tiny("sentence");
    for path in ["/health", "/readyz", "/livez", "/info"] {
        let answer = app.method(Method::HEAD, path).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, ""), "{path}");
    }
}

#[tokio::test]
async fn a_given_request_id_comes_back_and_a_bad_one_is_replaced() {
    let app = TestApp::tiny("sentence");
    let send = async |path: &str, id: &[u8]| {
        let request = Request::get(path).header("x-request-id", id);
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        answer.header("x-request-id").to_owned()
    };
    let longest = "a".repeat(128);
    for path in ["/livez", "/nothing", "/embed", "/docs/"] {
        for good in ["r-1", "550e8400-e29b-41d4-a716-446655440000", "~!=", longest.as_str()] {
            assert_eq!(send(path, good.as_bytes()).await, good);
        }
        for bad in [&b""[..], b"a b", b"a\tb", b"caf\xc3\xa9", "a".repeat(129).as_bytes()] {
            let id = send(path, bad).await;
            assert_eq!(id.len(), 36, "{id} for {bad:?}");
        }
    }
    assert_ne!(send("/livez", b"").await, send("/livez", b"").await);
}

#[tokio::test]
async fn server_timing_has_the_time_of_each_stage() {
    let app = TestApp::tiny("sentence");
    let answer = app.post("/embed", json!({"inputs": "a film"})).await;
    answer.ok();
    let timing = answer.header("server-timing").to_owned();
    let millis: Vec<f64> = timing
        .split(", ")
        .map(|stage| stage.split_once("dur=").unwrap().1.split(';').next().unwrap())
        .map(|millis| millis.parse().unwrap())
        .collect();
    assert!(millis[2] > 0.0, "no time in the pass: {timing}");
    assert!(millis[3] >= millis[..3].iter().sum::<f64>() - 0.01, "{timing}");
}
