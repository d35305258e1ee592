//! Cross-validation: every row is scored by a fit that has not seen it.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::fold_scores::{CrossScores, Spread};
use crate::training::data::{Dataset, strata};
use crate::training::error::TrainError;
use crate::training::fit::linear::ROUGH;
use crate::training::fit::{Chosen, Data, Decision, Prepared};
use crate::training::metrics::{Scores, calibration_error};

/// What is held the same in every fold.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// At least 2.
    pub folds: usize,
    /// What rows are dealt with.
    pub seed: u64,
    /// How each fold is fitted.
    pub chosen: Chosen<'a>,
    /// What turns logits into answers.
    pub decision: &'a Decision,
}

/// Fits `rows` as often as there are folds, each time those of all others. `done` is called after each.
///
/// # Errors
/// As [`Chosen::fit`]; fewer texts than folds.
pub fn cross_validate(
    dataset: &Dataset,
    data: Data<'_>,
    rows: &[usize],
    plan: Plan<'_>,
    done: &mut dyn FnMut(),
) -> Result<CrossScores, TrainError> {
    let Plan { folds, decision, .. } = plan;
    let dealt = deal(&dataset.of(rows), folds, plan.seed);
    let mut metrics = Vec::with_capacity(folds);
    let (mut outputs, mut order, mut unconverged) = (Vec::new(), Vec::new(), 0);
    for fold in 0..folds {
        let (scored, fitted): (Vec<_>, Vec<_>) =
            rows.iter().zip(&dealt).partition(|(_, of)| **of == fold);
        let [scored, fitted] = [scored, fitted]
            .map(|part| part.into_iter().map(|(row, _)| *row).collect::<Vec<usize>>());
        if scored.is_empty() || fitted.is_empty() {
            return Err(TrainError::Folds { folds, texts: rows.len() });
        }
        let prepared = Prepared::of(data, &fitted);
        let (layers, end) = plan.chosen.fit(&prepared.part(&fitted)?, ROUGH, None)?;
        unconverged += usize::from(end.is_some_and(|end| !end.converged));
        let given = decision.scale(prepared.outputs(&layers, &prepared.part(&scored)?)?);
        let right = data.targets.of(&scored);
        metrics.push(Scores::of(&given, &right, decision.thresholds.as_deref()).metrics());
        outputs.extend(given);
        order.extend(scored);
        done();
    }
    let all = data.targets.of(&order);
    let spread = |at: usize| {
        Spread::of(&metrics[0][at], metrics.iter().map(|metrics| metrics[at].value).collect())
    };
    Ok(CrossScores {
        scores: [spread(0), spread(1)],
        unconverged,
        log_loss: Scores::of(&outputs, &all, None).log_loss(),
        calibration_error: calibration_error(&outputs, &all),
    })
}

/// The fold of each row. Rows that are labelled alike are spread evenly, and rows of one text are in one
/// fold, so that no text is scored by a fit that has seen it.
fn deal(dataset: &Dataset, folds: usize, seed: u64) -> Vec<usize> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut dealt = vec![0; dataset.rows.len()];
    // Where one label ends the next goes on, so that folds are of one size.
    let mut next = 0;
    for mut texts in strata(dataset) {
        texts.shuffle(&mut random);
        for rows in texts {
            rows.iter().for_each(|&row| dealt[row] = next % folds);
            next += 1;
        }
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::Targets;
    use crate::training::features::Features;
    use crate::training::options::Settings;
    use crate::training::testing;

    /// Texts 0 to 199, the first hundred twice; every fourth is of label 1, as its feature says.
    fn data() -> (Dataset, Features) {
        let texts: Vec<usize> = (0..200).chain(0..100).collect();
        let label = |at: usize| usize::from(at.is_multiple_of(4));
        let value = |at: usize| label(at) as f32 + ((at * 37 % 101) as f32 - 50.0) / 60.0;
        let values = texts.iter().map(|&at| value(at)).collect();
        let targets = Targets::One(texts.iter().map(|&at| label(at)).collect());
        let texts: Vec<String> = texts.iter().map(usize::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        (testing::dataset(&texts, targets), Features { rows: 300, width: 1, values })
    }

    fn scores(dataset: &Dataset, features: &Features, done: &mut dyn FnMut()) -> CrossScores {
        let data = Data::of(dataset, features, &Settings::default());
        let decision = &Decision { calibration: None, thresholds: None };
        let plan = Plan { folds: 5, seed: 1, chosen: Chosen::Linear { strength: 1.0 }, decision };
        let rows: Vec<usize> = (0..features.rows).collect();
        cross_validate(dataset, data, &rows, plan, done).unwrap()
    }

    #[test]
    fn folds_are_even_have_each_label_and_keep_a_text_together() {
        let (dataset, _) = data();
        let dealt = deal(&dataset, 5, 1);
        for fold in 0..5 {
            let rows: Vec<usize> = (0..300).filter(|&row| dealt[row] == fold).collect();
            assert!((50..=70).contains(&rows.len()), "{}", rows.len());
            let ones = dataset.targets.of(&rows).counts(2)[1];
            assert!((10..=20).contains(&ones), "{ones}");
        }
        assert!((0..100).all(|row| dealt[row] == dealt[200 + row]));
        assert_eq!(dealt, deal(&dataset, 5, 1));
        assert_ne!(dealt, deal(&dataset, 5, 2));
    }

    #[test]
    fn rows_are_scored_by_fits_that_have_not_seen_them() {
        let (dataset, mut features) = data();
        let mut fits = 0;
        let found = scores(&dataset, &features, &mut || fits += 1);
        let accuracy = &found.scores[0];
        assert_eq!((fits, accuracy.folds.len(), accuracy.metric.as_str()), (5, 5, "accuracy"));
        assert!(accuracy.mean > 0.8 && accuracy.deviation > 0.0, "{found:?}");
        // Where the feature says nothing, the larger label is all that can be known.
        features.values.fill(0.0);
        let blind = scores(&dataset, &features, &mut || ());
        assert!((blind.scores[0].mean - 0.75).abs() < 0.03, "{blind:?}");
        assert!(blind.calibration_error.unwrap() < 0.03, "{blind:?}");
    }
}
