//! How queries and documents of late interaction become tokens: cut at lengths of their own, and queries
//! filled up.

use super::encoded::Encoded;

/// The lengths of queries and documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateReader {
    /// Most tokens of a query, special tokens included.
    pub query_tokens: usize,
    /// Most tokens of a document, special tokens included.
    pub document_tokens: usize,
    /// What queries are filled up with.
    pub filling: Option<Filling>,
}

impl LateReader {
    /// Most tokens of a query or of a document.
    pub fn most_tokens(&self, is_query: bool) -> usize {
        if is_query { self.query_tokens } else { self.document_tokens }
    }
}

/// What a query is filled up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filling {
    /// The fewest tokens of a query.
    pub tokens: usize,
    /// The id of the token.
    pub id: u32,
    /// Whether other tokens attend to it.
    pub attended: bool,
}

impl Filling {
    /// Appends its token as long as there are too few.
    pub fn apply(self, query: &mut Encoded) {
        let missing = self.tokens.saturating_sub(query.sequence.tokens());
        let end = query.spans.last().map_or(0, |&(_, end)| end);
        query.sequence.ids.extend(std::iter::repeat_n(self.id, missing));
        query.sequence.type_ids.extend(std::iter::repeat_n(0, missing));
        query.sequence.unattended = if self.attended { 0 } else { missing };
        query.spans.extend(std::iter::repeat_n((end, end), missing));
        query.special.extend(std::iter::repeat_n(true, missing));
        query.second.extend(std::iter::repeat_n(false, missing));
        query.full_tokens += missing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::Sequence;

    #[test]
    fn a_query_is_filled_up_and_a_long_one_is_left_as_it_is() {
        let query = |tokens: usize| Encoded {
            sequence: Sequence::new((0..tokens as u32).collect(), vec![0; tokens]),
            spans: vec![(0, 2); tokens],
            special: vec![false; tokens],
            second: vec![false; tokens],
            full_tokens: tokens + 1,
        };
        for (attended, unattended) in [(false, 2), (true, 0)] {
            let filling = Filling { tokens: 5, id: 9, attended };
            let mut short = query(3);
            filling.apply(&mut short);
            assert_eq!(short.sequence.ids, [0, 1, 2, 9, 9]);
            assert_eq!((short.sequence.type_ids.len(), short.sequence.unattended), (5, unattended));
            assert_eq!((short.spans.len(), short.special.len(), short.second.len()), (5, 5, 5));
            assert!(short.truncated(), "as before");
            let mut long = query(7);
            filling.apply(&mut long);
            assert_eq!(long, query(7));
        }
    }
}
