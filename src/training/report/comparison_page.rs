//! A comparison as a page.

use maud::{Markup, html};

use crate::charts::{Bar, bars, facts, heat_map, page, section, table};
use crate::training::evaluation::FoldScores;
use crate::training::evaluation::comparison::{Comparison, Outcome, POOLINGS};
use crate::training::metrics::show;

impl Comparison {
    /// A complete HTML document. `train_command` trains a head with the best recipe.
    pub fn page(&self, train_command: &str) -> String {
        let subtitle = format!("{} rows of {}", self.rows, self.data.file);
        let Some(best) = self.outcomes.first() else {
            return page("Comparison of recipes", &subtitle, html! {});
        };
        let score = &best.scores.scores[0];
        let (headers, rows) = self.table(best);
        let body = html! {
            (section("The best recipe", &self.significance(), self.best(best, train_command)))
            (section(
                "By layer and pooling",
                &format!("{}, the mean of the folds. More colour is better.", score.metric),
                self.heat_map(),
            ))
            (section(
                "Ranking",
                "A bar ends at the mean of the folds; its whisker is their standard deviation.",
                self.ranking(score),
            ))
            (section("Numbers", NUMBERS, table(&headers, &rows)))
        };
        page("Comparison of recipes", &subtitle, body)
    }

    fn significance(&self) -> String {
        let close: Vec<String> =
            self.close_to_the_best().map(|outcome| outcome.candidate.name()).collect();
        match close.as_slice() {
            [] => "All other recipes are significantly worse in these folds.".to_owned(),
            close => format!(
                "Not significantly worse in these folds (Student's t, 95 %, each recipe by itself): {}.",
                close.join("; ")
            ),
        }
    }

    fn best(&self, best: &Outcome, train_command: &str) -> Markup {
        let [score, other] = [0, 1].map(|index| &best.scores.scores[index]);
        let pairs = [
            ("recipe", best.candidate.name()),
            (&score.metric, score.show()),
            (&other.metric, other.show()),
            ("columns", best.columns.to_string()),
            ("folds", score.folds.len().to_string()),
            ("seed", self.seed.to_string()),
            ("SHA-256 of the file", self.data.sha256.clone()),
        ];
        html! {
            (facts(&pairs))
            p { "To train a head with it:" }
            pre { code { (train_command) } }
        }
    }

    /// Layers by poolings.
    fn heat_map(&self) -> Markup {
        let value = |layers: &str, pooling| {
            let outcome = self.outcomes.iter().find(|outcome| {
                outcome.candidate.layers == layers && outcome.candidate.pooling == pooling
            });
            outcome.map(|outcome| outcome.scores.scores[0].mean)
        };
        let row = |layers: &String| {
            (layers.clone(), POOLINGS.map(|pooling| value(layers, pooling)).to_vec())
        };
        let rows: Vec<(String, Vec<Option<f64>>)> = self.layers.iter().map(row).collect();
        let columns = POOLINGS.map(|pooling| pooling.name().to_owned());
        let share = self.outcomes.iter().all(|outcome| outcome.scores.scores[0].share);
        heat_map("layers", &columns, &rows, &|value| show(value, share))
    }

    fn ranking(&self, score: &FoldScores) -> Markup {
        let factor = if score.share { 100.0 } else { 1.0 };
        let unit = if score.share { ", %" } else { "" };
        let bar = |(index, outcome): (usize, &Outcome)| Bar {
            name: outcome.candidate.name(),
            value: factor * outcome.scores.scores[0].mean,
            error: factor * outcome.scores.scores[0].deviation,
            marked: index == 0,
        };
        let all: Vec<Bar> = self.outcomes.iter().enumerate().map(bar).collect();
        bars(&format!("{}{unit}", score.metric), &all)
    }
}

const NUMBERS: &str = "For each recipe, settings were chosen once, on a validation part. Then all rows that \
                       are not held out were cross-validated with them, in the same folds for every recipe. \
                       ± of a score is the standard deviation of the folds, ± of a difference is its \
                       standard error (Nadeau and Bengio, 2003). C is the regularisation strength; larger \
                       is weaker.";
