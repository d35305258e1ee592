//! Scores of labels and of texts for a query, and what the server says about itself.

use serde_json::{Value, json};
use strata::config::Config;

use super::{MODEL, TOLERANCE, checked, field, post};
use crate::support::answer::{Answer, floats};
use crate::support::app::{TestApp, config};
use crate::support::heads::{TestHead, sigmoid, softmax};
use crate::support::judge::Judge;
use crate::support::{assert_close, tiny};

const TEXTS: [&str; 3] = ["A gripping film.", "a film", "It rains."];

/// The logits of each input by the checkpoint's own classifier, and its labels.
async fn own(app: &TestApp, inputs: Value) -> (Vec<Vec<f32>>, Vec<String>) {
    let answer = app.post("/classify", json!({"inputs": inputs})).await.ok();
    let results = answer["results"].as_array().unwrap();
    let logits = results.iter().map(|result| floats(&result["checkpoint"]["logits"])).collect();
    let labels = answer["labels"]["checkpoint"].as_array().unwrap();
    (logits, labels.iter().map(|label| label.as_str().unwrap().to_owned()).collect())
}

/// Scores in the order of `labels`, after a check that the best are first.
fn scores(predictions: &Value, labels: &[String]) -> Vec<f32> {
    let list = predictions.as_array().unwrap();
    assert!(field(predictions, "score").is_sorted_by(|a, b| a >= b), "{predictions}");
    assert_eq!(list.len(), labels.len());
    let place = |label: &String| list.iter().position(|item| item["label"] == **label).unwrap();
    let score = |label: &String| list[place(label)]["score"].as_f64().unwrap() as f32;
    labels.iter().map(score).collect()
}

#[tokio::test]
async fn labels_come_with_a_softmax_or_with_sigmoids_as_the_model_has_it() {
    for (model, activate) in [
        ("single-label", softmax as fn(&[f32]) -> Vec<f32>),
        ("multi-label", sigmoid),
        ("regression", sigmoid),
        ("cross-encoder", sigmoid),
    ] {
        let app = TestApp::tiny(model);
        let (logits, labels) = own(&app, json!(TEXTS)).await;
        let batch: Vec<[&str; 1]> = TEXTS.map(|text| [text]).into();
        let answer = checked(&app, "/predict", json!({"inputs": batch})).await;
        let raw = checked(&app, "/predict", json!({"inputs": batch, "raw_scores": true})).await;
        for (index, logits) in logits.iter().enumerate() {
            let found = scores(&answer[index], &labels);
            assert_close(&found, &activate(logits), TOLERANCE, model);
            assert_eq!(&scores(&raw[index], &labels), logits, "{model}");
        }
    }
}

#[tokio::test]
async fn a_text_alone_has_a_flat_list_unless_it_comes_from_the_hubs_client() {
    let app = TestApp::tiny("single-label");
    let (_, labels) = own(&app, json!(TEXTS)).await;
    let alone = checked(&app, "/predict", json!({"inputs": TEXTS[0]})).await;
    let found = scores(&alone, &labels);
    for body in [
        json!({"inputs": [TEXTS[0]]}),
        json!({"inputs": TEXTS[0], "parameters": {}}),
        json!({"inputs": [[TEXTS[0]]]}),
    ] {
        let answer = checked(&app, "/predict", body.clone()).await;
        let list = if answer[0].is_array() { &answer[0] } else { &answer };
        assert_eq!(scores(list, &labels), found, "{body}");
        assert_eq!(answer[0].is_array(), body != json!({"inputs": [TEXTS[0]]}), "{body}");
    }
    assert_eq!(post(&app, "", json!({"inputs": TEXTS[0]})).await.ok(), alone);
    let parameters = json!({"top_k": 2, "function_to_apply": "none"});
    let body = json!({"inputs": TEXTS[0], "parameters": parameters});
    let best = checked(&app, "/predict", body).await;
    let raw = checked(&app, "/predict", json!({"inputs": TEXTS[0], "raw_scores": true})).await;
    assert_eq!(best[0].as_array().unwrap()[..], raw.as_array().unwrap()[..2]);
}

#[tokio::test]
async fn pairs_and_texts_can_be_mixed() {
    let app = TestApp::tiny("cross-encoder");
    let pair = json!({"text": TEXTS[0], "pair": TEXTS[1]});
    let (logits, labels) = own(&app, json!([pair, TEXTS[2]])).await;
    let inputs = json!([[TEXTS[0], TEXTS[1]], [TEXTS[2]]]);
    let both = checked(&app, "/predict", json!({"inputs": inputs, "raw_scores": true})).await;
    assert_eq!(scores(&both[0], &labels), logits[0]);
    assert_eq!(scores(&both[1], &labels), logits[1]);
    let (alone, _) = own(&app, pair).await;
    let body = json!({"inputs": [TEXTS[0], TEXTS[1]], "raw_scores": true});
    assert_eq!(scores(&checked(&app, "/predict", body).await, &labels), alone[0]);
}

/// The configuration of an encoder with heads of these names in `folder`.
fn with_heads(folder: &std::path::Path, names: &[&str]) -> Config {
    let mut config = config(tiny(MODEL));
    let judge = Judge::new(&config);
    for name in names {
        TestHead::new(&judge, &json!("last-four"), &["a", "b"]).save(folder, name);
    }
    config.heads = vec![folder.to_owned()];
    config
}

#[tokio::test]
async fn without_an_own_classifier_the_only_head_or_the_configured_one_answers() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = with_heads(folder.path(), &["mood"]);
    let predict = async |config: &Config| {
        post(&TestApp::new(config), "/predict", json!({"inputs": TEXTS[1]})).await
    };
    let app = TestApp::new(&config);
    let judged = app.post("/classify", json!({"inputs": TEXTS[1]})).await.ok();
    let expected = floats(&judged["results"][0]["mood"]["probabilities"]);
    let labels = ["a", "b"].map(str::to_owned);
    let check = |answer: Answer| {
        assert_close(&scores(&answer.ok(), &labels), &expected, TOLERANCE, "probabilities");
    };
    check(predict(&config).await);
    // Two heads are loaded now, and none is configured.
    with_heads(folder.path(), &["topic"]);
    let refused = predict(&config).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error_type"]), (424, &json!("Backend")));
    assert!(refused.text().contains("mood, topic"), "{}", refused.text());
    config.classify.heads = Some(vec!["mood".to_owned(), "topic".to_owned()]);
    check(predict(&config).await);
}

#[tokio::test]
async fn a_cross_encoders_scores_are_sigmoids_or_logits_and_the_best_come_first() {
    let app = TestApp::tiny("cross-encoder");
    let query = "a good film";
    let pairs: Vec<Value> = TEXTS.iter().map(|text| json!({"text": query, "pair": text})).collect();
    let (logits, _) = own(&app, json!(pairs)).await;
    let logits = logits.concat();
    for (raw, expected) in [(json!(null), sigmoid(&logits)), (json!(true), logits)] {
        let body = json!({"query": query, "texts": TEXTS, "raw_scores": raw, "return_text": true});
        let ranks = checked(&app, "/rerank", body).await;
        assert!(field(&ranks, "score").is_sorted_by(|a, b| a >= b), "{ranks}");
        for rank in ranks.as_array().unwrap() {
            let index = rank["index"].as_u64().unwrap() as usize;
            assert_eq!(rank["text"], TEXTS[index]);
            let score = rank["score"].as_f64().unwrap() as f32;
            assert_close(&[score], &[expected[index]], TOLERANCE, "score");
        }
    }
    let best = json!({"query": query, "texts": TEXTS, "top_n": 1});
    assert_eq!(checked(&app, "/rerank", best).await.as_array().unwrap().len(), 1);
    let ranks = post(&app, "", json!({"query": query, "texts": TEXTS})).await.ok();
    assert_eq!(ranks.as_array().unwrap().len(), TEXTS.len());
    assert!(ranks[0].get("text").is_none(), "{ranks}");
}

#[tokio::test]
async fn an_encoder_reranks_by_cosine() {
    let app = TestApp::tiny(MODEL);
    let body = json!({"query": "a good film", "documents": TEXTS});
    let cosines = app.post("/rerank", body).await.ok();
    let ranks = checked(&app, "/rerank", json!({"query": "a good film", "texts": TEXTS})).await;
    let results = &cosines["results"];
    assert_eq!(field(&ranks, "score"), field(results, "relevance_score"));
    assert_eq!(field(&ranks, "index"), field(results, "index"));
}
