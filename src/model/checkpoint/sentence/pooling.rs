//! The `config.json` of a Pooling: how tokens are pooled, and whether a prompt's tokens take part.

use std::path::Path;

use serde_json::{Map, Value};

use crate::field::unusable;
use crate::model::checkpoint::error::{CheckpointError, read_json};
use crate::model::pooling::Pooling;

/// What a Pooling says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolingModule {
    /// At least one; their rows lie side by side.
    pub poolings: Vec<Pooling>,
    /// Whether the tokens of a prompt are pooled too.
    pub include_prompt: bool,
}

/// The values of `pooling_mode`, and the older switches, in the order in which their rows lie side
/// by side.
const MODES: [(&str, &str, Pooling); 6] = [
    ("cls", "pooling_mode_cls_token", Pooling::Cls),
    ("max", "pooling_mode_max_tokens", Pooling::Max),
    ("mean", "pooling_mode_mean_tokens", Pooling::Mean),
    ("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", Pooling::MeanSqrtLen),
    ("weightedmean", "pooling_mode_weightedmean_tokens", Pooling::WeightedMean),
    ("lasttoken", "pooling_mode_lasttoken", Pooling::LastToken),
];

impl PoolingModule {
    /// Reads the file.
    ///
    /// # Errors
    /// The file is missing, a pooling is unknown, or there is a field that a Pooling doesn't have.
    pub fn read(file: &Path) -> Result<Self, CheckpointError> {
        let fields: Map<String, Value> = read_json(file, "how tokens are pooled")?;
        Self::check(&fields).map_err(|message| CheckpointError::invalid(file, message))
    }

    fn check(fields: &Map<String, Value>) -> Result<Self, String> {
        let switch = |name: &str| MODES.iter().find(|(_, switch, _)| *switch == name);
        let others =
            ["embedding_dimension", "word_embedding_dimension", "pooling_mode", "include_prompt"];
        for (name, value) in fields {
            if switch(name).is_none() && !others.contains(&name.as_str()) {
                let allowed = format!(
                    "allowed are {}, {}",
                    others.join(", "),
                    MODES.map(|(_, switch, _)| switch).join(", ")
                );
                return Err(unusable(name, value.clone(), &allowed));
            }
        }
        let include_prompt = flag(fields, "include_prompt", true)?;
        let poolings = match fields.get("pooling_mode") {
            Some(Value::Array(modes)) if !modes.is_empty() => {
                modes.iter().map(mode).collect::<Result<_, _>>()?
            }
            Some(one) => vec![mode(one)?],
            None => {
                let mut poolings = Vec::new();
                for (_, switch, pooling) in MODES {
                    if flag(fields, switch, false)? {
                        poolings.push(pooling);
                    }
                }
                if poolings.is_empty() { vec![Pooling::Mean] } else { poolings }
            }
        };
        Ok(Self { poolings, include_prompt })
    }
}

fn mode(written: &Value) -> Result<Pooling, String> {
    let known = MODES.iter().find(|(name, ..)| written == name);
    known.map(|(.., pooling)| *pooling).ok_or_else(|| {
        let allowed = MODES.map(|(name, ..)| name).join(", ");
        let allowed = format!("allowed are {allowed}, and a list of them");
        unusable("pooling_mode", written.clone(), &allowed)
    })
}

fn flag(fields: &Map<String, Value>, name: &str, default: bool) -> Result<bool, String> {
    match fields.get(name) {
        None => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(unusable(name, other.clone(), "allowed are true and false")),
    }
}
