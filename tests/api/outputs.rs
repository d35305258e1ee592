//! `outputs` of `/embed` and `/classify`: several outputs of a text from one pass, each as its own route has it.

use std::fs;

use serde_json::{Value, json};
use strata::model::checkpoint::ProblemType;
use tempfile::TempDir;

use crate::support::app::{TestApp, config};
use crate::support::checkpoint::edited;
use crate::support::heads::TestHead;
use crate::support::judge::Judge;
use crate::support::{root, tiny};

/// A model that gives every output: with the heads of bge-m3, a head for texts and one for tokens.
struct Model {
    folder: TempDir,
    app: TestApp,
}

impl Model {
    fn new() -> Self {
        let folder = edited(&tiny("single-label"), |fields| {
            fields.insert("architectures".to_owned(), json!(["BertModel"]));
        });
        for file in ["colbert_linear.pt", "sparse_linear.pt"] {
            let from = root().join("tests/fixtures/multi_vector/bge-m3").join(file);
            fs::copy(from, folder.path().join(file)).unwrap();
        }
        let mut config = config(folder.path().to_owned());
        let judge = Judge::new(&config);
        let heads = folder.path().join("heads");
        for (name, recipe) in [("mood", "last-four"), ("tone", "last-four-cls")] {
            TestHead::new(&judge, &json!(recipe), &["glad", "sad"]).save(&heads, name);
        }
        let mut tagger = TestHead::new(&judge, &json!({"layers": [-1]}), &["B-A", "I-A", "O"]);
        tagger.descriptor.problem_type = ProblemType::TokenClassification;
        tagger.save(&heads, "ner");
        config.heads = vec![heads];
        Self { app: TestApp::new(&config), folder }
    }

    async fn ok(&self, route: &str, body: Value) -> Value {
        self.app.post(route, body).await.ok()
    }
}

const ALL: [&str; 5] = ["tags", "dense", "heads", "multi_vector", "sparse"];

#[tokio::test]
async fn each_output_is_that_of_its_own_route_and_all_are_of_one_pass() {
    let model = Model::new();
    let long = "the river, and old people walk in the rain ".repeat(12);
    let texts = ["the film was not very good", "a", &long];
    for long_text in ["truncate", "window"] {
        let ask = |more: Value| {
            let mut body = json!({"inputs": texts, "long_text": long_text});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let dense = model.ok("/embed", ask(json!({"recipe": "last-four-concat"}))).await;
        let heads = model.ok("/classify", ask(json!({}))).await;
        let tags = model.ok("/tag", ask(json!({}))).await;
        let one = |output: &str| ask(json!({"outputs": [output]}));
        let vectors = model.ok("/embed", one("multi_vector")).await;
        let sparse = model.ok("/embed", one("sparse")).await;
        for (route, recipe) in [("/embed", "recipe"), ("/classify", "embed")] {
            let answer = model
                .app
                .post(route, ask(json!({"outputs": ALL, recipe: "last-four-concat"})))
                .await;
            assert_eq!(answer.passes(), 1, "{route} {long_text}");
            let answer = answer.ok();
            assert_eq!(answer["recipe"], dense["recipe"]);
            assert_eq!(answer["labels"], heads["labels"]);
            assert_eq!(answer["versions"], heads["versions"]);
            assert_eq!(answer["usage"], dense["usage"]);
            for (at, output) in answer["outputs"].as_array().unwrap().iter().enumerate() {
                assert_eq!(output["dense"], dense["embeddings"][at]);
                assert_eq!(output["heads"], heads["results"][at]);
                assert_eq!(output["tags"], tags["results"][at]);
                assert_eq!(output["multi_vector"], vectors["outputs"][at]["multi_vector"]);
                assert_eq!(output["sparse"], sparse["outputs"][at]["sparse"]);
            }
        }
        let vectors = |at: usize| vectors["outputs"][at]["multi_vector"].as_array().unwrap().len();
        assert!(vectors(2) > if long_text == "window" { 64 } else { 60 });
        assert!(!tags["results"][2].as_array().unwrap().is_empty());
    }
    drop(model.folder);
}

#[tokio::test]
async fn only_what_is_asked_for_is_in_the_answer_and_as_it_is_asked_for() {
    let model = Model::new();
    let body = json!({
        "inputs": "the rain", "outputs": ["dense", "multi_vector", "heads"], "encoding": "base64",
        "precision": "binary", "dimensions": 8, "heads": ["tone"], "recipe": "native",
    });
    let answer = model.ok("/embed", body).await;
    let output = answer["outputs"][0].as_object().unwrap();
    assert_eq!(output.keys().collect::<Vec<_>>(), ["dense", "multi_vector", "heads"]);
    // 8 bits, and 4 tokens without the first, of 32 numbers.
    assert_eq!(output["dense"].as_str().unwrap().len(), 4);
    assert_eq!(output["multi_vector"].as_array().unwrap().len(), 3);
    assert_eq!(output["multi_vector"][0].as_str().unwrap().len(), (32_usize * 4).div_ceil(3) * 4);
    assert_eq!(answer["recipe"]["dimensions"], 8);
    assert_eq!(answer["labels"], json!({"tone": ["glad", "sad"]}));
    let body =
        json!({"inputs": "the rain", "outputs": ["heads"], "top_k": 1, "activation": "sigmoid"});
    let answer = model.ok("/classify", body).await;
    assert!(answer.get("recipe").is_none());
    let heads = answer["outputs"][0]["heads"].as_object().unwrap();
    assert_eq!(heads.keys().collect::<Vec<_>>(), ["mood", "tone"]);
    assert_eq!(heads["mood"]["top"].as_array().unwrap().len(), 1);
    let prompted = json!({"inputs": "rain", "outputs": ["sparse"], "prompt": "the "});
    let plain = json!({"inputs": "the rain", "outputs": ["sparse"]});
    assert_eq!(
        model.ok("/embed", prompted).await["outputs"],
        model.ok("/embed", plain).await["outputs"]
    );
}

#[tokio::test]
async fn what_has_no_use_or_cannot_be_had_together_is_refused_with_its_field() {
    let model = Model::new();
    for (route, body, pointer) in [
        ("/embed", json!({"outputs": []}), "/outputs"),
        ("/embed", json!({"outputs": ["sparse"], "recipe": "native"}), "/recipe"),
        ("/embed", json!({"outputs": ["sparse"], "dimensions": 3}), "/dimensions"),
        ("/embed", json!({"outputs": ["sparse"], "precision": "binary"}), "/precision"),
        ("/embed", json!({"outputs": ["sparse"], "encoding": "base64"}), "/encoding"),
        ("/embed", json!({"outputs": ["sparse"], "heads": ["mood"]}), "/heads"),
        ("/embed", json!({"outputs": ["dense"], "input_type": "query"}), "/input_type"),
        ("/embed", json!({"outputs": ["dense"], "tokens": true}), "/tokens"),
        ("/embed", json!({"outputs": ["tags"], "prompt": "a "}), "/prompt"),
        ("/embed", json!({"heads": ["mood"]}), "/heads"),
        ("/embed", json!({"input_type": "query"}), "/input_type"),
        ("/classify", json!({"outputs": ["dense"], "top_k": 1}), "/top_k"),
        ("/classify", json!({"outputs": ["heads"], "embed": "native"}), "/embed"),
        ("/classify", json!({"outputs": ["heads"], "explain": true}), "/explain"),
        ("/classify", json!({"input_type": "query"}), "/input_type"),
    ] {
        let mut body = body;
        body["inputs"] = json!("a");
        model.app.post(route, body).await.problem(422, "output_unsupported", Some(pointer));
    }
    let pair = json!({"inputs": {"text": "a", "pair": "b"}, "outputs": ["tags"]});
    model.app.post("/embed", pair).await.problem(422, "pairs_unsupported", Some("/inputs"));
    let unknown = json!({"inputs": "a", "outputs": ["all"]});
    model.app.post("/embed", unknown).await.problem(400, "invalid_field", Some("/outputs/0"));
    let other = json!({"inputs": "a", "outputs": ["heads"], "heads": ["none"]});
    model.app.post("/embed", other).await.problem(422, "unknown_head", Some("/heads/0"));
    let bare = TestApp::tiny("sentence");
    for (output, code) in [("sparse", "sparse_unsupported"), ("multi_vector", "output_unsupported")]
    {
        let body = json!({"inputs": "a", "outputs": ["dense", output]});
        bare.post("/embed", body).await.problem(422, code, Some("/outputs"));
    }
    for (output, code) in [("heads", "no_heads"), ("tags", "no_tagger")] {
        let body = json!({"inputs": "a", "outputs": ["dense", output]});
        let refused = bare.post("/embed", body).await;
        assert_eq!(refused.json()["code"], code, "{output}");
    }
}
