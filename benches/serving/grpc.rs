//! Load over gRPC: many streams on one connection.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use axum::http::uri::PathAndQuery;
use futures_util::future::try_join_all;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

#[allow(dead_code, missing_docs, clippy::all)]
#[rustfmt::skip]
#[path = "../../src/http/dialects/open_inference/grpc/protocol/inference.rs"]
mod protocol;

use protocol::infer_parameter::ParameterChoice;
use protocol::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use protocol::{InferParameter, ModelInferRequest, ModelInferResponse};

/// A request for the embedding of a text, in the binary form, as Triton's client sends it.
pub fn request(model: &str, text: &str) -> ModelInferRequest {
    let input = InferInputTensor {
        name: "text".to_owned(),
        datatype: "BYTES".to_owned(),
        shape: vec![1],
        ..Default::default()
    };
    let output = InferRequestedOutputTensor { name: "embedding".to_owned(), ..Default::default() };
    let recipe = ParameterChoice::StringParam("native".to_owned());
    let recipe = InferParameter { parameter_choice: Some(recipe) };
    ModelInferRequest {
        model_name: model.to_owned(),
        parameters: [("recipe".to_owned(), recipe)].into(),
        inputs: vec![input],
        outputs: vec![output],
        raw_input_contents: vec![
            [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat(),
        ],
        ..Default::default()
    }
}

/// Sends all requests over one connection, `streams` at a time.
pub async fn call(
    address: &str,
    requests: &[ModelInferRequest],
    streams: usize,
) -> anyhow::Result<()> {
    let channel = Endpoint::from_shared(address.to_owned())?.tcp_nodelay(true).connect().await?;
    let next = AtomicUsize::new(0);
    let stream = async || -> anyhow::Result<()> {
        let mut client: Grpc<Channel> = Grpc::new(channel.clone());
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            client.ready().await?;
            let path = PathAndQuery::from_static("/inference.GRPCInferenceService/ModelInfer");
            let codec = ProstCodec::<ModelInferRequest, ModelInferResponse>::default();
            let answer = client.unary(Request::new(request.clone()), path, codec).await?;
            answer.into_inner().raw_output_contents.first().context("no output")?;
        }
        Ok(())
    };
    try_join_all((0..streams).map(|_| stream())).await?;
    Ok(())
}
