//! A head's most confident mistakes.

use maud::Markup;

use crate::charts::{four_figures, table};
use crate::model::head::is_predicted;
use crate::training::data::{Dataset, Targets};
use crate::training::logits::{argmax, log_sum_exp, sigmoid};
use crate::training::trained::{HeldOutOutputs, TrainedHead};

/// Most mistakes that are shown.
const MAX_MISTAKES: usize = 20;

/// Most characters of a text that are shown.
const MAX_CHARACTERS: usize = 300;

/// A wrong prediction.
struct Mistake {
    /// Row number in the data set.
    row: usize,
    actual: String,
    predicted: String,
    /// The probability of the predicted label, or the absolute error of a number.
    size: f64,
    /// The size as text.
    shown: String,
}

/// A table of the held-out rows with the most confident wrong predictions, or with the largest
/// errors.
pub fn mistakes(trained: &TrainedHead, dataset: &Dataset, targets: &Targets) -> Markup {
    let HeldOutOutputs { rows, outputs } = &trained.held_out;
    let k = outputs.len() / rows.len().max(1);
    let mut all = Vec::new();
    for (index, (&row, outputs)) in rows.iter().zip(outputs.chunks_exact(k)).enumerate() {
        all.extend(match targets {
            Targets::SingleLabel(labels) => {
                single_label(dataset, row, labels[index], outputs).into_iter().collect()
            }
            Targets::MultiLabel(labels) => {
                let thresholds = trained.decision.thresholds.as_deref();
                multi_label(dataset, row, &labels[index], outputs, thresholds)
            }
            Targets::Regression(numbers) => vec![regression(row, numbers[index], outputs[0])],
        });
    }
    all.sort_by(|a, b| b.size.total_cmp(&a.size));
    let line = |mistake: Mistake| {
        let Mistake { row, actual, predicted, shown, .. } = mistake;
        let row = &dataset.rows[row];
        let mut text: String = row.text.chars().take(MAX_CHARACTERS).collect();
        if text.len() < row.text.len() {
            text.push('…');
        }
        vec![row.line.to_string(), text, actual, predicted, shown]
    };
    let lines: Vec<Vec<String>> = all.into_iter().take(MAX_MISTAKES).map(line).collect();
    let last = if matches!(targets, Targets::Regression(_)) { "error" } else { "probability" };
    table(&["line", "text", "actual", "predicted", last], &lines)
}

fn single_label(dataset: &Dataset, row: usize, label: usize, outputs: &[f64]) -> Option<Mistake> {
    let predicted = argmax(outputs);
    let probability = (outputs[predicted] - log_sum_exp(outputs)).exp();
    (predicted != label).then(|| Mistake {
        row,
        actual: dataset.labels.get(label).map_or("another label", String::as_str).to_owned(),
        predicted: dataset.labels[predicted].clone(),
        size: probability,
        shown: percent(probability),
    })
}

/// One mistake for each label that is predicted wrongly.
fn multi_label(
    dataset: &Dataset,
    row: usize,
    labels: &[usize],
    outputs: &[f64],
    thresholds: Option<&[f32]>,
) -> Vec<Mistake> {
    let mistake = |(label, &z): (usize, &f64)| {
        let probability = sigmoid(z);
        let actual = labels.contains(&label);
        let predicted = is_predicted(probability as f32, label, thresholds);
        let size = if predicted { probability } else { 1.0 - probability };
        let name = |has_label: bool| {
            format!("{}{}", if has_label { "" } else { "not " }, dataset.labels[label])
        };
        (actual != predicted).then(|| Mistake {
            row,
            actual: name(actual),
            predicted: name(predicted),
            size,
            shown: percent(size),
        })
    };
    outputs.iter().enumerate().filter_map(mistake).collect()
}

fn regression(row: usize, actual: f64, predicted: f64) -> Mistake {
    let size = (predicted - actual).abs();
    Mistake {
        row,
        actual: four_figures(actual),
        predicted: four_figures(predicted),
        size,
        shown: four_figures(size),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
