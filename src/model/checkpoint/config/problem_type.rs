//! What a classifier's outputs are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
}
