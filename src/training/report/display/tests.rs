use super::*;
use crate::training::data::Source;
use crate::training::data::Targets;
use crate::training::fit::linear::Convergence;
use crate::training::fit::{ChosenOn, Epoch, ThresholdRule, Trial};
use crate::training::metrics::Assessment;
use crate::training::options::{ClassWeights, HiddenLayers};
use crate::training::report::TrainingInput;
use crate::training::testing::predicting;

fn report() -> TrainingReport {
    let trial = Trial { strength: 0.003, loss: 0.43, score: 0.8, iterations: 54, converged: true };
    TrainingReport {
        data: Source { file: "d.tsv".to_owned(), sha256: "00".to_owned(), header: true },
        test: None,
        input: TrainingInput::default(),
        rows: SplitSizes { fitting: 80, validation: 20, held_out: 25 },
        split: "by hash".to_owned(),
        seed: 7,
        class_weights: ClassWeights::None,
        strength: Some(0.003),
        convergence: Some(Convergence { iterations: 90, gradient_norm: 7.5e-7, converged: true }),
        hidden: None,
        epochs: None,
        search: SearchTrials::Strengths(vec![trial]),
        chosen_on: ChosenOn::OutOfFold,
        strength_bound: None,
        thresholds: None,
        micro_f1_at_half: None,
        calibration: Some(Calibration {
            temperature: 1.0416,
            log_loss_before: 0.431,
            log_loss_after: 0.4305,
            mistakes: 20,
            outcome: CalibrationOutcome::Fitted,
        }),
        cross_validation: None,
        held_out: assessment(),
        entities: None,
    }
}

/// Of 20 of 25 rows right.
fn assessment() -> Assessment {
    let labels = [vec![0; 12], vec![1; 13]].concat();
    let predicted = [vec![0; 10], vec![1; 2], vec![0; 3], vec![1; 10]].concat();
    let outputs = predicting(&predicted);
    let names = ["a", "b"].map(str::to_owned);
    Assessment::new(&outputs, &Targets::SingleLabel(labels), None, &names)
}

#[test]
fn the_terminal_shows_five_lines_and_each_label() {
    let lines = "d.tsv: 100 training rows, 20 of them for validation; 25 held out\n\
                 the first line was read as a header\n\
                 strength C = 0.003, the best of 1 out of fold; converged after 90 iterations \
                 (gradient norm 7.5e-7)\n\
                 temperature 1.042: log loss out of fold 0.4310 before, 0.4305 after\n\
                 held out: accuracy 80.00 % (60.87 to 91.14), macro F1 80.00 % (";
    let text = report().to_string();
    assert!(text.starts_with(lines), "{text}");
    let table = "\n\n\
                 label  rows  precision   recall       F1\n\
                 a        12    76.92 %  83.33 %  80.00 %\n\
                 b        13    83.33 %  76.92 %  80.00 %";
    assert!(text.ends_with(table), "{text}");
}

#[test]
fn a_fit_that_did_not_converge_says_so() {
    let end = Convergence { iterations: 90, gradient_norm: 7.5e-7, converged: false };
    let report = TrainingReport { convergence: Some(end), ..report() };
    assert!(report.to_string().contains("NOT converged after 90 iterations"));
}

#[test]
fn a_temperature_that_was_not_used_and_a_bound_are_said() {
    let with = |outcome| {
        let calibration = report().calibration.map(|calibration| Calibration {
            temperature: 1.0,
            mistakes: 4,
            outcome,
            ..calibration
        });
        let strength_bound = Some(StrengthBound::Largest);
        TrainingReport { calibration, strength_bound, ..report() }.to_string()
    };
    let few = with(CalibrationOutcome::TooFewMistakes);
    let line = "temperature 1: 4 mistakes out of fold are too few to fit one (10 are needed); log";
    assert!(few.contains(line), "{few}");
    assert!(few.contains("the best of 1 out of fold, the largest that is tried; "), "{few}");
    let unclear = with(CalibrationOutcome::NoClearGain { temperature: 1.25 });
    assert!(unclear.contains("temperature 1: 1.250 doesn't clearly lower"), "{unclear}");
}

#[test]
fn thresholds_that_are_worse_than_one_half_are_warned_of() {
    let targets = Targets::MultiLabel(vec![vec![0], vec![]]);
    let thresholds = Some(&[0.9_f32][..]);
    let held_out = Assessment::new(&[1.0, -1.0], &targets, thresholds, &["a".to_owned()]);
    let choice = ThresholdChoice { rule: ThresholdRule::Shared, shared: 0.9, tried: vec![] };
    let (thresholds, micro_f1_at_half) = (Some(choice), Some(1.0));
    let report = TrainingReport { held_out, thresholds, micro_f1_at_half, ..report() };
    let text = report.to_string();
    assert!(text.contains("thresholds: one for all labels, by micro"), "{text}");
    let warning = "warning: on the held-out rows thresholds of 0.5 have micro F1 100.00 %, the chosen ones \
                   0.00 %";
    assert!(text.contains(warning), "{text}");
}

#[test]
fn hidden_layers_and_a_regression_have_their_own_lines() {
    let hidden = HiddenLayers { widths: vec![64, 8], ..HiddenLayers::default() };
    let epoch = Epoch { fitting_loss: 0.5, loss: 0.6, score: 0.7 };
    let report = TrainingReport {
        strength: None,
        convergence: None,
        hidden: Some(hidden),
        epochs: Some(1),
        search: SearchTrials::Epochs(vec![epoch; 3]),
        calibration: None,
        held_out: Assessment::new(
            &[1.0, 2.0],
            &Targets::Regression(vec![1.0, 3.0]),
            None,
            &["value".to_owned()],
        ),
        input: TrainingInput { truncated: 3, ..TrainingInput::default() },
        ..report()
    };
    let text = report.to_string();
    assert!(text.contains("hidden layers [64, 8]: 1 epochs, the best of 3"), "{text}");
    assert!(text.contains("\n3 texts were truncated\nheld out: R² 0.5000 ("), "{text}");
    assert!(text.ends_with("always 2.0000: RMSE 1.0000"), "{text}");
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<TrainingReport>(&json).unwrap(), report);
}

#[test]
fn a_report_survives_json() {
    let json = serde_json::to_string(&report()).unwrap();
    assert_eq!(serde_json::from_str::<TrainingReport>(&json).unwrap(), report());
}
