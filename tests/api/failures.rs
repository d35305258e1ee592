//! When the server can't answer: 429, 500, 503, 504. The engine is a stand-in that waits for the test.

use std::time::Duration;

use serde_json::json;
use strata::config::Config;
use tokio::task::JoinHandle;

use crate::support::answer::Answer;
use crate::support::app::{TestApp, at_least_one, config, post, service};
use crate::support::judge::Judge;
use crate::support::stage::Fault;
use crate::support::tiny;

fn sentence() -> Config {
    config(tiny("sentence"))
}

/// Sends a request of one text in the background.
fn spawn(app: &TestApp, text: &str) -> JoinHandle<Answer> {
    let (app, body) = (app.clone(), json!({"inputs": text}));
    tokio::spawn(async move { app.post("/embed", body).await })
}

#[tokio::test]
async fn a_full_queue_is_a_429_that_says_when_to_try_again() {
    let mut config = sentence();
    config.batching.budget_tokens = at_least_one(8);
    config.batching.queue_tokens = at_least_one(8);
    let (app, mut stage) = TestApp::staged(&config);
    let computing = spawn(&app, "a film");
    assert_eq!(stage.pass().await, 1);
    let waiting = spawn(&app, "a good film");
    app.until_waiting(1).await;
    let refused = app.post("/embed", json!({"inputs": "a very good film"})).await;
    refused.problem(429, "queue_full", None);
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    stage.open();
    computing.await.unwrap().ok();
    waiting.await.unwrap().ok();
    app.post("/embed", json!({"inputs": "a very good film"})).await.ok();
}

#[tokio::test]
async fn requests_beyond_the_memory_budget_are_a_429() {
    let mut config = sentence();
    config.http.memory_bytes = at_least_one(8 * 1024);
    let (app, mut stage) = TestApp::staged(&config);
    let computing = spawn(&app, "a film");
    stage.pass().await;
    let more = json!({"inputs": vec!["a"; 16]});
    let refused = app.post("/embed", more).await;
    refused.problem(429, "queue_full", None);
    assert_eq!(refused.header("retry-after"), "1");
    stage.open();
    computing.await.unwrap().ok();
    assert_eq!(app.state.memory().used(), 0);
}

#[tokio::test]
async fn a_refused_request_releases_its_memory() {
    let app = TestApp::new(&sentence());
    for _ in 0..3 {
        app.post_raw("/embed", "{").await.problem(400, "invalid_json", None);
        app.post("/embed", json!({"inputs": []})).await.problem(
            422,
            "empty_inputs",
            Some("/inputs"),
        );
        app.post("/embed", json!({"inputs": "a"})).await.ok();
        assert_eq!(app.state.memory().used(), 0);
    }
}

#[tokio::test]
async fn a_deadline_that_passes_is_a_504_and_the_others_are_answered() {
    let (app, mut stage) = TestApp::staged(&sentence());
    let computing = spawn(&app, "a film");
    stage.pass().await;
    let waiting = spawn(&app, "a good film");
    app.until_waiting(1).await;
    for _ in 0..2 {
        let mut request = post("/embed", json!({"inputs": "not in time"}).to_string());
        request.headers_mut().insert("x-timeout-ms", "500".parse().unwrap());
        app.send(request).await.problem(504, "deadline_exceeded", None);
    }
    stage.open();
    computing.await.unwrap().ok();
    waiting.await.unwrap().ok();
    // Late requests cost nothing: the second pass holds only the one that still waited.
    assert_eq!(stage.pass().await, 1);
}

#[tokio::test]
async fn a_deadline_shorter_than_the_work_is_a_504_at_once_unless_the_server_is_idle() {
    // Two seconds of work at the assumed cost, to be done in one.
    let texts = json!({"inputs": vec!["a film"; 1_000]}).to_string();
    let short = || {
        let mut request = post("/embed", texts.clone());
        request.headers_mut().insert("x-timeout-ms", "1000".parse().unwrap());
        request
    };
    let (idle, _stage) = TestApp::staged(&sentence());
    // It is let in, and late.
    idle.send(short()).await.problem(504, "deadline_exceeded", None);
    let (busy, mut stage) = TestApp::staged(&sentence());
    let computing = spawn(&busy, "a film");
    stage.pass().await;
    busy.send(short()).await.problem(504, "deadline_too_short", None);
    assert_eq!(busy.batcher().status().waiting_sequences, 0);
    stage.open();
    computing.await.unwrap().ok();
}

#[tokio::test]
async fn more_tokens_than_the_queue_can_hold_are_a_422_whatever_waits() {
    let mut config = sentence();
    config.batching.budget_tokens = at_least_one(8);
    config.batching.queue_tokens = at_least_one(8);
    let app = TestApp::new(&config);
    for inputs in [json!("a very very very very good film"), json!(["a film", "a film", "a film"])]
    {
        let refused = app.post("/embed", json!({"inputs": inputs})).await;
        let problem = refused.problem(422, "too_many_tokens", Some("/inputs"));
        assert!(problem["detail"].as_str().unwrap().contains("at most 8"), "{problem}");
    }
}

#[tokio::test]
async fn the_longest_deadline_is_the_configured_one() {
    let mut config = sentence();
    config.http.timeout = Duration::from_millis(1);
    config.http.max_timeout = Duration::from_millis(1);
    let (app, _stage) = TestApp::staged(&config);
    let mut request = post("/embed", json!({"inputs": "a"}).to_string());
    request.headers_mut().insert("x-timeout-ms", "3600000".parse().unwrap());
    app.send(request).await.problem(504, "deadline_exceeded", None);
}

#[tokio::test]
async fn a_client_that_leaves_costs_nothing() {
    let (app, mut stage) = TestApp::staged(&sentence());
    let computing = spawn(&app, "a film");
    stage.pass().await;
    let leaving = spawn(&app, "a good film");
    app.until_waiting(1).await;
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    let staying = spawn(&app, "a very good film");
    app.until_waiting(2).await;
    stage.open();
    computing.await.unwrap().ok();
    staying.await.unwrap().ok();
    assert_eq!(stage.pass().await, 1);
}

#[tokio::test]
async fn a_failing_engine_is_a_500_that_contains_neither_the_text_nor_the_cause() {
    let (app, stage) = TestApp::staged(&sentence());
    stage.fault(Fault::Broken);
    stage.open();
    let answer = app.post("/embed", json!({"inputs": "a xylophone"})).await;
    let problem = answer.problem(500, "internal", None);
    assert!(
        !answer.text().contains("xylophone") && !answer.text().contains("injected"),
        "{problem}"
    );
    let fixed =
        "the server failed to compute this answer; its log has the cause under the request id";
    assert_eq!(problem["detail"], fixed);
}

#[tokio::test]
async fn a_panic_fails_the_request_that_caused_it_and_no_other() {
    let config = sentence();
    let (app, mut stage) = TestApp::staged(&config);
    let judge = Judge::new(&config);
    let marked = *judge.sequence("a xylophone?", None).ids.iter().rev().nth(1).unwrap();
    stage.fault(Fault::PanicOn(marked));
    let first = spawn(&app, "a film");
    stage.pass().await;
    let good = spawn(&app, "a good film");
    let bad = spawn(&app, "a xylophone?");
    let fine = spawn(&app, "a very good film");
    app.until_waiting(3).await;
    stage.open();
    first.await.unwrap().ok();
    good.await.unwrap().ok();
    fine.await.unwrap().ok();
    let answer = bad.await.unwrap();
    answer.problem(500, "internal", None);
    assert!(!answer.text().contains("xylophone"));
    // All three in one pass, then halves until the bad one is alone.
    for sequences in [3, 1, 2, 1, 1] {
        assert_eq!(stage.pass().await, sequences);
    }
    app.post("/embed", json!({"inputs": "a film"})).await.ok();
}

#[tokio::test]
async fn one_bad_input_refuses_its_own_request_alone() {
    let (app, mut stage) = TestApp::staged(&sentence());
    let first = spawn(&app, "a film");
    stage.pass().await;
    let good = spawn(&app, "a good film");
    app.until_waiting(1).await;
    let bad = app.post("/embed", json!({"inputs": ["a", " ", "b"]})).await;
    bad.problem(422, "blank_text", Some("/inputs/1"));
    assert_eq!(app.batcher().status().waiting_sequences, 1);
    stage.open();
    first.await.unwrap().ok();
    good.await.unwrap().ok();
}

#[tokio::test]
async fn before_the_model_is_loaded_it_is_a_503() {
    let config = sentence();
    let app = TestApp::starting(&config);
    for path in ["/embed", "/classify"] {
        let answer = app.post(path, json!({"inputs": "a"})).await;
        answer.problem(503, "starting", None);
        assert_eq!(answer.header("retry-after"), "1");
    }
    app.get("/info").await.problem(503, "starting", None);
    app.state.ready(service(&config));
    app.post("/embed", json!({"inputs": "a"})).await.ok();
    app.get("/info").await.ok();
}

#[tokio::test]
async fn once_the_batcher_is_closed_it_is_a_503_and_what_waits_is_answered() {
    let (app, mut stage) = TestApp::staged(&sentence());
    let computing = spawn(&app, "a film");
    stage.pass().await;
    let waiting = spawn(&app, "a good film");
    app.until_waiting(1).await;
    app.state.drain();
    app.batcher().close();
    let answer = app.post("/embed", json!({"inputs": "a"})).await;
    answer.problem(503, "draining", None);
    assert_eq!(answer.header("retry-after"), "1");
    stage.open();
    computing.await.unwrap().ok();
    waiting.await.unwrap().ok();
}
