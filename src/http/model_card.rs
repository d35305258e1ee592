//! The description of the model in `/info` and in the metrics.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::model::checkpoint::LeftOut;
use crate::model::recipe::Shape;
use crate::telemetry::metrics::encode_gauges;

/// The description of the model in `/info`; its name is in every answer.
#[derive(Clone, Debug)]
pub struct ModelCard {
    /// The name of its folder, or `org/name` on a hub.
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

impl ModelCard {
    /// Adds the model's name, its numerics and its sizes. `sequence_tokens`: the most tokens of a
    /// sequence.
    pub fn register(&self, shape: Shape, sequence_tokens: usize, registry: &mut Registry) {
        let labels = [
            ("model", self.name.clone()),
            ("fingerprint", self.fingerprint.clone()),
            ("encoder", self.encoder.to_owned()),
            ("dtype", self.dtype.to_owned()),
            ("instruction_set", self.instruction_set.to_owned()),
            ("numerics", self.numerics.clone()),
        ];
        registry.register("strata_model", "The model that is served", Info::new(labels.to_vec()));
        let threads = self.threads;
        registry.register_collector(Box::new(Sizes { shape, sequence_tokens, threads }));
    }
}

/// Sizes that don't change while the server runs.
#[derive(Debug)]
struct Sizes {
    shape: Shape,
    sequence_tokens: usize,
    threads: usize,
}

impl Collector for Sizes {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let gauges = [
            ("strata_model_layers", "Layers of the encoder.", self.shape.layers),
            ("strata_model_hidden_size", "Columns of a hidden state.", self.shape.hidden),
            (
                "strata_model_sequence_tokens",
                "The most tokens of a sequence, special tokens included.",
                self.sequence_tokens,
            ),
            ("strata_model_threads", "Threads that compute a pass.", self.threads),
        ];
        encode_gauges(&mut encoder, gauges.map(|(name, help, size)| (name, help, size as f64)))
    }
}
