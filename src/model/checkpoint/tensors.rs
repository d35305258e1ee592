//! Names and shapes of the tensors of a BERT encoder. Letters: `c` hidden size, `f` intermediate
//! size.

use super::config::BertConfig;

/// The table of word embeddings, `(vocabulary, c)`.
pub const WORD_EMBEDDINGS: &str = "embeddings.word_embeddings.weight";
/// The table of position embeddings, `(positions, c)`.
pub const POSITION_EMBEDDINGS: &str = "embeddings.position_embeddings.weight";
/// The table of token type embeddings, `(token types, c)`.
pub const TOKEN_TYPE_EMBEDDINGS: &str = "embeddings.token_type_embeddings.weight";
/// The layer norm of the embedding stage. Like all layer norms, it has `weight` and `bias`, `(c)`.
pub const EMBEDDING_NORM: &str = "embeddings.LayerNorm";

/// The queries of a layer, `(c) → (c)`. Like all linear layers, it has `weight` `(out, in)` and
/// `bias` `(out)`. This and the following names are those of [`layer_module`].
pub const QUERY: &str = "attention.self.query";
/// The keys, `(c) → (c)`.
pub const KEY: &str = "attention.self.key";
/// The values, `(c) → (c)`.
pub const VALUE: &str = "attention.self.value";
/// The output projection of attention, `(c) → (c)`.
pub const ATTENTION_OUTPUT: &str = "attention.output.dense";
/// The layer norm after attention.
pub const ATTENTION_NORM: &str = "attention.output.LayerNorm";
/// The first feed-forward layer, `(c) → (f)`.
pub const INTERMEDIATE: &str = "intermediate.dense";
/// The second feed-forward layer, `(f) → (c)`.
pub const OUTPUT: &str = "output.dense";
/// The layer norm after the feed-forward layers.
pub const OUTPUT_NORM: &str = "output.LayerNorm";

/// The first layer of the classifier, `(c) → (c)`, followed by tanh.
pub const POOLER: &str = "pooler.dense";

/// The last layer of the classifier, `(c) → (labels)`.
pub const CLASSIFIER: &str = "classifier";

/// What older versions of transformers saved as tensors, though it follows from the config.
pub(super) const BUFFERS: [&str; 2] = ["embeddings.position_ids", "embeddings.token_type_ids"];

/// The name of a module of encoder layer `layer`, counted from 0.
pub fn layer_module(layer: usize, module: &str) -> String {
    format!("encoder.layer.{layer}.{module}")
}

/// Name and shape of each tensor of the embeddings and the encoder.
pub(super) fn encoder_tensors(config: &BertConfig) -> Vec<(String, Vec<usize>)> {
    let (c, f) = (config.hidden_size, config.intermediate_size);
    let tables = [
        (WORD_EMBEDDINGS, config.vocab_size),
        (POSITION_EMBEDDINGS, config.positions),
        (TOKEN_TYPE_EMBEDDINGS, config.token_types),
    ];
    let mut tensors: Vec<_> =
        tables.into_iter().map(|(table, rows)| (table.to_owned(), vec![rows, c])).collect();
    let mut norm = |module: String| {
        tensors.push((format!("{module}.weight"), vec![c]));
        tensors.push((format!("{module}.bias"), vec![c]));
    };
    norm(EMBEDDING_NORM.to_owned());
    for layer in 0..config.layers {
        norm(layer_module(layer, ATTENTION_NORM));
        norm(layer_module(layer, OUTPUT_NORM));
    }
    let linears = [
        (QUERY, c, c),
        (KEY, c, c),
        (VALUE, c, c),
        (ATTENTION_OUTPUT, c, c),
        (INTERMEDIATE, f, c),
        (OUTPUT, c, f),
    ];
    for layer in 0..config.layers {
        for (linear, outputs, inputs) in linears {
            let module = layer_module(layer, linear);
            tensors.push((format!("{module}.weight"), vec![outputs, inputs]));
            tensors.push((format!("{module}.bias"), vec![outputs]));
        }
    }
    tensors
}
