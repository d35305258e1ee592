//! Training: choose, fit again, score.

use super::checks::{check, check_features};
use super::data::{Dataset, Folds, Targets, stratify};
use super::error::TrainError;
use super::evaluation::cross_validate;
use super::features::Features;
use super::fit::{Choice, DecisionRule, FoldedRows, Preprocessor, TrainingData, choose, linear};
use super::metrics::{Assessment, Scores};
use super::options::TrainingOptions;
use super::report::{StrengthBound, TrainingReport};
use super::servable::check_servable;
use super::stage::Stage;
use super::tagging::TaggingData;
use super::trained::{HeldOutOutputs, TrainedHead};

/// The folds by which temperature, thresholds and, with few rows, the strength are chosen.
const FOLDS: usize = 5;

/// Splits the data; chooses the method's settings, the temperature and, in a multi-label problem,
/// the thresholds on rows that weren't fitted; fits all training rows with those settings; folds the
/// standardisation into the layers; and scores the result on the held-out rows.
///
/// # Errors
/// As [`check`]; features that don't belong to the data; a head that can't be served. A fit that
/// doesn't converge is no error: [`TrainingReport::convergence`] reports it.
pub fn train(
    dataset: &Dataset,
    features: &Features,
    options: &TrainingOptions,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<TrainedHead, TrainError> {
    let split = check(dataset, options)?;
    check_features(dataset, features)?;
    let data = TrainingData::new(dataset, features, options);
    let training = split.training();
    let training_set = dataset.select(&training);
    let count = FOLDS.min(stratify(&training_set).concat().len());
    let folds = Folds { count, seed: options.seed }.assign(&training_set);
    let Choice { method, start, trials, chosen_on, outputs } =
        choose(data, &split, &folds, options, progress)?;
    let decision = DecisionRule::choose(&outputs)?;

    progress(Stage::Refitting(method));
    let preprocessor = Preprocessor::new(data, &training);
    let prepared = preprocessor.prepare(&training)?;
    let fit = method.fit(&prepared, linear::FINAL_TOLERANCE, start.clone())?;
    let head = preprocessor.head_layers(&fit.layers);

    let outputs = decision.scale(head.outputs(features, &split.held_out));
    let targets = dataset.targets.select(&split.held_out);
    let thresholds = decision.thresholds.as_deref();
    let held_out = Assessment::new(&outputs, &targets, thresholds, &dataset.labels);
    check_servable(&head, &decision, features, &held_out)?;
    let cross_validation = options.folds.map(|count| {
        // A test file may have labels that no fit knows, and so may tokens that are held out.
        let known = |row: &usize| !dataset.targets.is_unknown(*row, dataset.labels.len());
        let rows: Vec<usize> = match &dataset.test {
            None => (0..dataset.rows.len()).filter(known).collect(),
            Some(_) => training.clone(),
        };
        let folds = Folds { count, seed: options.seed }.assign(&dataset.select(&rows));
        let mut done = 0;
        let outputs = FoldedRows { data, rows: &rows, folds: &folds, count }.outputs(
            method,
            start.as_deref(),
            &mut || {
                done += 1;
                progress(Stage::Fold(done));
            },
        );
        cross_validate(&outputs?)
    });
    let report = TrainingReport {
        strength_bound: StrengthBound::new(&options.method, method),
        chosen_on,
        convergence: fit.convergence,
        calibration: decision.calibration,
        thresholds: decision.threshold_choice.clone(),
        micro_f1_at_half: micro_f1_at_half(&outputs, &targets, &held_out),
        cross_validation: cross_validation.transpose()?,
        ..TrainingReport::new(dataset, &split, options, method, trials, held_out)
    };
    let held_out = HeldOutOutputs { rows: split.held_out, outputs };
    Ok(TrainedHead { head, decision, report, held_out })
}

/// Like [`train`], of the tokens of marked texts; `features` are those of its rows. The report also has the
/// scores of the entities in the held-out texts.
///
/// # Errors
/// As [`train`].
pub fn train_tagger(
    data: &TaggingData,
    features: &Features,
    options: &TrainingOptions,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<TrainedHead, TrainError> {
    let mut trained = train(&data.rows.dataset, features, options, progress)?;
    let HeldOutOutputs { rows, outputs } = &trained.held_out;
    trained.report.entities = Some(data.entities(rows, outputs));
    Ok(trained)
}

/// Micro F1 on the held-out rows with thresholds of 0.5, if that is better than with the chosen ones.
fn micro_f1_at_half(outputs: &[f64], targets: &Targets, held_out: &Assessment) -> Option<f64> {
    match (&held_out.scores, Scores::new(outputs, targets, None)) {
        (Scores::MultiLabel(chosen), Scores::MultiLabel(half)) => {
            Some(half.micro_f1).filter(|micro_f1| *micro_f1 > chosen.micro_f1)
        }
        _ => None,
    }
}
