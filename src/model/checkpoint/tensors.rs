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

/// Name and shape of each tensor that is read: embeddings, encoder, and the classifier if there is one.
///
/// They come layer by layer, so that a checkpoint that has fewer layers than its config says is found
/// out at the first that is missing.
pub(super) fn required_tensors(config: &BertConfig) -> impl Iterator<Item = (String, Vec<usize>)> {
    let (c, f) = (config.hidden_size, config.intermediate_size);
    let tables = [
        (WORD_EMBEDDINGS, config.vocab_size),
        (POSITION_EMBEDDINGS, config.positions),
        (TOKEN_TYPE_EMBEDDINGS, config.token_types),
    ];
    let tables = tables.into_iter().map(move |(table, rows)| (table.to_owned(), vec![rows, c]));
    let modules = [
        (QUERY, vec![c, c]),
        (KEY, vec![c, c]),
        (VALUE, vec![c, c]),
        (ATTENTION_OUTPUT, vec![c, c]),
        (ATTENTION_NORM, vec![c]),
        (INTERMEDIATE, vec![f, c]),
        (OUTPUT, vec![c, f]),
        (OUTPUT_NORM, vec![c]),
    ];
    let layers = (0..config.layers).flat_map(move |layer| {
        let named = |(module, shape)| (layer_module(layer, module), shape);
        modules.clone().map(named)
    });
    let classifier = config.classifier.iter().flat_map(move |classifier| {
        let labels = classifier.labels.len();
        [(POOLER.to_owned(), vec![c, c]), (CLASSIFIER.to_owned(), vec![labels, c])]
    });
    let norm = [(EMBEDDING_NORM.to_owned(), vec![c])];
    let all = norm.into_iter().chain(layers).chain(classifier);
    tables.chain(all.flat_map(|(module, shape)| {
        let bias = vec![shape[0]];
        [(format!("{module}.weight"), shape), (format!("{module}.bias"), bias)]
    }))
}
