//! From tokens to words, and from words to entities.

use super::aggregation::Aggregation;
use super::entity::{Entity, ScoredToken};

/// The entities of a text whose tokens are given in order, without those whose label is one of
/// `ignored`.
pub fn entities(
    tokens: &[ScoredToken],
    labels: &[String],
    aggregation: Aggregation,
    ignored: &[String],
) -> Vec<Entity> {
    let entity = |(best, score): (usize, f64), first: &ScoredToken, last: &ScoredToken| Entity {
        label: labels[best].clone(),
        score,
        start: first.start,
        end: last.end,
    };
    let pieces: Vec<Entity> = match aggregation {
        Aggregation::None | Aggregation::Simple => {
            tokens.iter().map(|token| entity(best(&token.scores), token, token)).collect()
        }
        Aggregation::First | Aggregation::Average | Aggregation::Max => words(tokens)
            .map(|word| entity(of_word(word, aggregation), &word[0], &word[word.len() - 1]))
            .collect(),
    };
    let all = if aggregation == Aggregation::None { pieces } else { join(&pieces) };
    all.into_iter().filter(|entity| !ignored.contains(&entity.label)).collect()
}

/// The label with the highest score, the first of several, and its score.
fn best(scores: &[f64]) -> (usize, f64) {
    let better = |best: (usize, f64), (label, &score): (usize, &f64)| {
        if score > best.1 { (label, score) } else { best }
    };
    scores.iter().enumerate().fold((0, f64::NEG_INFINITY), better)
}

/// The tokens of each word.
fn words(tokens: &[ScoredToken]) -> impl Iterator<Item = &[ScoredToken]> {
    tokens.chunk_by(|_, next| next.continues_word)
}

/// The label of a word and its score.
fn of_word(word: &[ScoredToken], aggregation: Aggregation) -> (usize, f64) {
    match aggregation {
        Aggregation::Average => {
            let mean = |label: usize| {
                word.iter().map(|token| token.scores[label]).sum::<f64>() / word.len() as f64
            };
            let means: Vec<f64> = (0..word[0].scores.len()).map(mean).collect();
            best(&means)
        }
        Aggregation::Max => {
            let highest = word.iter().map(|token| best(&token.scores));
            let better = |a: (usize, f64), b: (usize, f64)| if b.1 > a.1 { b } else { a };
            highest.reduce(better).unwrap_or_default()
        }
        Aggregation::None | Aggregation::Simple | Aggregation::First => best(&word[0].scores),
    }
}

/// Joins pieces that follow each other and have the same tag, unless a piece begins an entity.
fn join(pieces: &[Entity]) -> Vec<Entity> {
    let groups = pieces.chunk_by(|before, piece| {
        let (begins, tag) = parts(&piece.label);
        !begins && tag == parts(&before.label).1
    });
    let entity = |group: &[Entity]| {
        // As the pipeline names a group: what follows the first hyphen.
        let label = group[0].label.split_once('-').map_or(&*group[0].label, |(_, tag)| tag);
        Entity {
            label: label.to_owned(),
            score: group.iter().map(|piece| piece.score).sum::<f64>() / group.len() as f64,
            start: group[0].start,
            end: group[group.len() - 1].end,
        }
    };
    groups.map(entity).collect()
}

/// Whether a label begins an entity, and its tag. A label that begins with neither `B-` nor `I-`
/// continues one.
fn parts(label: &str) -> (bool, &str) {
    match (label.strip_prefix("B-"), label.strip_prefix("I-")) {
        (Some(tag), _) => (true, tag),
        (None, Some(tag)) => (false, tag),
        (None, None) => (false, label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [&str; 5] = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"];

    fn labels() -> Vec<String> {
        LABELS.map(str::to_owned).to_vec()
    }

    /// Tokens of one character each, with 0.8 or another score for their label and the rest for `O`;
    /// `+` before a label continues a word.
    fn tokens(written: &[(&str, f64)]) -> Vec<ScoredToken> {
        let token = |(at, (label, score)): (usize, &(&str, f64))| {
            let (continues_word, label) = match label.strip_prefix('+') {
                Some(label) => (true, label),
                None => (false, *label),
            };
            let index = LABELS.iter().position(|known| *known == label).unwrap();
            let mut scores = vec![(1.0 - score) / 4.0; LABELS.len()];
            scores[index] = *score;
            ScoredToken { scores, start: at, end: at + 1, continues_word }
        };
        written.iter().enumerate().map(token).collect()
    }

    fn found(written: &[(&str, f64)], aggregation: Aggregation) -> Vec<(String, usize, usize)> {
        let all = entities(&tokens(written), &labels(), aggregation, &["O".to_owned()]);
        all.into_iter().map(|entity| (entity.label, entity.start, entity.end)).collect()
    }

    fn spans(expected: &[(&str, usize, usize)]) -> Vec<(String, usize, usize)> {
        expected.iter().map(|(label, start, end)| ((*label).to_owned(), *start, *end)).collect()
    }

    #[test]
    fn tokens_of_one_tag_are_joined_and_a_beginning_begins_another() {
        let written = [
            ("B-PER", 0.8),
            ("I-PER", 0.6),
            ("B-PER", 0.8),
            ("O", 0.9),
            ("I-LOC", 0.8),
            ("I-PER", 0.7),
        ];
        let expected = [("PER", 0, 2), ("PER", 2, 3), ("LOC", 4, 5), ("PER", 5, 6)];
        assert_eq!(found(&written, Aggregation::Simple), spans(&expected));
        let single =
            [("B-PER", 0, 1), ("I-PER", 1, 2), ("B-PER", 2, 3), ("I-LOC", 4, 5), ("I-PER", 5, 6)];
        assert_eq!(found(&written, Aggregation::None), spans(&single));
        let all = entities(&tokens(&written), &labels(), Aggregation::Simple, &[]);
        assert!((all[0].score - 0.7).abs() < 1e-12, "{all:?}");
        assert_eq!((all[2].label.as_str(), all.len()), ("O", 5));
    }

    #[test]
    fn a_word_has_one_label_by_its_first_its_best_or_all_tokens() {
        let written = [("B-PER", 0.5), ("+I-LOC", 0.9), ("+I-LOC", 0.6)];
        assert_eq!(found(&written, Aggregation::First), spans(&[("PER", 0, 3)]));
        assert_eq!(found(&written, Aggregation::Max), spans(&[("LOC", 0, 3)]));
        assert_eq!(found(&written, Aggregation::Average), spans(&[("LOC", 0, 3)]));
        assert_eq!(found(&written, Aggregation::Simple), spans(&[("PER", 0, 1), ("LOC", 1, 3)]));
    }

    #[test]
    fn no_tokens_have_no_entities() {
        for aggregation in [Aggregation::None, Aggregation::Simple, Aggregation::Max] {
            assert!(entities(&[], &labels(), aggregation, &[]).is_empty());
        }
    }
}
