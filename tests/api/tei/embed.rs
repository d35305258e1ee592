//! Rows and cosines.

use serde_json::{Value, json};

use super::{LIMIT, MODEL, TOLERANCE, checked, native, post, words};
use crate::support::answer::{floats, rows};
use crate::support::app::{TestApp, config};
use crate::support::{assert_close, default_model, tiny};

const TEXTS: [&str; 2] = ["The film was not very good.", "a film"];

#[tokio::test]
async fn rows_are_those_of_native() {
    let app = TestApp::tiny(MODEL);
    let expected = native(&app, json!({"inputs": TEXTS})).await;
    let body = json!({"inputs": TEXTS});
    for route in ["", "/", "/embed"] {
        let answer = post(&app, route, body.clone()).await.ok();
        assert_eq!(rows(&answer), expected, "{route}");
    }
    checked(&app, "/embed", body).await;
    let one = checked(&app, "/embed", json!({"inputs": TEXTS[1]})).await;
    assert_eq!(rows(&one), native(&app, json!({"inputs": TEXTS[1]})).await, "one text in a list");
}

#[tokio::test]
async fn each_parameter_changes_the_rows_as_it_says() {
    let app = TestApp::tiny(MODEL);
    let embed = |fields: Value| {
        let app = app.clone();
        let mut body = json!({"inputs": TEXTS});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        async move { rows(&checked(&app, "/embed", body).await) }
    };
    let prompted = native(&app, json!({"inputs": TEXTS, "prompt_name": "query"})).await;
    assert_eq!(embed(json!({"prompt_name": "query"})).await, prompted);
    let fewer = native(&app, json!({"inputs": TEXTS, "dimensions": 8})).await;
    assert_eq!(embed(json!({"dimensions": 8})).await, fewer);
    assert_eq!(embed(json!({"normalize": true})).await, embed(json!({})).await);
    let norm = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
    let raw = embed(json!({"normalize": false})).await;
    for (raw, row) in raw.iter().zip(native(&app, json!({"inputs": TEXTS})).await) {
        let norm = norm(raw);
        assert!((norm - 1.0).abs() > 0.1, "the row is normalised");
        let scaled: Vec<f32> = raw.iter().map(|x| x / norm).collect();
        assert_close(&scaled, &row, TOLERANCE, "row");
    }
    let said = json!({"encoding_format": "float", "parameters": {}, "truncate": null,
        "options": {"wait_for_model": true}});
    assert_eq!(embed(said).await, embed(json!({})).await);
}

#[tokio::test]
async fn rows_that_native_does_not_normalise_are_normalised_unless_the_request_says_no() {
    // This model has no files of sentence-transformers, so native is the mean as it is.
    let app = TestApp::tiny("single-label");
    let as_they_are = native(&app, json!({"inputs": TEXTS})).await;
    let off = checked(&app, "/embed", json!({"inputs": TEXTS, "normalize": false})).await;
    assert_eq!(rows(&off), as_they_are);
    for row in rows(&checked(&app, "/embed", json!({"inputs": TEXTS})).await) {
        let squares: f32 = row.iter().map(|x| x * x).sum();
        assert!((squares - 1.0).abs() < TOLERANCE, "{squares}");
    }
}

#[tokio::test]
async fn a_long_text_is_cut_on_the_side_that_the_request_names() {
    let app = TestApp::tiny(MODEL);
    let text = words(LIMIT + 3);
    let words: Vec<&str> = text.split(' ').collect();
    let own = LIMIT - 2;
    let (first, last) = (words[..own].join(" "), words[words.len() - own..].join(" "));
    assert_ne!(first, last);
    let right = native(&app, json!({"inputs": first})).await;
    let left = native(&app, json!({"inputs": last})).await;
    assert_ne!(left, right);
    for (direction, expected) in [
        (json!(null), &right),
        (json!("right"), &right),
        (json!("Right"), &right),
        (json!("left"), &left),
        (json!("Left"), &left),
    ] {
        let body = json!({"inputs": text, "truncate": true, "truncation_direction": direction});
        let answer = post(&app, "/embed", body).await.ok();
        assert_eq!(&rows(&answer), expected, "{direction}");
    }
}

#[tokio::test]
async fn long_texts_are_cut_where_that_is_configured() {
    let mut config = config(tiny(MODEL));
    config.tei.truncate = true;
    let app = TestApp::new(&config);
    let text = words(LIMIT + 3);
    let expected = native(&app, json!({"inputs": text})).await;
    assert_eq!(rows(&post(&app, "/embed", json!({"inputs": text})).await.ok()), expected);
    assert_eq!(app.get("/tei/info").await.ok()["auto_truncate"], true);
    let openai = post(&app, "/embeddings", json!({"input": text})).await.ok();
    assert_eq!(floats(&openai["data"][0]["embedding"]), expected[0]);
    let body = json!({"inputs": text, "truncate": false});
    assert_eq!(post(&app, "/embed", body).await.status, 413);
}

#[tokio::test]
async fn embed_all_has_a_row_as_it_is_for_each_token() {
    let app = TestApp::new(&config(default_model()));
    // The recipe native is the normalised mean of this model's last layer.
    let last = json!({"layers": [-1]});
    let body = json!({"inputs": TEXTS, "recipe": last, "tokens": true, "prompt": ""});
    let expected = app.post("/embed", body).await.ok();
    let answer = checked(&app, "/embed_all", json!({"inputs": TEXTS})).await;
    assert_eq!(answer, expected["embeddings"]);
    let counts: Vec<usize> =
        answer.as_array().unwrap().iter().map(|rows| rows.as_array().unwrap().len()).collect();
    assert_eq!(counts.iter().sum::<usize>(), expected["usage"]["tokens"]);
}

#[tokio::test]
async fn similarities_are_cosines_of_native_rows() {
    let app = TestApp::tiny(MODEL);
    let (source, sentences) = ("a good film", ["It rains.", "The film was very good."]);
    for (parameters, prompt) in
        [(json!({}), None), (json!(null), None), (json!({"prompt_name": "query"}), Some("query"))]
    {
        let inputs = json!([source, sentences[0], sentences[1]]);
        let rows = native(&app, json!({"inputs": inputs, "prompt_name": prompt})).await;
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let expected = [dot(&rows[0], &rows[1]), dot(&rows[0], &rows[2])];
        let inputs = json!({"source_sentence": source, "sentences": sentences});
        let body = json!({"inputs": inputs, "parameters": parameters});
        let answer = checked(&app, "/similarity", body).await;
        assert_close(&floats(&answer), &expected, TOLERANCE, "cosines");
    }
}

#[tokio::test]
async fn openais_route_takes_any_name_for_the_model() {
    let app = TestApp::tiny(MODEL);
    let expected = native(&app, json!({"inputs": TEXTS})).await;
    for (route, model) in [
        ("/embeddings", json!(null)),
        ("/v1/embeddings", json!("tei")),
        ("/v1/embeddings", json!("text-embeddings-inference")),
    ] {
        let answer = post(&app, route, json!({"input": TEXTS, "model": model})).await.ok();
        assert_eq!(answer["model"], MODEL);
        for (item, expected) in answer["data"].as_array().unwrap().iter().zip(&expected) {
            assert_eq!(&floats(&item["embedding"]), expected);
        }
    }
}
