//! What a head says about how it was trained.

mod mistakes;
mod page;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Settings;
use super::cross::CrossScores;
use super::dataset::{Dataset, Source};
use super::fit::Chosen;
use super::hidden::Hidden;
use super::linear::Convergence;
use super::metrics::Scores;
use super::prepared::ClassWeights;
use super::search::Tried;
use super::split::{HELD_OUT_RULE, Split};
use super::temperature::Calibration;

/// Stored in `head.json`. The same data, features and seed give the same report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The file.
    pub data: Source,
    /// Its rows in each part.
    pub rows: PartSizes,
    /// How rows were held out, in words.
    pub split: String,
    /// What was drawn with.
    pub seed: u64,
    /// What the rows of a label counted.
    #[serde(default, skip_serializing_if = "ClassWeights::is_none")]
    pub class_weights: ClassWeights,
    /// Of one layer the chosen strength of regularisation, `C` in scikit-learn's sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Where the last fit of one layer ended, over all rows that are not held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convergence: Option<Convergence>,
    /// Hidden layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Hidden>,
    /// Passes over the rows in the last fit of hidden layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Everything tried, in order, with its scores on the validation part.
    pub search: Tried,
    /// The temperature, and what it did for the validation part; none for numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Of all rows, each by a fit that has not seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<CrossScores>,
    /// Scores of the finished head, temperature and thresholds included.
    pub held_out: Scores,
}

/// Rows in each part. The last fit takes `fitting` and `validation` together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSizes {
    /// What each setting was fitted to.
    pub fitting: usize,
    /// What chose between them.
    pub validation: usize,
    /// What scored the result.
    pub held_out: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PartSizes { fitting, validation, held_out } = self.rows;
        writeln!(
            f,
            "{}: {} rows to train on, {validation} of them to choose settings by; {held_out} held out",
            self.data.file,
            fitting + validation,
        )?;
        if self.data.header {
            writeln!(f, "its first line was taken as a header")?;
        }
        if !self.class_weights.is_none() {
            writeln!(f, "the rows of each label counted as much as those of any other")?;
        }
        self.write_fit(f)?;
        if let Some(Calibration { temperature, log_loss_before, log_loss_after }) = self.calibration
        {
            writeln!(
                f,
                "temperature {temperature:.3}: validation log loss {log_loss_before:.4} before, \
                 {log_loss_after:.4} after"
            )?;
        }
        if let Some(cross) = &self.cross_validation {
            let scores = cross.scores.iter().map(|of| format!("{} {}", of.metric, of.show()));
            let folds = cross.scores[0].folds.len();
            write!(f, "{folds} folds: {}", scores.collect::<Vec<_>>().join(", "))?;
            if cross.unconverged > 0 {
                write!(f, "; {} NOT converged", cross.unconverged)?;
            }
            if let (Some(loss), Some(error)) = (cross.log_loss, cross.calibration_error) {
                write!(f, "; out of fold log loss {loss:.4}, calibration error {error:.4}")?;
            }
            writeln!(f)?;
        }
        write!(f, "held out: {}", self.held_out.line())
    }
}

impl Report {
    /// `fit` is what was chosen, where the last fit ended and what had been tried; `scores` the
    /// temperature, the folds' and those of the rows held out.
    pub fn of(
        dataset: &Dataset,
        split: &Split,
        settings: &Settings,
        fit: (Chosen<'_>, Option<Convergence>, Tried),
        scores: (Option<Calibration>, Option<CrossScores>, Scores),
    ) -> Self {
        let (chosen, convergence, search) = fit;
        let (calibration, cross_validation, held_out) = scores;
        let (strength, hidden, epochs) = match chosen {
            Chosen::Linear { strength } => (Some(strength), None, None),
            Chosen::Hidden { hidden, epochs, .. } => (None, Some(hidden.clone()), Some(epochs)),
        };
        Self {
            data: dataset.source.clone(),
            rows: PartSizes {
                fitting: split.fitting.len(),
                validation: split.validation.len(),
                held_out: split.held_out.len(),
            },
            split: HELD_OUT_RULE.to_owned(),
            seed: settings.seed,
            class_weights: settings.class_weights,
            strength,
            convergence,
            hidden,
            epochs,
            search,
            calibration,
            cross_validation,
            held_out,
        }
    }

    fn write_fit(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(strength), Some(end), Tried::Strengths(tried)) =
            (self.strength, self.convergence, &self.search)
        {
            writeln!(
                f,
                "strength C = {strength}, the best of {} tried; {} after {} iterations (gradient norm \
                 {:.1e})",
                tried.len(),
                if end.converged { "converged" } else { "NOT converged" },
                end.iterations,
                end.gradient_norm,
            )?;
        }
        if let (Some(hidden), Some(epochs), Tried::Epochs(seen)) =
            (&self.hidden, self.epochs, &self.search)
        {
            writeln!(
                f,
                "hidden layers {:?}: {epochs} passes over the rows, the best of {} on the validation \
                 part",
                hidden.widths,
                seen.len()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::metrics::OneScores;
    use crate::training::search::{Epoch, Trial};
    use crate::training::targets::Targets;

    fn report() -> Report {
        let trial =
            Trial { strength: 0.003, loss: 0.43, score: 0.8, iterations: 54, converged: true };
        Report {
            data: Source { file: "d.tsv".to_owned(), sha256: "00".to_owned(), header: true },
            rows: PartSizes { fitting: 80, validation: 20, held_out: 25 },
            split: "by hash".to_owned(),
            seed: 7,
            class_weights: ClassWeights::None,
            strength: Some(0.003),
            convergence: Some(Convergence {
                iterations: 90,
                gradient_norm: 7.5e-7,
                converged: true,
            }),
            hidden: None,
            epochs: None,
            search: Tried::Strengths(vec![trial]),
            calibration: Some(Calibration {
                temperature: 1.0416,
                log_loss_before: 0.431,
                log_loss_after: 0.4305,
            }),
            cross_validation: None,
            held_out: Scores::One(OneScores {
                accuracy: 0.8,
                macro_f1: 0.79,
                log_loss: 0.42,
                confusion: vec![vec![10, 2], vec![3, 10]],
            }),
        }
    }

    #[test]
    fn the_terminal_gets_five_lines() {
        let lines = "d.tsv: 100 rows to train on, 20 of them to choose settings by; 25 held out\n\
                     its first line was taken as a header\n\
                     strength C = 0.003, the best of 1 tried; converged after 90 iterations \
                     (gradient norm 7.5e-7)\n\
                     temperature 1.042: validation log loss 0.4310 before, 0.4305 after\n\
                     held out: accuracy 80.00 %, macro F1 79.00 %, log loss 0.4200";
        assert_eq!(report().to_string(), lines);
    }

    #[test]
    fn a_fit_that_did_not_converge_says_so() {
        let end = Convergence { iterations: 90, gradient_norm: 7.5e-7, converged: false };
        let report = Report { convergence: Some(end), ..report() };
        assert!(report.to_string().contains("NOT converged after 90 iterations"));
    }

    #[test]
    fn hidden_layers_and_numbers_have_lines_of_their_own() {
        let hidden = Hidden { widths: vec![64, 8], ..Hidden::default() };
        let epoch = Epoch { fitting_loss: 0.5, loss: 0.6, score: 0.7 };
        let report = Report {
            strength: None,
            convergence: None,
            hidden: Some(hidden),
            epochs: Some(1),
            search: Tried::Epochs(vec![epoch; 3]),
            calibration: None,
            held_out: Scores::of(&[1.0, 2.0], &Targets::Number(vec![1.0, 3.0]), None),
            ..report()
        };
        let said = report.to_string();
        assert!(
            said.contains("hidden layers [64, 8]: 1 passes over the rows, the best of 3"),
            "{said}"
        );
        assert!(said.ends_with("held out: R² 0.5000, RMSE 0.7071, MAE 0.5000"), "{said}");
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }

    #[test]
    fn a_report_survives_json() {
        let json = serde_json::to_string(&report()).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report());
    }
}
