//! Several models in one process, each by its name.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::app::{TestApp, config};
use crate::support::process::{Running, Strata};
use crate::support::{tiny, until};

const FILE: &str = "config/strata.toml";

/// A section of the configuration.
fn section(name: &str, model: &str, more: &str) -> String {
    format!("[models.{name}]\nmodel = \"{}\"\n{more}\n", tiny(model).display())
}

fn server(sections: &[String]) -> Strata {
    Strata::new(&["serve", "--port", "0"])
        .file(FILE, &sections.concat())
        .env("STRATA_HTTP_STOP_DELAY_MS", "0")
}

struct Client<'r>(&'r Running);

impl Client<'_> {
    async fn get(&self, path: &str) -> (u16, Value) {
        let response = reqwest::get(self.0.url(path)).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response = reqwest::Client::new().post(self.0.url(path)).json(&body).send();
        let response = response.await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The states of all models.
    async fn states(&self) -> Vec<(String, String)> {
        let (_, health) = self.get("/readyz").await;
        let state = |model: &Value| {
            let text = |field: &str| model[field].as_str().unwrap().to_owned();
            (text("name"), text("state"))
        };
        health["models"].as_array().unwrap().iter().map(state).collect()
    }
}

fn states(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
}

/// What a server of this model alone answers.
async fn alone(model: &str, path: &str, body: Value) -> Value {
    TestApp::new(&config(tiny(model))).post(path, body).await.ok()
}

#[tokio::test]
async fn a_request_names_its_model_and_is_answered_as_by_a_server_of_that_model_alone() {
    let running = server(&[
        section("first", "sentence", "aliases = [\"text-embedding-3-small\"]"),
        section("second", "single-label", "weight = 2.5"),
    ])
    .start();
    let client = Client(&running);
    let body =
        |model: Value| json!({"inputs": "some words", "recipe": "last-four", "model": model});
    for (name, model) in
        [(json!("first"), "sentence"), (json!(null), "sentence"), (json!("second"), "single-label")]
    {
        let (status, answer) = client.post("/embed", body(name.clone())).await;
        assert_eq!(status, 200, "{answer}");
        let expected = if name.is_null() { json!("first") } else { name };
        assert_eq!(answer["model"], expected);
        let alone = alone(model, "/embed", json!({"inputs": "some words", "recipe": "last-four"}));
        assert_eq!(answer["embeddings"], alone.await["embeddings"], "{expected}");
    }
    let classify = json!({"inputs": "some words", "model": "second"});
    let (status, answer) = client.post("/classify", classify).await;
    assert_eq!(status, 200, "{answer}");
    let expected = alone("single-label", "/classify", json!({"inputs": "some words"})).await;
    assert_eq!(answer["results"], expected["results"]);
    for (path, body) in [
        ("/v1/embeddings", json!({"input": "words", "model": "text-embedding-3-small"})),
        ("/v2/embed", json!({"texts": ["words"], "model": "second", "input_type": "search_query"})),
        ("/v2/rerank", json!({"query": "a", "documents": ["b"], "model": "second"})),
        ("/tei/embed", json!({"inputs": "words", "model": "second"})),
        ("/tei/v1/embeddings", json!({"input": "words", "model": "whatever"})),
        ("/tei/predict", json!({"inputs": "words", "model": "second"})),
        ("/tei/tokenize", json!({"inputs": "words", "model": "second"})),
    ] {
        let (status, answer) = client.post(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }
    let (_, models) = client.get("/v1/models").await;
    let names: Vec<&str> = models["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["first", "text-embedding-3-small", "second"]);
    let (_, info) = client.get("/info").await;
    assert_eq!(info["model"]["name"], "first");
    assert_eq!(info["models"].as_array().unwrap().len(), 2);
    let (_, info) = client.get("/info?model=second").await;
    assert_eq!(info["model"]["name"], "second");
    assert!(info["heads"]["checkpoint"].is_object());
}

#[tokio::test]
async fn an_unknown_model_is_a_404_in_the_shape_of_the_dialect() {
    let running =
        server(&[section("first", "sentence", ""), section("second", "single-label", "")]).start();
    let client = Client(&running);
    let said = "there is no model \"third\"; there is first, second";
    for (path, body, message) in [
        ("/embed", json!({"inputs": "a", "model": "third"}), "/detail"),
        ("/classify", json!({"inputs": "a", "model": "third"}), "/detail"),
        ("/v1/embeddings", json!({"input": "a", "model": "third"}), "/error/message"),
        ("/v2/embed", json!({"texts": ["a"], "model": "third"}), "/message"),
        ("/v1/rerank", json!({"query": "a", "documents": ["b"], "model": "third"}), "/message"),
        ("/tei/embed", json!({"inputs": "a", "model": "third"}), "/error"),
    ] {
        let (status, answer) = client.post(path, body).await;
        assert_eq!(status, 404, "{path}: {answer}");
        let found = answer.pointer(message).and_then(Value::as_str).unwrap_or_default();
        assert!(found.contains(said), "{path}: {answer}");
    }
    for path in ["/info?model=third", "/v1/models/third"] {
        assert_eq!(client.get(path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn a_model_that_cannot_be_loaded_leaves_the_others_alone() {
    let broken = "[models.broken]\nmodel = \"no/such/folder\"\n".to_owned();
    for (required, status) in [("false", 200), ("true", 503)] {
        let mut running = server(&[
            section("first", "sentence", ""),
            format!("{broken}required = {required}\n"),
            section("last", "single-label", ""),
        ])
        .start();
        let log = running.until_logged("the model could not be loaded");
        assert!(log.contains("no/such/folder: no such folder"), "{log}");
        let client = Client(&running);
        let expected = [("first", "ready"), ("broken", "failing"), ("last", "ready")];
        assert_eq!(client.states().await, states(&expected));
        assert_eq!(client.get("/readyz").await.0, status);
        for model in ["first", "last"] {
            let (status, answer) =
                client.post("/embed", json!({"inputs": "a", "model": model})).await;
            assert_eq!(status, 200, "{answer}");
        }
        let (status, answer) =
            client.post("/embed", json!({"inputs": "a", "model": "broken"})).await;
        assert_eq!((status, &answer["code"]), (503, &json!("model_broken")), "{answer}");
        let (status, answer) =
            client.post("/v1/embeddings", json!({"input": "a", "model": "broken"})).await;
        assert_eq!(status, 503, "{answer}");
    }
    let none = server(&[broken]).output();
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("no/such/folder: no such folder"));
}

#[tokio::test]
async fn models_come_and_go_while_another_answers_as_before() {
    let first = section("first", "sentence", "");
    let server = server(&[first.clone(), section("second", "single-label", "")]);
    let file = server.folder().join(FILE);
    let mut running = server.start();
    let write = |sections: &[String]| fs::write(&file, sections.concat()).unwrap();
    let asked = json!({"inputs": "some words", "model": "first"});
    let expected = Client(&running).post("/embed", asked.clone()).await.1;
    let (done, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let url = running.url("/embed");
    let asking = async {
        let client = reqwest::Client::new();
        while !done.load(Ordering::Relaxed) {
            let response = client.post(&url).json(&asked).send().await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.json::<Value>().await.unwrap(), expected);
            answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    let changing = async {
        let second = json!({"inputs": "a", "model": "second"});
        assert_eq!(Client(&running).post("/embed", second.clone()).await.0, 200);
        // One goes, another comes, and comes first.
        write(&[section("third", "multi-label", ""), first.clone()]);
        running.signal("HUP");
        let ready = states(&[("third", "ready"), ("first", "ready")]);
        until(async || Client(&running).states().await == ready).await;
        assert_eq!(Client(&running).post("/embed", second).await.0, 404);
        let (_, answer) = Client(&running).post("/embed", json!({"inputs": "a"})).await;
        assert_eq!(answer["model"], "third");
        // One is changed to what can't be loaded: it goes on as it was.
        write(&[section("third", "no-such-folder", ""), first.clone()]);
        running.signal("HUP");
        running.until_logged("the model could not be loaded");
        assert_eq!(Client(&running).states().await, ready);
        let (status, _) = Client(&running).post("/embed", json!({"inputs": "a"})).await;
        assert_eq!(status, 200);
        // And then to something else that can.
        write(&[section("third", "regression", ""), first.clone()]);
        running.signal("HUP");
        running.until_logged("the model is loaded");
        until(async || {
            let (_, info) = Client(&running).get("/info?model=third").await;
            info["heads"]["checkpoint"]["problem_type"] == "regression"
        })
        .await;
        // However fast the changes were: several of the answers came after them.
        let before = answered.load(Ordering::Relaxed);
        until(async || answered.load(Ordering::Relaxed) > before + 3).await;
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(asking, changing);
    running.terminate();
    let (status, _, log) = running.wait();
    assert!(status.success(), "{log}");
}

#[tokio::test]
async fn the_bits_are_named_for_each_model() {
    let running = server(&[
        section("exact", "sentence", ""),
        section("small", "sentence", "dtype = \"int8\""),
    ])
    .start();
    let header = async |model: &str| {
        let body = json!({"inputs": "a", "model": model});
        let response = reqwest::Client::new().post(running.url("/embed")).json(&body).send();
        response.await.unwrap().headers()["x-strata-numerics"].to_str().unwrap().to_owned()
    };
    let (exact, small) = (header("exact").await, header("small").await);
    assert!(exact.contains("f32") && small.contains("int8"), "{exact} {small}");
    // What is of no model in particular has no name, since they differ.
    let response = reqwest::get(running.url("/readyz")).await.unwrap();
    assert!(!response.headers().contains_key("x-strata-numerics"));
    let metrics = reqwest::get(running.url("/metrics")).await.unwrap().text().await.unwrap();
    for model in ["exact", "small"] {
        let admitted = format!("strata_batching_requests_admitted_total{{model=\"{model}\"}} 1");
        assert!(metrics.contains(&admitted), "{admitted} is not in\n{metrics}");
        assert!(metrics.contains(&format!("strata_model_ready{{model=\"{model}\"}} 1")));
    }
}

#[test]
fn sections_that_cannot_be_used_are_refused_by_their_key() {
    let first = section("first", "sentence", "");
    for (sections, words) in [
        ("[models.a]\n", ["models.a.model", "must be a folder, or a model of a hub as org/name"]),
        (
            "[models.a]\nmodel = \"x\"\nport = 3\n",
            ["models.a.port", "must be one of model, aliases"],
        ),
        ("[models.a]\nmodel = \"x\"\nweight = 0\n", ["models.a.weight", "from 0.01 to 100"]),
        (
            "[models.a]\nmodel = \"x\"\nrequired = 1\n",
            ["models.a.required", "must be true or false"],
        ),
        (
            "[models.a]\nmodel = \"x\"\ndtype = \"f8\"\n",
            ["dtype", "[models.a] of config/strata.toml"],
        ),
        ("[models.\"a b\"]\nmodel = \"x\"\n", ["models.a b", "letters, digits and -_./"]),
        (
            "[models.a]\nmodel = \"x\"\naliases = [\"first\"]\n",
            ["models.a.aliases", "another model has"],
        ),
        ("[models]\na = 3\n", ["models.a", "must be a table"]),
    ] {
        let output = server(&[first.clone(), sections.to_owned()]).output();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{sections}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{sections}: {said}");
    }
    let both = server(&[first]).arg("--model").arg("x").output();
    let said = String::from_utf8(both.stderr).unwrap();
    assert!(said.contains("must be left out beside [models]"), "{said}");
}

#[test]
fn commands_that_use_one_model_take_the_name_of_a_section() {
    let sections =
        [section("first", "sentence", ""), section("second", "single-label", "")].concat();
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("ranges.json");
    let calibrate = |more: &[&str]| {
        let args = ["calibrate", "--data", "texts.tsv", "--text", "1", "--out"];
        Strata::new(&[&args[..], &[file.to_str().unwrap()], more].concat())
            .file(FILE, &sections)
            .file("texts.tsv", "a text\tx\nanother\ty\n")
            .output()
    };
    for (more, model) in [
        (&[][..], "sentence"),
        (&["--model", "first"][..], "sentence"),
        (&["--model", "second"][..], "single-label"),
    ] {
        let output = calibrate(more);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let written: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(written["model"], model);
    }
    assert_eq!(calibrate(&["--model", "third"]).status.code(), Some(2));
}
