//! A comparison as text.

use std::fmt;

use super::compare::{Comparison, Outcome};
use crate::charts::text_table;

impl Comparison {
    /// A table of all scores: headers, and one row per recipe.
    pub(in crate::training) fn table<'a>(
        &self,
        best: &'a Outcome,
    ) -> ([&'a str; 6], Vec<Vec<String>>) {
        let [first, second] = [0, 1].map(|index| best.scores.scores[index].metric.as_str());
        let row = |outcome: &Outcome| {
            let [score, other] = [0, 1].map(|index| &outcome.scores.scores[index]);
            vec![
                outcome.candidate.name(),
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

    /// The recipes whose distance to the best one may be chance, each considered by itself.
    pub(in crate::training) fn close_to_the_best(&self) -> impl Iterator<Item = &Outcome> {
        let is_close = |outcome: &&Outcome| {
            outcome.to_the_best.may_be_chance(outcome.scores.scores[0].folds.len())
        };
        self.outcomes.iter().skip(1).filter(is_close)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(best) = self.outcomes.first() else { return Ok(()) };
        let folds = best.scores.scores[0].folds.len();
        writeln!(
            f,
            "{}: {} rows in {folds} folds; the rows that train holds out did not take part",
            self.data.file, self.rows
        )?;
        writeln!(f)?;
        let (headers, rows) = self.table(best);
        writeln!(f, "{}", text_table(&headers, &rows))?;
        writeln!(f)?;
        let unconverged: usize =
            self.outcomes.iter().map(|outcome| outcome.scores.unconverged).sum();
        if unconverged > 0 {
            writeln!(f, "{unconverged} fits ended before they converged")?;
        }
        write!(
            f,
            "± of a score: standard deviation of the folds; ± of a difference: its standard error"
        )?;
        let close: Vec<String> =
            self.close_to_the_best().map(|outcome| outcome.candidate.name()).collect();
        if !close.is_empty() {
            write!(f, "\nnot significantly worse than the best: {}", close.join("; "))?;
        }
        Ok(())
    }
}
