//! A training report as text.

use std::fmt;

use super::training_report::{SplitSizes, TrainingReport};
use crate::training::evaluation::CrossValidationScores;
use crate::training::fit::{Calibration, SearchTrials};

impl fmt::Display for TrainingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SplitSizes { fitting, validation, held_out } = self.rows;
        writeln!(
            f,
            "{}: {} training rows, {validation} of them for validation; {held_out} held out",
            self.data.file,
            fitting + validation,
        )?;
        if self.data.header {
            writeln!(f, "the first line was read as a header")?;
        }
        if !self.class_weights.is_none() {
            writeln!(f, "class weights: balanced")?;
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
        if let Some(scores) = &self.cross_validation {
            write_cross_validation(f, scores)?;
        }
        write!(f, "held out: {}", self.held_out.line())
    }
}

impl TrainingReport {
    fn write_fit(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(strength), Some(end), SearchTrials::Strengths(trials)) =
            (self.strength, self.convergence, &self.search)
        {
            writeln!(
                f,
                "strength C = {strength}, the best of {} trials; {} after {} iterations (gradient norm \
                 {:.1e})",
                trials.len(),
                if end.converged { "converged" } else { "NOT converged" },
                end.iterations,
                end.gradient_norm,
            )?;
        }
        if let (Some(hidden), Some(epochs), SearchTrials::Epochs(tried)) =
            (&self.hidden, self.epochs, &self.search)
        {
            writeln!(
                f,
                "hidden layers {:?}: {epochs} epochs, the best of {} on the validation part",
                hidden.widths,
                tried.len()
            )?;
        }
        Ok(())
    }
}

fn write_cross_validation(
    f: &mut fmt::Formatter<'_>,
    cross_validation: &CrossValidationScores,
) -> fmt::Result {
    let CrossValidationScores { scores, unconverged, log_loss, calibration_error } =
        cross_validation;
    let shown = scores.iter().map(|score| format!("{} {}", score.metric, score.show()));
    write!(f, "{} folds: {}", scores[0].folds.len(), shown.collect::<Vec<_>>().join(", "))?;
    if *unconverged > 0 {
        write!(f, "; {unconverged} NOT converged")?;
    }
    if let (Some(loss), Some(error)) = (log_loss, calibration_error) {
        write!(f, "; out-of-fold log loss {loss:.4}, calibration error {error:.4}")?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::Source;
    use crate::training::data::Targets;
    use crate::training::fit::linear::Convergence;
    use crate::training::fit::{Epoch, Trial};
    use crate::training::metrics::Scores;
    use crate::training::metrics::SingleLabelScores;
    use crate::training::options::{ClassWeights, HiddenLayers};

    fn report() -> TrainingReport {
        let trial =
            Trial { strength: 0.003, loss: 0.43, score: 0.8, iterations: 54, converged: true };
        TrainingReport {
            data: Source { file: "d.tsv".to_owned(), sha256: "00".to_owned(), header: true },
            rows: SplitSizes { fitting: 80, validation: 20, held_out: 25 },
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
            search: SearchTrials::Strengths(vec![trial]),
            calibration: Some(Calibration {
                temperature: 1.0416,
                log_loss_before: 0.431,
                log_loss_after: 0.4305,
            }),
            cross_validation: None,
            held_out: Scores::SingleLabel(SingleLabelScores {
                accuracy: 0.8,
                macro_f1: 0.79,
                log_loss: 0.42,
                confusion: vec![vec![10, 2], vec![3, 10]],
            }),
        }
    }

    #[test]
    fn the_terminal_shows_five_lines() {
        let lines = "d.tsv: 100 training rows, 20 of them for validation; 25 held out\n\
                     the first line was read as a header\n\
                     strength C = 0.003, the best of 1 trials; converged after 90 iterations \
                     (gradient norm 7.5e-7)\n\
                     temperature 1.042: validation log loss 0.4310 before, 0.4305 after\n\
                     held out: accuracy 80.00 %, macro F1 79.00 %, log loss 0.4200";
        assert_eq!(report().to_string(), lines);
    }

    #[test]
    fn a_fit_that_did_not_converge_says_so() {
        let end = Convergence { iterations: 90, gradient_norm: 7.5e-7, converged: false };
        let report = TrainingReport { convergence: Some(end), ..report() };
        assert!(report.to_string().contains("NOT converged after 90 iterations"));
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
            held_out: Scores::new(&[1.0, 2.0], &Targets::Regression(vec![1.0, 3.0]), None),
            ..report()
        };
        let text = report.to_string();
        assert!(text.contains("hidden layers [64, 8]: 1 epochs, the best of 3"), "{text}");
        assert!(text.ends_with("held out: R² 0.5000, RMSE 0.7071, MAE 0.5000"), "{text}");
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<TrainingReport>(&json).unwrap(), report);
    }

    #[test]
    fn a_report_survives_json() {
        let json = serde_json::to_string(&report()).unwrap();
        assert_eq!(serde_json::from_str::<TrainingReport>(&json).unwrap(), report());
    }
}
