//! From the tags of words to spans: IOB1, IOB2, IOE, BIOES, BILOU, and labels alone.
//!
//! The rules are those of the CoNLL shared tasks' `conlleval`, which `seqeval` has too: an entity begins
//! at a word that says so, or whose label the word before doesn't have; it ends at a word that says so,
//! or before one that begins another.

use std::ops::Range;

use super::text::Span;

/// The tag of a word in no entity.
pub const OUTSIDE: &str = "O";
/// The label where tags are letters alone, as in sets with one kind of entity.
const UNNAMED: &str = "entity";
/// Letters at which an entity begins. `S`, `U` and `W` are entities of one word.
const BEGIN: [&str; 4] = ["B", "S", "U", "W"];
/// Letters after which an entity ends.
const END: [&str; 5] = ["E", "L", "S", "U", "W"];
/// Letters that say no more than that the word is in an entity.
const INSIDE: [&str; 2] = ["I", "M"];

/// How the tags of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// A letter, a hyphen and a label.
    Lettered,
    /// Only the letter.
    Letters,
    /// Only the label: neighbours with the same one are an entity.
    Labels,
}

impl Scheme {
    /// The scheme that a tag by itself looks like.
    fn of_tag(tag: &str) -> Self {
        match tag.split_once('-') {
            Some((letter, label)) if is_letter(letter) && !label.is_empty() => Self::Lettered,
            None if is_letter(tag) => Self::Letters,
            _ => Self::Labels,
        }
    }

    /// That of a file with these tags; `O` fits all. An error is the first tag of another scheme than
    /// most tags have.
    pub fn of_tags<'t>(tags: impl Iterator<Item = &'t str> + Clone) -> Result<Self, &'t str> {
        let entities = tags.filter(|tag| *tag != OUTSIDE);
        let count =
            |scheme: Self| entities.clone().filter(|tag| Self::of_tag(tag) == scheme).count();
        let schemes = [Self::Lettered, Self::Letters, Self::Labels];
        // Of equally many the first.
        let most = schemes.into_iter().rev().max_by_key(|scheme| count(*scheme));
        let most = most.unwrap_or(Self::Lettered);
        match entities.clone().find(|tag| Self::of_tag(tag) != most) {
            Some(other) => Err(other),
            None => Ok(most),
        }
    }

    /// The spans of a text's words.
    pub fn spans(self, words: &[Range<usize>], tags: &[String]) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        // Whether the next word may go on the last span.
        let mut open = false;
        for (word, tag) in words.iter().zip(tags) {
            if tag == OUTSIDE {
                open = false;
                continue;
            }
            let (letter, label) = match (self, tag.split_once('-')) {
                (Self::Lettered, Some(parts)) => parts,
                (Self::Letters, _) => (tag.as_str(), UNNAMED),
                (Self::Lettered | Self::Labels, _) => (INSIDE[0], tag.as_str()),
            };
            match spans.last_mut() {
                Some(last) if open && last.label == label && !BEGIN.contains(&letter) => {
                    last.characters.end = word.end;
                }
                _ => spans.push(Span { characters: word.clone(), label: label.to_owned() }),
            }
            open = !END.contains(&letter);
        }
        spans
    }
}

fn is_letter(letter: &str) -> bool {
    BEGIN.contains(&letter) || END.contains(&letter) || INSIDE.contains(&letter)
}

/// An entity by its words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityPlace {
    /// Its label, without letter and hyphen.
    pub label: String,
    /// Its first word.
    pub start: usize,
    /// The word after its last one.
    pub end: usize,
}

/// The entities of a text whose words have these labels, such as `B-PER`, `I-PER` and `O`.
pub fn entity_places(labels: &[String]) -> Vec<EntityPlace> {
    let words: Vec<Range<usize>> = (0..labels.len()).map(|at| at..at + 1).collect();
    let spans = Scheme::Lettered.spans(&words, labels).into_iter();
    let place =
        |Span { characters: Range { start, end }, label }| EntityPlace { label, start, end };
    spans.map(place).collect()
}

/// Whether a label is one of those that training gives to tokens: `O`, or `B-` or `I-` and a name.
pub fn is_token_label(label: &str) -> bool {
    let name = label.strip_prefix("B-").or(label.strip_prefix("I-"));
    label == OUTSIDE || name.is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entities of tags of words of one character, as `label start end`.
    fn found(tags: &str) -> String {
        let tags: Vec<String> = tags.split(' ').map(str::to_owned).collect();
        let words: Vec<Range<usize>> = (0..tags.len()).map(|at| at..at + 1).collect();
        let scheme = match Scheme::of_tags(tags.iter().map(String::as_str)) {
            Ok(scheme) => scheme,
            Err(other) => return format!("not {other}"),
        };
        let spans = scheme.spans(&words, &tags).into_iter();
        let shown = spans.map(|Span { characters: Range { start, end }, label }| {
            format!("{label} {start} {end}")
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn every_scheme_gives_the_spans_that_it_means() {
        let expected = "PER 0 2, PER 2 3, LOC 4 5, LOC 5 8";
        for tags in [
            // IOB1: B only between neighbours of one label.
            "I-PER I-PER B-PER O I-LOC B-LOC I-LOC I-LOC",
            // IOB2
            "B-PER I-PER B-PER O B-LOC B-LOC I-LOC I-LOC",
            // IOE2
            "I-PER E-PER E-PER O E-LOC I-LOC I-LOC E-LOC",
            // BIOES, and with M for I
            "B-PER E-PER S-PER O S-LOC B-LOC I-LOC E-LOC",
            "B-PER E-PER S-PER O S-LOC B-LOC M-LOC E-LOC",
            // BILOU
            "B-PER L-PER U-PER O U-LOC B-LOC I-LOC L-LOC",
        ] {
            assert_eq!(found(tags), expected, "{tags}");
        }
    }

    #[test]
    fn labels_alone_are_joined_and_letters_alone_have_no_name() {
        assert_eq!(found("person person O e-mail place"), "person 0 2, e-mail 3 4, place 4 5");
        assert_eq!(found("B I O I B"), "entity 0 2, entity 3 4, entity 4 5");
        assert_eq!(found("B-a-b I-a-b"), "a-b 0 2");
    }

    #[test]
    fn an_entity_may_begin_without_saying_so() {
        assert_eq!(found("O I-PER I-LOC O E-LOC I-LOC"), "PER 1 2, LOC 2 3, LOC 4 5, LOC 5 6");
        assert_eq!(found("O O"), "");
    }

    #[test]
    fn a_tag_that_the_others_rule_out_is_found() {
        for (tags, other) in [
            ("tag B-PER I-PER O", "tag"),
            ("B-PER 0 B-PER", "0"),
            ("B-PER I O B-PER", "I"),
            ("B-PER o I-PER", "o"),
            ("person S-Bahn person", "S-Bahn"),
            ("B I B-PER I", "B-PER"),
            ("B- B-PER I-PER", "B-"),
        ] {
            assert_eq!(found(tags), format!("not {other}"), "{tags}");
        }
    }

    #[test]
    fn labels_of_training_are_known() {
        let known = ["O", "B-PER", "I-a-b"].map(is_token_label);
        let others = ["PER", "E-PER", "B-", "o"].map(is_token_label);
        assert_eq!((known, others), ([true; 3], [false; 4]));
    }
}
