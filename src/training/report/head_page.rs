//! A trained head as a page: its training, its scores, and its mistakes.

use maud::{Markup, html};

use super::mistakes::mistakes;
use super::training_report::TrainingReport;
use crate::charts::{
    Bin, Scale, Series, confusion, facts, lines, page, reliability, scatter, section, table,
};
use crate::training::data::{Dataset, Targets};
use crate::training::evaluation::FoldScores;
use crate::training::fit::{Epoch, SearchTrials, Trial};
use crate::training::metrics::{Scores, SingleLabelScores, bins, calibration_error, label_table};
use crate::training::trained::TrainedHead;

impl TrainedHead {
    /// A complete HTML document about the head `name`, trained on `dataset` with `recipe`. It
    /// quotes texts.
    pub fn page(&self, name: &str, dataset: &Dataset, recipe: &str) -> String {
        let report = &self.report;
        let subtitle = format!("trained on {}", report.data.file);
        let targets = dataset.targets.select(&self.held_out.rows);
        let body = html! {
            (section("Training", "", facts(&training_facts(self, dataset, recipe))))
            (section("Scores", SCORES, scores(report)))
            @if let Some(entities) = &report.entities {
                @let (headers, rows) = entities.table();
                (section("Entities", &entities.line(), table(&headers, &rows)))
            }
            @let (note, curves) = losses(&report.search);
            (section("Loss", note, curves))
            (section(
                "Predictions",
                "On the held-out rows.",
                predictions(self, dataset, &targets),
            ))
            @if let Some(error) = calibration_error(&self.held_out.outputs, &targets) {
                (section(
                    "Reliability",
                    &format!("Whether predictions are correct as often as their probabilities say, on the \
                              held-out rows; calibration error {error:.4}."),
                    reliability(&reliability_bins(self, &targets)),
                ))
            }
            @let (heading, note) = match targets {
                Targets::Regression(_) => ("Largest errors", LARGEST_ERRORS),
                Targets::SingleLabel(_) | Targets::MultiLabel(_) => {
                    ("Most confident mistakes", CONFIDENT_MISTAKES)
                }
            };
            (section(heading, note, mistakes(self, dataset, &targets)))
        };
        page(name, &subtitle, body)
    }
}

const SCORES: &str = "Held out: rows that training has not seen. Constant: what always predicting the most \
                      frequent label, or the mean, would score. Folds, if there are any: all rows, each \
                      scored by a fit that has not seen it or another row of its group.";

const CONFIDENT_MISTAKES: &str = "The held-out rows with the most confident wrong predictions. Lines are \
                                  counted from 1. Check their labels first.";

const LARGEST_ERRORS: &str = "The held-out rows with the largest errors. Lines are counted from 1. Check \
                              their labels first.";

fn training_facts<'a>(
    trained: &TrainedHead,
    dataset: &Dataset,
    recipe: &str,
) -> Vec<(&'a str, String)> {
    let report = &trained.report;
    let mut facts = vec![
        ("recipe", recipe.to_owned()),
        ("labels", dataset.labels.join(", ")),
        ("fitted rows", report.rows.fitting.to_string()),
        ("validation rows", report.rows.validation.to_string()),
        ("held-out rows", report.rows.held_out.to_string()),
    ];
    if let Some(strength) = report.strength {
        facts.push(("regularisation strength C", strength.to_string()));
    }
    if let Some(hidden) = &report.hidden {
        facts.push(("hidden layers", format!("{:?}, {:?}", hidden.widths, hidden.activation)));
        facts.push(("dropout", hidden.dropout.to_string()));
    }
    if let Some(epochs) = report.epochs {
        facts.push(("epochs", epochs.to_string()));
    }
    if let Some(end) = report.convergence {
        let state = if end.converged { "converged" } else { "NOT converged" };
        facts.push(("fit", format!("{state} after {} iterations", end.iterations)));
    }
    if let Some(weights) = &trained.head.layer_weights {
        facts.push(("learned layer weights", format!("{weights:.3?}")));
    }
    if let Some(calibration) = report.calibration {
        facts.push(("temperature", format!("{:.3}", calibration.temperature)));
    }
    if let Some(choice) = &report.thresholds {
        facts.push(("thresholds", choice.rule.name().to_owned()));
    }
    if report.input.truncated > 0 {
        facts.push(("truncated texts", report.input.truncated.to_string()));
    }
    if let Some(test) = &report.test {
        facts.push(("held-out rows from", test.file.clone()));
    }
    facts.push(("seed", report.seed.to_string()));
    facts.push(("SHA-256 of the file", report.data.sha256.clone()));
    facts.extend(dataset.notes.iter().map(|note| ("note on the file", note.to_string())));
    facts
}

fn scores(report: &TrainingReport) -> Markup {
    let held_out = report.held_out.table();
    let headers = ["", "held out", "95 % interval", "constant"];
    let Some(cross_validation) = &report.cross_validation else {
        return table(&headers, &held_out.into_iter().map(Vec::from).collect::<Vec<_>>());
    };
    let over_folds = |name: &str| match (name, cross_validation.log_loss) {
        ("log loss", Some(loss)) => format!("{loss:.4}"),
        _ => {
            let scores = cross_validation.scores.iter().find(|scores| scores.metric == name);
            scores.map_or("–".to_owned(), FoldScores::show)
        }
    };
    let rows = held_out.into_iter().map(|row| {
        let folds = over_folds(&row[0]);
        row.into_iter().chain([folds]).collect()
    });
    let headers = [&headers[..], &["folds"]].concat();
    table(&headers, &rows.collect::<Vec<_>>())
}

/// A note on how to read the loss curves, and the curves.
fn losses(trials: &SearchTrials) -> (&'static str, Markup) {
    let series = |name: &str, points: Vec<(f64, f64)>| Series { name: name.to_owned(), points };
    match trials {
        SearchTrials::Strengths(trials) => {
            let points = trials.iter().map(|Trial { strength, loss, .. }| (*strength, *loss));
            let curve = [series("not fitted", points.collect())];
            let note = "By regularisation strength C; larger is weaker. The strength with the smallest \
                        loss on rows that were not fitted was chosen.";
            (note, lines("C", Scale::Log, "loss", &curve))
        }
        SearchTrials::Epochs(epochs) => {
            let points = |loss: fn(&Epoch) -> f64| {
                let numbered = epochs.iter().zip(1..);
                numbered.map(|(epoch, number)| (f64::from(number), loss(epoch))).collect()
            };
            let curves = [
                series("fitting, with dropout", points(|epoch| epoch.fitting_loss)),
                series("validation", points(|epoch| epoch.loss)),
            ];
            let note =
                "By epoch. The final fit ended after the epoch with the smallest validation loss.";
            (note, lines("epoch", Scale::Linear, "loss", &curves))
        }
    }
}

fn predictions(trained: &TrainedHead, dataset: &Dataset, targets: &Targets) -> Markup {
    let per_label = || {
        let (headers, rows) = label_table(&trained.report.held_out.per_label);
        table(&headers, &rows)
    };
    match (&trained.report.held_out.scores, targets) {
        (Scores::SingleLabel(SingleLabelScores { confusion: counts, .. }), _) => {
            html! { (confusion(&dataset.labels, counts)) (per_label()) }
        }
        (Scores::MultiLabel(_), _) => per_label(),
        (Scores::Regression(_), Targets::Regression(numbers)) => {
            let points = numbers.iter().copied().zip(trained.held_out.outputs.iter().copied());
            scatter("actual", "predicted", &points.collect::<Vec<_>>())
        }
        (Scores::Regression(_), _) => html! {},
    }
}

fn reliability_bins(trained: &TrainedHead, targets: &Targets) -> Vec<Bin> {
    let bins = bins(&trained.held_out.outputs, targets).into_iter();
    bins.map(|bin| Bin { rows: bin.rows, confidence: bin.confidence, accuracy: bin.accuracy })
        .collect()
}
