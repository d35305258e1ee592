//! The answer with several outputs of each text.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::wanted::WantedOutputs;
use crate::http::head_results::{HeadDecoder, HeadResult};
use crate::http::service::Service;
use crate::http::sparse::{IdWeight, weights};
use crate::http::tagging::TaggedSpan;
use crate::http::vectors::Vector;
use crate::http::wire::Usage;
use crate::model::output::Output;
use crate::model::recipe::ResolvedRecipe;
use crate::text::{Input, Window};

/// The answer of `POST /embed` and of `POST /classify` to a request with `outputs`.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutputsResponse {
    /// The model's name.
    pub model: String,
    /// The recipe of `dense`, with its width, and with layers counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<ResolvedRecipe>,
    /// The labels of each of the `heads`, in the order of its logits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, Vec<String>>>,
    /// The version of each of the `heads`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<BTreeMap<String, String>>,
    /// The outputs of each input, in order.
    pub outputs: Vec<TextOutputs>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
}

/// The outputs of a text: those that the request names.
#[derive(Debug, Serialize, ToSchema)]
pub struct TextOutputs {
    /// The row of the recipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dense: Option<Vector>,
    /// The ids of the vocabulary that have a weight, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sparse: Option<Vec<IdWeight>>,
    /// The vectors of tokens, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_vector: Option<Vec<Vector>>,
    /// The result of each head by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heads: Option<BTreeMap<String, HeadResult>>,
    /// The entities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<TaggedSpan>>,
}

/// Makes the answer of what was computed.
pub struct Writer {
    /// The model.
    pub service: Arc<Service>,
    /// What was computed.
    pub wanted: WantedOutputs,
}

impl Writer {
    /// The answer, from each text with its windows and its output.
    pub fn answer<'t>(
        self,
        texts: impl Iterator<Item = (&'t Input, &'t [Window], Output)>,
        usage: Usage,
    ) -> OutputsResponse {
        let WantedOutputs { heads, activation, top_k, .. } = &self.wanted;
        let decoder = HeadDecoder {
            heads: heads.clone(),
            attributions: Vec::new(),
            activation: *activation,
            top_k: *top_k,
        };
        let has_heads = !heads.is_empty();
        let outputs = texts
            .map(|(input, windows, output)| self.text_outputs(&decoder, input, windows, output));
        OutputsResponse {
            outputs: outputs.collect(),
            model: self.service.model.name.clone(),
            recipe: self.wanted.dense.as_deref().cloned(),
            labels: has_heads.then(|| decoder.by_head(|head| head.descriptor().labels.clone())),
            versions: has_heads.then(|| decoder.by_head(|head| head.version().to_owned())),
            usage,
        }
    }

    fn text_outputs(
        &self,
        decoder: &HeadDecoder,
        input: &Input,
        windows: &[Window],
        output: Output,
    ) -> TextOutputs {
        let wanted = &self.wanted;
        let mut rows = output.values.into_iter();
        let dense = wanted.dense.as_ref().and_then(|_| rows.next());
        let sparse = wanted.sparse.as_ref().and_then(|_| rows.next());
        let vectors =
            wanted.vectors.as_ref().and_then(|(head, _)| Some((rows.next()?, head.columns())));
        let heads = (!wanted.heads.is_empty()).then(|| decoder.results(&mut rows, None));
        let tags = wanted.tagging.as_ref().and_then(|tagging| Some((tagging, rows.next()?)));
        let vector = |row: &[f32]| wanted.vector_format.vector(row.to_vec());
        TextOutputs {
            dense: dense.map(|row| wanted.dense_format.vector(row)),
            sparse: sparse.map(|pairs| weights(&pairs)),
            multi_vector: vectors
                .map(|(rows, columns)| rows.chunks_exact(columns).map(vector).collect()),
            heads,
            tags: tags
                .map(|(tagging, logits)| tagging.spans(&self.service, input, windows, &logits)),
        }
    }
}
