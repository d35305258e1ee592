//! Tokens and texts, and what the server says about itself.

use serde_json::{Value, json};

use super::{LIMIT, MODEL, checked, post, words};
use crate::support::app::{TestApp, config};
use crate::support::judge::Judge;
use crate::support::schema::Schemas;
use crate::support::tiny;

fn ids(tokens: &Value) -> Vec<u32> {
    let id = |token: &Value| token["id"].as_u64().unwrap() as u32;
    tokens.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn tokens_have_ids_texts_and_places_in_characters() {
    let app = TestApp::tiny(MODEL);
    let judge = Judge::new(&config(tiny(MODEL)));
    let text = "Thé film, naïve";
    let answer = checked(&app, "/tokenize", json!({"inputs": [text, "film"]})).await;
    assert_eq!(ids(&answer[0]), judge.sequence(text, None).ids);
    assert_eq!(ids(&answer[1]), judge.sequence("film", None).ids);
    let tokens = answer[0].as_array().unwrap();
    let characters: Vec<char> = text.chars().collect();
    let ends = [0, tokens.len() - 1];
    for (at, token) in tokens.iter().enumerate() {
        assert_eq!(token["special"], ends.contains(&at), "{token}");
        if ends.contains(&at) {
            assert_eq!((&token["start"], &token["stop"]), (&Value::Null, &Value::Null));
            assert_eq!(token["text"], ["[CLS]", "[SEP]"][usize::from(at > 0)]);
        } else {
            let place = |name: &str| token[name].as_u64().unwrap() as usize;
            let piece: String = characters[place("start")..place("stop")].iter().collect();
            assert_eq!(token["text"], piece);
        }
    }
    let body = json!({"inputs": text, "add_special_tokens": false});
    let own = checked(&app, "/tokenize", body).await;
    assert_eq!(own[0].as_array().unwrap()[..], tokens[1..tokens.len() - 1]);
    let prompted = json!({"inputs": "film", "prompt_name": "query"});
    let whole = json!({"inputs": "query: film"});
    let prompted = checked(&app, "/tokenize", prompted).await;
    assert_eq!(prompted, checked(&app, "/tokenize", whole).await);
}

#[tokio::test]
async fn a_text_that_is_too_long_for_the_model_is_tokenised_whole() {
    let app = TestApp::tiny(MODEL);
    let text = words(20 * LIMIT);
    let answer = checked(&app, "/tokenize", json!({"inputs": text})).await;
    assert_eq!(answer[0].as_array().unwrap().len(), 20 * LIMIT + 2);
    assert_eq!(app.state.memory().used(), 0);
}

#[tokio::test]
async fn ids_become_texts_again() {
    let app = TestApp::tiny(MODEL);
    let text = "the film was not very good.";
    let tokens = checked(&app, "/tokenize", json!({"inputs": [text, "film"]})).await;
    let (first, second) = (ids(&tokens[0]), ids(&tokens[1]));
    let both = checked(&app, "/decode", json!({"ids": [first, second]})).await;
    assert_eq!(both, json!([text, "film"]));
    assert_eq!(checked(&app, "/decode", json!({"ids": first})).await, json!([text]));
    let body = json!({"ids": second, "skip_special_tokens": false});
    assert_eq!(checked(&app, "/decode", body).await, json!(["[CLS] film [SEP]"]));
    assert_eq!(app.state.memory().used(), 0);
}

#[tokio::test]
async fn info_says_what_a_client_needs_to_know() {
    for (model, kind) in [
        (MODEL, json!({"embedding": {"pooling": "mean_sqrt_len"}})),
        (
            "cross-encoder",
            json!({"reranker": {"id2label": {"0": "relevance"}, "label2id": {"relevance": 0}}}),
        ),
    ] {
        let app = TestApp::tiny(model);
        let answer = app.get("/tei/info").await;
        let info = answer.ok();
        let schemas = Schemas::new(app.get("/openapi.json").await.json());
        schemas.check(schemas.answer("get", "/tei/info", "200", "application/json"), &info);
        assert_eq!(info["model_id"], model);
        assert_eq!(info["model_type"], kind);
        assert_eq!(
            (&info["model_dtype"], &info["auto_truncate"]),
            (&json!("float32"), &json!(false))
        );
        let own = app.get("/info").await.ok();
        assert_eq!(info["max_input_length"], own["limits"]["sequence_tokens"]);
        assert_eq!(info["max_client_batch_size"], own["limits"]["inputs"]);
    }
    let classifier = TestApp::tiny("single-label").get("/tei/info").await.ok();
    let labels = &classifier["model_type"]["classifier"]["id2label"];
    assert_eq!((&labels["0"], &labels["10"]), (&json!("joy"), &json!("calm")));
}

#[tokio::test]
async fn health_is_a_bare_200_or_an_error_and_metrics_are_the_servers() {
    let app = TestApp::tiny(MODEL);
    for path in ["/tei", "/tei/", "/tei/health"] {
        let healthy = app.get(path).await;
        assert_eq!((healthy.status.as_u16(), healthy.body.len()), (200, 0), "{path}");
    }
    assert!(app.get("/tei/metrics").await.text().contains("strata_model_info"));
    app.state.drain();
    let draining = app.get("/tei/health").await;
    assert_eq!(
        (draining.status.as_u16(), &draining.json()["error_type"]),
        (503, &json!("Unhealthy"))
    );
    let starting = TestApp::starting(&config(tiny(MODEL)));
    for path in ["/tei/health", "/tei/info"] {
        let answer = starting.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error_type"]),
            (503, &json!("Unhealthy"))
        );
    }
    assert_eq!(post(&starting, "/embed", json!({"inputs": "a"})).await.status, 503);
}
