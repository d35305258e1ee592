//! What can't be served, with the statuses and types of text-embeddings-inference.

use serde_json::{Value, json};

use super::{LIMIT, MODEL, post, words};
use crate::support::answer::Answer;
use crate::support::app::{TestApp, at_least_one, config};
use crate::support::tiny;

/// The sentence of an error, after checks of its shape.
#[track_caller]
fn error(answer: &Answer, status: u16, kind: &str) -> String {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    answer.assert_observed();
    let body = answer.json();
    assert_eq!(body["error_type"], kind, "{body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    body["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_mistake_has_its_status_its_type_and_its_place() {
    let app = TestApp::tiny(MODEL);
    let long = words(LIMIT);
    let sentences = json!({"source_sentence": "a", "sentences": ["b", " "]});
    let (validation, tokenizer) = ("Validation", "Tokenizer");
    for (route, body, status, kind, said) in [
        ("/embed", json!({"inputs": []}), 400, "Empty", "/inputs: "),
        ("/embed", json!({"inputs": ["a", " "]}), 413, validation, "/inputs/1: "),
        ("/embed", json!({"inputs": ["a", long]}), 413, validation, "/inputs/1: "),
        ("/embed_all", json!({"inputs": long}), 413, validation, "\"truncate\": true"),
        ("/embed", json!({"inputs": "a", "prompt_name": "x"}), 413, validation, "/prompt_name: "),
        ("/embed", json!({"inputs": "a", "dimensions": 99}), 413, validation, "/dimensions: "),
        ("/embed", json!({"inputs": [1, 2]}), 422, tokenizer, "token ids"),
        ("/embed", json!({"inputs": ["a", 1.5]}), 422, validation, "/inputs/1: "),
        ("/embed", json!({"input": "a"}), 422, validation, "/input: "),
        ("/embed", json!({"inputs": "a", "encoding_format": "base64"}), 422, validation, "float"),
        (
            "/embed",
            json!({"inputs": "a", "truncation_direction": "middle"}),
            422,
            validation,
            "/truncation_direction: ",
        ),
        ("/embed_sparse", json!({"inputs": "a"}), 424, "Backend", "SpladePooling"),
        ("/predict", json!({"inputs": "a"}), 424, "Backend", "no head"),
        (
            "/predict",
            json!({"inputs": "a", "parameters": {"top_k": 0}}),
            413,
            validation,
            "/parameters/top_k: ",
        ),
        ("/rerank", json!({"query": "a", "texts": []}), 400, "Empty", "/texts: "),
        ("/rerank", json!({"query": "a", "texts": ["b", ""]}), 413, validation, "/texts/1: "),
        ("/rerank", json!({"query": "", "texts": ["b"]}), 413, validation, "/query: "),
        ("/rerank", json!({"query": "a", "texts": ["b"], "top_n": 0}), 413, validation, "/top_n: "),
        ("/rerank", json!({"query": "a", "texts": ["b"], "top": 1}), 422, validation, "/top: "),
        ("/similarity", json!({"inputs": sentences}), 413, validation, "/inputs/sentences/1: "),
        ("/tokenize", json!({"inputs": [""]}), 413, validation, "/inputs/0: "),
        ("/decode", json!({"ids": []}), 400, "Empty", "/ids: "),
        ("/decode", json!({"ids": [[5], []]}), 400, "Empty", "/ids/1: "),
        ("/decode", json!({"ids": [[5], [5, 99_999]]}), 422, tokenizer, "/ids/1/1: "),
        ("/decode", json!({"ids": [5, -1]}), 422, validation, "/ids/1: "),
        ("/decode", json!({"ids": [[5], [5, "a"]]}), 422, validation, "/ids/1/1: "),
        (
            "/decode",
            json!({"ids": [[5], vec![5; 65_537]]}),
            413,
            validation,
            "/ids/1: 65537 ids; at most",
        ),
    ] {
        let answer = post(&app, route, body.clone()).await;
        let sentence = error(&answer, status, kind);
        assert!(sentence.contains(said), "{route} {body}: {sentence}");
        assert_eq!(app.state.memory().used(), 0, "{route} {body}");
    }
}

#[tokio::test]
async fn more_lists_than_are_allowed_are_a_413() {
    let mut config = config(tiny(MODEL));
    config.limits.inputs = at_least_one(2);
    let app = TestApp::new(&config);
    let three = json!([["a"], ["b"], ["c"]]);
    for (route, body) in [
        ("/embed", json!({"inputs": ["a", "b", "c"]})),
        ("/tokenize", json!({"inputs": ["a", "b", "c"]})),
        ("/rerank", json!({"query": "a", "texts": ["a", "b", "c"]})),
        ("/decode", json!({"ids": [[5], [5], [5]]})),
    ] {
        let sentence = error(&post(&app, route, body).await, 413, "Validation");
        assert!(sentence.contains('3') && sentence.contains("at most 2"), "{sentence}");
    }
    let classifier =
        TestApp::new(&{ strata::config::Config { model: tiny("single-label"), ..config } });
    let refused = post(&classifier, "/predict", json!({"inputs": three})).await;
    error(&refused, 413, "Validation");
}

#[tokio::test]
async fn answers_that_would_be_too_large_are_a_413() {
    let mut config = config(tiny(MODEL));
    config.limits.answer_bytes = at_least_one(2_000);
    let app = TestApp::new(&config);
    let text = words(40);
    let said = error(&post(&app, "/tokenize", json!({"inputs": text})).await, 413, "Validation");
    assert!(said.contains("2000 are allowed"), "{said}");
    let ids = vec![95; 600];
    let said = error(&post(&app, "/decode", json!({"ids": ids})).await, 413, "Validation");
    assert!(said.contains("2000 are allowed"), "{said}");
    assert_eq!(app.state.memory().used(), 0);
}

#[tokio::test]
async fn what_is_wrong_before_any_field_is_read_has_the_shape_too() {
    let app = TestApp::tiny(MODEL);
    error(&app.post_raw("/tei/embed", "{").await, 400, "Validation");
    error(&app.get("/tei/nothing").await, 404, "Validation");
    error(&app.get("/tei/embed").await, 405, "Validation");
    // The path only begins alike.
    app.get("/teix").await.problem(404, "not_found", None);
}

#[tokio::test]
async fn a_full_queue_is_a_429_that_says_when_to_try_again() {
    let mut config = config(tiny(MODEL));
    config.batching.budget_tokens = at_least_one(8);
    config.batching.queue_tokens = at_least_one(8);
    let (app, mut stage) = TestApp::staged(&config);
    let spawn = |text: &'static str| {
        let app = app.clone();
        tokio::spawn(async move { post(&app, "/embed", json!({"inputs": text})).await })
    };
    let computing = spawn("a film");
    assert_eq!(stage.pass().await, 1);
    let waiting = spawn("a good film");
    app.until_waiting(1).await;
    let refused = post(&app, "/embed", json!({"inputs": "a very good film"})).await;
    error(&refused, 429, "Overloaded");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    stage.open();
    computing.await.unwrap().ok();
    waiting.await.unwrap().ok();
}

#[tokio::test]
async fn openais_route_has_an_error_of_its_own() {
    let app = TestApp::tiny(MODEL);
    for (body, status, kind) in [
        (json!({"input": [], "model": "tei"}), 400, "Empty"),
        (json!({"input": words(LIMIT)}), 413, "Validation"),
    ] {
        for route in ["/embeddings", "/v1/embeddings"] {
            let answer = post(&app, route, body.clone()).await;
            assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
            let error: Value = answer.json();
            assert_eq!((&error["code"], &error["type"]), (&json!(status), &json!(kind)), "{error}");
            assert!(error["message"].as_str().unwrap().starts_with("/input: "), "{error}");
        }
    }
}
