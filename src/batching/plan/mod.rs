//! Chooses the sequences of the next pass: a pure function of what waits.
//!
//! The plan considers the first `look_ahead` sequences in the order of [`shares`]. Of these it takes
//!
//! 1. the very first, so that there is always progress;
//! 2. the next sequence of each request that has been passed over `patience` times, whatever its
//!    length, in order; the first that doesn't fit the token budget ends the pass;
//! 3. whatever else fits. With padding, similar lengths first, as long as padding costs less than
//!    another pass; without padding, in order, since all lengths go together equally well.
//!
//! Padding only matters in rule 3. Without it, a request is passed over only if its sequence doesn't
//! fit into the room that is left.

use std::collections::HashSet;

use super::options::BatcherOptions;

mod order;
mod shares;

pub(super) use shares::{Classes, Entry, INTERACTIVE_WEIGHT, Pick, Waiting};

/// The fixed cost of a pass, in tokens: every pass reads all weights and wakes all threads, however
/// few tokens it holds. Padding up to this costs less than another pass. The reference encoder takes
/// 22 ms for 16 tokens and 0.6 ms per further token, which makes 20 to 40 tokens.
const PASS_COST: usize = 32;

/// Lengths that differ by less than 1/8 are similar, and up to 1/8 of padding is accepted: later
/// passes would have no less.
const SIMILAR: usize = 8;

/// The next pass.
#[derive(Debug, Default)]
pub(super) struct NextPass {
    /// The sequences that it takes, in the order in which they were offered. At least one if any waits.
    /// Their tokens, with padding if passes are padded, are within the token budget, or there is only
    /// one sequence.
    pub(super) picks: Vec<Pick>,
    /// The first sequence of each request that the pass skips in favour of one behind it.
    pub(super) skipped: Vec<Pick>,
}

/// Plans the next pass.
pub(super) fn plan<R: Waiting>(classes: &Classes<R>, options: &BatcherOptions) -> NextPass {
    let candidates = order::candidates(classes, options.look_ahead.get());
    let overdue = |pick: &Pick| {
        let request = classes.request(pick);
        pick.sequence == 0 && request.is_some_and(|r| r.passed_over() >= options.patience)
    };
    let (due, mut others): (Vec<_>, Vec<_>) =
        candidates.iter().enumerate().partition(|(position, pick)| *position == 0 || overdue(pick));
    let mut pass = Pass::new(options);
    for &(position, pick) in &due {
        if !pass.has_room_for(pick.tokens) {
            return pass.into_next_pass(&candidates);
        }
        pass.add(position, pick.tokens);
    }
    if options.padding {
        let longest = pass.longest;
        // A stable sort, so that similar lengths stay in order.
        others.sort_by_key(|(_, pick)| pick.tokens.abs_diff(longest) / (longest / SIMILAR + 1));
    }
    for (position, pick) in others {
        if pass.has_room_for(pick.tokens) && pass.is_worth_padding(pick.tokens) {
            pass.add(position, pick.tokens);
        }
    }
    pass.into_next_pass(&candidates)
}

/// The pass that is being filled.
struct Pass {
    token_budget: usize,
    padding: bool,
    /// Positions among the candidates.
    taken: Vec<usize>,
    longest: usize,
    tokens: usize,
}

impl Pass {
    fn new(options: &BatcherOptions) -> Self {
        Self {
            token_budget: options.token_budget.get(),
            padding: options.padding,
            taken: Vec::new(),
            longest: 0,
            tokens: 0,
        }
    }

    fn add(&mut self, position: usize, tokens: usize) {
        self.taken.push(position);
        self.longest = self.longest.max(tokens);
        self.tokens = self.tokens.saturating_add(tokens);
    }

    fn padded(&self) -> usize {
        self.taken.len().saturating_mul(self.longest)
    }

    fn padded_with(&self, tokens: usize) -> usize {
        (self.taken.len() + 1).saturating_mul(self.longest.max(tokens))
    }

    fn has_room_for(&self, tokens: usize) -> bool {
        let total = self.tokens.saturating_add(tokens);
        let cost = if self.padding { self.padded_with(tokens) } else { total };
        self.taken.is_empty() || cost <= self.token_budget
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

    fn into_next_pass(mut self, candidates: &[Pick]) -> NextPass {
        self.taken.sort_unstable();
        let picks: Vec<_> = self.taken.iter().map(|&position| candidates[position]).collect();
        let last = self.taken.last().copied().unwrap_or_default();
        let mut seen: HashSet<_> = picks.iter().map(|pick| pick.request).collect();
        let before = candidates.iter().take(last);
        let skipped = before.filter(|pick| seen.insert(pick.request)).copied().collect();
        NextPass { picks, skipped }
    }
}

#[cfg(test)]
mod tests;
