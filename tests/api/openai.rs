//! `/v1`: OpenAI's shapes over the model, and its error object.

use serde_json::{Value, json};

use crate::support::answer::{Answer, from_base64, rows};
use crate::support::app::{TestApp, config};
use crate::support::tiny;

const TEXTS: [&str; 2] = ["The film was not very good.", "a film"];

/// The folder's name.
const MODEL: &str = "sentence";

fn app() -> TestApp {
    let mut config = config(tiny(MODEL));
    config.aliases = vec!["text-embedding-3-small".to_owned(), "org/name".to_owned()];
    TestApp::new(&config)
}

async fn embeddings(app: &TestApp, fields: Value) -> Answer {
    let mut body = json!({"input": TEXTS, "model": MODEL});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    app.post("/v1/embeddings", body).await
}

/// OpenAI's error object.
#[track_caller]
fn error(answer: &Answer, status: u16, kind: &str, code: &str, param: Value) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    answer.assert_observed();
    let error = answer.json()["error"].clone();
    assert_eq!((&error["type"], &error["code"]), (&json!(kind), &json!(code)), "{error}");
    assert_eq!(error["param"], param, "{error}");
    assert_eq!(error["request_id"], answer.header("x-request-id"));
    assert_ne!(error["message"], "");
    error
}

#[tokio::test]
async fn rows_are_those_of_native_as_numbers_and_in_base64() {
    let app = app();
    let body = json!({"inputs": TEXTS, "recipe": "native"});
    let native = app.post("/embed", body).await.ok();
    let expected = rows(&native["embeddings"]);
    let answer = embeddings(&app, json!({})).await.ok();
    assert_eq!((&answer["object"], &answer["model"]), (&json!("list"), &json!(MODEL)));
    let tokens = &native["usage"]["tokens"];
    assert_eq!(answer["usage"], json!({"prompt_tokens": tokens, "total_tokens": tokens}));
    let base64 = embeddings(&app, json!({"encoding_format": "base64"})).await.ok();
    for (index, expected) in expected.iter().enumerate() {
        let item = &answer["data"][index];
        assert_eq!((&item["object"], &item["index"]), (&json!("embedding"), &json!(index)));
        assert_eq!(&rows(&json!([item["embedding"]]))[0], expected);
        assert_eq!(&from_base64(&base64["data"][index]["embedding"]), expected);
    }
    assert_eq!(answer["data"].as_array().unwrap().len(), expected.len());
}

#[tokio::test]
async fn one_text_fewer_dimensions_and_a_user_are_read() {
    let app = app();
    let one = embeddings(&app, json!({"input": TEXTS[1], "user": "u", "dimensions": 8})).await.ok();
    let body = json!({"inputs": TEXTS[1], "recipe": "native", "dimensions": 8});
    let native = app.post("/embed", body).await.ok();
    assert_eq!(one["data"][0]["embedding"], native["embeddings"][0]);
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_model_has_its_own_name_and_the_configured_ones() {
    let app = app();
    let models = app.get("/v1/models").await.ok();
    let names: Vec<&Value> =
        models["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
    let all = [MODEL, "text-embedding-3-small", "org/name"];
    assert_eq!(names, all);
    for name in all {
        let answer = embeddings(&app, json!({"model": name})).await.ok();
        assert_eq!(answer["model"], name);
        assert_eq!(app.get(&format!("/v1/models/{name}")).await.ok()["id"], name);
    }
    let unknown = embeddings(&app, json!({"model": "ada"})).await;
    let said = error(&unknown, 404, "invalid_request_error", "model_not_found", json!("model"));
    let said = said["message"].as_str().unwrap();
    assert!(said.contains("\"ada\"") && said.contains("text-embedding-3-small"), "{said}");
    let unknown = app.get("/v1/models/ada").await;
    error(&unknown, 404, "invalid_request_error", "model_not_found", json!(null));
}

#[tokio::test]
async fn what_a_request_says_wrongly_is_a_400_with_its_place() {
    let app = app();
    let kind = "invalid_request_error";
    for (fields, code, param) in [
        (json!({"input": ["a", " "]}), "blank_text", "input[1]"),
        (json!({"input": []}), "empty_inputs", "input"),
        (json!({"input": [1, 2]}), "token_ids_unsupported", "input"),
        (json!({"input": ["a", "film ".repeat(600)]}), "context_length_exceeded", "input[1]"),
        (json!({"input": ["a", null]}), "invalid_field", "input[1]"),
        (json!({"dimensions": 0}), "invalid_dimensions", "dimensions"),
        (json!({"encoding_format": "int8"}), "invalid_field", "encoding_format"),
        (json!({"task": "x"}), "invalid_field", "task"),
    ] {
        error(&embeddings(&app, fields).await, 400, kind, code, json!(param));
    }
}

#[tokio::test]
async fn long_texts_are_cut_where_that_is_configured() {
    let mut config = config(tiny(MODEL));
    config.openai.truncate = true;
    let app = TestApp::new(&config);
    let text = "film ".repeat(600);
    let answer = embeddings(&app, json!({"input": text})).await.ok();
    let native = app.post("/embed", json!({"inputs": text, "recipe": "native"})).await.ok();
    assert_eq!(answer["data"][0]["embedding"], native["embeddings"][0]);
}

#[tokio::test]
async fn all_errors_under_v1_have_the_error_object() {
    let app = app();
    let missing = app.get("/v1/files").await;
    error(&missing, 404, "invalid_request_error", "not_found", Value::Null);
    let method = app.get("/v1/embeddings").await;
    error(&method, 405, "invalid_request_error", "method_not_allowed", Value::Null);
    let starting = TestApp::starting(&config(tiny(MODEL)));
    let starting = embeddings(&starting, json!({})).await;
    error(&starting, 503, "server_error", "starting", Value::Null);
    assert_eq!(starting.header("retry-after"), "1");
    // The path only begins alike.
    app.get("/v1x").await.problem(404, "not_found", None);
}

#[tokio::test]
async fn token_ids_are_read_where_configured_if_the_tokenizer_makes_them() {
    let mut config = config(tiny(MODEL));
    config.openai.token_ids = true;
    let app = TestApp::new(&config);
    let texts = ["The film was not very good.", "a film, unzzable"];
    let ids = |special: bool| {
        let body =
            json!({"inputs": texts, "add_special_tokens": special, "prompt_name": "document"});
        let app = app.clone();
        async move {
            let tokens = app.post("/tei/tokenize", body).await.ok();
            let ids = |tokens: &Value| -> Vec<Value> {
                tokens.as_array().unwrap().iter().map(|token| token["id"].clone()).collect()
            };
            tokens.as_array().unwrap().iter().map(ids).collect::<Vec<_>>()
        }
    };
    let prompt = app.get("/info").await.ok()["prompts"]["document"].as_str().unwrap().to_owned();
    let with_prompt: Vec<String> = texts.iter().map(|text| format!("{prompt}{text}")).collect();
    let expected = embeddings(&app, json!({"input": with_prompt})).await.ok();
    for special in [true, false] {
        let lists = ids(special).await;
        let answer = embeddings(&app, json!({"input": lists})).await.ok();
        assert_eq!(answer["data"], expected["data"]);
        let one = embeddings(&app, json!({"input": lists[0]})).await.ok();
        assert_eq!(one["data"][0], expected["data"][0]);
    }
    let kind = "invalid_request_error";
    let first = ids(true).await.remove(0);
    let padded = [&first[..], &vec![json!(0); 3]].concat();
    let (start, end) = (first[0].clone(), first[first.len() - 1].clone());
    let doubled = [&[start][..], &first[..], &[end]].concat();
    // A piece within a word, which no text begins with.
    let tokenizer = &app.state.services()[0].tokenizer;
    let is_piece = |id: &u32| tokenizer.token(*id).is_some_and(|token| token.starts_with("##"));
    let piece = (0..).find(is_piece).unwrap();
    for (input, code, param) in [
        (json!([first, [piece]]), "token_ids_unsupported", "input[1]"),
        (json!([piece]), "token_ids_unsupported", "input"),
        (json!([first, [1_000_000]]), "unknown_token", "input[1][0]"),
        (json!([first, []]), "empty_inputs", "input[1]"),
        (json!([padded]), "token_ids_unsupported", "input[0]"),
        (json!([doubled]), "token_ids_unsupported", "input[0]"),
        (json!([first, vec![&first[1]; 70_000]]), "text_too_large", "input[1]"),
    ] {
        error(&embeddings(&app, json!({"input": input})).await, 400, kind, code, json!(param));
    }
}

#[tokio::test]
async fn jinas_fields_choose_the_prompt_the_format_and_the_norm() {
    let app = TestApp::tiny(MODEL);
    let native = |fields: Value| {
        let mut body = json!({"inputs": TEXTS, "recipe": "native"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let app = app.clone();
        async move { app.post("/embed", body).await.ok()["embeddings"].clone() }
    };
    let found = |fields: Value| {
        let app = app.clone();
        async move {
            let data = embeddings(&app, fields).await.ok()["data"].clone();
            let rows = data.as_array().unwrap().iter().map(|item| item["embedding"].clone());
            Value::from(rows.collect::<Vec<_>>())
        }
    };
    let plain = native(json!({})).await;
    for (task, prompt) in [("retrieval.query", "query"), ("retrieval.passage", "document")] {
        let expected = native(json!({"prompt_name": prompt})).await;
        assert_eq!(found(json!({"task": task})).await, expected);
    }
    assert_ne!(
        native(json!({"prompt_name": "query"})).await,
        native(json!({"prompt_name": "document"})).await
    );
    // The checkpoint has no prompt for them.
    for task in ["text-matching", "classification", "separation", "clustering"] {
        assert_eq!(found(json!({"task": task})).await, plain);
    }
    let bits = native(json!({"precision": "ubinary"})).await;
    let fields = json!({"embedding_type": "ubinary", "encoding_format": "base64"});
    assert_eq!(found(fields).await, bits);
    assert_eq!(found(json!({"normalized": true, "late_chunking": false})).await, plain);
    assert_ne!(found(json!({"normalized": false})).await, plain);
    let text = "film ".repeat(600);
    embeddings(&app, json!({"input": text, "truncate": true})).await.ok();
    let objects = json!([{"text": TEXTS[0]}, {"text": TEXTS[1]}]);
    assert_eq!(found(json!({"input": objects})).await, plain);
}

#[tokio::test]
async fn what_of_jina_is_not_served_is_refused_by_name() {
    let app = TestApp::tiny(MODEL);
    for (fields, param) in [
        (json!({"late_chunking": true}), "late_chunking"),
        (json!({"task": "code.query"}), "task"),
        (json!({"embedding_type": "int8"}), "embedding_type"),
        (json!({"embedding_type": ["float"]}), "embedding_type"),
        (json!({"input": [{"text": "a", "pair": "b"}]}), "input[0].pair"),
        (json!({"input": [{"image": "a"}]}), "input[0].image"),
    ] {
        let refused = embeddings(&app, fields).await;
        error(&refused, 400, "invalid_request_error", "invalid_field", json!(param));
    }
}
