//! Windows: a text with more tokens than a sequence can have is read in overlapping pieces.
//!
//! The text is cut without special tokens; each window then gets its own. All windows are full,
//! they lie at even distances, and there are as few of them as possible with an overlap of at least
//! a quarter. Each token counts in one window only: the one in which it is farthest from an edge,
//! where it has the most context on both sides.

use std::ops::Range;

use ahash::AHashMap;
use tokenizers::Encoding;

use super::encoded::Encoded;
use super::error::TokenizeError;
use super::input::Input;
use super::late::Filling;
use super::tokenizer::{LongText, Tokenizer};

/// The tokens of a piece of a text, or of the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The tokens, special tokens included; spans refer to the whole text.
    pub encoded: Encoded,
    /// For each token whether it counts in this window; otherwise it counts in another one.
    pub counted: Vec<bool>,
}

impl Window {
    /// The tokens that count, in order: their encoding, and their place in it.
    pub fn counted_places(&self) -> impl Iterator<Item = (&Encoded, usize)> {
        let counted = (0..self.counted.len()).filter(|&at| self.counted[at]);
        counted.map(|at| (&self.encoded, at))
    }

    /// Fills up the query that this is.
    pub fn fill_up(&mut self, filling: Filling) {
        filling.apply(&mut self.encoded);
        self.counted.resize(self.encoded.sequence.tokens(), true);
    }

    /// How many of its tokens count.
    pub fn counted_tokens(&self) -> usize {
        self.counted.iter().filter(|&&counts| counts).count()
    }
}

impl From<Encoded> for Window {
    fn from(encoded: Encoded) -> Self {
        Self { counted: vec![true; encoded.sequence.tokens()], encoded }
    }
}

impl Tokenizer {
    /// Tokenises an input; a text of more than `limit` tokens, special tokens included, in windows
    /// of `limit` tokens.
    ///
    /// # Errors
    /// A pair has more than `limit` tokens, the input has none, or the tokenizer failed.
    pub fn encode_windows(
        &self,
        input: &Input,
        limit: usize,
    ) -> Result<Vec<Window>, TokenizeError> {
        if input.pair.is_some() {
            let whole =
                self.encode(input, limit, LongText::Error).map_err(|error| match error {
                    TokenizeError::TooLong { tokens, limit } => {
                        TokenizeError::PairTooLong { tokens, limit }
                    }
                    other => other,
                })?;
            return Ok(vec![whole.into()]);
        }
        let body = self.encode_without_special_tokens(input.text.as_str())?;
        let capacity = self.capacity(limit).max(1);
        let windows = cut(body.len(), capacity);
        let counts = counted(&windows);
        let window = |(range, counted): (Range<usize>, Vec<bool>)| {
            let encoded = self.add_special_tokens(slice(&body, range), None)?;
            // A template may take the text several times. Special tokens count in every window.
            let mut counted = counted.into_iter().cycle();
            let counts = |&special: &bool| special || counted.next().unwrap_or(false);
            Ok(Window { counted: encoded.special.iter().map(counts).collect(), encoded })
        };
        windows.into_iter().zip(counts).map(window).collect()
    }
}

/// The tokens `range` of an encoding without special tokens.
fn slice(encoding: &Encoding, range: Range<usize>) -> Encoding {
    Encoding::new(
        encoding.get_ids()[range.clone()].to_vec(),
        encoding.get_type_ids()[range.clone()].to_vec(),
        encoding.get_tokens()[range.clone()].to_vec(),
        encoding.get_word_ids()[range.clone()].to_vec(),
        encoding.get_offsets()[range.clone()].to_vec(),
        encoding.get_special_tokens_mask()[range.clone()].to_vec(),
        encoding.get_attention_mask()[range].to_vec(),
        Vec::new(),
        AHashMap::new(),
    )
}

/// The windows of a text of `body` tokens, `capacity` tokens in each, in order; a single window if
/// all tokens fit into it.
fn cut(body: usize, capacity: usize) -> Vec<Range<usize>> {
    if body <= capacity {
        return vec![0..body; 1];
    }
    let excess = body - capacity;
    let step = capacity - capacity / 4;
    let count = 1 + excess.div_ceil(step);
    let start = |window: usize| excess * window / (count - 1);
    (0..count).map(|window| start(window)..start(window) + capacity).collect()
}

/// For each window, which of its tokens count in it. If a token is equally far from an edge in two
/// windows, it counts in the earlier one.
fn counted(windows: &[Range<usize>]) -> Vec<Vec<bool>> {
    let body = windows.last().map_or(0, |last| last.end);
    // The window in which each token counts, and its distance from an edge there.
    let mut owners = vec![(0, None); body];
    for (index, window) in windows.iter().enumerate() {
        for token in window.clone() {
            let distance = Some((token - window.start).min(window.end - 1 - token));
            if distance > owners[token].1 {
                owners[token] = (index, distance);
            }
        }
    }
    let counted_in = |(index, window): (usize, &Range<usize>)| {
        owners[window.clone()].iter().map(|(owner, _)| *owner == index).collect()
    };
    windows.iter().enumerate().map(counted_in).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_one_window() {
        assert_eq!(cut(5, 5), vec![0..5; 1]);
        assert_eq!(counted(&cut(3, 5)), [[true; 3]]);
        assert_eq!(cut(0, 5), vec![0..0; 1]);
    }

    #[test]
    fn windows_are_full_reach_both_ends_and_overlap_by_at_least_a_quarter() {
        for capacity in [1, 2, 3, 4, 7, 16, 254] {
            for body in capacity + 1..6 * capacity + 5 {
                let windows = cut(body, capacity);
                assert_eq!((windows[0].start, windows[windows.len() - 1].end), (0, body));
                for window in &windows {
                    assert_eq!(window.len(), capacity);
                }
                for two in windows.windows(2) {
                    assert!(two[0].start < two[1].start);
                    assert!(two[1].start + capacity / 4 <= two[0].end, "{windows:?}");
                }
            }
        }
    }

    #[test]
    fn each_token_counts_once_in_the_window_where_it_is_farthest_from_an_edge() {
        for (body, capacity) in [(9, 8), (20, 8), (100, 16), (1_000, 254)] {
            let windows = cut(body, capacity);
            let counted = counted(&windows);
            for token in 0..body {
                let holders = (0..windows.len()).filter(|&index| windows[index].contains(&token));
                let distance = |index: usize| {
                    (token - windows[index].start).min(windows[index].end - 1 - token)
                };
                // `max_by_key` returns the last of equal windows, hence the reversed order.
                let expected = holders.rev().max_by_key(|&index| distance(index));
                let owners: Vec<usize> = (0..windows.len())
                    .filter(|&index| {
                        windows[index].contains(&token)
                            && counted[index][token - windows[index].start]
                    })
                    .collect();
                assert_eq!(owners, expected.into_iter().collect::<Vec<_>>(), "token {token}");
            }
        }
    }
}
