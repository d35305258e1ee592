//! The search for a regularisation strength by all folds, for data with few rows.
//!
//! A validation part of few rows chooses a strength by chance. Here each row is scored by a fit of the
//! other folds, at the price of one path of strengths per fold.

use super::linear::{self, Convergence, LinearFit};
use super::loss::loss;
use super::method::ResolvedMethod;
use super::out_of_fold::{FoldedRows, OutOfFold};
use super::search::PATIENCE;
use super::trials::Trial;
use crate::training::error::TrainError;
use crate::training::metrics::Scores;
use crate::training::stage::Stage;

/// The result of a search by folds.
pub struct FoldSearchResult<'a> {
    /// The method with the smallest loss out of fold.
    pub method: ResolvedMethod<'a>,
    /// Its outputs out of fold.
    pub outputs: OutOfFold,
    /// Everything that was tried.
    pub trials: Vec<Trial>,
}

/// Fits each fold's other rows with each strength, and returns the strength with the smallest mean loss
/// over all rows. Each fit of a fold starts where its fit with the strength before ended. The path
/// ends after [`PATIENCE`] strengths that are no better.
///
/// # Errors
/// As [`linear::fit`].
pub fn search_strength<'a>(
    rows: FoldedRows<'_>,
    strengths: &[f64],
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<FoldSearchResult<'a>, TrainError> {
    let folds = (0..rows.count).map(|fold| rows.fold(fold)).collect::<Result<Vec<_>, _>>()?;
    let starts = folds.iter().map(|fold| linear::zeros(&fold.fitting));
    let mut starts = starts.collect::<candle_core::Result<Vec<_>>>()?;
    let mut best: Option<FoldSearchResult<'a>> = None;
    let (mut min_loss, mut since_best, mut trials) = (f64::INFINITY, 0, Vec::new());
    for &strength in strengths {
        let mut found = rows.empty();
        let (mut total, mut iterations) = (0.0, 0);
        for (fold, start) in folds.iter().zip(&mut starts) {
            let LinearFit { parameters, convergence } = linear::fit(
                &fold.fitting,
                strength,
                linear::SEARCH_TOLERANCE,
                std::mem::take(start),
            )?;
            let layers = linear::fitted_layers(&parameters, &fold.fitting)?;
            let (mean, _) = loss(
                &layers.forward(&fold.scoring.x)?,
                &fold.scoring.y,
                fold.scoring.weights.as_deref(),
            );
            total += mean * fold.scored.len() as f64;
            found.put(&fold.scored, &fold.preprocessor.outputs(&layers, &fold.scoring)?);
            let Convergence { iterations: more, converged, .. } = convergence;
            iterations += more;
            found.unconverged += usize::from(!converged);
            *start = parameters;
        }
        let metrics = Scores::new(&found.outputs, &found.targets, None).metrics();
        let trial = Trial {
            strength,
            loss: total / rows.rows.len() as f64,
            score: metrics.first().map_or(f64::NAN, |metric| metric.value),
            iterations,
            converged: found.unconverged == 0,
        };
        progress(Stage::Trial(&trial));
        let is_better = trial.loss < min_loss;
        since_best = if is_better { 0 } else { since_best + 1 };
        if is_better {
            min_loss = trial.loss;
            let method = ResolvedMethod::Linear { strength };
            best = Some(FoldSearchResult { method, outputs: found, trials: vec![] });
        }
        trials.push(trial);
        if since_best == PATIENCE {
            break;
        }
    }
    let best = best.ok_or(TrainError::NonFiniteFit)?;
    Ok(FoldSearchResult { trials, ..best })
}
