//! How good a head is on labelled rows.

use std::fmt;

use serde::Serialize;

use super::dataset::Source;
use super::features::Features;
use super::metrics::{Scores, calibration_error};
use crate::model::head::Head;

/// What a head scored. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// The head's name.
    pub head: String,
    /// Which of that name; see [`Head::version`].
    pub version: String,
    /// The file.
    pub data: Source,
    /// Rows that were scored.
    pub rows: usize,
    /// Whether those are only the rows that training holds out.
    pub held_out: bool,
    /// The head's labels, in the order of `confusion`.
    pub labels: Vec<String>,
    /// Accuracy, macro F1, log loss and confusion, of probabilities as they are served.
    #[serde(flatten)]
    pub scores: Scores,
    /// See [`calibration_error`].
    pub calibration_error: f64,
}

/// Scores a head of several labels of which one holds. `labels (n)` are places among the head's, one a
/// row of `features`; there is at least one row.
pub fn evaluate(
    head: &Head,
    features: &Features,
    labels: &[usize],
    data: &Source,
    held_out: bool,
) -> Evaluation {
    let temperature = f64::from(head.descriptor().temperature);
    let classes = head.descriptor().labels.len();
    let scaled = (0..features.rows).flat_map(|row| head.logits(features.row(row)));
    let scaled: Vec<f64> = scaled.map(|logit| f64::from(logit) / temperature).collect();
    Evaluation {
        head: head.name().to_owned(),
        version: head.version().to_owned(),
        data: data.clone(),
        rows: features.rows,
        held_out,
        labels: head.descriptor().labels.clone(),
        scores: Scores::of(&scaled, labels, classes),
        calibration_error: calibration_error(&scaled, labels, classes),
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = if self.held_out { "rows held out" } else { "rows" };
        writeln!(
            f,
            "{} ({}): {} {which} of {}",
            self.head, self.version, self.rows, self.data.file
        )?;
        writeln!(
            f,
            "accuracy {:.2} %, macro F1 {:.2} %, log loss {:.4}, calibration error {:.4}",
            100.0 * self.scores.accuracy,
            100.0 * self.scores.macro_f1,
            self.scores.log_loss,
            self.calibration_error,
        )?;
        writeln!(f)?;
        let counts = self.scores.confusion.iter().flatten().map(|count| count.to_string().len());
        let labels = self.labels.iter().map(|label| label.chars().count());
        let width = labels.clone().chain(counts).max().unwrap_or(0);
        let name = labels.max().unwrap_or(0).max("is, taken for".len());
        write!(f, "{:name$}", "is, taken for")?;
        self.labels.iter().try_for_each(|label| write!(f, "  {label:>width$}"))?;
        for (label, row) in self.labels.iter().zip(&self.scores.confusion) {
            write!(f, "\n{label:name$}")?;
            row.iter().try_for_each(|count| write!(f, "  {count:>width$}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_gets_the_scores_and_the_confusion() {
        let evaluation = Evaluation {
            head: "tone".to_owned(),
            version: "00ff".to_owned(),
            data: Source { file: "d.tsv".to_owned(), sha256: String::new(), header: true },
            rows: 27,
            held_out: true,
            labels: vec!["no".to_owned(), "perhaps".to_owned()],
            scores: Scores {
                accuracy: 0.74074,
                macro_f1: 0.7,
                log_loss: 0.5,
                confusion: vec![vec![10, 2], vec![5, 10]],
            },
            calibration_error: 0.0123,
        };
        let expected = "tone (00ff): 27 rows held out of d.tsv\n\
                        accuracy 74.07 %, macro F1 70.00 %, log loss 0.5000, calibration error 0.0123\n\
                        \n\
                        is, taken for       no  perhaps\n\
                        no                  10        2\n\
                        perhaps              5       10";
        assert_eq!(evaluation.to_string(), expected);
    }
}
