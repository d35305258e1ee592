//! Prompts whose tokens aren't pooled: how many tokens a prompt has, and which of a text's tokens
//! are left.

use super::error::TokenizeError;
use super::tokenizer::{LongText, Tokenizer};
use super::windows::Window;

impl Tokenizer {
    /// The tokens that a prompt takes at the beginning of a text, as sentence-transformers counts
    /// them: those of the prompt alone, cut at `limit` if there is one, without a special token at its
    /// end.
    ///
    /// # Errors
    /// The tokenizer failed.
    pub fn prompt_tokens(
        &self,
        prompt: &str,
        limit: Option<usize>,
    ) -> Result<usize, TokenizeError> {
        let limit = limit.unwrap_or(usize::MAX);
        let encoded = match self.encode_texts(prompt, None, limit, LongText::Truncate(None)) {
            Err(TokenizeError::NoTokens) => return Ok(0),
            encoded => encoded?,
        };
        let ends_special = encoded.sequence.ids.last().is_some_and(|&id| self.is_special(id));
        Ok(encoded.sequence.tokens() - usize::from(ends_special))
    }
}

/// For each token of each window of a text whether it counts, without the first `prompt` tokens of
/// the text. Special tokens count in every window, except those before the prompt.
pub fn without_prompt(windows: &[Window], prompt: usize) -> Vec<Vec<bool>> {
    let mut to_leave_out = prompt;
    let mut is_past_start = false;
    let mut all = Vec::new();
    for window in windows {
        let mut counted = window.counted.clone();
        for (counts, &special) in counted.iter_mut().zip(&window.encoded.special) {
            // Special tokens of later windows, and at the end of this one, aren't the prompt's.
            let repeats = windows.len() > 1 && special && is_past_start;
            is_past_start |= !special;
            if *counts && to_leave_out > 0 && !repeats {
                *counts = false;
                to_leave_out -= 1;
            }
        }
        all.push(counted);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::Sequence;
    use crate::text::Encoded;

    /// A window; `S` is a special token, `-` one that counts in another window.
    fn window(tokens: &str) -> Window {
        let marks = |mark: char| tokens.chars().map(|token| token == mark).collect::<Vec<_>>();
        let t = tokens.len();
        let encoded = Encoded {
            sequence: Sequence::new(vec![0; t], vec![0; t]),
            spans: vec![(0, 0); t],
            special: marks('S'),
            second: vec![false; t],
            full_tokens: t,
        };
        Window { encoded, counted: tokens.chars().map(|token| token != '-').collect() }
    }

    fn left(windows: &[&str], prompt: usize) -> Vec<String> {
        let windows: Vec<Window> = windows.iter().map(|tokens| window(tokens)).collect();
        let text = |(window, counted): (&Window, Vec<bool>)| {
            let kind = |at: usize| if window.encoded.special[at] { 'S' } else { 't' };
            (0..counted.len()).map(|at| if counted[at] { kind(at) } else { '-' }).collect()
        };
        windows.iter().zip(without_prompt(&windows, prompt)).map(text).collect()
    }

    #[test]
    fn the_first_tokens_of_a_text_are_left_out() {
        assert_eq!(left(&["SttttS"], 0), ["SttttS"]);
        assert_eq!(left(&["SttttS"], 3), ["---ttS"]);
        assert_eq!(left(&["SttttS"], 6), ["------"]);
        assert_eq!(left(&["SttttS"], 9), ["------"]);
    }

    #[test]
    fn a_prompt_that_reaches_into_the_second_window_is_left_out_there_too() {
        let windows = ["Sttt-S", "S-tttS", "S-tttS"];
        assert_eq!(left(&windows, 2), ["--tt-S", "S-tttS", "S-tttS"]);
        assert_eq!(left(&windows, 5), ["-----S", "S--ttS", "S-tttS"]);
    }
}
