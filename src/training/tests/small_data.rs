//! Heads of few rows: what they say about their own certainty, on rows that they have never seen.

use super::*;
use crate::training::data::Targets;
use crate::training::fit::{CalibrationOutcome, HeadLayers};
use crate::training::metrics::Scores;

/// Rows of `k` classes in `d` features: the class moves one feature by `distance`, all others are noise,
/// and a share of the labels is wrong.
struct Rows {
    k: usize,
    d: usize,
    distance: f32,
    wrong: f64,
}

impl Rows {
    fn draw(&self, n: usize, seed: u64) -> (Features, Targets) {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut values, mut labels) = (Vec::with_capacity(n * self.d), Vec::with_capacity(n));
        for _ in 0..n {
            let class = random.random_range(0..self.k);
            // The sum of twelve uniform numbers is nearly normal, with a deviation of 1.
            let noise = |random: &mut StdRng| (0..12).map(|_| random.random_range(-0.5..0.5)).sum();
            let mut row: Vec<f32> = (0..self.d).map(|_| noise(&mut random)).collect();
            row[class] += self.distance;
            values.extend(row);
            let is_wrong = random.random_bool(self.wrong);
            labels.push(if is_wrong { random.random_range(0..self.k) } else { class });
        }
        (Features { rows: n, width: self.d, values }, Targets::SingleLabel(labels))
    }

    /// A head trained on `n` rows.
    fn train(&self, n: usize, seed: u64, options: &TrainingOptions) -> Option<TrainedHead> {
        let (features, targets) = self.draw(n, seed);
        train(&labelled(targets), &features, options, &mut |_| {}).ok()
    }

    /// The log loss of a head on 2,000 other rows, with its temperature and without.
    fn log_losses(&self, head: &HeadLayers, decision: &DecisionRule, seed: u64) -> (f64, f64) {
        let (features, targets) = self.draw(2_000, seed);
        let outputs = head.outputs(&features, &(0..2_000).collect::<Vec<_>>());
        let log_loss = |outputs: &[f64]| Scores::new(outputs, &targets, None).log_loss().unwrap();
        (log_loss(&decision.scale(outputs.clone())), log_loss(&outputs))
    }
}

/// The largest ratio of log losses seen is 1, where no temperature was fitted.
const LARGEST_RATIO: f64 = 1.02;

fn check_draws(rows: &Rows, sizes: &[usize], draws: u64) {
    let (mut worst, mut fitted) = ((0.0_f64, 0, 0), 0);
    for &n in sizes {
        for draw in 0..draws {
            let seed = draw * 10_000 + n as u64;
            // A part may lack a label.
            let Some(trained) = rows.train(n, seed, &TrainingOptions::default()) else { continue };
            fitted += 1;
            let (with, without) =
                rows.log_losses(&trained.head, &trained.decision, seed + 1_000_000);
            if with / without > worst.0 {
                worst = (with / without, n, draw);
            }
        }
    }
    println!("largest ratio {} with {} rows, draw {}; {fitted} heads", worst.0, worst.1, worst.2);
    assert!(fitted as u64 > draws * sizes.len() as u64 * 8 / 10);
    assert!(worst.0 <= LARGEST_RATIO, "{worst:?}");
}

#[test]
fn on_few_easy_rows_no_temperature_makes_other_rows_worse() {
    check_draws(&Rows { k: 2, d: 16, distance: 3.0, wrong: 0.0 }, &[40, 80, 160, 320], 20);
}

#[test]
fn nor_on_rows_of_other_kinds() {
    check_draws(&Rows { k: 3, d: 40, distance: 4.0, wrong: 0.02 }, &[80, 320], 10);
    check_draws(&Rows { k: 2, d: 100, distance: 5.0, wrong: 0.0 }, &[40, 160], 10);
    check_draws(&Rows { k: 6, d: 24, distance: 4.0, wrong: 0.05 }, &[160, 640], 5);
    // With mistakes enough for a temperature in most draws.
    check_draws(&Rows { k: 2, d: 16, distance: 2.2, wrong: 0.0 }, &[80, 160, 320], 20);
    check_draws(&Rows { k: 3, d: 30, distance: 3.0, wrong: 0.1 }, &[80, 160, 320], 10);
}

#[test]
fn a_head_that_is_too_sure_gets_a_temperature() {
    // A quarter of the labels is drawn, and the hidden layer learns them by heart.
    let rows = Rows { k: 3, d: 24, distance: 2.0, wrong: 0.25 };
    let hidden = HiddenLayers {
        widths: vec![64],
        dropout: 0.0,
        learning_rate: 0.01,
        epochs: 40,
        patience: 40,
        ..HiddenLayers::default()
    };
    let options = with_hidden(hidden);
    let (features, targets) = rows.draw(2_000, 5);
    let dataset = labelled(targets);
    // Fitted for all epochs, however the loss on rows that aren't fitted rises.
    let split = check(&dataset, &options).unwrap();
    let data = TrainingData::new(&dataset, &features, &options);
    let training = split.training();
    let folds: Vec<usize> = (0..training.len()).map(|at| at % 5).collect();
    let folded = FoldedRows { data, rows: &training, folds: &folds, count: 5 };
    let Method::Hidden(hidden) = &options.method else { panic!() };
    let method = ResolvedMethod::Hidden { hidden, epochs: 40, seed: 0 };
    let decision =
        DecisionRule::choose(&folded.outputs(method, None, &mut || ()).unwrap()).unwrap();
    let preprocessor = Preprocessor::new(data, &training);
    let prepared = preprocessor.prepare(&training).unwrap();
    let fit = method.fit(&prepared, linear::FINAL_TOLERANCE, None).unwrap();
    let head = preprocessor.head_layers(&fit.layers);
    let (with, without) = rows.log_losses(&head, &decision, 77);
    println!("hidden layer: {with} with, {without} without");
    assert!(with <= 0.9 * without, "{with} {without}");
    assert_eq!(decision.calibration.unwrap().outcome, CalibrationOutcome::Fitted);
}

#[test]
fn logits_that_are_three_times_too_large_are_brought_back() {
    let rows = Rows { k: 3, d: 24, distance: 2.0, wrong: 0.1 };
    let trained = rows.train(2_000, 9, &TrainingOptions::default()).unwrap();
    let (features, targets) = rows.draw(2_000, 9);
    let dataset = labelled(targets);
    let options = TrainingOptions::default();
    let data = TrainingData::new(&dataset, &features, &options);
    let training = check(&dataset, &options).unwrap().training();
    let folds: Vec<usize> = (0..training.len()).map(|at| at % 5).collect();
    let folded = FoldedRows { data, rows: &training, folds: &folds, count: 5 };
    let method = ResolvedMethod::Linear { strength: trained.report.strength.unwrap() };
    let mut outputs = folded.outputs(method, None, &mut || ()).unwrap();
    outputs.outputs.iter_mut().for_each(|logit| *logit *= 3.0);
    let decision = DecisionRule::choose(&outputs).unwrap();
    let mut head = trained.head.clone();
    head.layers = head
        .layers
        .iter()
        .map(|layer| {
            let thrice = |values: &[f32]| values.iter().map(|value| 3.0 * value).collect();
            Dense::new(thrice(layer.weight()), thrice(layer.bias()), DenseActivation::Identity)
        })
        .collect();
    let (with, without) = rows.log_losses(&head, &decision, 77);
    println!("logits times 3: {with} with, {without} without");
    assert!(with <= 0.9 * without, "{with} {without}");
}

#[test]
fn few_rows_choose_the_strength_by_all_folds_and_say_if_it_lies_at_a_bound() {
    let rows = Rows { k: 2, d: 16, distance: 1.0, wrong: 0.0 };
    let few = rows.train(600, 1, &TrainingOptions::default()).unwrap().report;
    assert_eq!(few.chosen_on, ChosenOn::OutOfFold);
    // The loss of the chosen strength is that of its outputs out of fold.
    let losses = trials(&few).iter().map(|trial| trial.loss);
    let smallest = losses.fold(f64::INFINITY, f64::min);
    assert!((smallest - few.calibration.unwrap().log_loss_before).abs() < 1e-9, "{few}");
    let many = rows.train(3_000, 1, &TrainingOptions::default()).unwrap().report;
    assert_eq!(many.chosen_on, ChosenOn::Validation);
    let bound = |strengths: &[f64]| {
        rows.train(600, 1, &with_strengths(strengths)).unwrap().report.strength_bound
    };
    let best = few.strength.unwrap();
    assert_eq!(bound(&[best, 30.0 * best]), Some(StrengthBound::Smallest));
    assert_eq!(bound(&[best / 1e4, best]), Some(StrengthBound::Largest));
    assert_eq!(bound(&[best / 1e4, best, 100.0 * best]), None);
    assert_eq!(bound(&[best]), None);
}
