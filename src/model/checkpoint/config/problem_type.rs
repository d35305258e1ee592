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
}

impl ProblemType {
    /// Its name in `config.json`, `head.json`, `/info` and the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::SingleLabelClassification => "single_label_classification",
            Self::MultiLabelClassification => "multi_label_classification",
            Self::Regression => "regression",
        }
    }

    /// `problem_type` of `config.json`. An error says what is allowed.
    pub(super) fn parse(written: Value) -> Result<Self, String> {
        Self::deserialize(&written).map_err(|_| {
            let allowed = "allowed are \"single_label_classification\", \
                           \"multi_label_classification\", \"regression\" and null";
            unusable("problem_type", written, allowed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_name_is_the_one_in_json() {
        for problem_type in [
            ProblemType::SingleLabelClassification,
            ProblemType::MultiLabelClassification,
            ProblemType::Regression,
        ] {
            assert_eq!(serde_json::to_value(problem_type).unwrap(), problem_type.name());
        }
    }
}
