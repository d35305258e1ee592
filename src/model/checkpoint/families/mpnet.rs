//! MPNet (Song et al. 2020, arXiv:2004.09297): BERT's layers, with a bias for distances.

use serde_json::json;

use super::family::Family;
use super::layout::{self, LayerNames};
use super::{bert, roberta};
use crate::field::unusable;
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::{EncoderSpec, PositionBias, PositionRows, TableSpec};

/// The family.
pub const MPNET: Family = Family {
    model_type: "mpnet",
    class: "MPNet",
    tensors: TensorNames::prefixed(&["mpnet."]),
    names: &[],
    aliases: &[],
    defaults: || {
        bert::defaults_with(json!({"vocab_size": 30_527, "pad_token_id": 1, (BUCKETS): 32}))
    },
    encoder,
    classifier: roberta::classifier,
    tagger: |raw, outputs| Ok(layout::tagger(raw, outputs)),
    prediction: roberta::ROBERTA.prediction,
    pooler: Some(bert::POOLER),
    tokenizer_class: "MPNetTokenizer",
};

/// The field with the rows of the table of biases.
const BUCKETS: &str = "relative_attention_num_buckets";

/// The id after which positions begin, whatever `pad_token_id` says.
const PADDING: u32 = 1;

const LAYER: LayerNames = LayerNames {
    qkv: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
    attention_output: "attention.attn.o",
    attention_norm: "attention.LayerNorm",
    ..layout::BERT_LAYER
};

fn encoder(raw: &RawConfig) -> Result<EncoderSpec, String> {
    let buckets: usize = raw.other(BUCKETS)?;
    if buckets < PositionBias::BUCKETS {
        let allowed = format!("at least {} are needed", PositionBias::BUCKETS);
        return Err(unusable(BUCKETS, buckets, &allowed));
    }
    let rows = Some(PositionRows::AfterPadding(PADDING));
    let encoder = layout::encoder(raw, &LAYER, rows, 0)?;
    let name = "encoder.relative_attention_bias.weight".to_owned();
    let table = TableSpec { name, rows: buckets, columns: raw.num_attention_heads };
    Ok(EncoderSpec { position_bias: Some(PositionBias { table }), ..encoder })
}
