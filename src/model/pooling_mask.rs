//! Which tokens of a window count.

/// Which tokens of a window count when the window is pooled. A text is read in windows that
/// overlap; each of its tokens counts in exactly one of them.
///
/// Sums over a window are scaled so that the sums of all windows add up to the sum over the text:
/// they are divided by the text's number of tokens, and positions `i = 1..t` continue from window
/// to window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolingMask {
    /// For each of the window's `t` tokens, whether it counts; at least one does.
    pub counted: Vec<bool>,
    /// Tokens that count in earlier windows.
    pub before: usize,
    /// Tokens that count in all windows together.
    pub total: usize,
}

impl PoolingMask {
    /// The mask of each window of a text, from the tokens that count in each. A text of one window
    /// needs no mask.
    pub fn for_windows(counted: Vec<Vec<bool>>) -> Vec<Option<Self>> {
        if counted.len() == 1 {
            return vec![None];
        }
        let count = |counted: &[bool]| counted.iter().filter(|&&counts| counts).count();
        let total = counted.iter().map(|counted| count(counted)).sum();
        let mut next = 0;
        let mask = |counted: Vec<bool>| {
            let before = next;
            next += count(&counted);
            Some(Self { counted, before, total })
        };
        counted.into_iter().map(mask).collect()
    }
}

/// Tokens that count in the whole text; `t` for a sequence without a mask.
pub(super) fn total(t: usize, mask: Option<&PoolingMask>) -> usize {
    mask.map_or(t, |mask| mask.total)
}

/// The rows that count among a sequence's `t` rows: each row's index, and its position among all
/// tokens of the text that count, from 1.
pub(super) fn counted_rows(
    t: usize,
    mask: Option<&PoolingMask>,
) -> impl Iterator<Item = (usize, usize)> + use<'_> {
    let counts = move |row: &usize| mask.is_none_or(|mask| mask.counted[*row]);
    (0..t).filter(counts).zip(mask.map_or(0, |mask| mask.before) + 1..)
}
