//! From a labelled file to a head: read, split, fit, score.

use super::checks::{check, check_features};
use super::error::TrainError;
use super::evaluation::cross_validate;
use super::fit::linear;
use super::options::Settings;
use super::stage::Stage;
use super::trained::Trained;
use crate::training::data::Dataset;
use crate::training::evaluation::Plan;
use crate::training::features::Features;
use crate::training::fit::{Data, Found, Prepared, choose};
use crate::training::metrics::Scores;
use crate::training::report::Report;

/// Splits; finds the settings, the temperature and, where several labels may hold, their thresholds on
/// the validation part; fits all training rows with those settings, takes the standardisation into the
/// layers, and scores the result on the rows held out.
///
/// # Errors
/// As [`check`]; features that don't fit the data, a fit that comes to nothing. One that doesn't
/// converge is no error: [`Report::convergence`] says so.
pub fn train(
    dataset: &Dataset,
    features: &Features,
    settings: &Settings,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Trained, TrainError> {
    let split = check(dataset, settings)?;
    check_features(dataset, features)?;
    let data = Data::of(dataset, features, settings);
    let (found, decision) = choose(data, &split, settings, progress)?;
    let Found { chosen, start, tried, .. } = found;

    progress(Stage::Refitting(chosen));
    let training = split.training();
    let prepared = Prepared::of(data, &training);
    let (layers, convergence) = chosen.fit(&prepared.part(&training)?, linear::FINE, start)?;
    let head = prepared.finish(&layers);

    let outputs = decision.scale(head.outputs(features, &split.held_out));
    let right = dataset.targets.of(&split.held_out);
    let held_out = Scores::of(&outputs, &right, decision.thresholds.as_deref());
    let all: Vec<usize> = (0..dataset.rows.len()).collect();
    let mut folded = 0;
    let cross = settings.folds.map(|folds| {
        let plan = Plan { folds, seed: settings.seed, chosen, decision: &decision };
        cross_validate(dataset, data, &all, plan, &mut || {
            folded += 1;
            progress(Stage::Folded(folded));
        })
    });
    let fit = (chosen, convergence, tried);
    let scores = (decision.calibration, cross.transpose()?, held_out);
    let report = Report::of(dataset, &split, settings, fit, scores);
    Ok(Trained { head, decision, report, held_out: (split.held_out, outputs) })
}
