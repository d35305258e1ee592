//! Windows: how a text with more tokens than a sequence takes is read piece by piece.
//!
//! Counted in body tokens, without the special ones that each window gets of its own. Windows are
//! all full, as few as overlap by a quarter or more, at even distances. A token counts once: in the
//! window in which it is farthest from an edge, where it sees most on both sides.

use std::ops::Range;

use ahash::AHashMap;
use tokenizers::Encoding;

use super::input::Input;
use super::tokenizer::{Encoded, LongText, TokenizeError, Tokenizer};

/// A piece of a text, or all of it, as tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// A sequence with special tokens of its own; its spans are in the whole text.
    pub encoded: Encoded,
    /// Which of its tokens count here, and not in another window of the text.
    pub counted: Vec<bool>,
}

impl Window {
    /// How many of its tokens count.
    pub fn tokens(&self) -> usize {
        self.counted.iter().filter(|&&counts| counts).count()
    }
}

impl From<Encoded> for Window {
    fn from(encoded: Encoded) -> Self {
        Self { counted: vec![true; encoded.ids.len()], encoded }
    }
}

impl Tokenizer {
    /// Tokenises an input, in windows of `limit` tokens if it has more, special tokens included.
    ///
    /// # Errors
    /// A pair that has more, or the tokenizer failed.
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
        let body = self.body(&input.text)?;
        let capacity = limit.saturating_sub(self.added_tokens(false)).max(1);
        let windows = cut(body.len(), capacity);
        let counts = counted(&windows);
        let window = |(range, counted): (Range<usize>, Vec<bool>)| {
            let encoded = self.finished(part(&body, range), None)?;
            let mut counted = counted.into_iter();
            // Every special token counts.
            let counts = |&special: &bool| special || counted.next().unwrap_or(false);
            Ok(Window { counted: encoded.special.iter().map(counts).collect(), encoded })
        };
        windows.into_iter().zip(counts).map(window).collect()
    }
}

/// The tokens `range` of an encoding without special tokens.
fn part(of: &Encoding, range: Range<usize>) -> Encoding {
    Encoding::new(
        of.get_ids()[range.clone()].to_vec(),
        of.get_type_ids()[range.clone()].to_vec(),
        of.get_tokens()[range.clone()].to_vec(),
        of.get_word_ids()[range.clone()].to_vec(),
        of.get_offsets()[range.clone()].to_vec(),
        of.get_special_tokens_mask()[range.clone()].to_vec(),
        of.get_attention_mask()[range].to_vec(),
        Vec::new(),
        AHashMap::new(),
    )
}

/// The windows of a text of `body` tokens, `capacity` in each, in order; one where they all fit.
fn cut(body: usize, capacity: usize) -> Vec<Range<usize>> {
    if body <= capacity {
        return vec![0..body; 1];
    }
    let over = body - capacity;
    let step = capacity - capacity / 4;
    let count = 1 + over.div_ceil(step);
    let start = |at: usize| over * at / (count - 1);
    (0..count).map(|at| start(at)..start(at) + capacity).collect()
}

/// For each window, which of its tokens count in it. Of two windows in which a token is as far from
/// an edge, it is the earlier.
fn counted(windows: &[Range<usize>]) -> Vec<Vec<bool>> {
    let body = windows.last().map_or(0, |last| last.end);
    // The window that each token counts in, and how far it is from an edge there.
    let mut owners = vec![(0, None); body];
    for (at, window) in windows.iter().enumerate() {
        for token in window.clone() {
            let distance = Some((token - window.start).min(window.end - 1 - token));
            if distance > owners[token].1 {
                owners[token] = (at, distance);
            }
        }
    }
    let of = |(at, window): (usize, &Range<usize>)| {
        owners[window.clone()].iter().map(|(owner, _)| *owner == at).collect()
    };
    windows.iter().enumerate().map(of).collect()
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
    fn windows_are_full_reach_both_ends_and_overlap_by_a_quarter_or_more() {
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
    fn each_token_counts_once_where_it_is_farthest_from_an_edge() {
        for (body, capacity) in [(9, 8), (20, 8), (100, 16), (1_000, 254)] {
            let windows = cut(body, capacity);
            let counted = counted(&windows);
            for token in 0..body {
                let holders = (0..windows.len()).filter(|&at| windows[at].contains(&token));
                let distance =
                    |at: usize| (token - windows[at].start).min(windows[at].end - 1 - token);
                // `max_by_key` gives the last of equals, so from behind.
                let expected = holders.rev().max_by_key(|&at| distance(at));
                let owners: Vec<usize> = (0..windows.len())
                    .filter(|&at| {
                        windows[at].contains(&token) && counted[at][token - windows[at].start]
                    })
                    .collect();
                assert_eq!(owners, expected.into_iter().collect::<Vec<_>>(), "token {token}");
            }
        }
    }
}
