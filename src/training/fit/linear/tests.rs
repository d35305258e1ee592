use argmin::core::{CostFunction, Gradient};
use candle_core::{Device, Tensor, Var};
use candle_nn::{Linear, Module, loss as candle_loss};

use super::objective::Objective;
use super::*;
use crate::training::data::Targets;
use crate::training::features::Features;
use crate::training::fit::{Data, Part, Prepared};
use crate::training::options::ClassWeights;

/// The generator is beside it.
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

/// Classes, marks of three labels, or numbers.
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

/// All rows, ready to be fitted, and what made them so.
fn part<'a>(features: &'a Features, targets: &'a Targets, case: &Case) -> (Part, Prepared<'a>) {
    let rows: Vec<usize> = (0..features.rows).collect();
    let outputs = match targets {
        Targets::One(labels) => labels.iter().max().unwrap() + 1,
        Targets::Several(_) | Targets::Number(_) => case.bias.len(),
    };
    let class_weights = case.class_weights;
    let prepared =
        Prepared::of(Data { features, targets, outputs, class_weights, tied: None }, &rows);
    (prepared.part(&rows).unwrap(), prepared)
}

fn targets(case: &Case) -> Targets {
    let places = |marks: &Vec<usize>| (0..marks.len()).filter(|&at| marks[at] == 1).collect();
    match &case.labels {
        Labels::One(labels) => Targets::One(labels.clone()),
        Labels::Several(rows) => Targets::Several(rows.iter().map(places).collect()),
        Labels::Number(numbers) => Targets::Number(numbers.clone()),
    }
}

/// Each output's weights and bias; of classes less the first's, which is all that decides.
fn deciding(targets: &Targets, all: Vec<Vec<f64>>) -> Vec<f64> {
    let Targets::One(_) = targets else { return all.concat() };
    let less =
        |class: &Vec<f64>| -> Vec<f64> { class.iter().zip(&all[0]).map(|(a, b)| a - b).collect() };
    all[1..].iter().flat_map(less).collect()
}

/// scikit-learn's, likewise. For two classes it has the difference already.
fn expected(case: &Case) -> Vec<f64> {
    let outputs = case.weights.iter().zip(&case.bias);
    let all: Vec<Vec<f64>> =
        outputs.map(|(weights, &bias)| [weights.as_slice(), &[bias]].concat()).collect();
    if all.len() == 1 { all.concat() } else { deciding(&targets(case), all) }
}

#[test]
fn folded_weights_are_those_of_scikit_learn() {
    let (features, cases) = Fixture::read();
    for (number, case) in cases.iter().enumerate() {
        let targets = targets(case);
        let (part, prepared) = part(&features, &targets, case);
        let fitted = fit(&part, case.strength, FINE, zeros(&part).unwrap()).unwrap();
        assert!(fitted.end.converged, "case {number}: {fitted:?}");
        let finished = prepared.finish(&layers(&fitted.parameters, &part).unwrap());
        let [layer] = finished.layers.as_slice() else { panic!("several layers") };
        let (weights, bias) = (layer.weight(), layer.bias());
        let outputs = weights.chunks_exact(features.width).zip(bias);
        let all = outputs.map(|(weights, bias)| {
            weights.iter().chain([bias]).map(|&number| f64::from(number)).collect()
        });
        let ours = deciding(&targets, all.collect());
        let differences = ours.iter().zip(expected(case)).map(|(a, b)| (a - b).abs());
        let (at, largest) =
            differences.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap();
        assert!(largest < TOLERANCE, "case {number}: {largest:e} at {at}");
        let constant = weights.chunks_exact(features.width).map(|weights| weights[4]);
        assert!(constant.eq(vec![0.0; part.outputs]));
    }
}

#[test]
fn the_gradient_is_that_of_autograd_through_the_whole_layer() {
    let (features, cases) = Fixture::read();
    let targets = targets(&cases[0]);
    let (part, _) = part(&features, &targets, &cases[0]);
    let at: Vec<f64> = (0..zeros(&part).unwrap().len()).map(|i| (i as f64).sin()).collect();
    let penalty = 0.3;
    let objective = Objective::new(&part, penalty).unwrap();

    let (weights, bias) = at.split_at(at.len() - part.outputs);
    let shape = (part.outputs, features.width);
    let weights = Var::from_slice(weights, shape, &Device::Cpu).unwrap();
    let bias = Var::from_slice(bias, part.outputs, &Device::Cpu).unwrap();
    let layer = Linear::new(weights.as_tensor().clone(), Some(bias.as_tensor().clone()));
    let Targets::One(labels) = &targets else { panic!("no classes") };
    let y: Vec<u32> = labels.iter().map(|&label| label as u32).collect();
    let y = Tensor::new(y, &Device::Cpu).unwrap();
    let loss = candle_loss::cross_entropy(&layer.forward(&part.x).unwrap(), &y).unwrap();
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
fn the_start_decides_nothing_but_the_time() {
    let (features, cases) = Fixture::read();
    let targets = targets(&cases[0]);
    let (part, _) = part(&features, &targets, &cases[0]);
    let cold = fit(&part, 1.0, FINE, zeros(&part).unwrap()).unwrap();
    let near = fit(&part, 0.5, FINE, zeros(&part).unwrap()).unwrap();
    let warm = fit(&part, 1.0, FINE, near.parameters).unwrap();
    let again = fit(&part, 1.0, FINE, cold.parameters.clone()).unwrap();
    assert_eq!(again.end.iterations, 0);
    let pairs = cold.parameters.iter().zip(&warm.parameters);
    let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(largest < 1e-4, "{largest:e}");
}

#[test]
fn a_norm_out_of_reach_is_reported_not_hidden() {
    let (features, cases) = Fixture::read();
    let targets = targets(&cases[0]);
    let (part, _) = part(&features, &targets, &cases[0]);
    let fitted = fit(&part, 1.0, 1e-300, zeros(&part).unwrap()).unwrap();
    assert!(!fitted.end.converged);
    assert!(fitted.end.gradient_norm < 1e-9, "{}", fitted.end.gradient_norm);
}

#[test]
fn the_same_part_gives_the_same_bits() {
    let (features, cases) = Fixture::read();
    let run = || {
        let targets = targets(&cases[0]);
        let (part, _) = part(&features, &targets, &cases[0]);
        fit(&part, 1.0, FINE, zeros(&part).unwrap()).unwrap().parameters
    };
    assert_eq!(run(), run());
}

/// Two layers of two columns of each; the numbers follow from the first with factors of 3 to 1.
fn two_layers() -> (Features, Targets) {
    let value =
        |row: usize, column: usize| ((row * (7 + 2 * column)) as f64 * 1.3 + column as f64).sin();
    let values = (0..200).flat_map(|row| (0..4).map(move |column| value(row, column) as f32));
    let number = |row: usize| {
        0.75 * (value(row, 0) - 2.0 * value(row, 1)) + 0.25 * (value(row, 2) - 2.0 * value(row, 3))
    };
    let features = Features { rows: 200, width: 4, values: values.collect() };
    (features, Targets::Number((0..200).map(number).collect()))
}

fn tied<'a>(features: &'a Features, targets: &'a Targets) -> (Part, Prepared<'a>) {
    let rows: Vec<usize> = (0..features.rows).collect();
    let class_weights = ClassWeights::None;
    let data = Data { features, targets, outputs: 1, class_weights, tied: Some(2) };
    let prepared = Prepared::of(data, &rows);
    (prepared.part(&rows).unwrap(), prepared)
}

#[test]
fn with_factors_the_gradient_is_the_slope_of_the_cost() {
    let (features, targets) = two_layers();
    let (part, _) = tied(&features, &targets);
    let objective = Objective::new(&part, 0.3).unwrap();
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
fn factors_that_are_there_are_learnt_and_served() {
    let (features, targets) = two_layers();
    let (part, prepared) = tied(&features, &targets);
    let fitted = fit(&part, 1e4, 1e-9, zeros(&part).unwrap()).unwrap();
    let finished = prepared.finish(&layers(&fitted.parameters, &part).unwrap());
    let factors = finished.factors.clone().unwrap();
    assert!((factors[0] - 0.75).abs() < 1e-3 && (factors[1] - 0.25).abs() < 1e-3, "{factors:?}");
    let rows: Vec<usize> = (0..200).collect();
    let Targets::Number(numbers) = &targets else { panic!("no numbers") };
    let served = finished.outputs(&features, &rows);
    let largest = served.iter().zip(numbers).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(largest < 5e-3, "{largest:e}");
}
