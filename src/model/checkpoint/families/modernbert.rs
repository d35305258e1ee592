//! ModernBERT (Warner et al. 2024, arXiv:2412.13663): norms before the layers' parts, rotated queries
//! and keys, layers that attend to near tokens only, and a gate between the feed-forward layers.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::bert;
use super::family::{Family, PredictionLayers};
use super::rotary::{self, RopeParameters};
use crate::field::unusable;
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::spec::{
    ClassifierLayer, ClassifierSpec, EmbeddingSpec, EncoderSpec, LayerNorms, LayerSpec, LinearSpec,
    NormSpec, Rotation, TableSpec,
};
use crate::model::dense::DenseActivation;
use crate::model::pooling::Pooling;

/// The family.
pub const MODERNBERT: Family = Family {
    model_type: "modernbert",
    class: "ModernBert",
    tensors: TensorNames::prefixed(&["model."]),
    names: &[("hidden_act", "hidden_activation"), ("layer_norm_eps", "norm_eps")],
    aliases: &[],
    defaults,
    encoder,
    classifier,
    tagger: classifier_layers,
    prediction: Some(prediction),
    pooler: None,
    tokenizer_class: "TokenizersBackend",
};

fn defaults() -> Map<String, Value> {
    bert::defaults_with(json!({
        "vocab_size": 50_368,
        "intermediate_size": 1152,
        "num_hidden_layers": 22,
        "max_position_embeddings": 8192,
        "layer_norm_eps": 1e-5,
        "pad_token_id": 50_283,
        "norm_bias": false,
        "attention_bias": false,
        "mlp_bias": false,
        "local_attention": 128,
        "sliding_window": null,
        "global_attn_every_n_layers": 3,
        "layer_types": null,
        "rope_parameters": null,
        "rope_scaling": null,
        "global_rope_theta": 160_000.0,
        "local_rope_theta": 10_000.0,
        "head_dim": null,
        "classifier_pooling": "cls",
        "classifier_bias": false,
        "classifier_activation": "gelu",
        "decoder_bias": true,
    }))
}

/// Which tokens the layers attend to.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Attention {
    FullAttention,
    SlidingAttention,
}

/// `rope_parameters`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllRopeParameters {
    full_attention: Option<RopeParameters>,
    sliding_attention: Option<RopeParameters>,
}

fn encoder(raw: &RawConfig) -> Result<EncoderSpec, String> {
    let kinds = kinds(raw)?;
    let rotations = rotations(raw)?;
    let reach = reach(raw)?;
    rotary::check_positions(raw)?;
    let c = raw.hidden_size;
    let words = TableSpec {
        name: "embeddings.tok_embeddings.weight".to_owned(),
        rows: raw.vocab_size,
        columns: c,
    };
    let norm = norms(raw)?;
    let [attention_bias, mlp_bias] = [raw.other("attention_bias")?, raw.other("mlp_bias")?];
    let layer = |(index, kind): (usize, Attention)| {
        let module = |name: &str| format!("layers.{index}.{name}");
        let linear = |name: &str, inputs, outputs, has_bias| {
            LinearSpec::new(module(name), inputs, outputs).with_bias(has_bias)
        };
        let f = raw.intermediate_size;
        let wide = |part| linear("mlp.Wi", c, f, mlp_bias).with_part(part, 2);
        let is_local = kind == Attention::SlidingAttention;
        LayerSpec {
            norms: LayerNorms {
                // The embedding stage ends with a norm.
                before_attention: (index > 0).then(|| norm(module("attn_norm"))),
                before_feed_forward: Some(norm(module("mlp_norm"))),
                ..LayerNorms::default()
            },
            qkv: [0, 1, 2].map(|part| linear("attn.Wqkv", c, c, attention_bias).with_part(part, 3)),
            attention_output: linear("attn.Wo", c, c, attention_bias),
            intermediate: wide(0),
            gate: Some(wide(1)),
            output: linear("mlp.Wo", f, c, mlp_bias),
            rotation: Some(rotations[usize::from(is_local)]),
            reach: is_local.then_some(reach),
            relative: None,
        }
    };
    Ok(EncoderSpec {
        embeddings: EmbeddingSpec {
            words,
            positions: None,
            token_types: None,
            projection: None,
            norm: norm("embeddings.norm".to_owned()),
            is_norm_first: false,
        },
        layers: kinds.into_iter().enumerate().map(layer).collect(),
        attention_heads: raw.num_attention_heads,
        activation: raw.activation()?,
        position_bias: None,
        relative: None,
        score_terms: 1,
        final_norm: Some(norm("final_norm".to_owned())),
    })
}

/// How far the near tokens are: half of `local_attention`, unless `sliding_window` says it.
fn reach(raw: &RawConfig) -> Result<usize, String> {
    let written: Option<usize> = raw.other("sliding_window")?;
    let local: usize = raw.other("local_attention")?;
    Ok(written.unwrap_or(local / 2))
}

/// Makes norms by their names.
fn norms(raw: &RawConfig) -> Result<impl Fn(String) -> NormSpec, String> {
    let (columns, eps, has_bias) = (raw.hidden_size, raw.layer_norm_eps, raw.other("norm_bias")?);
    Ok(move |module| NormSpec { module, columns, has_bias, eps })
}

/// The kind of each layer: `layer_types`, or else every n-th attends to all tokens.
fn kinds(raw: &RawConfig) -> Result<Vec<Attention>, String> {
    let layers = raw.num_hidden_layers;
    let written: Option<Vec<Attention>> = raw.other("layer_types")?;
    if let Some(kinds) = written {
        if kinds.len() != layers {
            let allowed = format!("one for each of num_hidden_layers, {layers}, is needed");
            return Err(unusable("the length of layer_types", kinds.len(), &allowed));
        }
        return Ok(kinds);
    }
    const EVERY: &str = "global_attn_every_n_layers";
    let every: usize = raw.other(EVERY)?;
    if every == 0 {
        return Err(unusable(EVERY, 0, "at least 1 is needed"));
    }
    let kind = |index: usize| match index.is_multiple_of(every) {
        true => Attention::FullAttention,
        false => Attention::SlidingAttention,
    };
    Ok((0..layers).map(kind).collect())
}

/// The rotations of layers that attend to all tokens, and of the others.
fn rotations(raw: &RawConfig) -> Result<[Rotation; 2], String> {
    let columns = rotary::columns(raw)?;
    let scaling: Value = raw.other("rope_scaling")?;
    if !scaling.is_null() {
        return Err(unusable("rope_scaling", scaling, "only null can be served"));
    }
    let all: Option<AllRopeParameters> = raw.other("rope_parameters")?;
    let AllRopeParameters { full_attention, sliding_attention } = all.unwrap_or_default();
    let rotation = |kind: &str, written: Option<RopeParameters>, older: &str| {
        let place = format!("rope_parameters.{kind}");
        rotary::rotation(raw, columns, &place, written.unwrap_or_default(), older)
    };
    Ok([
        rotation("full_attention", full_attention, "global_rope_theta")?,
        rotation("sliding_attention", sliding_attention, "local_rope_theta")?,
    ])
}

fn classifier(raw: &RawConfig, outputs: usize) -> Result<ClassifierSpec, String> {
    let pooling: String = raw.other("classifier_pooling")?;
    let pooling = match pooling.as_str() {
        "cls" => Pooling::Cls,
        "mean" => Pooling::Mean,
        other => {
            let allowed = "allowed are \"cls\" and \"mean\"";
            return Err(unusable("classifier_pooling", other, allowed));
        }
    };
    Ok(ClassifierSpec { pooling, layers: classifier_layers(raw, outputs)? })
}

/// The layers of both classifiers.
fn classifier_layers(raw: &RawConfig, outputs: usize) -> Result<Vec<ClassifierLayer>, String> {
    let logits = LinearSpec::new("classifier", raw.hidden_size, outputs);
    let mut layers = head(raw)?;
    layers.push(ClassifierLayer::Dense(logits, DenseActivation::Identity));
    Ok(layers)
}

/// The layers before the last one, of classifiers and of predictions of tokens.
fn head(raw: &RawConfig) -> Result<Vec<ClassifierLayer>, String> {
    let c = raw.hidden_size;
    const ACTIVATION: &str = "classifier_activation";
    let name: String = raw.other(ACTIVATION)?;
    let activation = DenseActivation::from_transformers(&name)
        .map_err(|allowed| unusable(ACTIVATION, name.as_str(), &allowed))?;
    let dense = LinearSpec::new("head.dense", c, c).with_bias(raw.other("classifier_bias")?);
    let norm = norms(raw)?("head.norm".to_owned());
    Ok(vec![ClassifierLayer::Dense(dense, activation), ClassifierLayer::Norm(norm)])
}

fn prediction(raw: &RawConfig) -> Result<PredictionLayers, String> {
    let has_bias: bool = raw.other("decoder_bias")?;
    Ok((head(raw)?, has_bias.then_some("decoder.bias")))
}
