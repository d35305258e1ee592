//! `explain: true`: the contribution of each token to a head's logits.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::answer::floats;
use crate::support::app::{TestApp, config};
use crate::support::assert_close;
use crate::support::heads::TestHead;
use crate::support::judge::Judge;
use crate::support::tiny;

/// Contributions and bias against the logit, both rounded to f32; the largest difference seen is 1e-6.
const TOLERANCE: f32 = 1e-5;

/// A tiny encoder with `mood`, which can be explained, and `loud`, which can't.
fn app() -> (TestApp, TempDir) {
    let mut config = config(tiny("sentence"));
    let folder = tempfile::tempdir().unwrap();
    config.heads = vec![folder.path().to_owned()];
    let judge = Judge::new(&config);
    TestHead::new(&judge, &json!("last-four-concat"), &["glad", "sad"]).save(folder.path(), "mood");
    let loudest = json!({"layers": [-1], "pooling": "max"});
    TestHead::new(&judge, &loudest, &["yes", "no", "perhaps"]).save(folder.path(), "loud");
    (TestApp::new(&config), folder)
}

async fn explained(app: &TestApp, mut body: Value) -> Value {
    body["explain"] = json!(true);
    body["heads"] = json!(["mood"]);
    app.post("/classify", body).await.ok()["results"][0]["mood"].clone()
}

/// `(text, start, end)` of each token.
fn tokens(result: &Value) -> Vec<(String, u64, u64)> {
    let token = |token: &Value| {
        let number = |name: &str| token[name].as_u64().unwrap();
        (token["text"].as_str().unwrap().to_owned(), number("start"), number("end"))
    };
    result["tokens"].as_array().unwrap().iter().map(token).collect()
}

fn adds_up(result: &Value) {
    let mut sums = floats(&result["bias"]);
    for row in result["contributions"].as_array().unwrap() {
        sums.iter_mut().zip(floats(row)).for_each(|(sum, x)| *sum += x);
    }
    assert_close(&sums, &floats(&result["logits"]), TOLERANCE, "contributions and bias");
}

#[tokio::test]
async fn each_token_has_its_contribution_and_its_place() {
    let (app, _folder) = app();
    let text = "The café was good.";
    let result = explained(&app, json!({"inputs": text})).await;
    let found = tokens(&result);
    assert_eq!(found.len(), result["contributions"].as_array().unwrap().len());
    assert_eq!(found[0], ("[CLS]".to_owned(), 0, 0));
    assert_eq!(found[found.len() - 1], ("[SEP]".to_owned(), 0, 0));
    let characters: Vec<char> = text.chars().collect();
    for (token, start, end) in &found[1..found.len() - 1] {
        let there: String = characters[*start as usize..*end as usize].iter().collect();
        assert_eq!(*token, there);
        assert!(end > start, "{token}");
    }
    adds_up(&result);
}

#[tokio::test]
async fn places_in_the_input_do_not_depend_on_the_prompt() {
    let (app, _folder) = app();
    let plain = tokens(&explained(&app, json!({"inputs": "good film"})).await);
    let body = json!({"inputs": "good film", "prompt": "query: "});
    let result = explained(&app, body).await;
    let prompted = tokens(&result);
    assert!(prompted.len() > plain.len());
    assert_eq!(prompted[prompted.len() - plain.len() + 1..], plain[1..]);
    assert!(prompted[..prompted.len() - plain.len() + 1].iter().all(|(_, _, end)| *end == 0));
    adds_up(&result);
}

#[tokio::test]
async fn tokens_of_the_second_text_of_a_pair_are_marked() {
    let (app, _folder) = app();
    let pair = json!({"inputs": {"text": "good", "pair": "bad film"}});
    let result = explained(&app, pair).await;
    let second: Vec<&str> = result["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|token| token.get("pair") == Some(&json!(true)))
        .map(|token| token["text"].as_str().unwrap())
        .collect();
    assert_eq!(second.concat(), "badfilm");
    adds_up(&result);
}

#[tokio::test]
async fn a_head_that_can_not_be_explained_is_refused_and_the_message_names_those_that_can() {
    let (app, _folder) = app();
    let body = json!({"inputs": "a", "explain": true});
    let problem =
        app.post("/classify", body).await.problem(422, "not_explainable", Some("/explain"));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("\"loud\"") && detail.contains("maximum"), "{detail}");
    assert!(detail.ends_with("these heads can be explained: mood"), "{detail}");
}

#[tokio::test]
async fn without_explain_nothing_is_explained() {
    let (app, _folder) = app();
    let answer = app.post("/classify", json!({"inputs": "a", "heads": ["mood"]})).await.ok();
    let result = answer["results"][0]["mood"].as_object().unwrap();
    for name in ["tokens", "contributions", "bias"] {
        assert!(!result.contains_key(name), "{name}");
    }
}
