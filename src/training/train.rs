//! Training: choose on the validation part, fit again, score.

use super::checks::{check, check_features};
use super::data::Dataset;
use super::error::TrainError;
use super::evaluation::{CrossValidation, Folds};
use super::features::Features;
use super::fit::{Choice, Preprocessor, TrainingData, choose, linear};
use super::metrics::Scores;
use super::options::TrainingOptions;
use super::report::TrainingReport;
use super::stage::Stage;
use super::trained::{HeldOutOutputs, TrainedHead};

/// Splits the data; chooses the method's settings, the temperature and, in a multi-label problem,
/// the thresholds on the validation part; fits all training rows with those settings; folds the
/// standardisation into the layers; and scores the result on the held-out rows.
///
/// # Errors
/// As [`check`]; features that don't belong to the data; a fit with non-finite weights. A fit that
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
    let Choice { method, start, trials, decision } = choose(data, &split, options, progress)?;

    progress(Stage::Refitting(method));
    let training = split.training();
    let preprocessor = Preprocessor::new(data, &training);
    let prepared = preprocessor.prepare(&training)?;
    let fit = method.fit(&prepared, linear::FINAL_TOLERANCE, start)?;
    let head = preprocessor.head_layers(&fit.layers);

    let outputs = decision.scale(head.outputs(features, &split.held_out));
    let targets = dataset.targets.select(&split.held_out);
    let held_out = Scores::new(&outputs, &targets, decision.thresholds.as_deref());
    let mut done = 0;
    let cross_validation = options.folds.map(|count| {
        let all: Vec<usize> = (0..dataset.rows.len()).collect();
        let folds = Folds { count, seed: options.seed };
        let run = CrossValidation { dataset, data, folds, method, decision: &decision };
        run.scores(&all, &mut || {
            done += 1;
            progress(Stage::Fold(done));
        })
    });
    let report = TrainingReport {
        convergence: fit.convergence,
        calibration: decision.calibration,
        cross_validation: cross_validation.transpose()?,
        ..TrainingReport::new(dataset, &split, options, method, trials, held_out)
    };
    let held_out = HeldOutOutputs { rows: split.held_out, outputs };
    Ok(TrainedHead { head, decision, report, held_out })
}
