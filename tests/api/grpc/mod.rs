//! gRPC: the Open Inference Protocol and the standard health service, with the limits of every request.

mod health;
mod infer;
mod limits;

use axum::http::uri::PathAndQuery;
use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{IntoRequest, Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::support::server::TestServer;

#[allow(clippy::all)]
#[rustfmt::skip]
#[path = "../../../src/http/dialects/open_inference/grpc/protocol/inference.rs"]
mod protocol;

use protocol::infer_parameter::ParameterChoice;
use protocol::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use protocol::{InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse};

const MODEL: &str = "single-label";
const TEXTS: [&str; 2] = ["The film was not very good.", "a film"];

async fn connect(server: &TestServer) -> Channel {
    let url = format!("http://{}", server.address);
    Endpoint::from_shared(url).unwrap().connect().await.unwrap()
}

/// Calls a method with one message for one message.
async fn call<Q, A>(
    channel: &Channel,
    method: &'static str,
    request: Request<Q>,
) -> Result<Response<A>, Status>
where
    Q: Message + Send + Sync + 'static,
    A: Message + Default + Send + Sync + 'static,
{
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static(method);
    client.unary(request, path, ProstCodec::<Q, A>::default()).await
}

async fn infer(
    channel: &Channel,
    request: impl IntoRequest<ModelInferRequest>,
) -> Result<ModelInferResponse, Status> {
    let method = "/inference.GRPCInferenceService/ModelInfer";
    Ok(call(channel, method, request.into_request()).await?.into_inner())
}

/// A request for texts.
fn request(texts: &[&str]) -> ModelInferRequest {
    let contents = InferTensorContents {
        bytes_contents: texts.iter().map(|text| text.as_bytes().to_vec()).collect(),
        ..Default::default()
    };
    let input = InferInputTensor {
        name: "text".to_owned(),
        datatype: "BYTES".to_owned(),
        shape: vec![texts.len() as i64],
        contents: Some(contents),
        ..Default::default()
    };
    ModelInferRequest { model_name: MODEL.to_owned(), inputs: vec![input], ..Default::default() }
}

fn text_parameter(name: &str, value: &str) -> (String, InferParameter) {
    let choice = ParameterChoice::StringParam(value.to_owned());
    (name.to_owned(), InferParameter { parameter_choice: Some(choice) })
}

/// The stable code of an error.
fn stable_code(status: &Status) -> &str {
    status.metadata().get("x-strata-code").unwrap().to_str().unwrap()
}
