//! The families of encoders: how each reads `config.json`, and what it calls its tensors.

mod albert;
mod bert;
mod deberta_v2;
mod distilbert;
mod electra;
mod family;
mod gte;
mod layout;
mod modernbert;
mod mpnet;
mod nomic_bert;
mod own_code;
mod roberta;
mod rotary;

pub use family::Family;

/// All families.
pub static FAMILIES: [Family; 12] = [
    bert::BERT,
    roberta::ROBERTA,
    roberta::XLM_ROBERTA,
    roberta::CAMEMBERT,
    mpnet::MPNET,
    distilbert::DISTILBERT,
    modernbert::MODERNBERT,
    nomic_bert::NOMIC_BERT,
    gte::GTE,
    deberta_v2::DEBERTA_V2,
    electra::ELECTRA,
    albert::ALBERT,
];
