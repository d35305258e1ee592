//! Labels that look as if something else was meant.

use std::collections::{BTreeMap, HashMap};

use super::alike::normalise;
use super::notes::{LabelRows, Note};
use super::records::Record;

/// Separators by which labels may have been joined.
const SEPARATORS: [char; 3] = ['|', ';', ','];

/// The labels of all records, in the order in which they first come.
pub(super) fn count_labels(records: &[Record]) -> Vec<LabelRows> {
    let mut counts: HashMap<&str, LabelRows> = HashMap::new();
    for record in records {
        for label in record.label.names() {
            let count = counts.entry(label);
            count.or_insert_with(|| LabelRows::new(label, record.line)).rows += 1;
        }
    }
    let mut counts: Vec<LabelRows> = counts.into_values().collect();
    counts.sort_by(|a, b| (a.line, &a.label).cmp(&(b.line, &b.label)));
    counts
}

/// Notes on labels that are numbers, that are alike, and that look joined. `single` says whether a row
/// has one label; `separator` separates several.
pub(super) fn label_notes(labels: &[LabelRows], single: bool, separator: &str) -> Vec<Note> {
    let numbers = single && labels.len() > 2 && labels.iter().all(|l| number(&l.label).is_some());
    let mut notes = Vec::new();
    if numbers {
        notes.push(Note::NumericLabels(labels.len()));
    }
    let alike = alike(labels);
    if !alike.is_empty() {
        notes.push(Note::AlikeLabels(alike));
    }
    let other = |&found: &char| single || !separator.contains(found);
    let joined = SEPARATORS.into_iter().filter(other).find_map(|by| joined(labels, by));
    notes.extend(joined.filter(|_| !numbers));
    notes
}

fn number(label: &str) -> Option<f64> {
    label.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Labels that differ only by case, spaces, the form of a number, or Unicode form.
fn alike(labels: &[LabelRows]) -> Vec<Vec<LabelRows>> {
    let mut groups: BTreeMap<String, Vec<LabelRows>> = BTreeMap::new();
    for label in labels {
        let key = match number(&label.label) {
            Some(number) => number.to_string(),
            None => normalise(&label.label).replace(' ', ""),
        };
        groups.entry(key).or_default().push(label.clone());
    }
    let mut groups: Vec<_> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort_by_key(|group| group[0].line);
    groups
}

/// A note if several labels contain the separator, and most of the parts between it are in two or more
/// labels.
fn joined(labels: &[LabelRows], by: char) -> Option<Note> {
    let is_joined = |label: &&LabelRows| {
        label.label.contains(by) && label.label.split(by).all(|part| !part.trim().is_empty())
    };
    let with: Vec<&LabelRows> = labels.iter().filter(is_joined).collect();
    let mut parts: HashMap<&str, usize> = HashMap::new();
    for label in labels {
        label.label.split(by).for_each(|part| *parts.entry(part.trim()).or_default() += 1);
    }
    let shared = parts.values().filter(|&&labels| labels > 1).count();
    (with.len() > 1 && 2 * shared >= parts.len())
        .then(|| Note::JoinedLabels { by, examples: with.into_iter().cloned().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(labels: &[&str], single: bool) -> Vec<Note> {
        let labels: Vec<LabelRows> =
            labels.iter().zip(2..).map(|(label, line)| LabelRows::new(label, line)).collect();
        label_notes(&labels, single, ",")
    }

    #[test]
    fn three_numbers_may_be_a_regression() {
        assert_eq!(notes(&["1", "2.5", "-3e2"], true), [Note::NumericLabels(3)]);
        assert_eq!(notes(&["0", "1"], true), []);
        assert_eq!(notes(&["1", "2", "x"], true), []);
        assert_eq!(notes(&["1", "2", "inf"], true), []);
        assert_eq!(notes(&["1", "2", "3"], false), []);
    }

    #[test]
    fn labels_that_differ_only_in_form_are_listed() {
        let said = |labels: &[&str]| -> Vec<String> {
            notes(labels, true).iter().map(Note::to_string).collect()
        };
        for pair in [["Spam", "spam"], ["1", "1.0"], ["café", "cafe\u{301}"], ["not ok", "Not OK"]]
        {
            let said = said(&[pair[0], "other", pair[1]]);
            assert!(said[0].starts_with("labels that differ only by case, spaces"), "{said:?}");
            let quoted = pair.map(|label| format!("{label:?}"));
            assert!(quoted.iter().all(|label| said[0].contains(label)), "{said:?}");
            assert_eq!(said.len(), 1);
        }
        assert_eq!(said(&["a", "b", "a.", "cafe", "café"]), [""; 0]);
    }

    #[test]
    fn labels_that_share_their_parts_look_joined() {
        let joined = |labels: &[&str], single| {
            let notes = notes(labels, single);
            notes.iter().find_map(|note| match note {
                Note::JoinedLabels { by, examples } => Some((*by, examples.len())),
                _ => None,
            })
        };
        assert_eq!(joined(&["tea", "tea|milk", "milk|tea", "sugar|milk"], false), Some(('|', 3)));
        assert_eq!(joined(&["a; b", "b;c", "a"], true), Some((';', 2)));
        assert_eq!(joined(&["a,b", "b,a"], true), Some((',', 2)));
        // A comma is what separates labels already.
        assert_eq!(joined(&["a,b", "b,a"], false), None);
        assert_eq!(joined(&["Portland, OR", "Seattle, WA", "Salem, OR"], true), None);
        assert_eq!(joined(&["a|b", "c"], true), None);
    }
}
