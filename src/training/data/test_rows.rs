//! Rows to score that are in a file of their own.

use std::collections::HashSet;

use super::alike::normalise_row;
use super::dataset::{Dataset, Row};
use super::grouping::SeenTokens;
use super::notes::Note;

impl Dataset {
    /// This data set for training, and the rows of a file of its own held out. `seen` is that of both.
    #[must_use]
    pub fn with_test(mut self, test: Self, seen: &SeenTokens<'_>) -> Self {
        let leaked = seen_in_training(&self.rows, &test.rows, seen);
        let groups = self.rows.iter().map(|row| row.group + 1).max().unwrap_or(0);
        let held_out = |row: Row| Row { group: groups + row.group, held_out: true, ..row };
        self.rows.extend(test.rows.into_iter().map(held_out));
        self.targets.extend(test.targets);
        self.notes.extend(test.notes.into_iter().map(|note| Note::InTest(Box::new(note))));
        if !leaked.is_empty() {
            self.notes.push(Note::SeenInTraining(leaked));
        }
        self.test = Some(test.source);
        self
    }
}

/// The lines of `test` rows whose texts a row of `training` has, or one that is alike.
fn seen_in_training(training: &[Row], test: &[Row], seen: &SeenTokens<'_>) -> Vec<u64> {
    let form = |row: &Row| normalise_row(&row.text, row.pair.as_deref());
    let tokens = |row: &Row| seen(&row.text, row.pair.as_deref());
    let forms: HashSet<_> = training.iter().map(form).collect();
    let all_tokens: HashSet<_> = training.iter().filter_map(tokens).collect();
    let leaked = test.iter().filter(|row| {
        forms.contains(&form(row)) || tokens(row).is_some_and(|ids| all_tokens.contains(&ids))
    });
    leaked.map(|row| row.line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::{Split, Targets};
    use crate::training::testing::dataset;

    #[test]
    fn the_rows_of_a_test_file_are_held_out_and_no_others() {
        let texts: Vec<String> = (0..40).map(|at| at.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let labels = |n: usize| Targets::SingleLabel((0..n).map(|at| at % 2).collect());
        let mut training = dataset(&texts, labels(40));
        training.rows.iter_mut().for_each(|row| row.held_out = false);
        let test = dataset(&["One", "new", " 7", "NEW"], labels(4));
        let first_letter: &SeenTokens<'_> = &|text, _| Some(vec![text.chars().next()?.into()]);
        let whole = training.clone().with_test(test.clone(), &|_, _| None);
        assert_eq!(Split::new(&whole, 0).unwrap().held_out, [40, 41, 42, 43]);
        assert_eq!(whole.rows[41].group, whole.rows[40].group + 1);
        assert!(whole.rows[..40].iter().all(|row| row.group < whole.rows[40].group));
        assert_eq!(whole.targets.len(), 44);
        assert_eq!(whole.test, Some(test.source.clone()));
        // A text of the training rows is noted by its line in the test file.
        assert_eq!(whole.notes, [Note::SeenInTraining(vec![4])]);
        let one = training.with_test(dataset(&["3 x", "x"], labels(2)), first_letter);
        assert_eq!(one.notes, [Note::SeenInTraining(vec![2])]);
    }
}
