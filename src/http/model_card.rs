//! The description of the model in `/info` and in the metrics.

use crate::model::checkpoint::LeftOut;

/// The description of the model in `/info`; its name is in every answer.
#[derive(Clone, Debug)]
pub struct ModelCard {
    /// Its name in the configuration, or else that of its folder, or `org/name` on a hub.
    pub name: String,
    /// Its commit on the hub.
    pub commit: Option<String>,
    /// The fingerprint of the encoder.
    pub fingerprint: String,
    /// Rows of the word embedding table.
    pub vocabulary: usize,
    /// What the checkpoint has and is not served.
    pub left_out: LeftOut,
    /// The name of the encoder implementation.
    pub encoder: &'static str,
    /// The dtype of its GEMMs.
    pub dtype: &'static str,
    /// The instruction set in use.
    pub instruction_set: &'static str,
    /// How its products in f32 are computed, if that can be chosen.
    pub f32_products: Option<&'static str>,
    /// The name of what decides the bits of an answer, besides model and input.
    pub numerics: String,
    /// Threads that compute a pass.
    pub threads: usize,
}
