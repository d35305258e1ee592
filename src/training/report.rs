//! What a head says about how it was trained.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cross::{CrossScores, Spread};
use super::dataset::Source;
use super::fit::ClassWeights;
use super::metrics::Scores;
use super::search::Trial;
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
    /// What the validation part was drawn with.
    pub seed: u64,
    /// What the rows of a class counted.
    #[serde(default, skip_serializing_if = "ClassWeights::is_none")]
    pub class_weights: ClassWeights,
    /// The chosen strength of regularisation, `C` in scikit-learn's sense.
    pub strength: f64,
    /// Of the last fit, over all rows that are not held out.
    pub iterations: u64,
    /// Where the last fit ended.
    pub gradient_norm: f64,
    /// Whether that is below [`GRADIENT_NORM`](super::fit::GRADIENT_NORM).
    pub converged: bool,
    /// Every strength tried, in order, with its scores on the validation part.
    pub search: Vec<Trial>,
    /// The temperature, and what it did for the validation part.
    pub calibration: Calibration,
    /// Of all rows, each by a fit that has not seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<CrossScores>,
    /// Scores of the finished head, temperature included.
    pub held_out: Scores,
}

/// Rows in each part. The last fit takes `fitting` and `validation` together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSizes {
    /// What each strength was fitted to.
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
            "{}: {} rows to train on, {validation} of them to choose the strength; {held_out} held out",
            self.data.file,
            fitting + validation,
        )?;
        if self.data.header {
            writeln!(f, "its first line was taken as a header")?;
        }
        if !self.class_weights.is_none() {
            writeln!(f, "the rows of each label counted as much as those of any other")?;
        }
        writeln!(
            f,
            "strength C = {}, the best of {} tried; {} after {} iterations (gradient norm {:.1e})",
            self.strength,
            self.search.len(),
            if self.converged { "converged" } else { "NOT converged" },
            self.iterations,
            self.gradient_norm,
        )?;
        writeln!(
            f,
            "temperature {:.3}: validation log loss {:.4} before, {:.4} after",
            self.calibration.temperature,
            self.calibration.log_loss_before,
            self.calibration.log_loss_after,
        )?;
        if let Some(cross) = &self.cross_validation {
            let percent =
                |of: Spread| format!("{:.2} ± {:.2} %", 100.0 * of.mean, 100.0 * of.deviation);
            writeln!(
                f,
                "{} folds: accuracy {}, macro F1 {}; out of fold log loss {:.4}, calibration error {:.4}",
                cross.folds,
                percent(cross.accuracy),
                percent(cross.macro_f1),
                cross.log_loss,
                cross.calibration_error,
            )?;
        }
        write!(
            f,
            "held out: accuracy {:.2} %, macro F1 {:.2} %, log loss {:.4}",
            100.0 * self.held_out.accuracy,
            100.0 * self.held_out.macro_f1,
            self.held_out.log_loss,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let trial = Trial {
            strength: 0.003,
            log_loss: 0.43,
            accuracy: 0.8,
            iterations: 54,
            converged: true,
        };
        Report {
            data: Source { file: "d.tsv".to_owned(), sha256: "00".to_owned(), header: true },
            rows: PartSizes { fitting: 80, validation: 20, held_out: 25 },
            split: "by hash".to_owned(),
            seed: 7,
            class_weights: ClassWeights::None,
            strength: 0.003,
            iterations: 90,
            gradient_norm: 7.5e-7,
            converged: true,
            search: vec![trial],
            calibration: Calibration {
                temperature: 1.0416,
                log_loss_before: 0.431,
                log_loss_after: 0.4305,
            },
            cross_validation: None,
            held_out: Scores {
                accuracy: 0.8,
                macro_f1: 0.79,
                log_loss: 0.42,
                confusion: vec![vec![10, 2], vec![3, 10]],
            },
        }
    }

    #[test]
    fn the_terminal_gets_five_lines() {
        let lines = "d.tsv: 100 rows to train on, 20 of them to choose the strength; 25 held out\n\
                     its first line was taken as a header\n\
                     strength C = 0.003, the best of 1 tried; converged after 90 iterations \
                     (gradient norm 7.5e-7)\n\
                     temperature 1.042: validation log loss 0.4310 before, 0.4305 after\n\
                     held out: accuracy 80.00 %, macro F1 79.00 %, log loss 0.4200";
        assert_eq!(report().to_string(), lines);
    }

    #[test]
    fn a_fit_that_did_not_converge_says_so() {
        let report = Report { converged: false, ..report() };
        assert!(report.to_string().contains("NOT converged after 90 iterations"));
    }

    #[test]
    fn a_report_survives_json() {
        let json = serde_json::to_string(&report()).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report());
    }
}
