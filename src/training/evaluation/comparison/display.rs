//! A comparison as text.

use std::fmt;

use super::compare::{Comparison, Outcome};
use crate::charts::text_table;

impl Comparison {
    /// Headers and a row a recipe.
    pub(in crate::training) fn numbers<'a>(
        &self,
        best: &'a Outcome,
    ) -> ([&'a str; 6], Vec<Vec<String>>) {
        let [first, second] = [0, 1].map(|at| best.scores.scores[at].metric.as_str());
        let row = |outcome: &Outcome| {
            let [score, other] = [0, 1].map(|at| &outcome.scores.scores[at]);
            vec![
                outcome.contender.name(),
                outcome.columns.to_string(),
                outcome.strength.map_or("–".to_owned(), |strength| strength.to_string()),
                score.show(),
                other.show(),
                outcome.to_the_best.show(score.share),
            ]
        };
        let headers = ["recipe", "columns", "C", first, second, "to the best"];
        (headers, self.outcomes.iter().map(row).collect())
    }

    /// The recipes that chance alone may have put behind the best, each taken for itself.
    pub(in crate::training) fn close_to_the_best(&self) -> impl Iterator<Item = &Outcome> {
        let close = |outcome: &&Outcome| {
            outcome.to_the_best.may_be_chance(outcome.scores.scores[0].folds.len())
        };
        self.outcomes.iter().skip(1).filter(close)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(best) = self.outcomes.first() else { return Ok(()) };
        let folds = best.scores.scores[0].folds.len();
        writeln!(
            f,
            "{}: {} rows in {folds} folds; those that train holds out took no part",
            self.data.file, self.rows
        )?;
        writeln!(f)?;
        let (headers, rows) = self.numbers(best);
        writeln!(f, "{}", text_table(&headers, &rows))?;
        writeln!(f)?;
        let given_up: usize = self.outcomes.iter().map(|of| of.scores.unconverged).sum();
        if given_up > 0 {
            writeln!(f, "{given_up} fits were given up before they converged")?;
        }
        write!(
            f,
            "± of a score: the standard deviation of the folds; of a difference: its standard error"
        )?;
        let close: Vec<String> = self.close_to_the_best().map(|of| of.contender.name()).collect();
        if !close.is_empty() {
            write!(f, "\nnot told apart from the best by these folds: {}", close.join("; "))?;
        }
        Ok(())
    }
}
