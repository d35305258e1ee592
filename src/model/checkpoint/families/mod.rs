//! The families of encoders: how each reads `config.json`, and what it calls its tensors.

mod bert;
mod distilbert;
mod family;
mod layout;
mod modernbert;
mod mpnet;
mod roberta;

pub use family::Family;

/// All families.
pub static FAMILIES: [Family; 7] = [
    bert::BERT,
    roberta::ROBERTA,
    roberta::XLM_ROBERTA,
    roberta::CAMEMBERT,
    mpnet::MPNET,
    distilbert::DISTILBERT,
    modernbert::MODERNBERT,
];
