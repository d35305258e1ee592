//! What a checkpoint has and is not served.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::config::BertConfig;
use super::tensors::{BUFFERS, CLASSIFIER, POOLER, encoder_tensors};
use super::weights::Weights;

/// The parts of a checkpoint that nothing here computes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// Architectures of which only the encoder is served.
    pub heads: Vec<String>,
    /// Tensors that are not read, without the prefix `bert.`.
    pub tensors: Vec<String>,
}

impl LeftOut {
    /// The heads and tensors of a checkpoint that are not served.
    pub fn find(config: &BertConfig, weights: &Weights) -> Self {
        let encoder = encoder_tensors(config);
        let mut read: BTreeSet<&str> = encoder.iter().map(|(name, _)| name.as_str()).collect();
        read.extend(BUFFERS);
        let classifier = |name: &str| {
            let module = name.strip_suffix(".weight").or(name.strip_suffix(".bias"));
            config.classifier.is_some() && matches!(module, Some(POOLER | CLASSIFIER))
        };
        let names = weights.iter().map(|tensor| tensor.name);
        let left = names.filter(|name| !read.contains(name) && !classifier(name));
        Self { heads: config.other_heads.clone(), tensors: left.map(str::to_owned).collect() }
    }
}
