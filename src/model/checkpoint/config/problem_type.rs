//! What a classifier's outputs are.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::field::unusable;

/// What the outputs of a classifier mean, as in transformers' `problem_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemType {
    /// Exactly one label holds.
    SingleLabelClassification,
    /// Any number of labels hold.
    MultiLabelClassification,
    /// The outputs are numbers; there is no label to choose.
    Regression,
    /// Exactly one label holds for each token. Only a trained head has it; a checkpoint says the same by
    /// its architecture.
    TokenClassification,
}

impl ProblemType {
    /// `problem_type` of `config.json`. An error says what is allowed.
    pub(super) fn parse(written: Value) -> Result<Self, String> {
        let known = Self::deserialize(&written).ok();
        known.filter(|known| *known != Self::TokenClassification).ok_or_else(|| {
            let allowed = "allowed are \"single_label_classification\", \
                           \"multi_label_classification\", \"regression\" and null";
            unusable("problem_type", written, allowed)
        })
    }
}
