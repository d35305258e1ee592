//! Whether a head can be served: in float32, with outputs that are numbers.

use super::error::TrainError;
use super::features::Features;
use super::fit::{DecisionRule, HeadLayers};
use super::metrics::Assessment;

/// Checks a head before it replaces another one: its weights, temperature, thresholds and scores are
/// finite, and no output can overflow for inputs like those of `features`.
///
/// # Errors
/// What isn't finite.
pub fn check_servable(
    head: &HeadLayers,
    decision: &DecisionRule,
    features: &Features,
    scores: &Assessment,
) -> Result<(), TrainError> {
    let unservable = |what| Err(TrainError::Unservable(what));
    let weights = head.layers.iter().flat_map(|layer| layer.weight().iter().chain(layer.bias()));
    let weights = weights.chain(head.layer_weights.iter().flatten());
    if weights.into_iter().any(|weight| !weight.is_finite()) {
        return unservable("a weight is not a finite number in float32");
    }
    if largest_output(head, features) > f64::from(f32::MAX) {
        return unservable("an output may be larger than float32 can hold");
    }
    let temperature = decision.temperature() as f32;
    if !temperature.is_finite() || temperature <= 0.0 {
        return unservable("the temperature is not a finite number above 0 in float32");
    }
    if decision.thresholds.iter().flatten().any(|threshold| !threshold.is_finite()) {
        return unservable("a threshold is not a finite number");
    }
    if !scores.is_finite() {
        return unservable("a score on the held-out rows is not a finite number");
    }
    Ok(())
}

/// A bound for the absolute value of each number on the way to the outputs: of a layer
/// `max over outputs of |b| + Σ |w|·max|x|`. The activations of hidden layers make no number larger.
fn largest_output(head: &HeadLayers, features: &Features) -> f64 {
    let mut largest = vec![0.0_f64; features.width];
    for row in 0..features.rows {
        for (largest, value) in largest.iter_mut().zip(features.row(row)) {
            *largest = largest.max(f64::from(value.abs()));
        }
    }
    if let Some(weights) = &head.layer_weights {
        let c = largest.len() / weights.len();
        let column = |j: usize| -> f64 {
            let layers = largest.iter().skip(j).step_by(c).zip(weights);
            layers.map(|(largest, weight)| largest * f64::from(weight.abs())).sum()
        };
        largest = (0..c).map(column).collect();
    }
    let mut bound = 0.0_f64;
    for layer in &head.layers {
        let output = |(weights, bias): (&[f32], &f32)| -> f64 {
            let products = weights.iter().zip(&largest);
            let sum: f64 = products.map(|(weight, x)| f64::from(weight.abs()) * x).sum();
            f64::from(bias.abs()) + sum
        };
        largest =
            layer.weight().chunks_exact(layer.inputs()).zip(layer.bias()).map(output).collect();
        bound = largest.iter().copied().fold(bound, f64::max);
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::head::{Dense, DenseActivation};
    use crate::training::data::Targets;

    fn checked(weights: [f32; 4], values: [f32; 4], decision: &DecisionRule) -> Option<String> {
        let layer = Dense::new(weights.to_vec(), vec![0.0, 1.0], DenseActivation::Identity);
        let head = HeadLayers { layers: vec![layer], layer_weights: None };
        let features = Features { rows: 2, width: 2, values: values.to_vec() };
        let targets = Targets::SingleLabel(vec![0, 1]);
        let labels = ["a", "b"].map(str::to_owned);
        let scores = Assessment::new(&[1.0, 0.0, 0.0, 1.0], &targets, None, &labels);
        let checked = check_servable(&head, decision, &features, &scores);
        checked.err().map(|error| error.to_string())
    }

    #[test]
    fn what_is_not_finite_is_named() {
        let plain = DecisionRule::default();
        let ones = [1.0; 4];
        assert_eq!(checked(ones, ones, &plain), None);
        let refused = |found: Option<String>, what: &str| {
            let found = found.unwrap();
            assert!(found.contains(what), "{found}");
        };
        refused(checked([1.0, f32::NAN, 1.0, 1.0], ones, &plain), "a weight is not");
        refused(checked([1.0, 1.0, f32::INFINITY, 1.0], ones, &plain), "a weight is not");
        // Each product fits, their sum doesn't.
        let large = [3e38, 3e38, 0.0, 0.0];
        refused(checked(large, ones, &plain), "an output may be larger");
        assert_eq!(checked(large, [0.5, 0.5, 0.1, -0.5], &plain), None);
        let thresholds = Some(vec![0.5, f32::NAN]);
        refused(checked(ones, ones, &DecisionRule { thresholds, ..plain.clone() }), "threshold");
    }
}
