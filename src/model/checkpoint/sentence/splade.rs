//! The `config.json` of a SpladePooling: how the predictions of tokens become one sparse row.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::field::unusable;
use crate::model::checkpoint::error::{CheckpointError, read_json};

/// How the logits of tokens become one row, as in SPLADE (Formal et al. 2021, arXiv:2107.05720 and
/// arXiv:2109.10086).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Splade {
    /// How the weights of tokens are pooled.
    pub pooling: SpladePooling,
    /// How a logit becomes a weight.
    pub activation: SpladeActivation,
}

/// How the weights of tokens are pooled, for each id of the vocabulary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpladePooling {
    /// The largest one.
    #[default]
    Max,
    /// Their sum.
    Sum,
}

/// How a logit becomes a weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpladeActivation {
    /// `ln(1 + max(x, 0))`
    #[default]
    Relu,
    /// `ln(1 + ln(1 + max(x, 0)))`
    Log1pRelu,
}

/// The fields of the file. The last two are the width of the row, which is that of the vocabulary.
const FIELDS: [&str; 4] =
    ["pooling_strategy", "activation_function", "embedding_dimension", "word_embedding_dimension"];

impl Splade {
    /// Reads the file.
    ///
    /// # Errors
    /// The file is missing, or a field is unknown or has a value that can't be served.
    pub fn read(file: &Path) -> Result<Self, CheckpointError> {
        let fields: Map<String, Value> = read_json(file, "how predictions are pooled")?;
        Self::check(&fields).map_err(|message| CheckpointError::invalid(file, message))
    }

    fn check(fields: &Map<String, Value>) -> Result<Self, String> {
        if let Some((name, value)) =
            fields.iter().find(|(name, _)| !FIELDS.contains(&name.as_str()))
        {
            let allowed = format!("allowed are {}", FIELDS.join(", "));
            return Err(unusable(name, value.clone(), &allowed));
        }
        Ok(Self {
            pooling: choice(fields, FIELDS[0], "allowed are \"max\" and \"sum\"")?,
            activation: choice(fields, FIELDS[1], "allowed are \"relu\" and \"log1p_relu\"")?,
        })
    }
}

fn choice<T: Default + for<'de> Deserialize<'de>>(
    fields: &Map<String, Value>,
    name: &str,
    allowed: &str,
) -> Result<T, String> {
    let Some(written) = fields.get(name) else { return Ok(T::default()) };
    T::deserialize(written).map_err(|_| unusable(name, written.clone(), allowed))
}
