//! `/v2`: the Open Inference Protocol over the model.

use std::fs;
use std::path::Path;

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::support::answer::{Answer, floats};
use crate::support::app::{TestApp, config};
use crate::support::schema::Schemas;
use crate::support::tiny;

const TEXTS: [&str; 2] = ["The film was not very good.", "a film"];
const INFER: &str = "/v2/models/single-label/infer";

/// The tiny model with a head of its own, of three labels.
fn app() -> TestApp {
    TestApp::tiny("single-label")
}

fn text(texts: &[&str]) -> Value {
    json!({"name": "text", "shape": [texts.len()], "datatype": "BYTES", "data": texts})
}

/// A request for the texts with further fields.
fn request(fields: Value) -> Value {
    let mut body = json!({"inputs": [text(&TEXTS)]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

async fn infer(app: &TestApp, fields: Value) -> Answer {
    app.post(INFER, request(fields)).await
}

/// The body of a 200, after a check that it and the request are as the contract says.
async fn checked(app: &TestApp, fields: Value) -> Value {
    let schemas = Schemas::new(app.get("/openapi.json").await.json());
    let path = "/v2/models/{model}/infer";
    let operation = &schemas.contract()["paths"][path]["post"];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    schemas.check(schema, &request(fields.clone()));
    let answer = infer(app, fields).await.ok();
    schemas.check(schemas.answer("post", path, "200", "application/json"), &answer);
    answer
}

/// The error of an answer with this status.
#[track_caller]
fn error(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["error"].as_str().unwrap().to_owned()
}

/// Numbers of rows, one after the other.
fn flat(rows: &Value) -> Vec<f32> {
    rows.as_array().unwrap().iter().flat_map(floats).collect()
}

#[tokio::test]
async fn metadata_names_the_inputs_and_outputs_and_all_outputs_are_the_default() {
    let app = app();
    let server = app.get("/v2").await.ok();
    assert_eq!(server["name"], "strata");
    assert_eq!(server["extensions"], json!(["binary_tensor_data", "classification"]));
    let metadata = app.get("/v2/models/single-label").await.ok();
    let info = app.get("/info").await.ok();
    assert_eq!(metadata["versions"], json!([info["model"]["fingerprint"]]));
    assert_eq!(metadata["inputs"][0], json!({"name": "text", "datatype": "BYTES", "shape": [-1]}));
    let answer = checked(&app, json!({"id": "r-7"})).await;
    assert_eq!((&answer["id"], &answer["model_name"]), (&json!("r-7"), &json!("single-label")));
    assert_eq!(answer["model_version"], info["model"]["fingerprint"]);
    let described = metadata["outputs"].as_array().unwrap();
    let outputs = answer["outputs"].as_array().unwrap();
    assert_eq!(described.len(), outputs.len());
    for (described, output) in described.iter().zip(outputs) {
        assert_eq!(described["name"], output["name"]);
        assert_eq!(described["datatype"], output["datatype"]);
        assert_eq!(output["shape"], json!([2, described["shape"][1]]));
        let numbers = output["data"].as_array().unwrap().len() as u64;
        assert_eq!(numbers, 2 * described["shape"][1].as_u64().unwrap());
    }
}

#[tokio::test]
async fn outputs_have_the_bits_of_the_native_routes() {
    let app = app();
    let embedded = app.post("/embed", json!({"inputs": TEXTS})).await.ok();
    let classified = app.post("/classify", json!({"inputs": TEXTS})).await.ok();
    let answer = checked(&app, json!({})).await;
    assert_eq!(answer["parameters"]["tokens"], embedded["usage"]["tokens"]);
    let data = |at: usize| floats(&answer["outputs"][at]["data"]);
    assert_eq!(data(0), flat(&embedded["embeddings"]));
    let results = classified["results"].as_array().unwrap();
    for (at, field) in [(1, "logits"), (2, "probabilities")] {
        assert_eq!(answer["outputs"][at]["name"], format!("checkpoint/{field}"));
        let expected = results.iter().flat_map(|result| floats(&result["checkpoint"][field]));
        assert_eq!(data(at), expected.collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn any_recipes_come_from_one_pass_under_names_of_the_request() {
    let app = app();
    let object = json!({"layers": [1, 2], "combine": "mean", "pooling": "max"});
    let outputs = json!([
        {"name": "rows", "parameters": {"recipe": "last-four"}},
        {"name": "text-of-json", "parameters": {"recipe": object.to_string()}},
        {"name": "object", "parameters": {"recipe": object, "dimensions": 8}},
        {"name": "bits", "parameters": {"recipe": "last-four", "precision": "ubinary"}},
    ]);
    let answer = infer(&app, json!({"outputs": outputs})).await;
    assert_eq!(answer.passes(), 1);
    let answer = answer.ok();
    for (at, fields, datatype) in [
        (0, json!({"recipe": "last-four"}), "FP32"),
        (1, json!({"recipe": object}), "FP32"),
        (2, json!({"recipe": object, "dimensions": 8}), "FP32"),
        (3, json!({"recipe": "last-four", "precision": "ubinary"}), "UINT8"),
    ] {
        let mut body = json!({"inputs": TEXTS});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let expected = app.post("/embed", body).await.ok();
        let output = &answer["outputs"][at];
        assert_eq!(floats(&output["data"]), flat(&expected["embeddings"]), "{output}");
        assert_eq!(output["datatype"], datatype);
    }
    // A parameter of the request is that of each embedding that has none of its own.
    let fields = json!({"parameters": {"recipe": object, "dimensions": 4},
        "outputs": [{"name": "embedding"}, {"name": "own", "parameters": {"recipe": "last-four"}}]});
    let answer = infer(&app, fields).await.ok();
    assert_eq!(answer["outputs"][0]["shape"], json!([2, 4]));
    assert_eq!(answer["outputs"][1]["shape"], json!([2, 4]));
    assert_ne!(answer["outputs"][0]["data"], answer["outputs"][1]["data"]);
}

#[tokio::test]
async fn classes_are_texts_of_value_index_and_label() {
    let app = app();
    let name = "checkpoint/probabilities";
    let outputs = json!([{"name": name, "parameters": {"classification": 2}}]);
    let answer = checked(&app, json!({"outputs": outputs})).await;
    let output = &answer["outputs"][0];
    assert_eq!((&output["datatype"], &output["shape"]), (&json!("BYTES"), &json!([2, 2])));
    let classified = app.post("/classify", json!({"inputs": TEXTS, "top_k": 2})).await.ok();
    let best = &classified["results"][0]["checkpoint"]["top"][0];
    let first = output["data"][0].as_str().unwrap();
    let (value, rest) = first.split_once(':').unwrap();
    assert_eq!(value.parse::<f32>().unwrap(), floats(&json!([best["score"]]))[0]);
    let (index, label) = rest.split_once(':').unwrap();
    assert_eq!(best["label"], label);
    let labels = &classified["labels"]["checkpoint"];
    assert_eq!(labels[index.parse::<usize>().unwrap()], label);
}

/// A request whose texts, and perhaps whose outputs, are in the binary form.
fn binary(json: &Value, binary: &[u8]) -> Request<Body> {
    let json = json.to_string();
    let body = [json.as_bytes(), binary].concat();
    // As Triton's client, without a content type.
    Request::post(INFER)
        .header("inference-header-content-length", json.len())
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn the_binary_form_has_the_bytes_of_the_same_numbers() {
    let app = app();
    let mut bytes = Vec::new();
    for text in TEXTS {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    let input = json!({"name": "text", "shape": [2, 1], "datatype": "BYTES",
        "parameters": {"binary_data_size": bytes.len()}});
    let outputs = json!([
        {"name": "embedding"},
        {"name": "checkpoint/logits", "parameters": {"binary_data": false}},
        {"name": "checkpoint/probabilities", "parameters": {"classification": 1}},
    ]);
    let body = json!({"inputs": [input], "parameters": {"binary_data_output": true},
        "outputs": outputs});
    let answer = app.send(binary(&body, &bytes)).await;
    assert_eq!(answer.status.as_u16(), 200, "{:?}", answer.body);
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    let length: usize = answer.header("inference-header-content-length").parse().unwrap();
    let (json, mut rest) = answer.body.split_at(length);
    let json: Value = serde_json::from_slice(json).unwrap();
    let plain = infer(&app, json!({"outputs": outputs})).await.ok();
    for (at, output) in json["outputs"].as_array().unwrap().iter().enumerate() {
        let expected = &plain["outputs"][at]["data"];
        let Some(size) = output["parameters"]["binary_data_size"].as_u64() else {
            assert_eq!((at, &output["data"]), (1, expected));
            continue;
        };
        let (own, others) = rest.split_at(size as usize);
        rest = others;
        if at == 0 {
            let numbers = own.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number));
            assert_eq!(numbers.collect::<Vec<_>>(), floats(expected));
        } else {
            let first = expected[0].as_str().unwrap();
            assert_eq!(own[..4], (first.len() as u32).to_le_bytes());
            assert_eq!(&own[4..4 + first.len()], first.as_bytes());
        }
    }
    assert!(rest.is_empty());
}

#[tokio::test]
async fn pairs_are_two_inputs() {
    let app = TestApp::tiny("cross-encoder");
    let pair = json!({"name": "pair", "shape": [2], "datatype": "BYTES", "data": ["good", "bad"]});
    let body = json!({"inputs": [pair, text(&TEXTS)],
        "outputs": [{"name": "checkpoint/logits"}]});
    let answer = app.post("/v2/models/cross-encoder/infer", body).await.ok();
    let inputs: Vec<_> = TEXTS.iter().zip(["good", "bad"]).collect();
    let inputs: Vec<_> =
        inputs.iter().map(|(text, pair)| json!({"text": text, "pair": pair})).collect();
    let classified = app.post("/classify", json!({"inputs": inputs})).await.ok();
    let results = classified["results"].as_array().unwrap();
    let expected: Vec<f32> =
        results.iter().flat_map(|result| floats(&result["checkpoint"]["logits"])).collect();
    assert_eq!(floats(&answer["outputs"][0]["data"]), expected);
}

#[tokio::test]
async fn what_clients_of_kserve_and_mlserver_add_is_read() {
    let app = app();
    // As `InferRequest.to_rest` of kserve 0.21 writes it, and a request codec of MLServer.
    let version = app.get("/info").await.ok()["model"]["fingerprint"].clone();
    let added = json!({"id": "1", "model_name": "single-label", "model_version": version,
        "parameters": {"content_type": "str", "priority": 2}});
    let answer = checked(&app, added).await;
    assert_eq!(answer["outputs"], infer(&app, json!({})).await.ok()["outputs"]);
    for (field, value) in [("model_name", "other"), ("model_version", "1")] {
        let found = error(&infer(&app, json!({field: value})).await, 400);
        let said = format!("{field}: \"{value}\" isn't the model of the path, single-label");
        assert!(found.starts_with(&said), "{found}");
    }
}

#[tokio::test]
async fn a_mistake_is_one_sentence_that_names_its_place() {
    let app = app();
    let outputs = |output: Value| json!({"outputs": [output]});
    for (fields, said) in [
        (json!({"inputs": []}), "inputs: the input \"text\" is missing."),
        (json!({"inputs": [text(&["a", " "])]}), "text/1: the text is blank"),
        (json!({"inputs": [text(&[])]}), "text: the list is empty"),
        (
            json!({"inputs": [text(&["a"]), {"name": "pair", "shape": [1], "datatype": "BYTES", "data": [" "]}]}),
            "pair/0: the text is blank",
        ),
        (json!({"model": "a"}), "model: unknown field `model`"),
        (json!({"parameters": {"sequence_id": 1}}), "parameters/sequence_id: unknown field"),
        (json!({"parameters": {"recipe": "none"}}), "parameters/recipe: no recipe is called"),
        (json!({"parameters": {"recipe": "{\"layers\": []}"}}), "parameters/recipe"),
        (json!({"parameters": {"prompt_name": "none"}}), "parameters/prompt_name: the checkpoint"),
        (
            outputs(json!({"name": "logits"})),
            "outputs/0/name: there is no output \"logits\"; there is \
         embedding, checkpoint/logits, checkpoint/probabilities, and any name with a recipe",
        ),
        (
            outputs(json!({"name": "checkpoint/logits", "parameters": {"dimensions": 2}})),
            "outputs/0/parameters/dimensions: only an embedding has this",
        ),
        (
            outputs(json!({"name": "embedding", "parameters": {"classification": 2}})),
            "outputs/0/parameters/classification: an embedding has no classes",
        ),
        (
            outputs(json!({"name": "checkpoint/logits", "parameters": {"classification": 0}})),
            "outputs/0/parameters/classification: classification is 0",
        ),
        (
            json!({"outputs": [{"name": "embedding"}, {"name": "embedding"}]}),
            "outputs/1/name: the output \"embedding\" is named twice",
        ),
    ] {
        let found = error(&infer(&app, fields).await, 400);
        assert!(found.starts_with(said), "{found}");
    }
    let late = infer(&app, json!({"parameters": {"timeout": 1}})).await;
    assert!(error(&late, 504).contains("a larger timeout"), "{}", late.text());
    let form = Request::post(INFER).header(header::CONTENT_TYPE, "text/plain");
    let refused = app.send(form.body(Body::from("{}")).unwrap()).await;
    assert!(error(&refused, 415).starts_with("the body's content type is \"text/plain\""));
    let odd = Request::post(INFER).header("inference-header-content-length", "x");
    let refused = app.send(odd.body(Body::from("{}")).unwrap()).await;
    assert!(error(&refused, 400).starts_with("inference-header-content-length is \"x\""));
}

#[tokio::test]
async fn a_model_has_a_name_of_one_or_two_parts_and_a_version() {
    let mut config = config(tiny("single-label"));
    config.aliases = vec!["org/name".to_owned()];
    let app = TestApp::new(&config);
    let version = app.get("/info").await.ok()["model"]["fingerprint"].as_str().unwrap().to_owned();
    for name in ["single-label", "org/name", "org%2Fname"] {
        let plain = format!("/v2/models/{name}");
        for path in [plain.clone(), format!("{plain}/versions/{version}")] {
            assert_eq!(app.get(&path).await.ok()["name"], "single-label");
            let ready = app.get(&format!("{path}/ready")).await.ok();
            assert_eq!(ready, json!({"name": "single-label", "ready": true}));
            let answer = app.post(&format!("{path}/infer"), request(json!({}))).await.ok();
            assert_eq!(answer["model_version"], version);
        }
    }
    for path in ["/v2/models/none", "/v2/models/none/ready", "/v2/models/org/none/ready"] {
        assert!(error(&app.get(path).await, 404).contains("there is single-label, org/name"));
    }
    let other = app.get("/v2/models/org/name/versions/1").await;
    let said = "there is no version \"1\" of the model \"single-label\"; there is ";
    assert!(error(&other, 404).starts_with(said), "{}", other.text());
    let absent = app.get("/v2/none").await;
    assert!(error(&absent, 404).starts_with("there is no route"));
}

#[tokio::test]
async fn health_says_what_the_server_and_the_model_do() {
    let app = app();
    assert_eq!(app.get("/v2/health/live").await.ok(), json!({"live": true}));
    assert_eq!(app.get("/v2/health/ready").await.ok(), json!({"ready": true}));
    app.state.drain();
    let draining = app.get("/v2/health/ready").await;
    assert_eq!((draining.status.as_u16(), draining.json()), (503, json!({"ready": false})));
    let draining = app.get("/v2/models/single-label/ready").await;
    let said = json!({"name": "single-label", "ready": false});
    assert_eq!((draining.status.as_u16(), draining.json()), (503, said));
    let starting = TestApp::starting(&config(tiny("sentence")));
    let waits = starting.get("/v2/models/sentence/ready").await;
    let said = json!({"name": "sentence", "ready": false});
    assert_eq!((waits.status.as_u16(), waits.json()), (503, said));
    assert!(error(&starting.get("/v2/models/sentence").await, 503).contains("being loaded"));
    assert_eq!(starting.get("/v2/health/live").await.ok(), json!({"live": true}));
}

/// The tiny model `sentence`, whose texts have a prompt by default.
fn with_default_prompt(folder: &Path) -> TestApp {
    let model = folder.join("sentence");
    fs::create_dir(&model).unwrap();
    let settings = "config_sentence_transformers.json";
    for entry in fs::read_dir(tiny("sentence")).unwrap() {
        let from = entry.unwrap().path();
        let to = model.join(from.file_name().unwrap());
        if from.is_dir() {
            fs::create_dir(&to).unwrap();
            for entry in fs::read_dir(from).unwrap() {
                let from = entry.unwrap().path();
                fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
            }
        } else {
            fs::copy(from, to).unwrap();
        }
    }
    let text = fs::read_to_string(model.join(settings)).unwrap();
    let mut json: Value = serde_json::from_str(&text).unwrap();
    json["default_prompt_name"] = json!("query");
    fs::write(model.join(settings), json.to_string()).unwrap();
    TestApp::new(&config(model))
}

#[tokio::test]
async fn the_default_prompt_of_native_is_not_mixed_with_texts_that_have_none() {
    let dir = tempfile::tempdir().unwrap();
    let app = with_default_prompt(dir.path());
    let recipe = |name: &str| json!({"name": name, "parameters": {"recipe": name}});
    let both = json!([recipe("native"), recipe("last-four")]);
    let answer = async |fields: Value| app.post("/v2/models/sentence/infer", request(fields)).await;
    let alone = answer(json!({"outputs": [recipe("native")]})).await.ok();
    let mixed = answer(json!({"outputs": both})).await;
    let said = "outputs: the recipe native has a default prompt";
    assert!(error(&mixed, 400).starts_with(said), "{}", mixed.text());
    let parameters = json!({"prompt_name": "query"});
    let chosen = answer(json!({"outputs": both, "parameters": parameters})).await.ok();
    assert_eq!(chosen["outputs"][0]["data"], alone["outputs"][0]["data"]);
    let body = json!({"inputs": TEXTS, "recipe": "last-four", "prompt_name": "query"});
    let rows = app.post("/embed", body).await.ok()["embeddings"].clone();
    assert_eq!(floats(&chosen["outputs"][1]["data"]), flat(&rows));
}
