//! A report as text.

use std::fmt;

use super::training_report::{PartSizes, Report};
use crate::training::fit::{Calibration, Tried};

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
    use crate::training::data::Source;
    use crate::training::data::Targets;
    use crate::training::fit::linear::Convergence;
    use crate::training::fit::{Epoch, Trial};
    use crate::training::metrics::OneScores;
    use crate::training::metrics::Scores;
    use crate::training::options::{ClassWeights, Hidden};

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
