//! A request while it waits: its waiting sequences and the outputs so far.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::Span;

use super::answer::{Computed, Failed, FirstPass, Pending, Reply, Timings};
use super::attempt::EngineError;
use super::client::{ClientId, Priority};
use super::load::Ticket;
use super::positions::take_at;
use crate::telemetry::chain::Chain;

/// A sequence to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence<I> {
    /// Its length. Zero counts as one, so that every sequence has a cost.
    pub tokens: usize,
    /// The engine's input.
    pub item: I,
}

/// What a caller wants computed.
#[derive(Clone, Debug)]
pub struct Submission<I> {
    /// What to compute.
    pub sequences: Vec<Sequence<I>>,
    /// The time after which the answer is of no use.
    pub deadline: Option<Instant>,
    /// Whose it is.
    pub client: ClientId,
    /// How urgent it is.
    pub priority: Priority,
}

impl<I> Submission<I> {
    /// An interactive submission without a deadline.
    pub fn new(client: ClientId, sequences: Vec<Sequence<I>>) -> Self {
        Self { sequences, deadline: None, client, priority: Priority::Interactive }
    }
}

/// The sequences of one submission.
pub(super) struct Request<I, O> {
    waiting: VecDeque<Slot<I>>,
    /// Each with its index in the submission.
    outputs: Vec<(usize, O)>,
    /// How many passes, since one last took a sequence of this request, have skipped it in favour of
    /// others behind it.
    pub(super) passed_over: u32,
    pub(super) submitted: Instant,
    first_pass: FirstPass,
    deadline: Option<Instant>,
    forward: Duration,
    passes: u32,
    ticket: Ticket,
    reply: oneshot::Sender<Reply<O>>,
    /// The span of the caller that submitted it, for everything that is logged about it.
    pub(super) span: Span,
}

/// A sequence with its index in the submission.
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
        let (load, first_pass) = (ticket.load(), FirstPass::default());
        let slots = sequences.into_iter().enumerate();
        let mut slots: Vec<_> =
            slots.map(|(index, Sequence { tokens, item })| Slot { index, tokens, item }).collect();
        // Longest first, so that the look-ahead into a large request finds similar lengths, and
        // short sequences fill the room that long ones leave.
        slots.sort_by_key(|slot| Reverse(slot.tokens));
        let request = Self {
            outputs: Vec::with_capacity(slots.len()),
            waiting: slots.into(),
            passed_over: 0,
            submitted: Instant::now(),
            first_pass: first_pass.clone(),
            deadline,
            forward: Duration::ZERO,
            passes: 0,
            ticket,
            reply,
            span: Span::current(),
        };
        (request, Pending::new(receiver, deadline, load, first_pass))
    }

    pub(super) fn client(&self) -> ClientId {
        self.ticket.client
    }

    pub(super) fn priority(&self) -> Priority {
        self.ticket.priority
    }

    /// The length in tokens of the waiting sequence at `index`, in the order in which they should be
    /// taken.
    pub(super) fn tokens_at(&self, index: usize) -> Option<usize> {
        self.waiting.get(index).map(|slot| slot.tokens)
    }

    /// Whether the client still waits for the answer.
    pub(super) fn is_wanted(&self, now: Instant) -> bool {
        !self.reply.is_closed() && !self.is_late(now)
    }

    /// Whether its deadline has passed.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Takes out the sequences at `positions`, which ascend, for a pass that begins now.
    pub(super) fn take(&mut self, positions: impl Iterator<Item = usize>) -> Vec<Slot<I>> {
        self.first_pass.begins();
        let taken = take_at(&mut self.waiting, positions);
        self.ticket.release(taken.iter().map(|slot| slot.tokens).sum(), taken.len());
        taken
    }

    /// Adds the results of a pass that lasted `took`, each with its sequence's index in the
    /// submission. Sends the answer if no sequence waits any more or one has failed; otherwise
    /// returns the request.
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
            Some((index, cause)) => self.send(Err(Failed::Engine { index, cause })),
            None if self.waiting.is_empty() => self.answer_with_outputs(),
            None => return Some(self),
        }
        None
    }

    fn answer_with_outputs(mut self) {
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
        self.send(Ok(computed));
    }

    /// Sends the reply. If the client no longer waits for it, a failure of the engine is logged here,
    /// since nothing else logs it.
    fn send(self, reply: Reply<O>) {
        if let Err(Err(failed @ Failed::Engine { .. })) = self.reply.send(reply) {
            let _entered = self.span.enter();
            tracing::warn!(cause = %Chain(&failed), "a request failed after its client had stopped waiting");
        }
    }
}
