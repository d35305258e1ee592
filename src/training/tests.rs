use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::dataset::{Row, Source};
use super::*;

/// 600 texts in three classes; of 8 features the first leans on the class, the last is constant.
fn data() -> (Dataset, Features) {
    let mut random = StdRng::seed_from_u64(1);
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for text in 0..600 {
        let label = text % 3;
        rows.push(Row { text: text.to_string(), label });
        let mut row: [f32; 8] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
        row[0] += label as f32;
        row[7] = 0.1;
        values.extend(row);
    }
    let source = Source { file: "d.tsv".to_owned(), sha256: String::new(), header: false };
    let labels = ["a", "b", "c"].map(str::to_owned).into();
    (Dataset { rows, labels, source }, Features { rows: 600, width: 8, values })
}

fn trained(settings: &Settings) -> Trained {
    let (dataset, features) = data();
    train(&dataset, &features, settings, &mut |_| {}).unwrap()
}

#[test]
fn training_finds_what_is_there() {
    let Trained { weights, bias, report } = trained(&Settings::default());
    assert_eq!((weights.len(), bias.len()), (3 * 8, 3));
    assert!(report.held_out.accuracy > 0.6, "{report}");
    assert!(report.converged && report.gradient_norm < fit::GRADIENT_NORM, "{report}");
    let PartSizes { fitting, validation, held_out } = report.rows;
    assert_eq!(fitting + validation + held_out, 600);
    let scored: usize = report.held_out.confusion.iter().flatten().sum();
    assert_eq!(scored, held_out);
}

#[test]
fn the_chosen_strength_has_the_least_log_loss() {
    let report = trained(&Settings::default()).report;
    let best = report.search.iter().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss)).unwrap();
    assert_eq!(report.strength, best.strength);
    assert!(report.search.is_sorted_by(|a, b| a.strength < b.strength));
}

#[test]
fn the_search_ends_where_two_strengths_in_a_row_are_no_better() {
    let (dataset, mut features) = data();
    // Nothing to learn: every feature but noise is gone, so less regularisation is only worse.
    features.values.chunks_exact_mut(8).for_each(|row| row[0] = 0.0);
    let report = train(&dataset, &features, &Settings::default(), &mut |_| {}).unwrap().report;
    let best = report.search.iter().position(|trial| trial.strength == report.strength).unwrap();
    assert_eq!(report.search.len(), best + 3);
    assert!(report.search.len() < search::STRENGTHS.len());
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
    let (mut dataset, mut features) = data();
    let kept: Vec<usize> = (0..600).filter(|row| row % 3 != 2 || row % 15 == 2).collect();
    features.values = kept.iter().flat_map(|&row| features.row(row).to_vec()).collect();
    features.rows = kept.len();
    dataset.rows = kept.iter().map(|&row| dataset.rows[row].clone()).collect();
    let found = |class_weights| {
        let settings = Settings { class_weights, ..Settings::default() };
        let report = train(&dataset, &features, &settings, &mut |_| {}).unwrap().report;
        assert_eq!(report.class_weights, class_weights);
        report.held_out.confusion[2][2]
    };
    let (even, balanced) = (found(ClassWeights::None), found(ClassWeights::Balanced));
    assert!(balanced > even, "{balanced} and {even}");
}

#[test]
fn each_strength_tried_is_reported_then_the_last_fit() {
    let (dataset, features) = data();
    let settings = Settings { strengths: vec![0.01, 0.1], ..Settings::default() };
    let mut seen = Vec::new();
    let mut listen = |stage: Stage<'_>| {
        seen.push(match stage {
            Stage::Tried(trial) => ("tried", trial.strength),
            Stage::Refitting { strength } => ("refitting", strength),
            Stage::Folded(fold) => ("folded", fold as f64),
        });
    };
    let strength = train(&dataset, &features, &settings, &mut listen).unwrap().report.strength;
    assert_eq!(seen, [("tried", 0.01), ("tried", 0.1), ("refitting", strength)]);
}

#[test]
fn what_cannot_be_trained_on_is_refused() {
    let (dataset, features) = data();
    let refusal = |features: &Features, strengths: &[f64]| {
        let settings = Settings { strengths: strengths.to_vec(), ..Settings::default() };
        train(&dataset, features, &settings, &mut |_| {}).unwrap_err().to_string()
    };
    let fewer = Features { rows: 599, ..features.clone() };
    assert_eq!(refusal(&fewer, &[1.0]), "599 rows of features for 600 rows of data");
    let mut broken = features.clone();
    broken.values[8 * 3 + 2] = f32::NAN;
    assert_eq!(refusal(&broken, &[1.0]), "feature 2 of row 3 is not a finite number");
    for strengths in [&[][..], &[0.0], &[1.0, 0.1], &[f64::NAN], &[f64::INFINITY]] {
        assert!(refusal(&features, strengths).starts_with("strengths must be above 0"));
    }
}
