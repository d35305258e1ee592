//! Cross-validation: every row is scored by a fit that has not seen it.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::fold_scores::{CrossValidationScores, FoldScores};
use crate::training::data::{Dataset, stratify};
use crate::training::error::TrainError;
use crate::training::fit::linear::SEARCH_TOLERANCE;
use crate::training::fit::{DecisionRule, Preprocessor, ResolvedMethod, TrainingData};
use crate::training::metrics::{Scores, calibration_error};

/// How rows are assigned to folds.
#[derive(Debug, Clone, Copy)]
pub struct Folds {
    /// At least 2.
    pub count: usize,
    /// Seed of the assignment.
    pub seed: u64,
}

impl Folds {
    /// The fold of each row. Each fold has about the same number of rows of every stratum. Rows of
    /// one text are in one fold, so that no text is scored by a fit that has seen it.
    fn assign(self, dataset: &Dataset) -> Vec<usize> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let mut folds = vec![0; dataset.rows.len()];
        // A stratum continues with the fold after the last one, so that folds have equal sizes.
        let mut next = 0;
        for mut groups in stratify(dataset) {
            groups.shuffle(&mut random);
            for rows in groups {
                rows.iter().for_each(|&row| folds[row] = next % self.count);
                next += 1;
            }
        }
        folds
    }
}

/// A cross-validation with one method and one decision rule for all folds.
#[derive(Debug, Clone, Copy)]
pub struct CrossValidation<'a> {
    /// The rows.
    pub dataset: &'a Dataset,
    /// Their features and targets.
    pub data: TrainingData<'a>,
    /// The folds.
    pub folds: Folds,
    /// How each fold is fitted.
    pub method: ResolvedMethod<'a>,
    /// From logits to predictions.
    pub decision: &'a DecisionRule,
}

/// The outputs for the rows of a fold.
struct FoldOutputs {
    rows: Vec<usize>,
    outputs: Vec<f64>,
    converged: bool,
}

impl CrossValidation<'_> {
    /// Scores `rows`: each fold by a fit of all others. `done` is called after each fold.
    ///
    /// # Errors
    /// As [`ResolvedMethod::fit`]; fewer texts than folds.
    pub fn scores(
        &self,
        rows: &[usize],
        done: &mut dyn FnMut(),
    ) -> Result<CrossValidationScores, TrainError> {
        let assigned = self.folds.assign(&self.dataset.select(rows));
        let mut metrics = Vec::with_capacity(self.folds.count);
        let (mut outputs, mut order, mut unconverged) = (Vec::new(), Vec::new(), 0);
        for fold in 0..self.folds.count {
            let result = self.fit_fold(rows, &assigned, fold)?;
            unconverged += usize::from(!result.converged);
            let targets = self.data.targets.select(&result.rows);
            let thresholds = self.decision.thresholds.as_deref();
            metrics.push(Scores::new(&result.outputs, &targets, thresholds).metrics());
            outputs.extend(result.outputs);
            order.extend(result.rows);
            done();
        }
        let targets = self.data.targets.select(&order);
        let scores = |metric: usize| {
            let folds = metrics.iter().map(|metrics| metrics[metric].value).collect();
            FoldScores::new(&metrics[0][metric], folds)
        };
        Ok(CrossValidationScores {
            scores: [scores(0), scores(1)],
            unconverged,
            log_loss: Scores::new(&outputs, &targets, None).log_loss(),
            calibration_error: calibration_error(&outputs, &targets),
        })
    }

    /// The outputs for the rows of `fold`, from a fit of all others.
    fn fit_fold(
        &self,
        rows: &[usize],
        assigned: &[usize],
        fold: usize,
    ) -> Result<FoldOutputs, TrainError> {
        let (scored, fitted): (Vec<_>, Vec<_>) =
            rows.iter().zip(assigned).partition(|(_, assigned)| **assigned == fold);
        let [scored, fitted] = [scored, fitted]
            .map(|part| part.into_iter().map(|(row, _)| *row).collect::<Vec<usize>>());
        if scored.is_empty() || fitted.is_empty() {
            return Err(TrainError::TooManyFolds { folds: self.folds.count, texts: rows.len() });
        }
        let preprocessor = Preprocessor::new(self.data, &fitted);
        let fit = self.method.fit(&preprocessor.prepare(&fitted)?, SEARCH_TOLERANCE, None)?;
        let outputs = preprocessor.outputs(&fit.layers, &preprocessor.prepare(&scored)?)?;
        Ok(FoldOutputs {
            rows: scored,
            outputs: self.decision.scale(outputs),
            converged: fit.convergence.is_none_or(|end| end.converged),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::Targets;
    use crate::training::features::Features;
    use crate::training::options::TrainingOptions;
    use crate::training::testing;

    /// Texts 0 to 199, the first hundred twice; every fourth is of label 1, as its feature says.
    fn data() -> (Dataset, Features) {
        let texts: Vec<usize> = (0..200).chain(0..100).collect();
        let label = |at: usize| usize::from(at.is_multiple_of(4));
        let value = |at: usize| label(at) as f32 + ((at * 37 % 101) as f32 - 50.0) / 60.0;
        let values = texts.iter().map(|&at| value(at)).collect();
        let targets = Targets::SingleLabel(texts.iter().map(|&at| label(at)).collect());
        let texts: Vec<String> = texts.iter().map(usize::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        (testing::dataset(&texts, targets), Features { rows: 300, width: 1, values })
    }

    fn scores(
        dataset: &Dataset,
        features: &Features,
        done: &mut dyn FnMut(),
    ) -> CrossValidationScores {
        let data = TrainingData::new(dataset, features, &TrainingOptions::default());
        let decision = &DecisionRule { calibration: None, thresholds: None };
        let method = ResolvedMethod::Linear { strength: 1.0 };
        let folds = Folds { count: 5, seed: 1 };
        let run = CrossValidation { dataset, data, folds, method, decision };
        let rows: Vec<usize> = (0..features.rows).collect();
        run.scores(&rows, done).unwrap()
    }

    #[test]
    fn folds_are_of_equal_size_have_every_label_and_keep_a_text_together() {
        let (dataset, _) = data();
        let folds = Folds { count: 5, seed: 1 }.assign(&dataset);
        for fold in 0..5 {
            let rows: Vec<usize> = (0..300).filter(|&row| folds[row] == fold).collect();
            assert!((50..=70).contains(&rows.len()), "{}", rows.len());
            let ones = dataset.targets.select(&rows).counts(2)[1];
            assert!((10..=20).contains(&ones), "{ones}");
        }
        assert!((0..100).all(|row| folds[row] == folds[200 + row]));
        assert_eq!(folds, Folds { count: 5, seed: 1 }.assign(&dataset));
        assert_ne!(folds, Folds { count: 5, seed: 2 }.assign(&dataset));
    }

    #[test]
    fn rows_are_scored_by_fits_that_have_not_seen_them() {
        let (dataset, mut features) = data();
        let mut fits = 0;
        let found = scores(&dataset, &features, &mut || fits += 1);
        let accuracy = &found.scores[0];
        assert_eq!((fits, accuracy.folds.len(), accuracy.metric.as_str()), (5, 5, "accuracy"));
        assert!(accuracy.mean > 0.8 && accuracy.deviation > 0.0, "{found:?}");
        // If the feature says nothing, the larger label is predicted.
        features.values.fill(0.0);
        let blind = scores(&dataset, &features, &mut || ());
        assert!((blind.scores[0].mean - 0.75).abs() < 0.03, "{blind:?}");
        assert!(blind.calibration_error.unwrap() < 0.03, "{blind:?}");
    }
}
