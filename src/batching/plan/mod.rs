//! What goes into the next pass: a pure function over lengths.
//!
//! The plan looks at a window, the first `look_ahead` sequences in turn order: the next one of each
//! request in the order given, then the second one of each, and so on. Of those it takes
//!
//! 1. the very first, so that there is always progress;
//! 2. the next one of each request that has been passed over `patience` times, whatever its length,
//!    in order; the first that doesn't fit the budget closes the pass;
//! 3. whatever else fits. With padding, those of like length first, as long as padding is cheaper
//!    than another pass; without, in turn order, since no length suits another better.
//!
//! Rule 3 alone tells the two apart, so what follows holds for both. With a queue where requests that had a turn go to the back, and with `ahead` requests in front
//! of one that has just arrived or just had a turn, it follows that
//!
//! - it has a sequence in one of the next `ahead + 1` passes, since every pass takes the front one
//!   and nobody gets in front who wasn't;
//! - at most `patience` of the passes before that take from behind it; all others only clear the
//!   way. (Those in front have been passed over at least as often, so the ones due stand in front
//!   of all others, and rule 2 lets nobody past one of them.)
//!
//! Requests of like length share passes in turn order, each with as many sequences as any other,
//! give or take one. Without padding, one is passed over only where it doesn't fit into what those
//! before it have left.

use super::Settings;

/// What a pass costs before its first token, in tokens: every pass reads all the weights and wakes
/// all the threads, however little it holds. Padding up to that is cheaper than another pass. The
/// reference encoder takes 22 ms for 16 tokens and 0.6 ms for each more: 20 to 40 tokens.
const PASS_COST: usize = 32;

/// Lengths less than an eighth apart are alike, and up to an eighth of padding is put up with: no
/// more than the later passes would have as well.
const ALIKE: usize = 8;

/// A waiting request as the plan sees it.
pub(super) struct Waiting<L> {
    /// The lengths of its sequences, in tokens, in the order in which they should be taken.
    pub(super) lens: L,
    /// How often a pass has taken from behind it and nothing of it, since its own last turn. Doesn't
    /// grow from one request to the next.
    pub(super) passed_over: u32,
}

/// The `sequence`th of the lengths of the `request`th that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pick {
    pub(super) request: usize,
    pub(super) sequence: usize,
}

/// What the next pass takes, in ascending order; something whenever something waits. Its tokens,
/// padded if passes are, are within the budget, or it is a single sequence.
///
/// Reads no more of `waiting` than the look-ahead.
pub(super) fn plan<L: Iterator<Item = usize>>(
    waiting: impl Iterator<Item = Waiting<L>>,
    settings: &Settings,
) -> Vec<Pick> {
    let (due, mut others): (Vec<_>, Vec<_>) =
        window(waiting, settings).into_iter().partition(|candidate| candidate.due);
    let mut pass = Pass::new(settings);
    for candidate in due {
        if !pass.has_room_for(candidate.tokens) {
            return pass.into_picks();
        }
        pass.add(&candidate);
    }
    if settings.padding {
        let longest = pass.longest;
        // A stable sort, so that among like lengths the turn decides.
        others.sort_by_key(|candidate| candidate.tokens.abs_diff(longest) / (longest / ALIKE + 1));
    }
    for candidate in others {
        if pass.has_room_for(candidate.tokens) && pass.is_worth_padding(candidate.tokens) {
            pass.add(&candidate);
        }
    }
    pass.into_picks()
}

struct Candidate {
    pick: Pick,
    tokens: usize,
    /// Goes in whatever its length.
    due: bool,
}

/// The first `look_ahead` sequences in turn order.
fn window<L: Iterator<Item = usize>>(
    waiting: impl Iterator<Item = Waiting<L>>,
    settings: &Settings,
) -> Vec<Candidate> {
    let size = settings.look_ahead.get();
    let mut requests: Vec<_> = waiting.take(size).enumerate().collect();
    let mut window = Vec::new();
    for sequence in 0.. {
        requests.retain_mut(|(request, waiting)| {
            let Some(tokens) = waiting.lens.next() else {
                return false;
            };
            let overdue = sequence == 0 && waiting.passed_over >= settings.patience;
            window.push(Candidate {
                pick: Pick { request: *request, sequence },
                tokens,
                due: window.is_empty() || overdue,
            });
            true
        });
        if requests.is_empty() || window.len() >= size {
            break;
        }
    }
    window.truncate(size);
    window
}

/// A pass in the making.
struct Pass {
    budget: usize,
    padding: bool,
    picks: Vec<Pick>,
    longest: usize,
    tokens: usize,
}

impl Pass {
    fn new(settings: &Settings) -> Self {
        let (budget, padding) = (settings.budget.get(), settings.padding);
        Self { budget, padding, picks: Vec::new(), longest: 0, tokens: 0 }
    }

    fn add(&mut self, candidate: &Candidate) {
        self.picks.push(candidate.pick);
        self.longest = self.longest.max(candidate.tokens);
        self.tokens = self.tokens.saturating_add(candidate.tokens);
    }

    fn padded(&self) -> usize {
        self.picks.len().saturating_mul(self.longest)
    }

    fn padded_with(&self, tokens: usize) -> usize {
        (self.picks.len() + 1).saturating_mul(self.longest.max(tokens))
    }

    fn has_room_for(&self, tokens: usize) -> bool {
        let total = self.tokens.saturating_add(tokens);
        let cost = if self.padding { self.padded_with(tokens) } else { total };
        self.picks.is_empty() || cost <= self.budget
    }

    /// Whether one more leaves the padding as it is, or at least below the cost of another pass.
    fn is_worth_padding(&self, tokens: usize) -> bool {
        if !self.padding {
            return true;
        }
        let padding = self.padded().saturating_sub(self.tokens);
        let total = self.tokens.saturating_add(tokens);
        let padding_with = self.padded_with(tokens).saturating_sub(total);
        padding_with <= padding.max(PASS_COST + total / ALIKE)
    }

    fn into_picks(mut self) -> Vec<Pick> {
        self.picks.sort_unstable();
        self.picks
    }
}

#[cfg(test)]
mod tests;
