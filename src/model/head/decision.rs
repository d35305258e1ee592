//! From a head's logits to probabilities, labels and values.

use serde::Serialize;
use utoipa::ToSchema;

use super::descriptor::{Descriptor, OutputActivation};
use crate::model::checkpoint::ProblemType;
use crate::probabilities::{sigmoid, softmax};

/// The probability from which a label is predicted if the head has no thresholds of its own.
pub const DEFAULT_THRESHOLD: f32 = 0.5;

/// Whether a label is predicted in a multi-label problem: its probability reaches its threshold.
/// `thresholds` has one per label; without it, [`DEFAULT_THRESHOLD`] is that of every label.
pub fn is_predicted(probability: f32, label: usize, thresholds: Option<&[f32]>) -> bool {
    probability >= thresholds.map_or(DEFAULT_THRESHOLD, |thresholds| thresholds[label])
}

/// A head's result for one input. `logits` and `probabilities` are in the order of the labels.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Decision {
    /// The head's outputs, before temperature.
    pub logits: Vec<f32>,
    /// `activation(logits / temperature)`; absent if the activation is `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probabilities: Option<Vec<f32>>,
    /// The most probable label; only for `single_label_classification`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The labels whose probability reaches their threshold; only for `multi_label_classification`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// The result of a regression: a number, or a list if it has several outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The best labels with their probabilities, or logits if there are no probabilities; best
    /// first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<Vec<Scored>>,
}

/// The result of a regression.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Value {
    /// One output.
    One(f32),
    /// Several outputs, in the order of the labels.
    Several(Vec<f32>),
}

/// A label and its score.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Scored {
    /// The label.
    pub label: String,
    /// Its probability, or its logit if there are no probabilities.
    pub score: f32,
}

impl Descriptor {
    /// Interprets `logits`. `activation` replaces the head's own activation for `probabilities` and
    /// `top`.
    pub fn decide(
        &self,
        logits: Vec<f32>,
        activation: Option<OutputActivation>,
        top_k: Option<usize>,
    ) -> Decision {
        let activation = activation.unwrap_or(self.activation);
        let probabilities = activate(activation, &logits, self.temperature);
        let scores = probabilities.as_deref().unwrap_or(&logits);
        let top = top_k.map(|k| self.top(scores, k));
        let (mut label, mut labels, mut value) = (None, None, None);
        match self.problem_type {
            ProblemType::SingleLabelClassification | ProblemType::TokenClassification => {
                label = self.best(&logits);
            }
            ProblemType::MultiLabelClassification => labels = Some(self.predicted_labels(&logits)),
            ProblemType::Regression => {
                value = Some(match logits.as_slice() {
                    [one] => Value::One(*one),
                    several => Value::Several(several.to_vec()),
                });
            }
        }
        Decision { logits, probabilities, label, labels, value, top }
    }

    /// The label with the highest logit; of equal logits the first.
    fn best(&self, logits: &[f32]) -> Option<String> {
        let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        best.map(|(index, _)| self.labels[index].clone())
    }

    /// The labels that reach their thresholds by the head's own probabilities, whatever activation
    /// the request chooses.
    fn predicted_labels(&self, logits: &[f32]) -> Vec<String> {
        let own = match self.activation {
            OutputActivation::None => OutputActivation::Sigmoid,
            own => own,
        };
        let probabilities = activate(own, logits, self.temperature).unwrap_or_default();
        let thresholds = self.thresholds.as_deref();
        let predicted = probabilities
            .iter()
            .enumerate()
            .filter(|(label, probability)| is_predicted(**probability, *label, thresholds));
        predicted.map(|(label, _)| self.labels[label].clone()).collect()
    }

    /// The `k` labels with the highest scores, best first.
    fn top(&self, scores: &[f32], k: usize) -> Vec<Scored> {
        let best = best(scores, k).into_iter();
        best.map(|label| Scored { label: self.labels[label].clone(), score: scores[label] })
            .collect()
    }
}

/// The indices of the `k` highest scores, best first; of equal scores the first one comes first.
pub fn best<T: Copy + Into<f64>>(scores: &[T], k: usize) -> Vec<usize> {
    let score = |index: usize| -> f64 { scores[index].into() };
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
    order.truncate(k);
    order
}

/// `activation(logits / temperature)`, computed in float64; `None` for no activation.
fn activate(activation: OutputActivation, logits: &[f32], temperature: f32) -> Option<Vec<f32>> {
    let scaled = logits.iter().map(|&z| f64::from(z) / f64::from(temperature));
    match activation {
        OutputActivation::None => None,
        OutputActivation::Sigmoid => Some(scaled.map(|z| sigmoid(z) as f32).collect()),
        OutputActivation::Softmax => Some(softmax(scaled).map(|p| p as f32).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::recipe::{Recipe, RecipeRef};

    fn head(problem_type: ProblemType, activation: OutputActivation) -> Descriptor {
        let labels = vec!["a".to_owned(), "b".to_owned()];
        let recipe = RecipeRef::Object(Recipe::default());
        Descriptor { activation, ..Descriptor::new(problem_type, labels, recipe, String::new()) }
    }

    #[test]
    fn softmax_stays_finite_if_the_lowest_logit_has_the_largest_absolute_value() {
        let single = head(ProblemType::SingleLabelClassification, OutputActivation::Softmax);
        let decision = single.decide(vec![-900.0, 40.0], None, None);
        assert_eq!(decision.probabilities.unwrap(), [0.0, 1.0]);
        assert_eq!(decision.label.unwrap(), "b");
    }

    #[test]
    fn temperature_changes_probabilities_and_not_logits() {
        let mut single = head(ProblemType::SingleLabelClassification, OutputActivation::Softmax);
        single.temperature = 2.0;
        let decision = single.decide(vec![0.0, 2.0], None, Some(1));
        let expected = 1.0 / (1.0 + (-1.0_f64).exp());
        assert!((f64::from(decision.probabilities.unwrap()[1]) - expected).abs() < 1e-7);
        assert_eq!(decision.logits, [0.0, 2.0]);
        let top = decision.top.unwrap();
        assert_eq!((top.len(), top[0].label.as_str()), (1, "b"));
    }

    #[test]
    fn labels_are_predicted_from_their_thresholds_on() {
        let mut multi = head(ProblemType::MultiLabelClassification, OutputActivation::Sigmoid);
        assert_eq!(multi.decide(vec![0.1, -0.1], None, None).labels.unwrap(), ["a"]);
        multi.thresholds = Some(vec![0.9, 0.3]);
        assert_eq!(multi.decide(vec![0.1, -0.1], None, None).labels.unwrap(), ["b"]);
        assert!(is_predicted(0.5, 1, None) && !is_predicted(0.499, 1, None));
    }

    #[test]
    fn a_regression_has_a_value_and_no_probabilities() {
        let mut regression = head(ProblemType::Regression, OutputActivation::None);
        regression.labels.pop();
        let decision = regression.decide(vec![-1.5], None, None);
        assert_eq!(decision.value, Some(Value::One(-1.5)));
        assert_eq!(decision.probabilities, None);
    }

    #[test]
    fn the_activation_of_a_request_replaces_the_heads_own() {
        let single = head(ProblemType::SingleLabelClassification, OutputActivation::Softmax);
        let none = single.decide(vec![0.0, 3.0], Some(OutputActivation::None), Some(2));
        assert_eq!(none.probabilities, None);
        assert!((none.top.unwrap()[0].score - 3.0).abs() < f32::EPSILON);
        let sigmoid = single.decide(vec![0.0, 3.0], Some(OutputActivation::Sigmoid), None);
        assert!((sigmoid.probabilities.unwrap()[0] - 0.5).abs() < f32::EPSILON);
    }
}
