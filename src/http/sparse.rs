//! Sparse rows of texts: a weight for each id of the vocabulary that has one.

use std::sync::Arc;

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

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

/// About how many ids have a weight by SPLADE, for each token of a text. Trained models have fewer.
const IDS_PER_TOKEN: usize = 16;

/// About how many bytes an id with its weight takes in JSON.
const WEIGHT_BYTES: usize = 36;

/// An id of the vocabulary and its weight.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdWeight {
    /// The id.
    pub index: usize,
    /// Its weight, above 0.
    pub value: f32,
}

/// The weights of a text, of ids that ascend.
pub fn weights(pairs: &[f32]) -> Vec<IdWeight> {
    id_weights(pairs).map(|(index, value)| IdWeight { index, value }).collect()
}

/// Texts to be embedded, checked.
pub struct SparseRequest {
    /// The texts.
    pub inputs: Inputs,
    /// What happens to a text with too many tokens.
    pub long_text: LongInput,
}

impl SparseRequest {
    /// Computes a sparse row per text and writes the weights of each.
    ///
    /// # Errors
    /// The model makes no sparse rows; and as for [`pipeline::run`].
    pub async fn answer(
        self,
        service: &Arc<Service>,
        caller: Caller,
    ) -> Result<Response, ApiError> {
        let head = head(service, "")?;
        let spec = TaskSpec::new(vec![OutputSpec::Sparse(Arc::clone(&head))]);
        let size = |_: &_, tokens: usize| sparse_size(&head, tokens);
        let deadline = caller.deadline;
        let outcome =
            pipeline::run(service, self.inputs, spec, self.long_text, caller, size).await?;
        let Outcome { outputs, answer_memory: memory, .. } = outcome;
        let numbers = outputs.iter().map(Output::number_count).sum();
        let write = move || -> Vec<Vec<IdWeight>> {
            outputs.iter().map(|output| weights(&output.values[0])).collect()
        };
        Reply { numbers, deadline, memory }.write(&service.text_pool, write).await
    }
}

/// What makes the sparse rows of a model.
///
/// # Errors
/// It makes none; `pointer` is the field that asks for them.
pub fn head(service: &Service, pointer: &str) -> Result<Arc<SparseHead>, ApiError> {
    service.sparse.clone().ok_or_else(|| {
        let message = "sparse embeddings need a SparseEncoder of sentence-transformers with \
                       SpladePooling, a masked language model with embed.sparse in the server's \
                       configuration, or the heads of bge-m3";
        ApiError::unacceptable(ErrorCode::SparseUnsupported, pointer, message)
    })
}

/// The size of the row of a text in an answer.
pub fn sparse_size(head: &SparseHead, tokens: usize) -> AnswerSize {
    let per_token = if head.splade().is_some() { IDS_PER_TOKEN } else { 1 };
    let ids = head.vocabulary().min(per_token * tokens);
    AnswerSize { numbers: 2 * ids, bytes: WEIGHT_BYTES * ids }
}
