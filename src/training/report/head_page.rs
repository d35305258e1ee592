//! What training came to, as a page: how it was fitted, how good it is, and where it is wrong.

use maud::{Markup, html};

use super::mistakes::mistakes;
use super::training_report::Report;
use crate::charts::{
    Bin, Scale, Series, confusion, facts, lines, page, reliability, scatter, section, table,
};
use crate::training::data::{Dataset, Targets};
use crate::training::evaluation::Spread;
use crate::training::fit::{Epoch, Trial, Tried};
use crate::training::metrics::{OneScores, Scores, bins, calibration_error};
use crate::training::trained::Trained;

impl Trained {
    /// A whole HTML document about the head `name`, which was trained on `dataset` over `recipe`. It
    /// quotes texts.
    pub fn page(&self, name: &str, dataset: &Dataset, recipe: &str) -> String {
        let report = &self.report;
        let subtitle = format!("trained on {}", report.data.file);
        let held_out = dataset.targets.of(&self.held_out.0);
        let body = html! {
            (section("How it was trained", "", facts(&about(self, dataset, recipe))))
            (section("Scores", SCORES, scores(report)))
            @let (note, curves) = losses(&report.search);
            (section("Loss", note, curves))
            (section("Right and wrong", "On the rows held out.", outcomes(self, dataset, &held_out)))
            @if let Some(error) = calibration_error(&self.held_out.1, &held_out) {
                (section(
                    "Reliability",
                    &format!("Whether probabilities come true as often as they say, on the rows held \
                              out; calibration error {error:.4}."),
                    reliability(&bins(&self.held_out.1, &held_out).into_iter().map(|bin| Bin { rows: bin.rows, confidence: bin.confidence, accuracy: bin.accuracy }).collect::<Vec<_>>()),
                ))
            }
            @let (heading, note) = match held_out {
                Targets::Number(_) => ("Largest errors", FAR_OFF),
                Targets::One(_) | Targets::Several(_) => ("Most confident mistakes", MISTAKEN),
            };
            (section(heading, note, mistakes(self, dataset, &held_out)))
        };
        page(name, &subtitle, body)
    }
}

const SCORES: &str = "Held out: rows that training has not seen. Folds, where asked for: all rows, each \
                      scored by a fit that has not seen it or another row of its text.";

const MISTAKEN: &str = "Of the rows held out, those of which the head was surest and wrong, by their \
                        lines, counted from 1. Look at their labels first.";

const FAR_OFF: &str = "Of the rows held out, those whose label the head was farthest from, by their \
                       lines, counted from 1. Look at their labels first.";

fn about<'a>(trained: &Trained, dataset: &Dataset, recipe: &str) -> Vec<(&'a str, String)> {
    let report = &trained.report;
    let mut facts = vec![
        ("recipe", recipe.to_owned()),
        ("labels", dataset.labels.join(", ")),
        ("rows fitted", report.rows.fitting.to_string()),
        ("rows to choose settings by", report.rows.validation.to_string()),
        ("rows held out", report.rows.held_out.to_string()),
    ];
    if let Some(strength) = report.strength {
        facts.push(("strength of regularisation, C", strength.to_string()));
    }
    if let Some(hidden) = &report.hidden {
        facts.push(("hidden layers", format!("{:?}, {:?}", hidden.widths, hidden.activation)));
        facts.push(("dropout", hidden.dropout.to_string()));
    }
    if let Some(epochs) = report.epochs {
        facts.push(("passes over the rows", epochs.to_string()));
    }
    if let Some(end) = report.convergence {
        let how = if end.converged { "converged" } else { "NOT converged" };
        facts.push(("fit", format!("{how} after {} iterations", end.iterations)));
    }
    if let Some(factors) = &trained.head.factors {
        facts.push(("learnt factors of the layers", format!("{factors:.3?}")));
    }
    if let Some(calibration) = report.calibration {
        facts.push(("temperature", format!("{:.3}", calibration.temperature)));
    }
    if let Some(thresholds) = &trained.decision.thresholds {
        facts.push(("thresholds", format!("{thresholds:.2?}")));
    }
    facts.push(("seed", report.seed.to_string()));
    facts.push(("SHA-256 of the file", report.data.sha256.clone()));
    facts.extend(dataset.notes.iter().map(|note| ("about the file", note.to_string())));
    facts
}

fn scores(report: &Report) -> Markup {
    let held_out = report.held_out.metrics();
    let held_out = held_out.iter().map(|of| (of.name, of.show()));
    let Some(cross) = &report.cross_validation else {
        let rows = held_out.map(|(name, value)| vec![name.to_owned(), value]);
        return table(&["", "held out"], &rows.collect::<Vec<_>>());
    };
    let of_folds = |name: &str| match (name, cross.log_loss) {
        ("log loss", Some(loss)) => format!("{loss:.4}"),
        _ => {
            let spread = cross.scores.iter().find(|spread| spread.metric == name);
            spread.map_or("–".to_owned(), Spread::show)
        }
    };
    let rows = held_out.map(|(name, value)| vec![name.to_owned(), value, of_folds(name)]);
    table(&["", "held out", "folds"], &rows.collect::<Vec<_>>())
}

/// How to read the curves, and these.
fn losses(tried: &Tried) -> (&'static str, Markup) {
    let series = |name: &str, points: Vec<(f64, f64)>| Series { name: name.to_owned(), points };
    match tried {
        Tried::Strengths(trials) => {
            let points = trials.iter().map(|Trial { strength, loss, .. }| (*strength, *loss));
            let curve = [series("validation", points.collect())];
            let note = "By the strength of regularisation, weak to the right. That with the least \
                        validation loss was chosen.";
            (note, lines(("C", Scale::Log), "loss", &curve))
        }
        Tried::Epochs(epochs) => {
            let of = |loss: fn(&Epoch) -> f64| {
                epochs.iter().zip(1..).map(|(epoch, at)| (f64::from(at), loss(epoch))).collect()
            };
            let curves = [
                series("fitted, with dropout", of(|epoch| epoch.fitting_loss)),
                series("validation", of(|epoch| epoch.loss)),
            ];
            let note = "By passes over the rows. That with the least validation loss was the last of \
                        the final fit.";
            (note, lines(("pass over the rows", Scale::Linear), "loss", &curves))
        }
    }
}

fn outcomes(trained: &Trained, dataset: &Dataset, held_out: &Targets) -> Markup {
    match (&trained.report.held_out, held_out) {
        (Scores::One(OneScores { confusion: counts, .. }), _) => confusion(&dataset.labels, counts),
        (Scores::Several(scores), _) => {
            let (headers, rows) = scores.by_label(&dataset.labels);
            table(&headers, &rows)
        }
        (Scores::Number(_), Targets::Number(numbers)) => {
            let points = numbers.iter().copied().zip(trained.held_out.1.iter().copied());
            scatter("label", "prediction", &points.collect::<Vec<_>>())
        }
        (Scores::Number(_), _) => html! {},
    }
}
