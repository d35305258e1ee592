//! A request while it waits: the sequences still to be taken and the outputs so far.

use std::{
    cmp::Reverse,
    collections::VecDeque,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use tracing::Span;

use super::{
    Computed, Failed, Pending, Sequence, Timings, answer::Reply, attempt::EngineError,
    load::Ticket, queue::extract,
};
use crate::telemetry::chain::Chain;

pub(super) struct Request<I, O> {
    waiting: VecDeque<Slot<I>>,
    /// Each with its place in the submission.
    outputs: Vec<(usize, O)>,
    /// How often a pass has taken from further back in the turn, and nothing of this, since its own
    /// last turn.
    pub(super) passed_over: u32,
    pub(super) submitted: Instant,
    deadline: Option<Instant>,
    forward: Duration,
    passes: u32,
    ticket: Ticket,
    reply: oneshot::Sender<Reply<O>>,
    /// The span of the caller that submitted it: what is logged about it is logged there.
    pub(super) span: Span,
}

/// A sequence with its place in the submission.
pub(super) struct Slot<I> {
    pub(super) index: usize,
    pub(super) tokens: usize,
    pub(super) item: I,
}

impl<I, O> Request<I, O> {
    pub(super) fn new(
        sequences: Vec<Sequence<I>>,
        deadline: Option<Instant>,
        ticket: Ticket,
    ) -> (Self, Pending<O>) {
        let (reply, receiver) = oneshot::channel();
        let slots = sequences.into_iter().enumerate();
        let mut slots: Vec<_> =
            slots.map(|(index, Sequence { tokens, item })| Slot { index, tokens, item }).collect();
        // The longest first, so that a look-ahead into a large request finds like lengths, and the
        // short ones fill what the long ones leave.
        slots.sort_by_key(|slot| Reverse(slot.tokens));
        let request = Self {
            outputs: Vec::with_capacity(slots.len()),
            waiting: slots.into(),
            passed_over: 0,
            submitted: Instant::now(),
            deadline,
            forward: Duration::ZERO,
            passes: 0,
            ticket,
            reply,
            span: Span::current(),
        };
        (request, Pending::new(receiver, deadline))
    }

    /// The lengths in tokens of what waits, in the order in which it should be taken.
    pub(super) fn lens(&self) -> impl Iterator<Item = usize> {
        self.waiting.iter().map(|slot| slot.tokens)
    }

    #[cfg(test)]
    pub(super) fn items(&self) -> impl Iterator<Item = &I> {
        self.waiting.iter().map(|slot| &slot.item)
    }

    /// Whether anybody still waits for the answer.
    pub(super) fn is_wanted(&self, now: Instant) -> bool {
        !self.reply.is_closed() && self.deadline.is_none_or(|deadline| now < deadline)
    }

    /// Takes the sequences at `positions`, which ascend, into a pass.
    pub(super) fn take(&mut self, positions: impl Iterator<Item = usize>) -> Vec<Slot<I>> {
        let taken = extract(&mut self.waiting, positions);
        for slot in &taken {
            self.ticket.give_back(slot.tokens);
        }
        taken
    }

    /// Takes in the results of a pass that took `took`, each with its sequence's place in the
    /// submission. Answers once nothing waits any more, or on the first failure; otherwise the
    /// request comes back.
    pub(super) fn record(
        mut self,
        results: impl Iterator<Item = (usize, Result<O, EngineError>)>,
        took: Duration,
    ) -> Option<Self> {
        self.forward += took;
        self.passes += 1;
        let mut failed: Option<(usize, EngineError)> = None;
        for (index, result) in results {
            match result {
                Ok(output) => self.outputs.push((index, output)),
                Err(cause) if failed.as_ref().is_none_or(|(first, _)| index < *first) => {
                    failed = Some((index, cause));
                }
                Err(_) => {}
            }
        }
        match failed {
            Some((index, cause)) => self.answer_with(Err(Failed::Engine { index, cause })),
            None if self.waiting.is_empty() => self.answer(),
            None => return Some(self),
        }
        None
    }

    fn answer(mut self) {
        let mut outputs = std::mem::take(&mut self.outputs);
        outputs.sort_unstable_by_key(|(index, _)| *index);
        let computed = Computed {
            outputs: outputs.into_iter().map(|(_, output)| output).collect(),
            timings: Timings {
                queue: self.submitted.elapsed().saturating_sub(self.forward),
                forward: self.forward,
            },
            passes: self.passes,
        };
        self.answer_with(Ok(computed));
    }

    /// Sends the reply. If nobody waits for it any more, a failure of the engine is logged here,
    /// since nobody else will.
    fn answer_with(self, reply: Reply<O>) {
        if let Err(Err(failed @ Failed::Engine { .. })) = self.reply.send(reply) {
            let _entered = self.span.enter();
            tracing::warn!(cause = %Chain(&failed), "a request failed whose client no longer waits");
        }
    }
}
