use argmin::core::{CostFunction, Gradient};
use candle_core::{Device, Tensor, Var};
use candle_nn::{Linear, Module, loss as candle_loss};

use super::objective::Objective;
use super::*;
use crate::training::data::Targets;
use crate::training::features::Features;
use crate::training::fit::{PreparedRows, Preprocessor, TrainingData};
use crate::training::options::ClassWeights;

/// Written by `tests/fixtures/generate_logistic.py`.
const FIXTURE: &str = include_str!("../../../../tests/fixtures/logistic.json");

/// Against scikit-learn; the largest difference seen is 5.7e-6.
const TOLERANCE: f64 = 2e-5;

#[derive(serde::Deserialize)]
struct Fixture {
    rows: usize,
    width: usize,
    features: Vec<f32>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    strength: f64,
    class_weights: ClassWeights,
    labels: Labels,
    weights: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

/// Classes, 0 or 1 for each of three labels, or numbers.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Labels {
    One(Vec<usize>),
    Several(Vec<Vec<usize>>),
    Number(Vec<f64>),
}

impl Fixture {
    fn read() -> (Features, Vec<Case>) {
        let Self { rows, width, features, cases } = serde_json::from_str(FIXTURE).unwrap();
        (Features { rows, width, values: features }, cases)
    }
}

/// All rows, prepared for a fit, and their preprocessor.
fn prepared_rows<'a>(
    features: &'a Features,
    targets: &'a Targets,
    case: &Case,
) -> (PreparedRows, Preprocessor<'a>) {
    let rows: Vec<usize> = (0..features.rows).collect();
    let outputs = match targets {
        Targets::SingleLabel(labels) => labels.iter().max().unwrap() + 1,
        Targets::MultiLabel(_) | Targets::Regression(_) => case.bias.len(),
    };
    let class_weights = case.class_weights;
    let preprocessor = Preprocessor::new(
        TrainingData { features, targets, outputs, class_weights, weighted_layers: None },
        &rows,
    );
    (preprocessor.prepare(&rows).unwrap(), preprocessor)
}

fn targets(case: &Case) -> Targets {
    let indices = |row: &Vec<usize>| (0..row.len()).filter(|&label| row[label] == 1).collect();
    match &case.labels {
        Labels::One(labels) => Targets::SingleLabel(labels.clone()),
        Labels::Several(rows) => Targets::MultiLabel(rows.iter().map(indices).collect()),
        Labels::Number(numbers) => Targets::Regression(numbers.clone()),
    }
}

/// Weights and bias of each output. For classes, those of the first are subtracted: only
/// differences are determined.
fn identifiable(targets: &Targets, all: Vec<Vec<f64>>) -> Vec<f64> {
    let Targets::SingleLabel(_) = targets else { return all.concat() };
    let less =
        |class: &Vec<f64>| -> Vec<f64> { class.iter().zip(&all[0]).map(|(a, b)| a - b).collect() };
    all[1..].iter().flat_map(less).collect()
}

/// The same from scikit-learn, which already gives the difference for two classes.
fn expected(case: &Case) -> Vec<f64> {
    let outputs = case.weights.iter().zip(&case.bias);
    let all: Vec<Vec<f64>> =
        outputs.map(|(weights, &bias)| [weights.as_slice(), &[bias]].concat()).collect();
    if all.len() == 1 { all.concat() } else { identifiable(&targets(case), all) }
}

#[test]
fn folded_weights_are_those_of_scikit_learn() {
    let (features, cases) = Fixture::read();
    for (number, case) in cases.iter().enumerate() {
        let targets = targets(case);
        let (rows, preprocessor) = prepared_rows(&features, &targets, case);
        let fitted = fit(&rows, case.strength, FINAL_TOLERANCE, zeros(&rows).unwrap()).unwrap();
        assert!(fitted.convergence.converged, "case {number}: {fitted:?}");
        let head = preprocessor.head_layers(&fitted_layers(&fitted.parameters, &rows).unwrap());
        let [layer] = head.layers.as_slice() else { panic!("several layers") };
        let (weights, bias) = (layer.weight(), layer.bias());
        let outputs = weights.chunks_exact(features.width).zip(bias);
        let all = outputs.map(|(weights, bias)| {
            weights.iter().chain([bias]).map(|&number| f64::from(number)).collect()
        });
        let ours = identifiable(&targets, all.collect());
        let differences = ours.iter().zip(expected(case)).map(|(a, b)| (a - b).abs());
        let (at, largest) =
            differences.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap();
        assert!(largest < TOLERANCE, "case {number}: {largest:e} at {at}");
        let constant = weights.chunks_exact(features.width).map(|weights| weights[4]);
        assert!(constant.eq(vec![0.0; rows.outputs]));
    }
}

#[test]
fn the_gradient_is_that_of_autograd() {
    let (features, cases) = Fixture::read();
    let targets = targets(&cases[0]);
    let (rows, _) = prepared_rows(&features, &targets, &cases[0]);
    let at: Vec<f64> = (0..zeros(&rows).unwrap().len()).map(|i| (i as f64).sin()).collect();
    let penalty = 0.3;
    let objective = Objective::new(&rows, penalty).unwrap();

    let (weights, bias) = at.split_at(at.len() - rows.outputs);
    let shape = (rows.outputs, features.width);
    let weights = Var::from_slice(weights, shape, &Device::Cpu).unwrap();
    let bias = Var::from_slice(bias, rows.outputs, &Device::Cpu).unwrap();
    let layer = Linear::new(weights.as_tensor().clone(), Some(bias.as_tensor().clone()));
    let Targets::SingleLabel(labels) = &targets else { panic!("no classes") };
    let y: Vec<u32> = labels.iter().map(|&label| label as u32).collect();
    let y = Tensor::new(y, &Device::Cpu).unwrap();
    let loss = candle_loss::cross_entropy(&layer.forward(&rows.x).unwrap(), &y).unwrap();
    let squares = weights.sqr().unwrap().sum_all().unwrap();
    let whole = (loss + (squares * (penalty / 2.0)).unwrap()).unwrap();
    let gradients = whole.backward().unwrap();
    let numbers =
        |var: &Var| gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
    let autograd = [numbers(&weights), numbers(&bias)].concat();

    let ours = (&objective).gradient(&at).unwrap();
    for (place, (a, b)) in ours.iter().zip(&autograd).enumerate() {
        assert!((a - b).abs() < 1e-14, "{a} and {b} at {place}");
    }
    let cost = (&objective).cost(&at).unwrap();
    assert!((cost - whole.to_scalar::<f64>().unwrap()).abs() < 1e-14);
}

#[test]
fn the_start_affects_only_the_time() {
    let (features, cases) = Fixture::read();
    let targets = targets(&cases[0]);
    let (rows, _) = prepared_rows(&features, &targets, &cases[0]);
    let cold = fit(&rows, 1.0, FINAL_TOLERANCE, zeros(&rows).unwrap()).unwrap();
    let near = fit(&rows, 0.5, FINAL_TOLERANCE, zeros(&rows).unwrap()).unwrap();
    let warm = fit(&rows, 1.0, FINAL_TOLERANCE, near.parameters).unwrap();
    let again = fit(&rows, 1.0, FINAL_TOLERANCE, cold.parameters.clone()).unwrap();
    assert_eq!(again.convergence.iterations, 0);
    let pairs = cold.parameters.iter().zip(&warm.parameters);
    let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(largest < 1e-4, "{largest:e}");
}

#[test]
fn a_tolerance_that_is_not_reached_is_reported() {
    let (features, cases) = Fixture::read();
    let targets = targets(&cases[0]);
    let (rows, _) = prepared_rows(&features, &targets, &cases[0]);
    let fitted = fit(&rows, 1.0, 1e-300, zeros(&rows).unwrap()).unwrap();
    assert!(!fitted.convergence.converged);
    assert!(fitted.convergence.gradient_norm < 1e-9, "{}", fitted.convergence.gradient_norm);
}

#[test]
fn the_same_rows_give_the_same_bits() {
    let (features, cases) = Fixture::read();
    let run = || {
        let targets = targets(&cases[0]);
        let (rows, _) = prepared_rows(&features, &targets, &cases[0]);
        fit(&rows, 1.0, FINAL_TOLERANCE, zeros(&rows).unwrap()).unwrap().parameters
    };
    assert_eq!(run(), run());
}

/// Two layers of two columns each. The numbers depend on them with weights 3/4 and 1/4.
fn two_layers() -> (Features, Targets) {
    let value =
        |row: usize, column: usize| ((row * (7 + 2 * column)) as f64 * 1.3 + column as f64).sin();
    let values = (0..200).flat_map(|row| (0..4).map(move |column| value(row, column) as f32));
    let number = |row: usize| {
        0.75 * (value(row, 0) - 2.0 * value(row, 1)) + 0.25 * (value(row, 2) - 2.0 * value(row, 3))
    };
    let features = Features { rows: 200, width: 4, values: values.collect() };
    (features, Targets::Regression((0..200).map(number).collect()))
}

fn weighted<'a>(features: &'a Features, targets: &'a Targets) -> (PreparedRows, Preprocessor<'a>) {
    let rows: Vec<usize> = (0..features.rows).collect();
    let class_weights = ClassWeights::None;
    let data =
        TrainingData { features, targets, outputs: 1, class_weights, weighted_layers: Some(2) };
    let preprocessor = Preprocessor::new(data, &rows);
    (preprocessor.prepare(&rows).unwrap(), preprocessor)
}

#[test]
fn with_layer_weights_the_gradient_is_the_slope_of_the_cost() {
    let (features, targets) = two_layers();
    let (rows, _) = weighted(&features, &targets);
    let objective = Objective::new(&rows, 0.3).unwrap();
    let at: Vec<f64> = (0..5).map(|i| (f64::from(i) * 1.9).cos()).collect();
    let gradient = (&objective).gradient(&at).unwrap();
    for place in 0..5 {
        let moved = |by: f64| {
            let mut at = at.clone();
            at[place] += by;
            (&objective).cost(&at).unwrap()
        };
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((gradient[place] - slope).abs() < 1e-8, "{place}: {} {slope}", gradient[place]);
    }
}

#[test]
fn existing_layer_weights_are_learned_and_served() {
    let (features, targets) = two_layers();
    let (rows, preprocessor) = weighted(&features, &targets);
    let fitted = fit(&rows, 1e4, 1e-9, zeros(&rows).unwrap()).unwrap();
    let head = preprocessor.head_layers(&fitted_layers(&fitted.parameters, &rows).unwrap());
    let weights = head.layer_weights.clone().unwrap();
    assert!((weights[0] - 0.75).abs() < 1e-3 && (weights[1] - 0.25).abs() < 1e-3, "{weights:?}");
    let rows: Vec<usize> = (0..200).collect();
    let Targets::Regression(numbers) = &targets else { panic!("no numbers") };
    let served = head.outputs(&features, &rows);
    let largest = served.iter().zip(numbers).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(largest < 5e-3, "{largest:e}");
}
