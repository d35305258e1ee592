//! Which tokens of a sequence count.

/// Which tokens of a sequence count when it is pooled. A long text is read in windows that
/// overlap; each of its tokens counts in exactly one of them. The tokens of a prompt may not count
/// at all.
///
/// Sums over a window are scaled so that the sums of all windows add up to the sum over the text:
/// they are divided by the text's number of tokens, and positions `i = 1..t` continue from window
/// to window. A prompt that doesn't count still has positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolingMask {
    /// For each of the sequence's `t` tokens, whether it counts; at least one does.
    pub counted: Vec<bool>,
    /// Tokens that count in earlier windows.
    pub before: usize,
    /// Tokens that count in all windows together.
    pub total: usize,
    /// Tokens of the prompt, which come before all of these and don't count.
    pub prompt: usize,
}

impl PoolingMask {
    /// The mask of each window of a text, from the tokens that count in each. A text of one window
    /// needs no mask.
    pub fn for_windows(counted: Vec<Vec<bool>>) -> Vec<Option<Self>> {
        if counted.len() == 1 {
            return vec![None];
        }
        Self::after_prompt(counted, 0).into_iter().map(Some).collect()
    }

    /// The mask of each window of a text, from the tokens that count in each, which come after
    /// `prompt` tokens that don't.
    pub fn after_prompt(counted: Vec<Vec<bool>>, prompt: usize) -> Vec<Self> {
        let count = |counted: &[bool]| counted.iter().filter(|&&counts| counts).count();
        let total = counted.iter().map(|counted| count(counted)).sum();
        let mut next = 0;
        let mask = |counted: Vec<bool>| {
            let before = next;
            next += count(&counted);
            Self { counted, before, total, prompt }
        };
        counted.into_iter().map(mask).collect()
    }
}

/// The row that stands for the beginning of a sequence: the first one, or the first one after the
/// prompt if that doesn't count.
pub(super) fn first_row(mask: Option<&PoolingMask>) -> usize {
    let after_prompt = mask.filter(|mask| mask.prompt > 0);
    after_prompt.and_then(|mask| mask.counted.iter().position(|&counts| counts)).unwrap_or(0)
}

/// The sum of the positions of all tokens that count in the whole text.
pub(super) fn position_sum(t: usize, mask: Option<&PoolingMask>) -> usize {
    let (n, prompt) = (total(t, mask), mask.map_or(0, |mask| mask.prompt));
    n * prompt + n * (n + 1) / 2
}

/// Tokens that count in the whole text; `t` for a sequence without a mask.
pub(super) fn total(t: usize, mask: Option<&PoolingMask>) -> usize {
    mask.map_or(t, |mask| mask.total)
}

/// The rows that count among a sequence's `t` rows: each row's index, and its position among the
/// tokens of the text, from 1. The overlap of windows has no positions of its own.
pub(super) fn counted_rows(
    t: usize,
    mask: Option<&PoolingMask>,
) -> impl Iterator<Item = (usize, usize)> + use<'_> {
    let counts = move |row: &usize| mask.is_none_or(|mask| mask.counted[*row]);
    (0..t).filter(counts).zip(mask.map_or(0, |mask| mask.prompt + mask.before) + 1..)
}
