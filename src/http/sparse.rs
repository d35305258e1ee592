//! Sparse rows of texts: a weight for each id of the vocabulary that has one.

use std::sync::Arc;

use axum::response::Response;
use serde::Serialize;

use super::caller::Caller;
use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::Inputs;
use super::pipeline::{self, AnswerSize, Outcome};
use super::reply::Reply;
use super::service::Service;
use super::tokenizing::LongInput;
use crate::model::output::Output;
use crate::model::sparse::{SparseHead, id_weights};
use crate::model::task::{OutputSpec, TaskSpec};

/// About how many ids have a weight, for each token of a text. Trained models have fewer.
const IDS_PER_TOKEN: usize = 16;

/// About how many bytes an id with its weight takes in JSON.
const WEIGHT_BYTES: usize = 36;

/// Texts to be embedded, checked.
pub struct SparseRequest {
    /// The texts.
    pub inputs: Inputs,
    /// What happens to a text with too many tokens.
    pub long_text: LongInput,
}

impl SparseRequest {
    /// Computes a sparse row per text and writes what `weight` makes of each id and its weight; ids
    /// ascend.
    ///
    /// # Errors
    /// The model makes no sparse rows; and as for [`pipeline::run`].
    pub async fn answer<T: Serialize>(
        self,
        service: &Arc<Service>,
        caller: Caller,
        weight: impl Fn(usize, f32) -> T + Send + 'static,
    ) -> Result<Response, ApiError> {
        let head = head(service)?;
        let vocabulary = head.vocabulary();
        let spec = TaskSpec::new(vec![OutputSpec::Sparse(head)]);
        let size = |_: &_, tokens: usize| {
            let ids = vocabulary.min(IDS_PER_TOKEN * tokens);
            AnswerSize { numbers: 2 * ids, bytes: WEIGHT_BYTES * ids }
        };
        let deadline = caller.deadline;
        let outcome =
            pipeline::run(service, self.inputs, spec, self.long_text, caller, size).await?;
        let Outcome { outputs, answer_memory: memory, .. } = outcome;
        let numbers = outputs.iter().map(Output::number_count).sum();
        let write = move || -> Vec<Vec<T>> {
            let rows = outputs.iter().map(|output| &output.values[0]);
            let row = |pairs: &Vec<f32>| id_weights(pairs).map(|(id, x)| weight(id, x)).collect();
            rows.map(row).collect()
        };
        Reply { numbers, deadline, memory }.write(&service.text_pool, write).await
    }
}

/// What makes the sparse rows of a model.
fn head(service: &Service) -> Result<Arc<SparseHead>, ApiError> {
    service.sparse.clone().ok_or_else(|| {
        let message = "sparse embeddings need a SparseEncoder of sentence-transformers with \
                       SpladePooling, or a masked language model with embed.sparse in the server's \
                       configuration";
        ApiError::unacceptable(ErrorCode::SparseUnsupported, "", message)
    })
}
