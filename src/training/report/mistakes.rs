//! Where a head is wrong and sure of it.

use maud::Markup;

use crate::charts::{figures, table};
use crate::model::head::{DEFAULT_THRESHOLD, is_named};
use crate::training::data::{Dataset, Targets};
use crate::training::logits::{argmax, log_sum_exp, sigmoid};
use crate::training::trained::Trained;

/// Mistakes that are shown.
const MISTAKES: usize = 20;

/// Characters of a text that are shown.
const SHOWN: usize = 300;

/// A row that was wrong, and by how much: of a label its probability, of a number its error.
struct Mistake {
    row: usize,
    is: String,
    given: String,
    by: f64,
    shown: String,
}

/// The rows held out of which the head was surest and wrong, or from whose number it was farthest, first.
pub fn mistakes(trained: &Trained, dataset: &Dataset, held_out: &Targets) -> Markup {
    let (rows, outputs) = &trained.held_out;
    let k = outputs.len() / rows.len().max(1);
    let each = rows.iter().zip(outputs.chunks_exact(k)).enumerate();
    let mut all: Vec<Mistake> = each
        .flat_map(|(at, (&row, outputs))| wrong(trained, dataset, (row, at, held_out), outputs))
        .collect();
    all.sort_by(|a, b| b.by.total_cmp(&a.by));
    let row = |mistake: Mistake| {
        let Mistake { row, is, given, shown, .. } = mistake;
        let row = &dataset.rows[row];
        let mut text: String = row.text.chars().take(SHOWN).collect();
        if text.len() < row.text.len() {
            text.push('…');
        }
        vec![row.line.to_string(), text, is, given, shown]
    };
    let rows: Vec<Vec<String>> = all.into_iter().take(MISTAKES).map(row).collect();
    let last = if matches!(held_out, Targets::Number(_)) { "off by" } else { "probability" };
    table(&["line", "text", "label", "given", last], &rows)
}

/// What was wrong of a row, `at` its place among those held out.
fn wrong(
    trained: &Trained,
    dataset: &Dataset,
    (row, at, held_out): (usize, usize, &Targets),
    outputs: &[f64],
) -> Vec<Mistake> {
    let name = |label: usize| dataset.labels[label].clone();
    match held_out {
        Targets::One(labels) => {
            let best = argmax(outputs);
            let by = (outputs[best] - log_sum_exp(outputs)).exp();
            let (is, given) = (name(labels[at]), name(best));
            let mistake = Mistake { row, is, given, by, shown: format!("{:.1} %", 100.0 * by) };
            if best == labels[at] { vec![] } else { vec![mistake] }
        }
        Targets::Several(labels) => {
            let threshold = |label: usize| {
                trained.decision.thresholds.as_ref().map_or(DEFAULT_THRESHOLD, |of| of[label])
            };
            let each = outputs.iter().enumerate().filter_map(|(label, &z)| {
                let (p, holds) = (sigmoid(z), labels[at].contains(&label));
                let named = is_named(p as f32, threshold(label));
                let by = if named { p } else { 1.0 - p };
                let not = |so: bool| format!("{}{}", if so { "" } else { "not " }, name(label));
                let shown = format!("{:.1} %", 100.0 * by);
                let mistake = Mistake { row, is: not(holds), given: not(named), by, shown };
                (named != holds).then_some(mistake)
            });
            each.collect()
        }
        Targets::Number(numbers) => {
            let by = (outputs[0] - numbers[at]).abs();
            let [is, given] = [numbers[at], outputs[0]].map(figures);
            vec![Mistake { row, is, given, by, shown: figures(by) }]
        }
    }
}
