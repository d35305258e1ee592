//! Texts that occur more than once.

use std::collections::HashMap;

use super::dataset::Row;
use super::notes::Note;
use super::targets::Targets;

/// Notes on rows whose text an earlier row has, or one that is alike, with the same target or with
/// another. `alike (n)` is equal for rows whose texts are.
pub(super) fn duplicate_notes(rows: &[Row], targets: &Targets, alike: &[usize]) -> Vec<Note> {
    let mut first: HashMap<usize, usize> = HashMap::new();
    let (mut repeated, mut contradicting) = (Vec::new(), Vec::new());
    for (index, row) in rows.iter().enumerate() {
        let earlier = *first.entry(alike[index]).or_insert(index);
        if earlier != index {
            let same = targets.select(&[earlier]) == targets.select(&[index]);
            (if same { &mut repeated } else { &mut contradicting }).push(row.line);
        }
    }
    let mut notes = Vec::new();
    if !repeated.is_empty() {
        notes.push(Note::Repeated(repeated));
    }
    if !contradicting.is_empty() {
        notes.push(Note::Contradicting(contradicting));
    }
    notes
}
