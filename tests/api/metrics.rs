//! `GET /metrics`: valid for Prometheus, and true.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::app::{TestApp, at_least_one, config};
use crate::support::metrics::Scrape;
use crate::support::process::Strata;
use crate::support::server::TestServer;
use crate::support::tiny;

const TEXT: &str = "a xylophone";

async fn scrape(app: &TestApp) -> Scrape {
    let answer = app.get("/metrics").await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(!answer.text().contains("xylophone"));
    Scrape::parse(answer.text())
}

fn requests(scrape: &Scrape, labels: &[(&str, &str)]) -> f64 {
    scrape.sum("strata_http_requests_total", labels)
}

#[tokio::test]
async fn each_answer_is_counted_by_route_method_status_and_code() {
    let app = TestApp::tiny("sentence");
    app.post("/embed", json!({"inputs": [TEXT, TEXT]})).await.ok();
    app.post("/embed", json!({"inputs": []})).await;
    for path in ["/nothing/xylophone", "/embed/xylophone", "/xylophone?q=xylophone"] {
        app.get(path).await.problem(404, "not_found", None);
    }
    app.get("/embed").await.problem(405, "method_not_allowed", None);
    let word = Request::builder().method("XYLOPHONE").uri("/livez").body(Body::empty()).unwrap();
    app.send(word).await.problem(405, "method_not_allowed", None);
    app.get("/livez").await;
    let scrape = scrape(&app).await;
    for (labels, count) in [
        (["/embed", "POST", "200", "none"], 1.0),
        (["/embed", "POST", "422", "empty_inputs"], 1.0),
        (["none", "GET", "404", "not_found"], 3.0),
        (["/embed", "GET", "405", "method_not_allowed"], 1.0),
        (["/livez", "other", "405", "method_not_allowed"], 1.0),
        (["/livez", "GET", "200", "none"], 1.0),
    ] {
        let [route, method, status, code] = labels;
        let labels = [("route", route), ("method", method), ("status", status), ("code", code)];
        assert_eq!(requests(&scrape, &labels), count, "{labels:?}");
    }
    // This one is not answered yet.
    assert_eq!(requests(&scrape, &[]), 8.0);
    assert_eq!(scrape.value("strata_http_requests_in_progress"), 1.0);
    let routes = scrape.values_of_label("route");
    assert_eq!(routes, ["/embed", "/livez", "none"].into());
    // Faults of a route are counted from its first request on, from 0.
    assert!(scrape.values_of_label("code").contains("internal"));
}

#[tokio::test]
async fn an_answer_is_timed_as_a_whole_and_in_each_stage() {
    let app = TestApp::tiny("sentence");
    app.post("/embed", json!({"inputs": [TEXT, TEXT]})).await.ok();
    app.post("/embed", json!({"inputs": []})).await;
    let scrape = scrape(&app).await;
    let labels = [("route", "/embed")];
    assert_eq!(scrape.sum("strata_http_request_duration_seconds_count", &labels), 2.0);
    let total = scrape.sum("strata_http_request_duration_seconds_sum", &labels);
    let mut stages = 0.0;
    for stage in ["tokenize", "queue", "forward"] {
        let labels = [("stage", stage)];
        assert_eq!(scrape.sum("strata_http_stage_duration_seconds_count", &labels), 1.0, "{stage}");
        stages += scrape.sum("strata_http_stage_duration_seconds_sum", &labels);
    }
    assert!(0.0 < stages && stages <= total, "{stages} of {total}");
    assert!(scrape.value("strata_http_tokens_total") > 4.0);
}

#[tokio::test]
async fn a_client_that_leaves_is_counted_as_cancelled() {
    let (app, mut stage) = TestApp::staged(&config(tiny("sentence")));
    let server = TestServer::start(&app).await;
    let body = json!({ "inputs": TEXT }).to_string();
    let head = "POST /embed HTTP/1.1\r\nhost: a\r\ncontent-type: application/json";
    let leaving =
        server.begin(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes());
    stage.pass().await;
    let before = scrape(&app).await;
    assert_eq!(before.value("strata_http_requests_in_progress"), 2.0);
    drop(leaving);
    let cancelled = async || {
        let labels = [("route", "/embed"), ("method", "POST")];
        let scrape = scrape(&app).await;
        let cancelled = scrape.sum("strata_http_requests_cancelled_total", &labels);
        assert_eq!(scrape.value("strata_http_requests_in_progress"), 2.0 - cancelled);
        assert_eq!(requests(&scrape, &[("route", "/embed")]), 0.0);
        cancelled
    };
    while cancelled().await == 0.0 {
        tokio::task::yield_now().await;
    }
    stage.open();
    server.stop().await;
}

#[tokio::test]
async fn the_batcher_counts_what_it_admits_refuses_computes_and_drops() {
    let mut config = config(tiny("sentence"));
    config.batching.queue_tokens = at_least_one(config.batching.budget_tokens.get());
    let (app, mut stage) = TestApp::staged(&config);
    let send = |text: &str| {
        let (app, body) = (app.clone(), json!({ "inputs": text }));
        tokio::spawn(async move { app.post("/embed", body).await })
    };
    let computing = send("a film");
    stage.pass().await;
    let (waiting, leaving) = (send("a good film"), send("a good film"));
    app.until_waiting(2).await;
    let many = vec!["a very good film"; config.batching.queue_tokens.get()];
    app.post("/embed", json!({ "inputs": many })).await;
    let before = scrape(&app).await;
    let batching =
        |scrape: &Scrape, name: &str| scrape.sum(&format!("strata_batching_{name}"), &[]);
    assert_eq!(batching(&before, "requests_admitted_total"), 3.0);
    let limit = before.value("strata_memory_limit_bytes");
    assert_eq!(limit, config.http.memory_bytes.get() as f64);
    let used = before.value("strata_memory_used_bytes");
    assert!(0.0 < used && used < limit, "{used} of {limit}");
    let too_large = [("reason", "too_large")];
    assert_eq!(before.sum("strata_batching_requests_refused_total", &too_large), 1.0);
    assert_eq!(batching(&before, "queue_sequences"), 2.0);
    let limit = config.batching.queue_tokens.get() as f64;
    assert_eq!(batching(&before, "queue_limit_tokens"), limit);
    assert!(batching(&before, "queue_tokens") > 4.0);
    assert!(batching(&before, "queue_seconds") > 0.0);
    assert_eq!(batching(&before, "worker_alive"), 1.0);
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    stage.open();
    computing.await.unwrap().ok();
    waiting.await.unwrap().ok();
    let after = scrape(&app).await;
    assert_eq!(batching(&after, "requests_cancelled_total"), 1.0);
    assert_eq!(batching(&after, "pass_tokens_unwanted_total"), 0.0);
    assert_eq!(batching(&after, "pass_tokens_count"), 2.0);
    assert_eq!(batching(&after, "pass_fill_ratio_count"), 2.0);
    assert_eq!(batching(&after, "pass_seconds_count"), 2.0);
    let tokens = batching(&after, "pass_tokens_computed_total");
    assert_eq!(batching(&after, "pass_tokens_sum"), tokens);
    assert_eq!(batching(&after, "queue_sequences"), 0.0);
    assert_eq!(batching(&after, "queue_oldest_seconds"), 0.0);
    assert_eq!(after.value("strata_memory_used_bytes"), 0.0);
}

#[tokio::test]
async fn a_pass_is_counted_with_the_layers_that_it_computes() {
    let app = TestApp::tiny("sentence");
    for (layers, sum, count) in [(json!([1]), 1.0, 1.0), (json!([0]), 1.0, 2.0)] {
        app.post("/embed", json!({"inputs": TEXT, "recipe": {"layers": layers}})).await.ok();
        let scrape = scrape(&app).await;
        assert_eq!(scrape.value("strata_batching_pass_layers_sum"), sum, "{layers}");
        assert_eq!(scrape.value("strata_batching_pass_layers_count"), count, "{layers}");
    }
}

#[tokio::test]
async fn the_process_reports_its_log_its_memory_and_its_build() {
    let running = Strata::serve("sentence").start();
    let scrape = Scrape::fetch(&running).await;
    let features = if cfg!(feature = "otlp") { "otlp" } else { "none" };
    let build = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("features", features),
        ("os", "linux"),
        ("architecture", std::env::consts::ARCH),
    ];
    assert_eq!(scrape.sum("strata_build_info", &build), 1.0);
    let info = reqwest::get(running.url("/info")).await.unwrap();
    let info: Value = info.json().await.unwrap();
    let text = |field: &str| info["encoder"][field].as_str().unwrap().to_owned();
    let [encoder, dtype, set, numerics] =
        ["name", "dtype", "instruction_set", "numerics"].map(text);
    let labels = [
        ("model", "sentence"),
        ("fingerprint", info["model"]["fingerprint"].as_str().unwrap()),
        ("encoder", &encoder),
        ("dtype", &dtype),
        ("instruction_set", &set),
        ("numerics", &numerics),
    ];
    assert_eq!(scrape.sum("strata_model_info", &labels), 1.0);
    for (name, number) in [
        ("strata_model_layers", &info["model"]["layers"]),
        ("strata_model_hidden_size", &info["model"]["hidden_size"]),
        ("strata_model_sequence_tokens", &info["limits"]["sequence_tokens"]),
        ("strata_model_threads", &info["encoder"]["threads"]),
    ] {
        assert_eq!(Some(scrape.value(name)), number.as_f64(), "{name}");
    }
    assert_eq!(scrape.value("strata_log_dropped_lines_total"), 0.0);
    assert_eq!(scrape.value("strata_log_write_errors_total"), 0.0);
    assert!(scrape.value("process_resident_memory_bytes") > 1e6);
    assert_eq!(scrape.value("process_threads"), running.threads().len() as f64);
    let descriptors = scrape.value("process_open_fds");
    assert!(3.0 < descriptors && descriptors < scrape.value("process_max_fds"));
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let age = now - scrape.value("process_start_time_seconds");
    assert!((-1.0..600.0).contains(&age), "{age}");
}

#[tokio::test]
async fn metrics_are_served_while_the_model_loads() {
    let app = TestApp::starting(&config(tiny("sentence")));
    let before = scrape(&app).await;
    assert_eq!(before.sum("strata_model_info", &[]), 0.0);
    app.get("/readyz").await;
    assert_eq!(requests(&scrape(&app).await, &[("route", "/readyz"), ("status", "503")]), 1.0);
}
