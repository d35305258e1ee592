//! RoBERTa (Liu et al. 2019, arXiv:1907.11692) and the families with its encoder: XLM-RoBERTa and
//! CamemBERT.

use serde_json::json;

use super::bert;
use super::family::Family;
use super::layout::{self, BERT_LAYER};
use crate::field::unusable;
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::{ClassifierSpec, EncoderSpec, PositionRows};
use crate::model::dense::DenseActivation;

/// RoBERTa.
pub const ROBERTA: Family = Family {
    model_type: "roberta",
    class: "Roberta",
    tensors: TensorNames::prefixed(&["roberta."]),
    names: &[],
    aliases: &[],
    defaults: || bert::defaults_with(json!({"vocab_size": 50_265, "pad_token_id": 1})),
    encoder,
    classifier,
    tagger: |raw, outputs| Ok(layout::tagger(raw, outputs)),
    prediction: Some(|raw| Ok(layout::prediction(raw, PREDICTION, DenseActivation::Gelu))),
    pooler: Some(bert::POOLER),
    tokenizer_class: "RobertaTokenizer",
};

/// XLM-RoBERTa.
pub const XLM_ROBERTA: Family = Family {
    model_type: "xlm-roberta",
    class: "XLMRoberta",
    defaults: || bert::defaults_with(json!({"pad_token_id": 1})),
    tokenizer_class: "XLMRobertaTokenizer",
    ..ROBERTA
};

/// CamemBERT.
pub const CAMEMBERT: Family = Family {
    model_type: "camembert",
    class: "Camembert",
    defaults: XLM_ROBERTA.defaults,
    tokenizer_class: "CamembertTokenizer",
    ..ROBERTA
};

/// The layers that predict tokens, and the bias of the last one.
const PREDICTION: [&str; 3] = ["lm_head.dense", "lm_head.layer_norm", "lm_head.bias"];

fn encoder(raw: &RawConfig) -> Result<EncoderSpec, String> {
    let padding = raw.pad_token_id.and_then(|id| u32::try_from(id).ok()).ok_or_else(|| {
        let allowed = "positions begin after it, so an id of 0 or above is needed";
        unusable("pad_token_id", raw.pad_token_id, allowed)
    })?;
    let rows = Some(PositionRows::AfterPadding(padding));
    layout::encoder(raw, &BERT_LAYER, rows, raw.type_vocab_size)
}

/// The classifier, also of MPNet.
pub fn classifier(raw: &RawConfig, outputs: usize) -> Result<ClassifierSpec, String> {
    let modules = ["classifier.dense", "classifier.out_proj"];
    Ok(layout::two_layers(raw, modules, DenseActivation::Tanh, outputs))
}
