//! The folders of ColBERT itself: a BERT, `linear.weight` beside its tensors, and `artifact.metadata`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::task_options::{Expansion, TaskOptions, tokens};
use super::{LateText, LengthFields, MultiVector, Similarity, SkippedWords};
use crate::field::unusable;
use crate::model::checkpoint::error::{CheckpointError, read_optional_json};
use crate::model::checkpoint::sentence::SentenceFiles;
use crate::model::checkpoint::sentence::native::EncoderFiles;
use crate::model::dense::{Dense, DenseActivation};
use crate::model::row_layer::RowLayer;

/// Its name among the architectures of `config.json`.
pub const ARCHITECTURE: &str = "HF_ColBERT";

/// The file with its settings.
const METADATA: &str = "artifact.metadata";

/// The tensor of the layer that makes the vectors, which has no bias.
pub const LINEAR: &str = "linear.weight";

/// Columns of ColBERT's vectors.
const USUAL_COLUMNS: usize = 128;

/// The fields that change vectors or scores.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    query_token_id: Option<String>,
    doc_token_id: Option<String>,
    query_maxlen: Option<Value>,
    doc_maxlen: Option<Value>,
    attend_to_mask_tokens: Option<bool>,
    mask_punctuation: Option<bool>,
    similarity: Option<String>,
}

/// Reads the folder.
///
/// # Errors
/// The settings can't be served, or the layer is missing.
pub fn read(dir: &Path, encoder: &EncoderFiles<'_>) -> Result<SentenceFiles, CheckpointError> {
    let file = dir.join(METADATA);
    let metadata: Metadata = read_optional_json(&file)?.unwrap_or_default();
    let invalid = |message| CheckpointError::invalid(&file, message);
    let tasks = metadata.tasks().map_err(invalid)?;
    let marker = |token: Option<String>, usual: &str| {
        format!("{} ", token.filter(|token| !token.is_empty()).as_deref().unwrap_or(usual))
    };
    let query = marker(metadata.query_token_id, "[unused0]");
    let document = marker(metadata.doc_token_id, "[unused1]");
    let columns = encoder.config.hidden_size;
    let outputs = encoder.weights.shape(LINEAR).and_then(|shape| shape.first().copied());
    let outputs = outputs.unwrap_or(USUAL_COLUMNS);
    let weight = encoder.weights.read(LINEAR, &[outputs, columns])?.into_owned();
    if outputs == 0 {
        return Err(invalid(unusable(LINEAR, outputs, "at least one row is needed")));
    }
    let dense = Dense::new(weight, vec![0.0; outputs], DenseActivation::Identity);
    let multi_vector = MultiVector {
        layer: encoder.config.layers,
        layers: vec![RowLayer::dense(dense), RowLayer::Normalize],
        skips_first: false,
        similarity: Similarity::MaxSim,
        text: LateText {
            tasks,
            file,
            fields: LengthFields { filled_query: "query_maxlen", document: "doc_maxlen" },
            skipped: match metadata.mask_punctuation {
                Some(false) => SkippedWords::default(),
                _ => SkippedWords::punctuation(),
            },
            markers: vec![query.clone(), document.clone()],
        },
        ranks: true,
    };
    let prompts = [("query", query), ("document", document)];
    let prompts: BTreeMap<String, String> =
        prompts.map(|(name, prompt)| (name.to_owned(), prompt)).into();
    Ok(SentenceFiles {
        prompts,
        multi_vector: Some(multi_vector),
        reads_linear: true,
        ..SentenceFiles::default()
    })
}

impl Metadata {
    /// Queries are always filled up.
    fn tasks(&self) -> Result<TaskOptions, String> {
        if let Some(other) = self.similarity.as_deref().filter(|name| *name != "cosine") {
            return Err(unusable("similarity", other, "allowed is \"cosine\""));
        }
        let query = self.query_maxlen.as_ref().map(|length| tokens("query_maxlen", length));
        let document = self.doc_maxlen.as_ref().map(|length| tokens("doc_maxlen", length));
        let attended = self.attend_to_mask_tokens == Some(true);
        let length = query.transpose()?.unwrap_or(Expansion::USUAL);
        Ok(TaskOptions {
            query_length: None,
            document_length: document.transpose()?,
            expansion: Some(Expansion::fixed(length, attended)),
        })
    }
}
