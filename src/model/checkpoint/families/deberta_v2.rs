//! DeBERTa in its second and third version (He et al. 2020, arXiv:2006.03654, and 2021,
//! arXiv:2111.09543): BERT's layers, with attention scores that depend on distances and content.

use serde_json::{Map, Value, json};

use super::bert;
use super::family::Family;
use super::layout::{self, LayerNames};
use crate::field::unusable;
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::{
    ClassifierSpec, EmbeddingSpec, EncoderSpec, LayerSpec, LinearSpec, PositionRows,
    RelativePositions, RelativeProjections, RelativeRows, TableSpec,
};
use crate::model::dense::DenseActivation;

/// The family.
pub const DEBERTA_V2: Family = Family {
    model_type: "deberta-v2",
    class: "DebertaV2",
    tensors: TensorNames::prefixed(&["deberta."]),
    defaults,
    encoder,
    classifier,
    prediction: None,
    // Only the classifier has one.
    pooler: None,
    tokenizer_class: "DebertaV2Tokenizer",
    ..bert::BERT
};

const LAYER: LayerNames = LayerNames {
    qkv: ["attention.self.query_proj", "attention.self.key_proj", "attention.self.value_proj"],
    ..layout::BERT_LAYER
};

/// More rows of distances than any checkpoint has: a distance may be the most tokens of a sequence.
const MOST_ROWS: usize = 1 << 16;

fn defaults() -> Map<String, Value> {
    bert::defaults_with(json!({
        "vocab_size": 128_100,
        "hidden_size": 1536,
        "num_hidden_layers": 24,
        "num_attention_heads": 24,
        "intermediate_size": 6144,
        "type_vocab_size": 0,
        "layer_norm_eps": 1e-7,
        "relative_attention": false,
        "max_relative_positions": -1,
        "position_buckets": -1,
        "pos_att_type": null,
        "position_biased_input": true,
        "share_att_key": false,
        "norm_rel_ebd": "none",
        "conv_kernel_size": 0,
        "embedding_size": null,
        "attention_head_size": null,
        "pooler_hidden_act": "gelu",
        "pooler_hidden_size": null,
    }))
}

fn encoder(raw: &RawConfig) -> Result<EncoderSpec, String> {
    let kernel: i64 = raw.other("conv_kernel_size")?;
    if kernel > 0 {
        return Err(unusable("conv_kernel_size", kernel, "only 0 can be served"));
    }
    only("attention_head_size", raw, raw.hidden_size / raw.num_attention_heads.max(1))?;
    let has_positions: bool = raw.other("position_biased_input")?;
    let rows = has_positions.then_some(PositionRows::Places);
    let encoder = layout::encoder(raw, &LAYER, rows, raw.type_vocab_size)?;
    let types = score_types(raw)?;
    let is_relative: bool = raw.other("relative_attention")?;
    let relative = is_relative.then(|| relative(raw)).transpose()?;
    let shares: bool = raw.other("share_att_key")?;
    let with_projections = |(index, layer): (usize, LayerSpec)| {
        let [queries, keys, _] = &layer.qkv;
        let projection = |own: &LinearSpec, name: &str| match shares {
            true => own.clone(),
            false => LinearSpec {
                module: format!("{}.{index}.attention.self.{name}", LAYER.layers),
                ..own.clone()
            },
        };
        let projections = RelativeProjections {
            keys: types.content_to_position.then(|| projection(keys, "pos_key_proj")),
            queries: types.position_to_content.then(|| projection(queries, "pos_query_proj")),
        };
        LayerSpec { relative: is_relative.then_some(projections), ..layer }
    };
    Ok(EncoderSpec {
        embeddings: embeddings(raw, encoder.embeddings)?,
        layers: encoder.layers.into_iter().enumerate().map(with_projections).collect(),
        relative,
        // Also without embeddings of distances, as in transformers.
        score_terms: 1
            + usize::from(types.content_to_position)
            + usize::from(types.position_to_content),
        ..encoder
    })
}

/// Checks that a field is null or missing, or has the only value that is served.
fn only(field: &str, raw: &RawConfig, served: usize) -> Result<(), String> {
    let written: Option<usize> = raw.other(field)?;
    match written.filter(|written| *written != served) {
        Some(other) => Err(unusable(field, other, &format!("only {served} can be served"))),
        None => Ok(()),
    }
}

/// The embedding stage, whose tables may be narrower than a hidden state.
fn embeddings(raw: &RawConfig, stage: EmbeddingSpec) -> Result<EmbeddingSpec, String> {
    let written: Option<usize> = raw.other("embedding_size")?;
    if written.is_none_or(|columns| columns == raw.hidden_size) {
        return Ok(stage);
    }
    let columns = layout::table_columns(raw)?;
    let projection = LinearSpec::new("embeddings.embed_proj", columns, raw.hidden_size);
    Ok(stage.with_projection(projection.with_bias(false)))
}

/// Which of the two kinds of scores that depend on distances are added.
struct ScoreTypes {
    content_to_position: bool,
    position_to_content: bool,
}

/// `pos_att_type`: a list, or a text with `|` between names in any case.
fn score_types(raw: &RawConfig) -> Result<ScoreTypes, String> {
    const FIELD: &str = "pos_att_type";
    let written: Value = raw.other(FIELD)?;
    let refused = || {
        unusable(
            FIELD,
            written.clone(),
            "\"c2p\" and \"p2c\", a list of them, and null are allowed",
        )
    };
    let names: Vec<String> = match &written {
        Value::Null => Vec::new(),
        Value::String(text) => {
            text.to_lowercase().split('|').map(|name| name.trim().to_owned()).collect()
        }
        Value::Array(_) => serde_json::from_value(written.clone()).map_err(|_| refused())?,
        _ => return Err(refused()),
    };
    let is_known = |name: &String| name == "c2p" || name == "p2c" || name.is_empty();
    if !names.iter().all(is_known) {
        return Err(refused());
    }
    let has = |name: &str| names.iter().any(|written| written == name);
    Ok(ScoreTypes { content_to_position: has("c2p"), position_to_content: has("p2c") })
}

/// The embeddings of distances.
fn relative(raw: &RawConfig) -> Result<RelativePositions, String> {
    let most: i64 = raw.other("max_relative_positions")?;
    let most = usize::try_from(most).ok().filter(|most| *most > 0);
    let most = most.unwrap_or(raw.max_position_embeddings);
    let buckets: i64 = raw.other("position_buckets")?;
    let rows = match usize::try_from(buckets).ok().filter(|buckets| *buckets > 0) {
        Some(span) => RelativeRows { span, most: Some(most) },
        None => RelativeRows { span: most, most: None },
    };
    let field = if rows.most.is_some() { "position_buckets" } else { "max_relative_positions" };
    if rows.span > MOST_ROWS {
        return Err(unusable(field, rows.span, &format!("at most {MOST_ROWS} can be served")));
    }
    // Otherwise a logarithm is 0 or not a number.
    if rows.most.is_some_and(|most| rows.span < 4 || most < rows.span / 2 + 2) {
        let allowed = format!(
            "4 to {} can be served with distances up to {most}",
            (2 * most).saturating_sub(3)
        );
        return Err(unusable(field, rows.span, &allowed));
    }
    let norms: String = raw.other("norm_rel_ebd")?;
    let has_norm = norms.to_lowercase().split('|').any(|name| name.trim() == "layer_norm");
    let name = "encoder.rel_embeddings.weight".to_owned();
    Ok(RelativePositions {
        table: TableSpec { name, rows: 2 * rows.span, columns: raw.hidden_size },
        norm: has_norm.then(|| layout::norm(raw, "encoder.LayerNorm")),
        rows,
    })
}

fn classifier(raw: &RawConfig, outputs: usize) -> Result<ClassifierSpec, String> {
    const ACTIVATION: &str = "pooler_hidden_act";
    only("pooler_hidden_size", raw, raw.hidden_size)?;
    let name: String = raw.other(ACTIVATION)?;
    let activation = DenseActivation::from_transformers(&name)
        .map_err(|allowed| unusable(ACTIVATION, name.as_str(), &allowed))?;
    Ok(layout::two_layers(raw, [bert::POOLER, "classifier"], activation, outputs))
}
