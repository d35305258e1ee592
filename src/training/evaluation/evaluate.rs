//! How good a head is on labelled rows.

use std::fmt;

use serde::Serialize;

use crate::charts::text_table;
use crate::model::head::Head;
use crate::training::data::{Dataset, Note, Source, Targets};
use crate::training::features::Features;
use crate::training::metrics::{OneScores, Scores, calibration_error};

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
    /// The head's labels, in the order of the counts.
    pub labels: Vec<String>,
    /// Of answers as they are served.
    #[serde(flatten)]
    pub scores: Scores,
    /// See [`calibration_error`]; none for numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration_error: Option<f64>,
    /// What is odd about the file, and what was left out of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Scores a head on a dataset that was read for it, of which `features` are; there is at least one row.
pub fn evaluate(head: &Head, features: &Features, dataset: &Dataset, held_out: bool) -> Evaluation {
    let Dataset { targets, source, notes, .. } = dataset;
    let of = head.descriptor();
    let temperature = match targets {
        Targets::Number(_) => 1.0,
        Targets::One(_) | Targets::Several(_) => f64::from(of.temperature),
    };
    let outputs = (0..features.rows).flat_map(|row| head.logits(features.row(row)));
    let outputs: Vec<f64> = outputs.map(|output| f64::from(output) / temperature).collect();
    Evaluation {
        head: head.name().to_owned(),
        version: head.version().to_owned(),
        data: source.clone(),
        rows: features.rows,
        held_out,
        labels: of.labels.clone(),
        scores: Scores::of(&outputs, targets, of.thresholds.as_deref()),
        calibration_error: calibration_error(&outputs, targets),
        notes: notes.iter().map(Note::to_string).collect(),
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
        write!(f, "{}", self.scores.line())?;
        if let Some(error) = self.calibration_error {
            write!(f, ", calibration error {error:.4}")?;
        }
        match &self.scores {
            Scores::One(OneScores { confusion, .. }) => {
                let columns = self.labels.iter().map(String::as_str);
                let headers: Vec<&str> = ["is, taken for"].into_iter().chain(columns).collect();
                let row = |(label, row): (&String, &Vec<usize>)| {
                    let counts = row.iter().map(usize::to_string);
                    [label.clone()].into_iter().chain(counts).collect()
                };
                let rows: Vec<Vec<String>> = self.labels.iter().zip(confusion).map(row).collect();
                write!(f, "\n\n{}", text_table(&headers, &rows))
            }
            Scores::Several(scores) => {
                let (headers, rows) = scores.by_label(&self.labels);
                write!(f, "\n\n{}", text_table(&headers, &rows))
            }
            Scores::Number(_) => Ok(()),
        }
    }
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
    fn the_terminal_gets_the_scores_and_the_confusion() {
        let scores = Scores::One(OneScores {
            accuracy: 0.74074,
            macro_f1: 0.7,
            log_loss: 0.5,
            confusion: vec![vec![10, 2], vec![5, 10]],
        });
        let expected = "tone (00ff): 27 rows held out of d.tsv\n\
                        accuracy 74.07 %, macro F1 70.00 %, log loss 0.5000, calibration error 0.0123\n\
                        \n\
                        is, taken for  no  perhaps\n\
                        no             10        2\n\
                        perhaps         5       10";
        assert_eq!(evaluation(scores, Some(0.0123)).to_string(), expected);
    }

    #[test]
    fn of_several_labels_each_has_its_counts() {
        let targets = Targets::Several(vec![vec![0], vec![0, 1]]);
        let said = evaluation(Scores::of(&[9.0, 9.0, -9.0, 9.0], &targets, None), None).to_string();
        assert!(
            said.contains("micro F1 66.67 %, macro F1 66.67 %, all labels right 0.00 %"),
            "{said}"
        );
        assert!(said.contains("label    right  wrongly named  missed       F1"), "{said}");
        assert!(said.ends_with("perhaps      1              1       0  66.67 %"), "{said}");
    }
}
