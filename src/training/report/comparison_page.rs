//! A comparison as a page.

use maud::{Markup, html};

use crate::charts::{Bar, bars, facts, heat_map, page, section, table};
use crate::training::evaluation::Spread;
use crate::training::evaluation::comparison::{Comparison, Outcome, POOLINGS};
use crate::training::metrics::show;

impl Comparison {
    /// A whole HTML document. `advice` is the command that trains a head with the best recipe.
    pub fn page(&self, advice: &str) -> String {
        let subtitle = format!("{} rows of {}", self.rows, self.data.file);
        let Some(best) = self.outcomes.first() else {
            return page("Recipes compared", &subtitle, html! {});
        };
        let score = &best.scores.scores[0];
        let (headers, rows) = self.numbers(best);
        let body = html! {
            (section("The best", &self.verdict(), self.winner(best, advice)))
            (section(
                "By layer and pooling",
                &format!("{}, the mean of the folds. The more colour, the better.", score.metric),
                self.heat_map(),
            ))
            (section(
                "Best first",
                "A bar ends at the mean of the folds; its whisker is their standard deviation.",
                self.bars(score),
            ))
            (section("In numbers", NUMBERS, table(&headers, &rows)))
        };
        page("Recipes compared", &subtitle, body)
    }

    fn verdict(&self) -> String {
        let close: Vec<String> = self.close_to_the_best().map(|of| of.contender.name()).collect();
        match close.as_slice() {
            [] => "These folds tell every other recipe apart from it.".to_owned(),
            close => format!(
                "Not told apart from it by these folds (Student's t, 95 %, each for itself): {}.",
                close.join("; ")
            ),
        }
    }

    fn winner(&self, best: &Outcome, advice: &str) -> Markup {
        let [score, other] = [0, 1].map(|at| &best.scores.scores[at]);
        let pairs = [
            ("recipe", best.contender.name()),
            (&score.metric, score.show()),
            (&other.metric, other.show()),
            ("columns", best.columns.to_string()),
            ("folds", score.folds.len().to_string()),
            ("drawn with seed", self.seed.to_string()),
            ("SHA-256 of the file", self.data.sha256.clone()),
        ];
        html! {
            (facts(&pairs))
            p { "To train a head with it:" }
            pre { code { (advice) } }
        }
    }

    /// Layers by their poolings.
    fn heat_map(&self) -> Markup {
        let value = |layers: &str, pooling| {
            let outcome = self.outcomes.iter().find(|outcome| {
                outcome.contender.layers == layers && outcome.contender.pooling == pooling
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

    fn bars(&self, score: &Spread) -> Markup {
        let factor = if score.share { 100.0 } else { 1.0 };
        let unit = if score.share { ", %" } else { "" };
        let bar = |(at, outcome): (usize, &Outcome)| Bar {
            name: outcome.contender.name(),
            value: factor * outcome.scores.scores[0].mean,
            error: factor * outcome.scores.scores[0].deviation,
            marked: at == 0,
        };
        let all: Vec<Bar> = self.outcomes.iter().enumerate().map(bar).collect();
        bars(&format!("{}{unit}", score.metric), &all)
    }
}

const NUMBERS: &str = "Settings were chosen once a recipe, on a validation part; then all rows that are \
                       not held out were cross-validated with them, in the same folds for every recipe. \
                       ± of a score is the standard deviation of the folds, ± of a difference its \
                       standard error (Nadeau and Bengio, 2003). C is the strength of regularisation, \
                       large is weak.";
