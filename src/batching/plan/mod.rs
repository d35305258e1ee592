//! Chooses the sequences of the next pass: a pure function over lengths.
//!
//! The plan considers the first `look_ahead` sequences in turn order: the next sequence of each
//! request in the given order, then the second of each, and so on. Of these it takes
//!
//! 1. the very first, so that there is always progress;
//! 2. the next sequence of each request that has been passed over `patience` times, whatever its
//!    length, in order; the first that doesn't fit the token budget ends the pass;
//! 3. whatever else fits. With padding, similar lengths first, as long as padding costs less than
//!    another pass; without padding, in turn order, since all lengths go together equally well.
//!
//! Padding only matters in rule 3, so the following holds with and without it. Assume that requests
//! go to the back of the queue after their turn. Then for a request that has just arrived or just
//! had a turn, with `ahead` requests in front of it:
//!
//! - One of the next `ahead + 1` passes holds one of its sequences, since every pass takes from the
//!   front request, and no request moves in front of it.
//! - At most `patience` of the passes before take sequences from behind it. (Requests in front have
//!   been passed over at least as often, so overdue requests are in front of all others, and rule 2
//!   lets no request overtake them.)
//!
//! Requests of similar lengths share passes in turn order, and their numbers of sequences in a pass
//! differ by at most one. Without padding, a request is passed over only if its next sequence doesn't
//! fit into the room that the requests before it have left.

use super::options::BatcherOptions;

/// The fixed cost of a pass, in tokens: every pass reads all weights and wakes all threads, however
/// few tokens it holds. Padding up to this costs less than another pass. The reference encoder takes
/// 22 ms for 16 tokens and 0.6 ms per further token, which makes 20 to 40 tokens.
const PASS_COST: usize = 32;

/// Lengths that differ by less than 1/8 are similar, and up to 1/8 of padding is accepted: later
/// passes would have no less.
const SIMILAR: usize = 8;

/// A waiting request, as the plan sees it.
pub(super) struct Waiting<L> {
    /// The lengths of its sequences, in tokens, in the order in which they should be taken.
    pub(super) lens: L,
    /// How many passes, since its last turn, have taken sequences from behind it and none of its own.
    /// Doesn't increase from one request to the next.
    pub(super) passed_over: u32,
}

/// A sequence, by the index of its request among those that wait, and by its index in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pick {
    pub(super) request: usize,
    pub(super) sequence: usize,
}

/// The sequences of the next pass, in ascending order; at least one if any waits. Their tokens, with
/// padding if passes are padded, are within the token budget, or there is only one sequence.
///
/// Reads at most `look_ahead` sequences of `waiting`.
pub(super) fn plan<L: Iterator<Item = usize>>(
    waiting: impl Iterator<Item = Waiting<L>>,
    options: &BatcherOptions,
) -> Vec<Pick> {
    let (due, mut others): (Vec<_>, Vec<_>) =
        candidates(waiting, options).into_iter().partition(|candidate| candidate.due);
    let mut pass = Pass::new(options);
    for candidate in due {
        if !pass.has_room_for(candidate.tokens) {
            return pass.into_picks();
        }
        pass.add(&candidate);
    }
    if options.padding {
        let longest = pass.longest;
        // A stable sort, so that similar lengths stay in turn order.
        others
            .sort_by_key(|candidate| candidate.tokens.abs_diff(longest) / (longest / SIMILAR + 1));
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
    /// Whether it is taken whatever its length.
    due: bool,
}

/// The first `look_ahead` sequences in turn order.
fn candidates<L: Iterator<Item = usize>>(
    waiting: impl Iterator<Item = Waiting<L>>,
    options: &BatcherOptions,
) -> Vec<Candidate> {
    let size = options.look_ahead.get();
    let mut requests: Vec<_> = waiting.take(size).enumerate().collect();
    let mut candidates = Vec::new();
    for sequence in 0.. {
        requests.retain_mut(|(request, waiting)| {
            let Some(tokens) = waiting.lens.next() else {
                return false;
            };
            let overdue = sequence == 0 && waiting.passed_over >= options.patience;
            candidates.push(Candidate {
                pick: Pick { request: *request, sequence },
                tokens,
                due: candidates.is_empty() || overdue,
            });
            true
        });
        if requests.is_empty() || candidates.len() >= size {
            break;
        }
    }
    candidates.truncate(size);
    candidates
}

/// The pass that is being filled.
struct Pass {
    token_budget: usize,
    padding: bool,
    picks: Vec<Pick>,
    longest: usize,
    tokens: usize,
}

impl Pass {
    fn new(options: &BatcherOptions) -> Self {
        Self {
            token_budget: options.token_budget.get(),
            padding: options.padding,
            picks: Vec::new(),
            longest: 0,
            tokens: 0,
        }
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
        self.picks.is_empty() || cost <= self.token_budget
    }

    /// Whether padding with one more sequence doesn't grow, or still costs less than another pass.
    fn is_worth_padding(&self, tokens: usize) -> bool {
        if !self.padding {
            return true;
        }
        let padding = self.padded().saturating_sub(self.tokens);
        let total = self.tokens.saturating_add(tokens);
        let padding_with = self.padded_with(tokens).saturating_sub(total);
        padding_with <= padding.max(PASS_COST + total / SIMILAR)
    }

    fn into_picks(mut self) -> Vec<Pick> {
        self.picks.sort_unstable();
        self.picks
    }
}

#[cfg(test)]
mod tests;
