//! Which rows belong together, and which groups are held out.
//!
//! Rows of a group are always in one part and one fold. Otherwise a fit could be scored on rows that it
//! has seen in all but name.

use std::collections::HashMap;
use std::hash::Hash;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::alike::normalise_row;
use super::held_out::is_held_out;
use super::records::Record;

/// The token ids that a model sees of a text and its second text, if they can be tokenised. Texts with
/// the same ids are the same to the model, such as texts that differ only after the last token that it
/// reads.
pub type SeenTokens<'a> = dyn Fn(&str, Option<&str>) -> Option<Vec<u32>> + Sync + 'a;

/// For each record the first record of its group.
pub(super) struct Grouping {
    /// By text: alike but for case, spaces and Unicode form, or the same to the model.
    pub alike: Vec<usize>,
    /// By text and by the values of the group's column.
    pub groups: Vec<usize>,
    /// Whether the group is held out: its first text decides.
    pub held_out: Vec<bool>,
}

impl Grouping {
    /// Nothing is held out unless `hold_out`.
    pub fn new(records: &[Record], seen: &SeenTokens<'_>, hold_out: bool) -> Self {
        let mut sets = DisjointSets { first: (0..records.len()).collect() };
        let form = |record: &Record| Some(normalise_row(&record.text, record.pair.as_deref()));
        sets.unite(records.iter().map(form));
        let tokens = |record: &Record| seen(&record.text, record.pair.as_deref());
        sets.unite(records.par_iter().map(tokens).collect::<Vec<_>>());
        let alike = sets.firsts();
        sets.unite(records.iter().map(|record| record.group.as_deref()));
        let groups = sets.firsts();
        let held_out = groups.iter().map(|&first| hold_out && is_held_out(&records[first].text));
        Self { alike, held_out: held_out.collect(), groups }
    }
}

/// For each record an earlier one of its set, or itself.
struct DisjointSets {
    first: Vec<usize>,
}

impl DisjointSets {
    /// Puts records of the same key into one set; `keys (n)`.
    fn unite<K: Hash + Eq>(&mut self, keys: impl IntoIterator<Item = Option<K>>) {
        let mut earlier: HashMap<K, usize> = HashMap::new();
        for (at, key) in keys.into_iter().enumerate() {
            if let Some(key) = key {
                let (one, other) = (self.find(*earlier.entry(key).or_insert(at)), self.find(at));
                self.first[one.max(other)] = one.min(other);
            }
        }
    }

    fn find(&mut self, mut at: usize) -> usize {
        while self.first[at] != at {
            self.first[at] = self.first[self.first[at]];
            at = self.first[at];
        }
        at
    }

    fn firsts(&mut self) -> Vec<usize> {
        (0..self.first.len()).map(|at| self.find(at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::records::WrittenLabel;
    use super::*;

    fn record(text: &str, group: Option<&str>) -> Record {
        Record {
            line: 1,
            text: text.to_owned(),
            pair: None,
            label: WrittenLabel::Missing,
            group: group.map(str::to_owned),
        }
    }

    #[test]
    fn alike_texts_and_equal_values_make_a_group() {
        let rows = [
            record("one two", None),
            record("other", Some("x")),
            record("One  TWO", Some("y")),
            record("third", Some("x")),
            record("one two three", Some("y")),
            record("last", None),
        ];
        let unseen: &SeenTokens<'_> = &|_, _| None;
        let found = Grouping::new(&rows, unseen, true);
        assert_eq!(found.alike, [0, 1, 0, 3, 4, 5]);
        assert_eq!(found.groups, [0, 1, 0, 1, 0, 5]);
        // The model sees one word.
        let first_word: &SeenTokens<'_> = &|text, _| {
            Some(text.split(' ').next()?.to_lowercase().bytes().map(u32::from).collect())
        };
        assert_eq!(Grouping::new(&rows, first_word, true).alike, [0, 1, 0, 3, 0, 5]);
    }

    #[test]
    fn sets_that_meet_later_become_one() {
        let rows = [("a", "x"), ("b", "y"), ("c", "y"), ("B", "x"), ("d", "z")];
        let rows = rows.map(|(text, group)| record(text, Some(group)));
        assert_eq!(Grouping::new(&rows, &|_, _| None, true).groups, [0, 0, 0, 0, 4]);
    }

    #[test]
    fn the_first_text_decides_for_the_group() {
        // "c" is held out, "C" and "a" are not.
        let held_out = |texts: &[&str]| {
            let rows: Vec<Record> = texts.iter().map(|text| record(text, Some("g"))).collect();
            Grouping::new(&rows, &|_, _| None, true).held_out
        };
        assert!(is_held_out("c") && !is_held_out("C") && !is_held_out("a"));
        assert_eq!(held_out(&["c", "C", "a"]), [true; 3]);
        assert_eq!(held_out(&["a", "c"]), [false; 2]);
    }
}
