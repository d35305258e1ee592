//! `POST /classify`: heads from folders and the checkpoint's own head, in one pass.

use serde_json::{Value, json};
use strata::config::Config;
use strata::model::checkpoint::ProblemType;
use strata::model::head::OutputActivation;
use tempfile::TempDir;

use crate::support::answer::floats;
use crate::support::app::{TestApp, config};
use crate::support::heads::{TestHead, sigmoid, softmax};
use crate::support::judge::Judge;
use crate::support::{assert_close, tiny};

/// Against transformers in float64; the largest difference seen is 1.4e-6.
const PARITY: f32 = 1e-5;

/// Against the same model in process; sums of 32 or 64 products, and the
/// largest difference seen is 3.1e-6.
const TOLERANCE: f32 = 1e-5;

const TEXT: &str = "The film was not very good.";

/// A tiny encoder with two heads: `mood` over `last-four`, `topic` over two layers side by side.
struct Heads {
    config: Config,
    judge: Judge,
    mood: TestHead,
    topic: TestHead,
    folder: TempDir,
}

impl Heads {
    fn new() -> Self {
        let mut config = config(tiny("sentence"));
        let folder = tempfile::tempdir().unwrap();
        config.heads = vec![folder.path().to_owned()];
        let judge = Judge::new(&config);
        let mood = TestHead::new(&judge, &json!("last-four"), &["glad", "sad"]);
        let wide = json!({"layers": [-1, 0], "combine": "concat", "pooling": "max"});
        let topic = TestHead::new(&judge, &wide, &["art", "sport", "war"]);
        Self { config, judge, mood, topic, folder }
    }

    fn app(&self) -> TestApp {
        self.mood.save(self.folder.path(), "mood");
        self.topic.save(self.folder.path(), "topic");
        TestApp::new(&self.config)
    }

    fn logits(&self, head: &TestHead, text: &str) -> Vec<f32> {
        let recipe = serde_json::to_value(&head.descriptor.recipe).unwrap();
        head.logits(&self.judge.row(text, &recipe))
    }
}

async fn classify(app: &TestApp, body: Value) -> Value {
    app.post("/classify", body).await.ok()
}

fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn every_loaded_head_answers_if_none_is_named() {
    let heads = Heads::new();
    let answer = classify(&heads.app(), json!({"inputs": [TEXT, "a"]})).await;
    assert_eq!(
        answer["labels"],
        json!({"mood": ["glad", "sad"], "topic": ["art", "sport", "war"]})
    );
    assert_eq!(answer["results"].as_array().unwrap().len(), 2);
    assert!(answer.get("embeddings").is_none());
    for (at, text) in [TEXT, "a"].iter().enumerate() {
        for (name, head) in [("mood", &heads.mood), ("topic", &heads.topic)] {
            let result = &answer["results"][at][name];
            let expected = heads.logits(head, text);
            assert_close(&floats(&result["logits"]), &expected, TOLERANCE, name);
            let probabilities = floats(&result["probabilities"]);
            assert_close(&probabilities, &softmax(&expected), TOLERANCE, name);
            let best = (0..expected.len()).max_by(|&a, &b| expected[a].total_cmp(&expected[b]));
            assert_eq!(result["label"], head.descriptor.labels[best.unwrap()]);
        }
    }
}

#[tokio::test]
async fn named_heads_answer_each_once_and_the_configured_ones_by_default() {
    let mut heads = Heads::new();
    heads.config.classify.heads = Some(vec!["topic".to_owned()]);
    let app = heads.app();
    for (body, expected) in [
        (json!({"inputs": "a"}), vec!["topic"]),
        (json!({"inputs": "a", "heads": ["mood"]}), vec!["mood"]),
        (json!({"inputs": "a", "heads": ["topic", "mood", "topic"]}), vec!["mood", "topic"]),
    ] {
        let answer = classify(&app, body).await;
        assert_eq!(names(&answer["results"][0]), expected);
        assert_eq!(names(&answer["labels"]), expected);
    }
}

#[tokio::test]
async fn the_embedding_comes_from_the_same_pass() {
    let heads = Heads::new();
    let app = heads.app();
    let body = json!({"inputs": [TEXT, "a"], "heads": ["mood"], "embed": "native"});
    let answer = app.post("/classify", body).await;
    assert_eq!(answer.passes(), 1);
    let answer = answer.ok();
    for (at, text) in [TEXT, "a"].iter().enumerate() {
        let row = floats(&answer["embeddings"][at]);
        assert_close(&row, &heads.judge.row(text, &json!("native")), TOLERANCE, text);
        let logits = floats(&answer["results"][at]["mood"]["logits"]);
        assert_close(&logits, &heads.logits(&heads.mood, text), TOLERANCE, text);
    }
}

#[tokio::test]
async fn temperature_changes_probabilities_and_not_logits() {
    let mut heads = Heads::new();
    heads.topic.descriptor.temperature = 2.5;
    let answer = classify(&heads.app(), json!({"inputs": TEXT, "heads": ["topic"]})).await;
    let result = &answer["results"][0]["topic"];
    let logits = heads.logits(&heads.topic, TEXT);
    assert_close(&floats(&result["logits"]), &logits, TOLERANCE, "logits");
    let cooler: Vec<f32> = logits.iter().map(|z| z / 2.5).collect();
    assert_close(&floats(&result["probabilities"]), &softmax(&cooler), TOLERANCE, "probabilities");
}

#[tokio::test]
async fn activation_and_top_k_of_a_request_are_used() {
    let heads = Heads::new();
    let app = heads.app();
    let logits = heads.logits(&heads.topic, TEXT);
    let ask = |activation: &str| json!({"inputs": TEXT, "heads": ["topic"], "activation": activation, "top_k": 2});
    for (activation, scores) in
        [("softmax", softmax(&logits)), ("sigmoid", sigmoid(&logits)), ("none", logits.clone())]
    {
        let result = classify(&app, ask(activation)).await["results"][0]["topic"].clone();
        if activation == "none" {
            assert!(result.get("probabilities").is_none(), "{result}");
        } else {
            assert_close(&floats(&result["probabilities"]), &scores, TOLERANCE, activation);
        }
        let mut order = vec![0, 1, 2];
        order.sort_by(|&a: &usize, &b| scores[b].total_cmp(&scores[a]));
        let top = result["top"].as_array().unwrap();
        assert_eq!(top.len(), 2, "{activation}");
        for (entry, &at) in top.iter().zip(&order) {
            assert_eq!(entry["label"], heads.topic.descriptor.labels[at], "{activation}");
            assert_close(&floats(&json!([entry["score"]])), &[scores[at]], TOLERANCE, activation);
        }
    }
    let all = json!({"inputs": TEXT, "heads": ["topic"], "top_k": 100});
    let result = classify(&app, all).await["results"][0]["topic"].clone();
    assert_eq!(result["top"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_labels_that_reach_their_thresholds_are_listed() {
    let mut heads = Heads::new();
    let probabilities = sigmoid(&heads.logits(&heads.topic, TEXT));
    let topic = &mut heads.topic.descriptor;
    topic.problem_type = ProblemType::MultiLabelClassification;
    topic.activation = OutputActivation::Sigmoid;
    // Just reached, just missed, reached.
    topic.thresholds = Some(vec![probabilities[0] - 1e-3, probabilities[1] + 1e-3, 0.0]);
    let answer = classify(&heads.app(), json!({"inputs": TEXT, "heads": ["topic"]})).await;
    let result = &answer["results"][0]["topic"];
    assert_eq!(result["labels"], json!(["art", "war"]));
    assert!(result.get("label").is_none());
    assert_close(&floats(&result["probabilities"]), &probabilities, TOLERANCE, "topic");
}

/// Each text of a tiny checkpoint's golden file with its logits, in one request.
async fn checkpoint_head(model: &str) -> (Vec<Vec<f32>>, Value) {
    let file = std::fs::read_to_string(tiny(model).join("golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&file).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() >= 5);
    let input = |case: &Value| match case["pair"].as_str() {
        Some(pair) => json!({"text": case["text"], "pair": pair}),
        None => case["text"].clone(),
    };
    let inputs: Vec<Value> = cases.iter().map(input).collect();
    let body = json!({"inputs": inputs, "heads": ["checkpoint"]});
    let answer = classify(&TestApp::tiny(model), body).await;
    let expected: Vec<Vec<f32>> = cases.iter().map(|case| floats(&case["logits"])).collect();
    assert_eq!(answer["results"].as_array().unwrap().len(), expected.len());
    for (at, logits) in expected.iter().enumerate() {
        let got = floats(&answer["results"][at]["checkpoint"]["logits"]);
        assert_close(&got, logits, PARITY, &format!("{model}, case {at}"));
    }
    (expected, answer)
}

#[tokio::test]
async fn a_checkpoints_single_label_classifier_is_served_as_transformers_computes_it() {
    let (expected, answer) = checkpoint_head("single-label").await;
    let labels = json!([
        "joy", "anger", "fear", "trust", "sadness", "disgust", "surprise", "hope", "shame",
        "pride", "calm"
    ]);
    assert_eq!(answer["labels"]["checkpoint"], labels);
    for (result, logits) in answer["results"].as_array().unwrap().iter().zip(&expected) {
        let probabilities = floats(&result["checkpoint"]["probabilities"]);
        assert_close(&probabilities, &softmax(logits), PARITY, "softmax");
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(result["checkpoint"]["label"].is_string());
    }
}

#[tokio::test]
async fn a_checkpoints_multi_label_classifier_names_labels_over_a_half() {
    let (expected, answer) = checkpoint_head("multi-label").await;
    let labels = answer["labels"]["checkpoint"].as_array().unwrap();
    for (result, logits) in answer["results"].as_array().unwrap().iter().zip(&expected) {
        let result = &result["checkpoint"];
        assert_close(&floats(&result["probabilities"]), &sigmoid(logits), PARITY, "sigmoid");
        let over = labels.iter().zip(logits).filter(|(_, z)| **z >= 0.0).map(|(label, _)| label);
        assert_eq!(
            result["labels"].as_array().unwrap().iter().collect::<Vec<_>>(),
            over.collect::<Vec<_>>()
        );
        assert!(result.get("label").is_none());
    }
}

#[tokio::test]
async fn a_checkpoints_regression_has_a_value_and_no_probabilities() {
    let (expected, answer) = checkpoint_head("regression").await;
    for (result, value) in answer["results"].as_array().unwrap().iter().zip(&expected) {
        let result = &result["checkpoint"];
        assert_eq!(names(result), ["logits", "value"]);
        assert_close(&floats(&json!([result["value"]])), value, PARITY, "value");
    }
}

#[tokio::test]
async fn a_cross_encoder_scores_pairs_by_sigmoid() {
    let (expected, answer) = checkpoint_head("cross-encoder").await;
    for (result, logits) in answer["results"].as_array().unwrap().iter().zip(&expected) {
        let probabilities = floats(&result["checkpoint"]["probabilities"]);
        assert_close(&probabilities, &sigmoid(logits), PARITY, "sigmoid");
    }
}

#[tokio::test]
async fn a_checkpoint_of_several_labels_and_no_problem_type_means_softmax() {
    let (expected, answer) = checkpoint_head("null-softmax").await;
    for (result, logits) in answer["results"].as_array().unwrap().iter().zip(&expected) {
        let probabilities = floats(&result["checkpoint"]["probabilities"]);
        assert_close(&probabilities, &softmax(logits), PARITY, "softmax");
    }
}
