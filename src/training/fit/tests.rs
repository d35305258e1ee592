use super::*;

/// The generator is beside it.
const FIXTURE: &str = include_str!("../../../tests/fixtures/logistic.json");

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
    labels: Vec<usize>,
    weights: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

impl Fixture {
    fn read() -> (Features, Vec<Case>) {
        let Self { rows, width, features, cases } = serde_json::from_str(FIXTURE).unwrap();
        (Features { rows, width, values: features }, cases)
    }
}

fn part(features: &Features, case: &Case) -> (Part, Standardisation) {
    let rows: Vec<usize> = (0..features.rows).collect();
    let scale = Standardisation::of(features, &rows);
    let classes = case.labels.iter().max().unwrap() + 1;
    (
        Part::new(features, &case.labels, &rows, &scale, (classes, case.class_weights)).unwrap(),
        scale,
    )
}

/// A class's weights and bias less the first class's, which is all that decides.
fn against_first(weights: &[f32], bias: &[f32]) -> Vec<f64> {
    let width = weights.len() / bias.len();
    let all =
        weights.chunks_exact(width).zip(bias).map(|(weights, bias)| [weights, &[*bias]].concat());
    let all: Vec<Vec<f32>> = all.collect();
    let less = |class: &Vec<f32>| -> Vec<f64> {
        class.iter().zip(&all[0]).map(|(&a, &b)| f64::from(a) - f64::from(b)).collect()
    };
    all[1..].iter().flat_map(less).collect()
}

/// scikit-learn's, likewise. For two classes it has the difference already.
fn expected(case: &Case) -> Vec<f64> {
    let all: Vec<Vec<f64>> = case
        .weights
        .iter()
        .zip(&case.bias)
        .map(|(weights, &bias)| [weights.as_slice(), &[bias]].concat())
        .collect();
    let [first, others @ ..] = all.as_slice() else { panic!("no classes") };
    if others.is_empty() {
        return first.clone();
    }
    let less = |class: &Vec<f64>| class.iter().zip(first).map(|(a, b)| a - b).collect::<Vec<f64>>();
    others.iter().flat_map(less).collect()
}

#[test]
fn folded_weights_are_those_of_scikit_learn() {
    let (features, cases) = Fixture::read();
    for (number, case) in cases.iter().enumerate() {
        let (part, scale) = part(&features, case);
        let fitted = fit(&part, case.strength, GRADIENT_NORM, zeros(&part).unwrap()).unwrap();
        assert!(fitted.converged, "case {number}: {fitted:?}");
        let (weights, bias) = fitted.weights_and_bias(part.classes);
        let (weights, bias) = scale.fold(weights, bias);
        let differences = against_first(&weights, &bias);
        let differences = differences.iter().zip(expected(case)).map(|(a, b)| (a - b).abs());
        let (at, largest) =
            differences.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap();
        assert!(largest < TOLERANCE, "case {number}: {largest:e} at {at}");
        let constant = weights.chunks_exact(features.width).map(|weights| weights[4]);
        assert!(constant.eq(vec![0.0; part.classes]));
    }
}

#[test]
fn the_gradient_is_that_of_autograd_through_the_whole_layer() {
    let (features, cases) = Fixture::read();
    let (part, _) = part(&features, &cases[0]);
    let at: Vec<f64> = (0..zeros(&part).unwrap().len()).map(|i| (i as f64).sin()).collect();
    let penalty = 0.3;
    let objective = Objective::new(&part, penalty);

    let (weights, bias) = at.split_at(at.len() - part.classes);
    let shape = (part.classes, features.width);
    let weights = Var::from_slice(weights, shape, &Device::Cpu).unwrap();
    let bias = Var::from_slice(bias, part.classes, &Device::Cpu).unwrap();
    let layer = Linear::new(weights.as_tensor().clone(), Some(bias.as_tensor().clone()));
    let loss = loss::cross_entropy(&layer.forward(&part.x).unwrap(), &part.y).unwrap();
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
    let (part, _) = part(&features, &cases[0]);
    let cold = fit(&part, 1.0, GRADIENT_NORM, zeros(&part).unwrap()).unwrap();
    let near = fit(&part, 0.5, GRADIENT_NORM, zeros(&part).unwrap()).unwrap();
    let warm = fit(&part, 1.0, GRADIENT_NORM, near.parameters).unwrap();
    let again = fit(&part, 1.0, GRADIENT_NORM, cold.parameters.clone()).unwrap();
    assert_eq!(again.iterations, 0);
    let pairs = cold.parameters.iter().zip(&warm.parameters);
    let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(largest < 1e-4, "{largest:e}");
}

#[test]
fn a_norm_out_of_reach_is_reported_not_hidden() {
    let (features, cases) = Fixture::read();
    let (part, _) = part(&features, &cases[0]);
    let fitted = fit(&part, 1.0, 1e-300, zeros(&part).unwrap()).unwrap();
    assert!(!fitted.converged);
    assert!(fitted.gradient_norm < 1e-9, "{}", fitted.gradient_norm);
}

#[test]
fn the_same_part_gives_the_same_bits() {
    let (features, cases) = Fixture::read();
    let run = || {
        let (part, _) = part(&features, &cases[0]);
        fit(&part, 1.0, GRADIENT_NORM, zeros(&part).unwrap()).unwrap().parameters
    };
    assert_eq!(run(), run());
}
