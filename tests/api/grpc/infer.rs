//! `ModelInfer`, and what the server and the model are.

use serde_json::{Value, json};
use tonic::{Code, Request};

use super::protocol::{
    ModelMetadataRequest, ModelMetadataResponse, ModelReadyRequest, ModelReadyResponse,
    ServerLiveRequest, ServerLiveResponse, ServerMetadataRequest, ServerMetadataResponse,
    ServerReadyRequest, ServerReadyResponse,
};
use super::*;
use crate::support::answer::floats;
use crate::support::app::TestApp;

/// The outputs over HTTP.
async fn over_http(app: &TestApp, fields: Value) -> Value {
    let input = json!({"name": "text", "shape": [2], "datatype": "BYTES", "data": TEXTS});
    let mut body = json!({"inputs": [input]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    app.post(&format!("/v2/models/{MODEL}/infer"), body).await.ok()
}

fn binary(texts: &[&str]) -> Vec<u8> {
    let parts = texts
        .iter()
        .flat_map(|text| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat());
    parts.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_have_the_bits_of_http_in_either_form() {
    let app = TestApp::tiny(MODEL);
    let server = TestServer::start(&app).await;
    let channel = connect(&server).await;
    let expected = over_http(&app, json!({})).await;
    let plain = request(&TEXTS);
    let mut raw = ModelInferRequest { id: "7".to_owned(), ..plain.clone() };
    raw.inputs[0].contents = None;
    raw.raw_input_contents = vec![binary(&TEXTS)];
    let (plain, raw) = (infer(&channel, plain).await.unwrap(), infer(&channel, raw).await.unwrap());
    assert_eq!((plain.id.as_str(), raw.id.as_str()), ("", "7"));
    assert_eq!(plain.model_version, expected["model_version"].as_str().unwrap());
    let outputs = expected["outputs"].as_array().unwrap();
    assert_eq!(
        (plain.outputs.len(), raw.raw_output_contents.len()),
        (outputs.len(), outputs.len())
    );
    for (at, output) in outputs.iter().enumerate() {
        let numbers = floats(&output["data"]);
        assert_eq!(plain.outputs[at].name, output["name"].as_str().unwrap());
        assert_eq!(json!(plain.outputs[at].shape), output["shape"]);
        assert_eq!(plain.outputs[at].contents.as_ref().unwrap().fp32_contents, numbers);
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(raw.raw_output_contents[at], bytes);
        assert!(raw.outputs[at].contents.is_none());
    }
    let tokens = plain.parameters["tokens"].parameter_choice.clone();
    let said = expected["parameters"]["tokens"].as_i64().unwrap();
    assert_eq!(tokens, Some(ParameterChoice::Int64Param(said)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_choose_recipes_precisions_and_classes() {
    let app = TestApp::tiny(MODEL);
    let server = TestServer::start(&app).await;
    let channel = connect(&server).await;
    let recipe = json!({"layers": [1], "pooling": "max"});
    let output = |name: &str, parameters: &[(String, InferParameter)]| InferRequestedOutputTensor {
        name: name.to_owned(),
        parameters: parameters.iter().cloned().collect(),
    };
    let count = InferParameter { parameter_choice: Some(ParameterChoice::Int64Param(1)) };
    let asked = ModelInferRequest {
        outputs: vec![
            output("rows", &[text_parameter("recipe", &recipe.to_string())]),
            output(
                "bits",
                &[text_parameter("recipe", "last-four"), text_parameter("precision", "binary")],
            ),
            output(
                "ubits",
                &[text_parameter("recipe", "last-four"), text_parameter("precision", "ubinary")],
            ),
            output("checkpoint/probabilities", &[("classification".to_owned(), count)]),
        ],
        ..request(&TEXTS)
    };
    let answer = infer(&channel, asked).await.unwrap();
    let outputs = json!([
        {"name": "rows", "parameters": {"recipe": recipe}},
        {"name": "bits", "parameters": {"recipe": "last-four", "precision": "binary"}},
        {"name": "ubits", "parameters": {"recipe": "last-four", "precision": "ubinary"}},
        {"name": "checkpoint/probabilities", "parameters": {"classification": 1}},
    ]);
    let expected = over_http(&app, json!({"outputs": outputs})).await;
    let contents = |at: usize| answer.outputs[at].contents.clone().unwrap();
    let data = |at: usize| expected["outputs"][at]["data"].clone();
    assert_eq!(contents(0).fp32_contents, floats(&data(0)));
    assert_eq!(json!(contents(1).int_contents), data(1));
    assert_eq!(json!(contents(2).uint_contents), data(2));
    let texts = contents(3).bytes_contents.into_iter().map(|text| String::from_utf8(text).unwrap());
    assert_eq!(json!(texts.collect::<Vec<_>>()), data(3));
    let types: Vec<_> = answer.outputs.iter().map(|output| output.datatype.as_str()).collect();
    assert_eq!(types, ["FP32", "INT8", "UINT8", "BYTES"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_an_invalid_argument_with_its_place_and_code() {
    let app = TestApp::tiny(MODEL);
    let server = TestServer::start(&app).await;
    let channel = connect(&server).await;
    let with = |name: &str, value: &str| ModelInferRequest {
        parameters: [text_parameter(name, value)].into(),
        ..request(&TEXTS)
    };
    for (asked, code, stable, said) in [
        (request(&["a", " "]), Code::InvalidArgument, "blank_text", "text/1: the text is blank"),
        (with("recipe", "none"), Code::InvalidArgument, "unknown_recipe", "parameters/recipe: no"),
        (
            with("none", ""),
            Code::InvalidArgument,
            "invalid_field",
            "parameters/none: unknown field",
        ),
        (
            ModelInferRequest { model_name: "none".to_owned(), ..request(&TEXTS) },
            Code::NotFound,
            "unknown_model",
            "there is no model \"none\"; there is single-label",
        ),
        (
            ModelInferRequest { model_version: "1".to_owned(), ..request(&TEXTS) },
            Code::NotFound,
            "unknown_model",
            "there is no version \"1\" of the model",
        ),
    ] {
        let status = infer(&channel, asked).await.unwrap_err();
        assert!(status.message().starts_with(said), "{}", status.message());
        assert_eq!((status.code(), stable_code(&status)), (code, stable));
        assert!(status.metadata().contains_key("x-request-id"));
    }
    let path = "/inference.GRPCInferenceService/ModelConfig";
    let absent = call::<_, ServerLiveResponse>(&channel, path, Request::new(ServerLiveRequest {}));
    assert_eq!(absent.await.unwrap_err().code(), Code::Unimplemented);
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let absent = call::<_, ServerLiveResponse>(&channel, path, Request::new(ServerLiveRequest {}));
    assert_eq!(absent.await.unwrap_err().code(), Code::Unimplemented);
    let metrics = app.get("/metrics").await;
    let line =
        "route=\"/inference.GRPCInferenceService/ModelInfer\",method=\"POST\",status=\"404\"";
    assert!(metrics.text().contains(line), "{}", metrics.text());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_and_the_model_are_described_as_over_http() {
    let app = TestApp::tiny(MODEL);
    let server = TestServer::start(&app).await;
    let channel = connect(&server).await;
    let service =
        |method: &str| format!("/inference.GRPCInferenceService/{method}").leak() as &'static str;
    let metadata: ServerMetadataResponse =
        call(&channel, service("ServerMetadata"), Request::new(ServerMetadataRequest {}))
            .await
            .unwrap()
            .into_inner();
    let expected = app.get("/v2").await.ok();
    assert_eq!(
        json!([metadata.name, metadata.version]),
        json!([expected["name"], expected["version"]])
    );
    assert_eq!(json!(metadata.extensions), expected["extensions"]);
    let asked = ModelMetadataRequest { name: MODEL.to_owned(), version: String::new() };
    let metadata: ModelMetadataResponse =
        call(&channel, service("ModelMetadata"), Request::new(asked)).await.unwrap().into_inner();
    let expected = app.get(&format!("/v2/models/{MODEL}")).await.ok();
    let tensors = |list: &[super::protocol::model_metadata_response::TensorMetadata]| -> Value {
        let tensor = |tensor: &super::protocol::model_metadata_response::TensorMetadata| json!({"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape});
        list.iter().map(tensor).collect()
    };
    assert_eq!(tensors(&metadata.inputs), expected["inputs"]);
    assert_eq!(tensors(&metadata.outputs), expected["outputs"]);
    assert_eq!(json!(metadata.versions), expected["versions"]);
    let live: ServerLiveResponse =
        call(&channel, service("ServerLive"), Request::new(ServerLiveRequest {}))
            .await
            .unwrap()
            .into_inner();
    let ready: ServerReadyResponse =
        call(&channel, service("ServerReady"), Request::new(ServerReadyRequest {}))
            .await
            .unwrap()
            .into_inner();
    let asked = |name: &str| ModelReadyRequest { name: name.to_owned(), version: String::new() };
    let model: ModelReadyResponse =
        call(&channel, service("ModelReady"), Request::new(asked(MODEL)))
            .await
            .unwrap()
            .into_inner();
    assert_eq!((live.live, ready.ready, model.ready), (true, true, true));
    let none =
        call::<_, ModelReadyResponse>(&channel, service("ModelReady"), Request::new(asked("none")));
    assert_eq!(none.await.unwrap_err().code(), Code::NotFound);
    server.stop().await;
}
