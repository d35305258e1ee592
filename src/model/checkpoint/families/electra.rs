//! ELECTRA (Clark et al. 2020, arXiv:2003.10555): BERT's layers, after tables that may be narrower than a
//! hidden state. Its discriminators and generators have the same encoder.

use serde_json::{Map, Value, json};

use super::bert;
use super::family::Family;
use super::layout::{self, BERT_LAYER};
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::{EncoderSpec, LinearSpec, PositionRows};
use crate::model::dense::DenseActivation;

/// The family.
pub const ELECTRA: Family = Family {
    model_type: "electra",
    class: "Electra",
    tensors: TensorNames::prefixed(&["electra."]),
    defaults,
    encoder,
    // Whatever summary_type and the like say.
    classifier: |raw, outputs| {
        let modules = ["classifier.dense", "classifier.out_proj"];
        Ok(layout::two_layers(raw, modules, DenseActivation::Gelu, outputs))
    },
    prediction: Some(|raw| {
        let columns = layout::table_columns(raw)?;
        Ok(layout::narrow_prediction(raw, PREDICTION, DenseActivation::Gelu, columns))
    }),
    pooler: None,
    ..bert::BERT
};

/// The layers of a generator that predict tokens, and the bias of the last one.
const PREDICTION: [&str; 3] =
    ["generator_predictions.dense", "generator_predictions.LayerNorm", "generator_lm_head.bias"];

fn defaults() -> Map<String, Value> {
    bert::defaults_with(json!({
        "embedding_size": 128,
        "hidden_size": 256,
        "num_attention_heads": 4,
        "intermediate_size": 1024,
    }))
}

fn encoder(raw: &RawConfig) -> Result<EncoderSpec, String> {
    let places = Some(PositionRows::Places);
    let encoder = layout::encoder(raw, &BERT_LAYER, places, raw.type_vocab_size)?;
    let columns = layout::table_columns(raw)?;
    if columns == raw.hidden_size {
        return Ok(encoder);
    }
    let projection = LinearSpec::new("embeddings_project", columns, raw.hidden_size);
    let embeddings = encoder.embeddings.with_projection(projection).with_norm_first();
    Ok(EncoderSpec { embeddings, ..encoder })
}
