//! Training as a whole: from labelled rows and their features to a head and its report.

mod kinds;
mod small_data;
mod wiring;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::testing::dataset;
use crate::model::checkpoint::ProblemType;
use crate::model::head::{Dense, DenseActivation};

use super::data::Targets;
use super::fit::{
    ChosenOn, DecisionRule, FoldedRows, Preprocessor, SearchTrials, TrainingData, linear,
};
use super::metrics::{Scores, SingleLabelScores};
use super::options::STRENGTHS;
use super::report::StrengthBound;
use super::*;

const ROWS: usize = 600;

/// 600 texts in three classes, with 8 features: the first depends on the class, the last is
/// constant.
fn data() -> (Dataset, Features) {
    let mut random = StdRng::seed_from_u64(1);
    let mut values = Vec::new();
    for text in 0..ROWS {
        let mut row: [f32; 8] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
        row[0] += (text % 3) as f32;
        row[7] = 0.1;
        values.extend(row);
    }
    let labels = Targets::SingleLabel((0..ROWS).map(|text| text % 3).collect());
    (labelled(labels), Features { rows: ROWS, width: 8, values })
}

/// The texts `0` to `n − 1`.
fn labelled(targets: Targets) -> Dataset {
    let texts: Vec<String> = (0..targets.len()).map(|at| at.to_string()).collect();
    dataset(&texts.iter().map(String::as_str).collect::<Vec<_>>(), targets)
}

fn trained(options: &TrainingOptions) -> TrainedHead {
    let (dataset, features) = data();
    train(&dataset, &features, options, &mut |_| {}).unwrap()
}

/// The strengths that were tried, with their losses.
fn trials(report: &TrainingReport) -> &[Trial] {
    match &report.search {
        SearchTrials::Strengths(trials) => trials,
        SearchTrials::Epochs(_) => panic!("no strengths"),
    }
}

fn confusion(report: &TrainingReport) -> &[Vec<usize>] {
    match &report.held_out.scores {
        Scores::SingleLabel(SingleLabelScores { confusion, .. }) => confusion,
        _ => panic!("no confusion"),
    }
}

fn with_strengths(strengths: &[f64]) -> TrainingOptions {
    TrainingOptions {
        method: Method::Linear { strengths: strengths.to_vec() },
        ..TrainingOptions::default()
    }
}

#[test]
fn training_finds_a_signal_in_the_features() {
    let TrainedHead { head, report, .. } = trained(&TrainingOptions::default());
    let [layer] = head.layers.as_slice() else { panic!("several layers") };
    assert_eq!((layer.inputs(), layer.outputs()), (8, 3));
    assert!(report.held_out.scores.accuracy().unwrap() > 0.6, "{report}");
    let end = report.convergence.unwrap();
    assert!(end.converged && end.gradient_norm < linear::FINAL_TOLERANCE, "{report}");
    let rows = &report.rows;
    assert_eq!(rows.fitting + rows.validation + rows.held_out, ROWS);
    let scored: usize = confusion(&report).iter().flatten().sum();
    assert_eq!(scored, rows.held_out);
}

#[test]
fn the_chosen_strength_has_the_smallest_loss() {
    let report = trained(&TrainingOptions::default()).report;
    let trials = trials(&report);
    let best = trials.iter().min_by(|a, b| a.loss.total_cmp(&b.loss)).unwrap();
    assert_eq!(report.strength, Some(best.strength));
    assert!(trials.is_sorted_by(|a, b| a.strength < b.strength));
}

#[test]
fn the_search_ends_after_two_strengths_without_an_improvement() {
    let (dataset, mut features) = data();
    // Only noise is left, so less regularisation is only worse.
    features.values.chunks_exact_mut(8).for_each(|row| row[0] = 0.0);
    let report =
        train(&dataset, &features, &TrainingOptions::default(), &mut |_| {}).unwrap().report;
    let trials = trials(&report);
    let best = trials.iter().position(|trial| Some(trial.strength) == report.strength).unwrap();
    assert_eq!(trials.len(), best + 3);
    assert!(trials.len() < STRENGTHS.len());
}

#[test]
fn the_same_seed_gives_the_same_head_and_another_seed_another_split() {
    let one = trained(&TrainingOptions::default());
    assert_eq!(one, trained(&TrainingOptions::default()));
    let two = trained(&TrainingOptions { seed: 1, ..TrainingOptions::default() });
    assert_ne!(one.report.search, two.report.search);
}

#[test]
fn balanced_class_weights_find_more_rows_of_a_rare_label() {
    // One row in five of the last class is kept.
    let (dataset, mut features) = data();
    let kept: Vec<usize> = (0..ROWS).filter(|row| row % 3 != 2 || row % 15 == 2).collect();
    features.values = kept.iter().flat_map(|&row| features.row(row).to_vec()).collect();
    features.rows = kept.len();
    let dataset = dataset.select(&kept);
    let found = |class_weights| {
        let options = TrainingOptions { class_weights, ..TrainingOptions::default() };
        let report = train(&dataset, &features, &options, &mut |_| {}).unwrap().report;
        assert_eq!(report.class_weights, class_weights);
        confusion(&report)[2][2]
    };
    let (even, balanced) = (found(ClassWeights::None), found(ClassWeights::Balanced));
    assert!(balanced > even, "{balanced} and {even}");
}

#[test]
fn progress_reports_each_strength_and_then_the_last_fit() {
    let (dataset, features) = data();
    let options = with_strengths(&[0.01, 0.1]);
    let mut seen = Vec::new();
    let mut progress = |stage: Stage<'_>| {
        seen.push(match stage {
            Stage::Trial(trial) => ("trial", trial.strength),
            Stage::Refitting(ResolvedMethod::Linear { strength }) => ("refitting", strength),
            other => panic!("{other:?}"),
        });
    };
    let strength = train(&dataset, &features, &options, &mut progress).unwrap().report.strength;
    assert_eq!(seen, [("trial", 0.01), ("trial", 0.1), ("refitting", strength.unwrap())]);
}

#[test]
fn unusable_features_and_options_are_refused() {
    let (dataset, features) = data();
    let refusal = |features: &Features, strengths: &[f64]| {
        train(&dataset, features, &with_strengths(strengths), &mut |_| {}).unwrap_err().to_string()
    };
    let fewer = Features { rows: 599, ..features.clone() };
    assert_eq!(refusal(&fewer, &[1.0]), "599 rows of features for 600 rows of data");
    let mut broken = features.clone();
    broken.values[8 * 3 + 2] = f32::NAN;
    let said = refusal(&broken, &[1.0]);
    assert!(said.starts_with("the text on line 5: feature 2 is not a finite number; "), "{said}");
    let options = TrainingOptions { folds: Some(1_000), ..TrainingOptions::default() };
    let many = check(&dataset, &options).unwrap_err().to_string();
    assert!(many.contains(" texts are too few for 1000 folds; "), "{many}");
    for strengths in [&[][..], &[0.0], &[1.0, 0.1], &[f64::NAN], &[f64::INFINITY]] {
        assert!(refusal(&features, strengths).starts_with("strengths must be above 0"));
    }
}

/// Labels that no hyperplane separates: whether the first two features have the same sign.
fn same_signs() -> (Dataset, Features) {
    let (_, mut features) = data();
    features
        .values
        .chunks_exact_mut(8)
        .zip(0..)
        .for_each(|(row, text)| row[0] -= (text % 3) as f32);
    let same = |row: &[f32]| usize::from(row[0] * row[1] > 0.0);
    let labels = features.values.chunks_exact(8).map(same).collect();
    (labelled(Targets::SingleLabel(labels)), features)
}

fn with_hidden(hidden: HiddenLayers) -> TrainingOptions {
    TrainingOptions { method: Method::Hidden(hidden), ..TrainingOptions::default() }
}

fn small() -> HiddenLayers {
    HiddenLayers {
        widths: vec![16, 8],
        learning_rate: 0.01,
        patience: 20,
        ..HiddenLayers::default()
    }
}

#[test]
fn hidden_layers_learn_what_one_layer_cannot() {
    let (dataset, features) = same_signs();
    let with =
        |options: &TrainingOptions| train(&dataset, &features, options, &mut |_| {}).unwrap();
    let one_layer = with(&TrainingOptions::default()).report.held_out.scores.accuracy().unwrap();
    for activation in [DenseActivation::Relu, DenseActivation::Gelu] {
        let TrainedHead { head, report, .. } =
            with(&with_hidden(HiddenLayers { activation, ..small() }));
        let several = report.held_out.scores.accuracy().unwrap();
        assert!(one_layer < 0.65 && several > 0.85, "{one_layer} and {several}");
        let shapes: Vec<_> =
            head.layers.iter().map(|layer| (layer.inputs(), layer.outputs())).collect();
        assert_eq!(shapes, [(8, 16), (16, 8), (8, 2)]);
        assert_eq!(report.strength, None);
    }
}

#[test]
fn a_fit_of_hidden_layers_stops_early_and_depends_on_its_seed() {
    let (dataset, features) = same_signs();
    let with = |seed, dropout| {
        let options = TrainingOptions {
            seed,
            ..with_hidden(HiddenLayers { dropout, patience: 3, ..small() })
        };
        train(&dataset, &features, &options, &mut |_| {}).unwrap()
    };
    let one = with(0, 0.2);
    assert_eq!(one, with(0, 0.2));
    assert_ne!(one.head, with(1, 0.2).head);
    assert_ne!(one.head, with(0, 0.0).head);
    let SearchTrials::Epochs(seen) = &one.report.search else { panic!("no epochs") };
    let best = one.report.epochs.unwrap();
    assert!(seen.len() == best + 3 || seen.len() == 100, "{best} of {}", seen.len());
    assert!(seen.iter().all(|epoch| epoch.loss >= seen[best - 1].loss));
}
