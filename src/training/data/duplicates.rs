//! Texts that come more than once.

use std::collections::HashMap;

use super::dataset::Row;
use super::notes::Note;
use super::targets::Targets;

/// Notes on texts that come more than once.
pub(super) fn on_repeated(rows: &[Row], targets: &Targets) -> Vec<Note> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let (mut repeated, mut contradicting) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let earlier = *first.entry(&row.text).or_insert(at);
        if earlier != at {
            let same = targets.of(&[earlier]) == targets.of(&[at]);
            (if same { &mut repeated } else { &mut contradicting }).push(row.line);
        }
    }
    let note = |lines: Vec<u64>, of: fn(Vec<u64>) -> Note| (!lines.is_empty()).then(|| of(lines));
    let notes = [note(repeated, Note::Repeated), note(contradicting, Note::Contradicting)];
    notes.into_iter().flatten().collect()
}
