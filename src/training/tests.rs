use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::testing::dataset;
use crate::model::head::DenseActivation;

use super::data::Targets;
use super::fit::{Tried, linear};
use super::metrics::{OneScores, Scores};
use super::options::STRENGTHS;
use super::*;

const ROWS: usize = 600;

/// 600 texts in three classes; of 8 features the first leans on the class, the last is constant.
fn data() -> (Dataset, Features) {
    let mut random = StdRng::seed_from_u64(1);
    let mut values = Vec::new();
    for text in 0..ROWS {
        let mut row: [f32; 8] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
        row[0] += (text % 3) as f32;
        row[7] = 0.1;
        values.extend(row);
    }
    let labels = Targets::One((0..ROWS).map(|text| text % 3).collect());
    (labelled(labels), Features { rows: ROWS, width: 8, values })
}

/// The texts `0` to `n − 1`.
fn labelled(targets: Targets) -> Dataset {
    let texts: Vec<String> = (0..targets.len()).map(|at| at.to_string()).collect();
    dataset(&texts.iter().map(String::as_str).collect::<Vec<_>>(), targets)
}

fn trained(settings: &Settings) -> Trained {
    let (dataset, features) = data();
    train(&dataset, &features, settings, &mut |_| {}).unwrap()
}

/// The strengths tried, with their losses.
fn tried(report: &Report) -> &[Trial] {
    match &report.search {
        Tried::Strengths(trials) => trials,
        Tried::Epochs(_) => panic!("no strengths"),
    }
}

fn confusion(report: &Report) -> &[Vec<usize>] {
    match &report.held_out {
        Scores::One(OneScores { confusion, .. }) => confusion,
        _ => panic!("no confusion"),
    }
}

fn with_strengths(strengths: &[f64]) -> Settings {
    Settings { method: Method::Linear { strengths: strengths.to_vec() }, ..Settings::default() }
}

#[test]
fn training_finds_what_is_there() {
    let Trained { head, report, .. } = trained(&Settings::default());
    let [layer] = head.layers.as_slice() else { panic!("several layers") };
    assert_eq!((layer.inputs(), layer.outputs()), (8, 3));
    assert!(report.held_out.accuracy().unwrap() > 0.6, "{report}");
    let end = report.convergence.unwrap();
    assert!(end.converged && end.gradient_norm < linear::FINE, "{report}");
    let rows = &report.rows;
    assert_eq!(rows.fitting + rows.validation + rows.held_out, ROWS);
    let scored: usize = confusion(&report).iter().flatten().sum();
    assert_eq!(scored, rows.held_out);
}

#[test]
fn the_chosen_strength_has_the_least_log_loss() {
    let report = trained(&Settings::default()).report;
    let tried = tried(&report);
    let best = tried.iter().min_by(|a, b| a.loss.total_cmp(&b.loss)).unwrap();
    assert_eq!(report.strength, Some(best.strength));
    assert!(tried.is_sorted_by(|a, b| a.strength < b.strength));
}

#[test]
fn the_search_ends_where_two_strengths_in_a_row_are_no_better() {
    let (dataset, mut features) = data();
    // Nothing to learn: every feature but noise is gone, so less regularisation is only worse.
    features.values.chunks_exact_mut(8).for_each(|row| row[0] = 0.0);
    let report = train(&dataset, &features, &Settings::default(), &mut |_| {}).unwrap().report;
    let tried = tried(&report);
    let best = tried.iter().position(|trial| Some(trial.strength) == report.strength).unwrap();
    assert_eq!(tried.len(), best + 3);
    assert!(tried.len() < STRENGTHS.len());
}

#[test]
fn one_seed_gives_the_same_bytes_and_another_seed_other_parts() {
    let one = trained(&Settings::default());
    assert_eq!(one, trained(&Settings::default()));
    let two = trained(&Settings { seed: 1, ..Settings::default() });
    assert_ne!(one.report.search, two.report.search);
}

#[test]
fn balanced_rows_find_more_of_a_rare_label() {
    // Of the last class one row in five is left.
    let (dataset, mut features) = data();
    let kept: Vec<usize> = (0..ROWS).filter(|row| row % 3 != 2 || row % 15 == 2).collect();
    features.values = kept.iter().flat_map(|&row| features.row(row).to_vec()).collect();
    features.rows = kept.len();
    let dataset = dataset.of(&kept);
    let found = |class_weights| {
        let settings = Settings { class_weights, ..Settings::default() };
        let report = train(&dataset, &features, &settings, &mut |_| {}).unwrap().report;
        assert_eq!(report.class_weights, class_weights);
        confusion(&report)[2][2]
    };
    let (even, balanced) = (found(ClassWeights::None), found(ClassWeights::Balanced));
    assert!(balanced > even, "{balanced} and {even}");
}

#[test]
fn each_strength_tried_is_reported_then_the_last_fit() {
    let (dataset, features) = data();
    let settings = with_strengths(&[0.01, 0.1]);
    let mut seen = Vec::new();
    let mut listen = |stage: Stage<'_>| {
        seen.push(match stage {
            Stage::Tried(trial) => ("tried", trial.strength),
            Stage::Refitting(Chosen::Linear { strength }) => ("refitting", strength),
            other => panic!("{other:?}"),
        });
    };
    let strength = train(&dataset, &features, &settings, &mut listen).unwrap().report.strength;
    assert_eq!(seen, [("tried", 0.01), ("tried", 0.1), ("refitting", strength.unwrap())]);
}

#[test]
fn what_cannot_be_trained_on_is_refused() {
    let (dataset, features) = data();
    let refusal = |features: &Features, strengths: &[f64]| {
        train(&dataset, features, &with_strengths(strengths), &mut |_| {}).unwrap_err().to_string()
    };
    let fewer = Features { rows: 599, ..features.clone() };
    assert_eq!(refusal(&fewer, &[1.0]), "599 rows of features for 600 rows of data");
    let mut broken = features.clone();
    broken.values[8 * 3 + 2] = f32::NAN;
    assert_eq!(refusal(&broken, &[1.0]), "the text on line 5: feature 2 is not a finite number");
    let settings = Settings { folds: Some(1_000), ..Settings::default() };
    let many = check(&dataset, &settings).unwrap_err().to_string();
    assert!(many.ends_with(" texts are too few for 1000 folds"), "{many}");
    for strengths in [&[][..], &[0.0], &[1.0, 0.1], &[f64::NAN], &[f64::INFINITY]] {
        assert!(refusal(&features, strengths).starts_with("strengths must be above 0"));
    }
}

/// Labels that no line can part: whether the first two features have the same sign.
fn same_signs() -> (Dataset, Features) {
    let (_, mut features) = data();
    features
        .values
        .chunks_exact_mut(8)
        .zip(0..)
        .for_each(|(row, text)| row[0] -= (text % 3) as f32);
    let same = |row: &[f32]| usize::from(row[0] * row[1] > 0.0);
    let labels = features.values.chunks_exact(8).map(same).collect();
    (labelled(Targets::One(labels)), features)
}

fn with_hidden(hidden: Hidden) -> Settings {
    Settings { method: Method::Hidden(hidden), ..Settings::default() }
}

fn small() -> Hidden {
    Hidden { widths: vec![16, 8], learning_rate: 0.01, patience: 20, ..Hidden::default() }
}

#[test]
fn hidden_layers_find_what_one_layer_cannot() {
    let (dataset, features) = same_signs();
    let with = |settings: &Settings| train(&dataset, &features, settings, &mut |_| {}).unwrap();
    let line = with(&Settings::default()).report.held_out.accuracy().unwrap();
    for activation in [DenseActivation::Relu, DenseActivation::Gelu] {
        let Trained { head, report, .. } = with(&with_hidden(Hidden { activation, ..small() }));
        let curve = report.held_out.accuracy().unwrap();
        assert!(line < 0.65 && curve > 0.85, "{line} and {curve}");
        let shapes: Vec<_> = head.layers.iter().map(|of| (of.inputs(), of.outputs())).collect();
        assert_eq!(shapes, [(8, 16), (16, 8), (8, 2)]);
        assert_eq!(report.strength, None);
    }
}

#[test]
fn descent_stops_early_and_draws_from_its_seed() {
    let (dataset, features) = same_signs();
    let with = |seed, dropout| {
        let settings = Settings { seed, ..with_hidden(Hidden { dropout, patience: 3, ..small() }) };
        train(&dataset, &features, &settings, &mut |_| {}).unwrap()
    };
    let one = with(0, 0.2);
    assert_eq!(one, with(0, 0.2));
    assert_ne!(one.head, with(1, 0.2).head);
    assert_ne!(one.head, with(0, 0.0).head);
    let Tried::Epochs(seen) = &one.report.search else { panic!("no passes") };
    let best = one.report.epochs.unwrap();
    assert!(seen.len() == best + 3 || seen.len() == 100, "{best} of {}", seen.len());
    assert!(seen.iter().all(|epoch| epoch.loss >= seen[best - 1].loss));
}

#[test]
fn any_number_of_labels_is_learnt_with_their_thresholds() {
    let (_, features) = data();
    // The first label where the first feature is large, the second, rarer, where the second is.
    let labels = features.values.chunks_exact(8).map(|row| {
        let holds = [row[0] > 1.0, row[1] > 0.7];
        (0..2).filter(|&label| holds[label]).collect()
    });
    let dataset = labelled(Targets::Several(labels.collect()));
    let trained = train(&dataset, &features, &Settings::default(), &mut |_| {}).unwrap();
    let Scores::Several(scores) = &trained.report.held_out else { panic!("one label") };
    assert!(scores.micro_f1 > 0.85 && scores.labels.len() == 2, "{scores:?}");
    let thresholds = trained.decision.thresholds.unwrap();
    assert!(thresholds.iter().all(|threshold| (0.05..0.95).contains(threshold)), "{thresholds:?}");
    assert!(trained.report.calibration.is_some());
}

#[test]
fn a_label_of_two_texts_is_learnt_whichever_part_they_fall_into() {
    let (_, features) = data();
    let training: Vec<usize> =
        (0..ROWS).filter(|text| !is_held_out(&text.to_string())).take(2).collect();
    let labels = |text: usize| {
        let holds = [features.row(text)[0] > 1.0, training.contains(&text)];
        (0..2).filter(|&label| holds[label]).collect()
    };
    let dataset = labelled(Targets::Several((0..ROWS).map(labels).collect()));
    for seed in 0..4 {
        let settings = Settings { seed, ..with_strengths(&[0.1, 1.0]) };
        let head = train(&dataset, &features, &settings, &mut |_| {}).unwrap().head;
        // What it has learnt is that it is rare.
        let outputs = head.outputs(&features, &training);
        assert!(outputs.chunks_exact(2).all(|row| row[1].is_finite() && row[1] < 0.0));
    }
}

#[test]
fn numbers_are_learnt_in_their_unit() {
    let (_, features) = data();
    let number = |row: &[f32]| 1e3 + 50.0 * f64::from(row[0] - row[2]);
    let numbers = features.values.chunks_exact(8).map(number).collect();
    let dataset = labelled(Targets::Number(numbers));
    for settings in [
        Settings { folds: Some(5), ..with_strengths(&[1.0, 1e3]) },
        with_hidden(Hidden { dropout: 0.0, ..small() }),
    ] {
        let Trained { report, decision, held_out, .. } =
            train(&dataset, &features, &settings, &mut |_| {}).unwrap();
        let Scores::Number(scores) = &report.held_out else { panic!("labels") };
        assert!(scores.r2 > 0.98 && scores.rmse < 8.0, "{scores:?}");
        assert_eq!((decision.temperature(), report.calibration), (1.0, None));
        assert!(held_out.1.iter().all(|value| (800.0..1200.0).contains(value)));
        if let Some(cross) = report.cross_validation {
            assert!(cross.scores[0].mean > 0.98 && cross.log_loss.is_none(), "{cross:?}");
        }
    }
    let weighed = Settings { class_weights: ClassWeights::Balanced, ..Settings::default() };
    let refused = train(&dataset, &features, &weighed, &mut |_| {}).unwrap_err().to_string();
    assert!(refused.starts_with("class weights go with labels"), "{refused}");
}
