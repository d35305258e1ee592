//! Rotations of queries and keys, as `rope_parameters` describes them, and what the families have in
//! common that normalise after the residual sums and have no table of positions.

use serde::Deserialize;
use serde_json::Value;

use super::layout::{self, LayerNames};
use crate::field::unusable;
use crate::model::checkpoint::config::RawConfig;
use crate::model::checkpoint::spec::{EncoderSpec, LayerSpec, Rotation};

/// Rotations are computed for so many places before the first text; no tensor says how many there are.
const MOST_TOKENS: usize = 1 << 17;

/// `rope_parameters`, of one kind of layer or of all.
#[derive(Clone, Default, Deserialize)]
pub struct RopeParameters {
    rope_type: Option<String>,
    /// An older name of `rope_type`, which is read if that is missing.
    r#type: Option<String>,
    rope_theta: Option<f64>,
}

/// Checks that there aren't more positions than rotations are computed for. An error names the field.
pub fn check_positions(raw: &RawConfig) -> Result<(), String> {
    let found = raw.max_position_embeddings;
    if found > MOST_TOKENS {
        let allowed = format!("at most {MOST_TOKENS} can be served");
        return Err(unusable("max_position_embeddings", found, &allowed));
    }
    Ok(())
}

/// `d`, the columns of an attention head that is rotated. An error names the field.
pub fn columns(raw: &RawConfig) -> Result<usize, String> {
    let columns = raw.hidden_size / raw.num_attention_heads.max(1);
    if !columns.is_multiple_of(2) {
        let allowed = "rotations need an even number of columns for each of num_attention_heads";
        return Err(unusable("hidden_size", raw.hidden_size, allowed));
    }
    let head_dim: Option<usize> = raw.other("head_dim")?;
    if let Some(other) = head_dim.filter(|written| *written != columns) {
        let allowed = "only hidden_size / num_attention_heads can be served";
        return Err(unusable("head_dim", other, allowed));
    }
    Ok(columns)
}

/// The rotation that the parameters in the field `place` describe. Where they have no angle, it is that
/// of the field `older`. An error names the field.
pub fn rotation(
    raw: &RawConfig,
    columns: usize,
    place: &str,
    written: RopeParameters,
    older: &str,
) -> Result<Rotation, String> {
    let RopeParameters { rope_type, r#type, rope_theta } = written;
    let field = |name: &str| format!("{place}.{name}");
    if let Some(other) = rope_type.or(r#type).filter(|name| name != "default") {
        let allowed = "only \"default\" can be served";
        return Err(unusable(&field("rope_type"), other, allowed));
    }
    let (name, theta) = match rope_theta {
        Some(theta) => (field("rope_theta"), theta),
        None => (older.to_owned(), raw.other(older)?),
    };
    if !(theta.is_finite() && theta > 0.0) {
        return Err(unusable(&name, theta, "a number above 0 is needed"));
    }
    Ok(Rotation { theta, columns })
}

/// The encoder with these names of layers, all of which are rotated alike.
pub fn encoder(raw: &RawConfig, names: &LayerNames) -> Result<EncoderSpec, String> {
    check_positions(raw)?;
    let rotation = of_all_layers(raw)?;
    let encoder = layout::encoder(raw, names, None, raw.type_vocab_size)?;
    let rotated = |layer| LayerSpec { rotation: Some(rotation), ..layer };
    Ok(EncoderSpec { layers: encoder.layers.into_iter().map(rotated).collect(), ..encoder })
}

/// `rope_parameters`, or its older name, which counts first.
fn of_all_layers(raw: &RawConfig) -> Result<Rotation, String> {
    let columns = columns(raw)?;
    let is_written = |field: &&str| {
        let value = raw.others.get(*field);
        value.is_some_and(|value| !matches!(value, Value::Null) && *value != serde_json::json!({}))
    };
    let place = ["rope_scaling", "rope_parameters"].into_iter().find(is_written);
    let parameters =
        place.map_or_else(|| Ok(RopeParameters::default()), |place| raw.other(place))?;
    rotation(raw, columns, place.unwrap_or_default(), parameters, "rope_theta")
}
