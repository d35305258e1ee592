//! Names and shapes of the tensors of a BERT encoder. Letters: `c` hidden size, `f` intermediate
//! size.

use super::config::BertConfig;

/// Name and shape of each tensor of the embeddings and the encoder.
pub(super) fn encoder_tensors(config: &BertConfig) -> Vec<(String, Vec<usize>)> {
    let (c, f) = (config.hidden_size, config.intermediate_size);
    let tables = [
        ("word_embeddings", config.vocab_size),
        ("position_embeddings", config.positions),
        ("token_type_embeddings", config.token_types),
    ];
    let mut tensors: Vec<_> = tables
        .map(|(table, rows)| (format!("embeddings.{table}.weight"), vec![rows, c]))
        .into_iter()
        .collect();
    let mut norm = |module: String| {
        tensors.push((format!("{module}.LayerNorm.weight"), vec![c]));
        tensors.push((format!("{module}.LayerNorm.bias"), vec![c]));
    };
    norm("embeddings".to_owned());
    for layer in 0..config.layers {
        norm(format!("encoder.layer.{layer}.attention.output"));
        norm(format!("encoder.layer.{layer}.output"));
    }
    let linears = [
        ("attention.self.query", c, c),
        ("attention.self.key", c, c),
        ("attention.self.value", c, c),
        ("attention.output.dense", c, c),
        ("intermediate.dense", f, c),
        ("output.dense", c, f),
    ];
    for layer in 0..config.layers {
        for (linear, rows, columns) in linears {
            let module = format!("encoder.layer.{layer}.{linear}");
            tensors.push((format!("{module}.weight"), vec![rows, columns]));
            tensors.push((format!("{module}.bias"), vec![rows]));
        }
    }
    tensors
}
