//! The handle, which admits submissions to the queue.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use std::{fmt, io};

use super::answer::Pending;
use super::client::{ClientId, Priority};
use super::engine::Engine;
use super::load::{Demand, Load, Status};
use super::metrics::Metrics;
use super::options::BatcherOptions;
use super::request::{Request, Submission};
use super::submit_error::SubmitError;
use super::turns::Participant;
use super::worker::{self, Worker};

/// A cheap handle to the worker. The worker computes what waits and ends when all handles are gone.
pub struct Batcher<I, O> {
    inbox: Arc<Inbox<I, O>>,
    load: Arc<Load>,
    metrics: Metrics,
    token_budget: usize,
}

/// The only sender; `close` drops it. The channel then still delivers everything that was sent
/// before. Submissions share the lock; only `close` takes it exclusively.
type Inbox<I, O> = RwLock<Option<Sender<Request<I, O>>>>;

impl<I: Send + 'static, O: Send + 'static> Batcher<I, O> {
    /// Starts the worker on an OS thread named `strata-forward`. It counts in `metrics`, and computes when it
    /// is its turn among the `turns` of all that share the cores.
    ///
    /// # Errors
    /// The system can't start a thread.
    pub fn start(
        engine: Arc<impl Engine<Item = I, Output = O>>,
        options: BatcherOptions,
        metrics: Metrics,
        turns: Participant,
    ) -> io::Result<(Self, Worker)> {
        let (sender, receiver) = mpsc::channel();
        let token_budget = options.token_budget.get();
        let load = Arc::new(Load::new(options));
        let (shared, counted) = (Arc::clone(&load), metrics.clone());
        let worker = worker::spawn(engine, options, receiver, shared, counted, turns)?;
        let batcher =
            Self { inbox: Arc::new(RwLock::new(Some(sender))), load, metrics, token_budget };
        Ok((batcher, worker))
    }

    /// Puts the sequences of one request into the queue. Never waits. What is logged about them is
    /// logged in the caller's span.
    ///
    /// # Errors
    /// [`SubmitError::Closed`] after [`Batcher::close`]; otherwise the reason why it can't be let in.
    pub fn submit(&self, submission: Submission<I>) -> Result<Pending<O>, SubmitError> {
        self.reserve(submission)?.submit()
    }

    /// Reserves room in the queue for the sequences of one request, as [`submit`](Self::submit) does,
    /// which the caller may still give back.
    ///
    /// # Errors
    /// As [`Batcher::submit`].
    pub fn reserve(&self, submission: Submission<I>) -> Result<Reservation<'_, I, O>, SubmitError> {
        let reserved = self.try_reserve(submission);
        if let Err(error) = &reserved {
            self.metrics.count_refusal(error);
        }
        reserved
    }

    fn try_reserve(&self, submission: Submission<I>) -> Result<Reservation<'_, I, O>, SubmitError> {
        let Submission { mut sequences, deadline, client, priority } = submission;
        let mut tokens = 0_usize;
        for sequence in &mut sequences {
            sequence.tokens = sequence.tokens.max(1);
            tokens = tokens.saturating_add(sequence.tokens);
        }
        if self.inbox.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Err(SubmitError::Closed);
        }
        let reserved = if sequences.is_empty() {
            None
        } else {
            let left = left(deadline);
            let demand = Demand { tokens, sequences: sequences.len(), client, priority, left };
            let ticket = self.load.admit(demand)?;
            Some(Request::new(sequences, deadline, ticket))
        };
        Ok(Reservation { batcher: self, tokens, reserved })
    }

    /// Whether a submission of one token would be let in now: a cheap check before the work of making
    /// a submission. Never waits.
    ///
    /// # Errors
    /// As [`Batcher::submit`].
    pub fn check_room(
        &self,
        client: ClientId,
        priority: Priority,
        deadline: Option<Instant>,
    ) -> Result<(), SubmitError> {
        let left = left(deadline);
        let checked = self.load.check(Demand { tokens: 1, sequences: 1, client, priority, left });
        if let Err(error) = &checked {
            self.metrics.count_refusal(error);
        }
        checked
    }

    /// The most tokens in a pass.
    pub fn token_budget(&self) -> usize {
        self.token_budget
    }

    /// Accepts no more submissions. What waits is still computed; then the worker ends.
    pub fn close(&self) {
        let mut inbox = self.inbox.write().unwrap_or_else(PoisonError::into_inner);
        *inbox = None;
    }

    /// The current state of the queue and the worker. Never waits.
    #[must_use]
    pub fn status(&self) -> Status {
        self.load.status()
    }
}

/// Room in the queue for a submission. Dropping it gives the room back.
#[must_use]
pub struct Reservation<'b, I, O> {
    batcher: &'b Batcher<I, O>,
    tokens: usize,
    /// `None` for a submission without sequences.
    reserved: Option<(Request<I, O>, Pending<O>)>,
}

impl<I: Send + 'static, O: Send + 'static> Reservation<'_, I, O> {
    /// The tokens of all sequences.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Puts the sequences into the queue.
    ///
    /// # Errors
    /// [`SubmitError::Closed`] after [`Batcher::close`].
    pub fn submit(self) -> Result<Pending<O>, SubmitError> {
        let Self { batcher, reserved, .. } = self;
        let submitted = reserved.map_or_else(
            || Ok(Pending::empty()),
            |(request, pending)| {
                let inbox = batcher.inbox.read().unwrap_or_else(PoisonError::into_inner);
                let sender = inbox.as_ref().ok_or(SubmitError::Closed)?;
                sender.send(request).map_err(|_| SubmitError::Closed)?;
                Ok(pending)
            },
        );
        match &submitted {
            Ok(_) => {
                batcher.metrics.admitted.inc();
            }
            Err(error) => batcher.metrics.count_refusal(error),
        }
        submitted
    }
}

/// The time until a deadline.
fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

// Derived implementations would require the same traits of items and outputs.
impl<I, O> Clone for Batcher<I, O> {
    fn clone(&self) -> Self {
        let (inbox, load) = (Arc::clone(&self.inbox), Arc::clone(&self.load));
        let (metrics, token_budget) = (self.metrics.clone(), self.token_budget);
        Self { inbox, load, metrics, token_budget }
    }
}

impl<I, O> fmt::Debug for Batcher<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("status", &self.load.status()).finish_non_exhaustive()
    }
}
