//! Scores of a finished head on labelled rows.

use std::fmt;

use serde::Serialize;

use crate::charts::text_table;
use crate::model::head::Head;
use crate::training::data::{Dataset, Note, Source, Targets};
use crate::training::features::Features;
use crate::training::metrics::{Scores, SingleLabelScores, calibration_error};

/// The scores of a head. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// The head's name.
    pub head: String,
    /// The head's version; see [`Head::version`].
    pub version: String,
    /// The file.
    pub data: Source,
    /// Rows that were scored.
    pub rows: usize,
    /// Whether they are only the rows that training holds out.
    pub held_out: bool,
    /// The head's labels, in the order of the counts.
    pub labels: Vec<String>,
    /// Scores of the predictions that the server returns.
    #[serde(flatten)]
    pub scores: Scores,
    /// Expected calibration error over 15 bins; none in a regression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration_error: Option<f64>,
    /// What is unusual about the file, and what was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Scores a head on a data set that was read for it, by the `features` of its rows; there is at
/// least one row.
pub fn evaluate(head: &Head, features: &Features, dataset: &Dataset, held_out: bool) -> Evaluation {
    let Dataset { targets, source, notes, .. } = dataset;
    let descriptor = head.descriptor();
    let temperature = match targets {
        Targets::Regression(_) => 1.0,
        Targets::SingleLabel(_) | Targets::MultiLabel(_) => f64::from(descriptor.temperature),
    };
    let outputs = (0..features.rows).flat_map(|row| head.logits(features.row(row)));
    let outputs: Vec<f64> = outputs.map(|output| f64::from(output) / temperature).collect();
    Evaluation {
        head: head.name().to_owned(),
        version: head.version().to_owned(),
        data: source.clone(),
        rows: features.rows,
        held_out,
        labels: descriptor.labels.clone(),
        scores: Scores::new(&outputs, targets, descriptor.thresholds.as_deref()),
        calibration_error: calibration_error(&outputs, targets),
        notes: notes.iter().map(Note::to_string).collect(),
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.held_out { "held-out rows" } else { "rows" };
        writeln!(
            f,
            "{} ({}): {} {rows} of {}",
            self.head, self.version, self.rows, self.data.file
        )?;
        write!(f, "{}", self.scores.line())?;
        if let Some(error) = self.calibration_error {
            write!(f, ", calibration error {error:.4}")?;
        }
        match &self.scores {
            Scores::SingleLabel(SingleLabelScores { confusion, .. }) => {
                write!(f, "\n\n{}", confusion_table(&self.labels, confusion))
            }
            Scores::MultiLabel(scores) => {
                let (headers, rows) = scores.table(&self.labels);
                write!(f, "\n\n{}", text_table(&headers, &rows))
            }
            Scores::Regression(_) => Ok(()),
        }
    }
}

/// A row per actual label, a column per predicted label.
fn confusion_table(labels: &[String], confusion: &[Vec<usize>]) -> String {
    let headers: Vec<&str> =
        ["actual \\ predicted"].into_iter().chain(labels.iter().map(String::as_str)).collect();
    let row = |(label, counts): (&String, &Vec<usize>)| {
        [label.clone()].into_iter().chain(counts.iter().map(usize::to_string)).collect()
    };
    let rows: Vec<Vec<String>> = labels.iter().zip(confusion).map(row).collect();
    text_table(&headers, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation(scores: Scores, calibration_error: Option<f64>) -> Evaluation {
        Evaluation {
            head: "tone".to_owned(),
            version: "00ff".to_owned(),
            data: Source { file: "d.tsv".to_owned(), sha256: String::new(), header: true },
            rows: 27,
            held_out: true,
            labels: vec!["no".to_owned(), "perhaps".to_owned()],
            scores,
            calibration_error,
            notes: vec![],
        }
    }

    #[test]
    fn the_terminal_shows_the_scores_and_the_confusion_matrix() {
        let scores = Scores::SingleLabel(SingleLabelScores {
            accuracy: 0.74074,
            macro_f1: 0.7,
            log_loss: 0.5,
            confusion: vec![vec![10, 2], vec![5, 10]],
        });
        let expected = "tone (00ff): 27 held-out rows of d.tsv\n\
                        accuracy 74.07 %, macro F1 70.00 %, log loss 0.5000, calibration error 0.0123\n\
                        \n\
                        actual \\ predicted  no  perhaps\n\
                        no                  10        2\n\
                        perhaps              5       10";
        assert_eq!(evaluation(scores, Some(0.0123)).to_string(), expected);
    }

    #[test]
    fn a_multi_label_evaluation_shows_the_counts_of_each_label() {
        let targets = Targets::MultiLabel(vec![vec![0], vec![0, 1]]);
        let text =
            evaluation(Scores::new(&[9.0, 9.0, -9.0, 9.0], &targets, None), None).to_string();
        assert!(
            text.contains("micro F1 66.67 %, macro F1 66.67 %, subset accuracy 0.00 %"),
            "{text}"
        );
        assert!(
            text.contains("label    true positives  false positives  false negatives       F1"),
            "{text}"
        );
        assert!(
            text.ends_with("perhaps               1                1                0  66.67 %"),
            "{text}"
        );
    }
}
