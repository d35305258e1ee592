//! The name of the numerics: in every answer, and a promise of the same bits.

use axum::http::Method;
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use strata::http::Port;
use strata::http::auth::Auth;
use strata_kernels::InstructionSet;

use crate::support::app::{TestApp, config};
use crate::support::process::{BINARY, Running, Strata};
use crate::support::{root, tiny};

const HEADER: &str = "x-strata-numerics";

#[tokio::test]
async fn every_answer_names_the_numerics() {
    let config = config(tiny("sentence"));
    let name = config.encoder.numerics().unwrap();
    let app = TestApp::new(&config);
    assert_eq!(app.get("/info").await.ok()["encoder"]["numerics"], name);
    let starting = TestApp::starting(&config);
    let admin = TestApp::starting_with(&config, Auth::none(), Port::Admin);
    for app in [app, starting, admin] {
        for path in ["/info", "/health", "/livez", "/readyz", "/metrics", "/docs/", "/nothing"] {
            assert_eq!(app.get(path).await.header(HEADER), name, "{path}");
        }
        for path in ["/embed", "/classify", "/v1/embeddings", "/tei/embed", "/v2/embed"] {
            for body in [json!({"inputs": "a film"}), json!({"input": "a film"}), json!(1)] {
                assert_eq!(app.post(path, body).await.header(HEADER), name, "{path}");
            }
        }
        assert_eq!(app.method(Method::DELETE, "/embed").await.header(HEADER), name);
    }
}

/// Texts of 1 to 39 words, so that a pass has sequences of many lengths.
fn texts() -> Vec<String> {
    let words = ["a", "good", "film", "the", "dull", "very"];
    let text = |length: usize| {
        let word = |at: usize| words[(at * at + length) % words.len()];
        (0..length).map(word).collect::<Vec<_>>().join(" ")
    };
    (1..40).map(text).collect()
}

/// The rows of a request in base64, and the name of the numerics.
async fn rows(client: &Client, server: &Running, texts: &[String]) -> (Vec<Value>, String) {
    let body = json!({"inputs": texts, "encoding": "base64"});
    let answer = client.post(server.url("/embed")).json(&body).send().await.unwrap();
    let name = answer.headers()[HEADER].to_str().unwrap().to_owned();
    let answer: Value = answer.json().await.unwrap();
    let rows = answer["embeddings"].as_array().unwrap_or_else(|| panic!("{answer}"));
    (rows.clone(), name)
}

/// The rows of all texts, of which as many as given are in a request. All requests are sent at once.
async fn rows_of_all(server: &Running, texts: &[String], per_request: usize) -> Vec<Value> {
    let client = Client::new();
    let requests = texts.chunks(per_request).map(|texts| rows(&client, server, texts));
    join_all(requests).await.into_iter().flat_map(|(rows, _)| rows).collect()
}

#[tokio::test]
async fn servers_with_the_same_name_give_the_same_bits() {
    let texts = texts();
    let mut names = Vec::new();
    for dtype in ["f32", "bf16", "int8"] {
        let mut expected: Option<(Vec<Value>, String)> = None;
        // With more tokens per pass, requests are joined in other ways.
        for (threads, budget) in [("1", "512"), ("2", "64"), ("3", "4096"), ("1", "1")] {
            let server = Strata::serve("sentence")
                .env("STRATA_ENCODER", "packed")
                .env("STRATA_DTYPE", dtype)
                .env("STRATA_THREADS", threads)
                .env("STRATA_BATCHING_BUDGET_TOKENS", budget)
                .start();
            let together = rows(&Client::new(), &server, &texts).await;
            let (rows, name) = expected.get_or_insert_with(|| together.clone());
            assert_eq!(together.1, *name);
            assert!(together.0 == *rows, "{name}: {threads} threads, {budget} tokens in a pass");
            for per_request in [1, 3, 10] {
                let separate = rows_of_all(&server, &texts, per_request).await;
                assert!(separate == *rows, "{name}: {threads} threads, {per_request} in a request");
            }
        }
        names.extend(expected.map(|(_, name)| name));
    }
    assert!(names.iter().all(|name| name.starts_with("packed-")), "{names:?}");
    names.dedup();
    assert_eq!(names.len(), 3, "{names:?}");
}

/// Whether the log of a start says that tiles are missing, and the name of the numerics.
async fn start_without_tiles() -> (bool, String) {
    let script = root().join("tests/api/without_tiles.py");
    let mut server = Strata::from_binary(
        "/usr/bin/env".as_ref(),
        &["python3", "-B", script.to_str().unwrap(), BINARY, "serve", "--port", "0"],
    )
    .arg("--model")
    .arg(tiny("sentence").to_str().unwrap())
    .env("STRATA_HTTP_STOP_DELAY_MS", "0")
    .env("STRATA_ENCODER", "packed")
    .env("PATH", &std::env::var("PATH").unwrap())
    .start();
    let log = server.until_logged("budget_tokens");
    let info = Client::new().get(server.url("/info")).send().await.unwrap();
    let info: Value = info.json().await.unwrap();
    server.terminate();
    let name = info["encoder"]["numerics"].as_str().unwrap().to_owned();
    (log.contains("the system does not permit its tiles"), name)
}

/// Only a processor with AMX has tiles that a system can refuse; the others have to be silent.
#[tokio::test]
async fn a_server_that_may_not_use_tiles_says_so_and_computes_without_them() {
    let (warned, name) = start_without_tiles().await;
    assert_eq!(warned, InstructionSet::Amx.is_available(), "{name}");
    assert!(!name.contains("amx"), "{name}");
    if warned {
        assert_eq!(name, "packed-f32-fma-avx512-1");
    }
}
