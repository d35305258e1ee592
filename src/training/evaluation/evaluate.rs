//! Scores of a finished head on labelled rows.

use std::fmt;

use serde::Serialize;

use crate::charts::text_table;
use crate::model::head::Head;
use crate::training::data::{Dataset, Note, Source, Targets};
use crate::training::features::Features;
use crate::training::metrics::{
    Assessment, Scores, SingleLabelScores, calibration_error, label_table,
};

/// With more labels, the terminal shows no confusion matrix: its lines would be broken.
const CONFUSION_LABELS: usize = 20;

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
    /// Those of them with a label that the head doesn't have. They count as wrong.
    pub unknown_rows: usize,
    /// Which rows they are.
    #[serde(flatten)]
    pub scored: ScoredRows,
    /// The head's labels, in the order of the counts.
    pub labels: Vec<String>,
    /// Scores of the predictions that the server returns.
    #[serde(flatten)]
    pub assessment: Assessment,
    /// Expected calibration error over 15 bins; none in a regression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration_error: Option<f64>,
    /// What is unusual about the file, and what was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Which rows are scored, and how they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ScoredRows {
    /// Whether they are only the rows that training holds out.
    pub held_out: bool,
    /// Texts that were truncated.
    pub truncated: usize,
}

/// Scores a head on a data set that was read for it, by the `features` of its rows; there is at
/// least one row.
pub fn evaluate(
    head: &Head,
    features: &Features,
    dataset: &Dataset,
    scored: ScoredRows,
) -> Evaluation {
    let Dataset { targets, source, notes, .. } = dataset;
    let descriptor = head.descriptor();
    let temperature = match targets {
        Targets::Regression(_) => 1.0,
        Targets::SingleLabel(_) | Targets::MultiLabel(_) => f64::from(descriptor.temperature),
    };
    let outputs = (0..features.rows).flat_map(|row| head.logits(features.row(row)));
    let outputs: Vec<f64> = outputs.map(|output| f64::from(output) / temperature).collect();
    let (labels, thresholds) = (&descriptor.labels, descriptor.thresholds.as_deref());
    let is_unknown = |row: &usize| targets.is_unknown(*row, labels.len());
    Evaluation {
        head: head.name().to_owned(),
        version: head.version().to_owned(),
        data: source.clone(),
        rows: features.rows,
        unknown_rows: (0..features.rows).filter(is_unknown).count(),
        scored,
        labels: labels.clone(),
        assessment: Assessment::new(&outputs, targets, thresholds, labels),
        calibration_error: calibration_error(&outputs, targets),
        notes: notes.iter().map(Note::to_string).collect(),
    }
}

impl Evaluation {
    /// How many rows are correct, in words: `60 of 120 rows`
    pub fn correct_rows(&self) -> String {
        let accuracy = self.assessment.scores.accuracy().unwrap_or_default();
        format!("{:.0} of {} rows", accuracy * self.rows as f64, self.rows)
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = if self.scored.held_out { "held-out rows" } else { "rows" };
        writeln!(
            f,
            "{} ({}): {} {rows} of {}",
            self.head, self.version, self.rows, self.data.file
        )?;
        if self.unknown_rows > 0 {
            writeln!(
                f,
                "{} of {} rows have a label of the head, the others count as wrong",
                self.rows - self.unknown_rows,
                self.rows
            )?;
        }
        if self.scored.truncated > 0 {
            writeln!(f, "{} texts were truncated", self.scored.truncated)?;
        }
        write!(f, "{}", self.assessment.line())?;
        if let Some(error) = self.calibration_error {
            write!(f, "; calibration error {error:.4}")?;
        }
        match &self.assessment.scores {
            Scores::SingleLabel(SingleLabelScores { confusion, .. })
                if confusion.len() <= CONFUSION_LABELS =>
            {
                write!(f, "\n\n{}", confusion_table(&self.labels, confusion))?;
            }
            _ => {}
        }
        if !self.assessment.per_label.is_empty() {
            let (headers, rows) = label_table(&self.assessment.per_label);
            write!(f, "\n\n{}", text_table(&headers, &rows))?;
        }
        Ok(())
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
    use crate::training::testing::predicting;

    fn evaluation(
        outputs: &[f64],
        targets: &Targets,
        calibration_error: Option<f64>,
    ) -> Evaluation {
        let labels = vec!["no".to_owned(), "perhaps".to_owned()];
        Evaluation {
            head: "tone".to_owned(),
            version: "00ff".to_owned(),
            data: Source { file: "d.tsv".to_owned(), sha256: String::new(), header: true },
            rows: targets.len(),
            unknown_rows: (0..targets.len()).filter(|&row| targets.is_unknown(row, 2)).count(),
            scored: ScoredRows { held_out: true, truncated: 0 },
            assessment: Assessment::new(outputs, targets, None, &labels),
            labels,
            calibration_error,
            notes: vec![],
        }
    }

    #[test]
    fn the_terminal_shows_the_scores_the_confusion_matrix_and_each_label() {
        let targets = Targets::SingleLabel([vec![0; 12], vec![1; 15]].concat());
        let predicted = [vec![0; 10], vec![1; 2], vec![0; 5], vec![1; 10]].concat();
        let outputs = predicting(&predicted);
        let text = evaluation(&outputs, &targets, Some(0.0123)).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "tone (00ff): 27 held-out rows of d.tsv");
        assert!(lines[1].starts_with("accuracy 74.07 % (55.32 to 86.83), macro F1 74.0"), "{text}");
        let end = "always \"perhaps\": accuracy 55.56 %; calibration error 0.0123";
        assert!(lines[1].ends_with(end), "{text}");
        let tables = "\n\n\
                      actual \\ predicted  no  perhaps\n\
                      no                  10        2\n\
                      perhaps              5       10\n\
                      \n\
                      label    rows  precision   recall       F1\n\
                      no         12    66.67 %  83.33 %  74.07 %\n\
                      perhaps    15    83.33 %  66.67 %  74.07 %";
        assert!(text.ends_with(tables), "{text}");
    }

    #[test]
    fn rows_with_other_labels_and_truncated_texts_are_said() {
        let targets = Targets::SingleLabel(vec![0, 2, 1]);
        let mut found = evaluation(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0], &targets, None);
        found.scored.truncated = 7;
        let text = found.to_string();
        assert!(
            text.contains(
                "\n2 of 3 rows have a label of the head, the others count as wrong\n7 texts"
            ),
            "{text}"
        );
        assert_eq!(found.correct_rows(), "2 of 3 rows");
        assert!(text.contains("accuracy 66.67 %"), "{text}");
    }

    #[test]
    fn a_multi_label_evaluation_shows_the_scores_of_each_label() {
        let targets = Targets::MultiLabel(vec![vec![0], vec![0, 1]]);
        let text = evaluation(&[9.0, 9.0, -9.0, 9.0], &targets, None).to_string();
        assert!(text.contains("micro F1 66.67 % ("), "{text}");
        assert!(
            text.contains("label    rows  precision    recall       F1  average precision"),
            "{text}"
        );
        let last = "perhaps     1    50.00 %  100.00 %  66.67 %            50.00 %";
        assert!(text.ends_with(last), "{text}");
    }
}
