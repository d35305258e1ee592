//! The handle, which admits submissions to the queue.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use std::{fmt, io};

use prometheus_client::registry::Registry;

use super::answer::Pending;
use super::client::{ClientId, Priority};
use super::collector::StatusCollector;
use super::engine::Engine;
use super::load::{Demand, Load, Status};
use super::metrics::Metrics;
use super::options::BatcherOptions;
use super::request::{Request, Submission};
use super::submit_error::SubmitError;
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
    /// Starts the worker on an OS thread named `strata-forward`.
    ///
    /// # Errors
    /// The system can't start a thread.
    pub fn start(
        engine: Arc<impl Engine<Item = I, Output = O>>,
        options: BatcherOptions,
    ) -> io::Result<(Self, Worker)> {
        let (sender, receiver) = mpsc::channel();
        let token_budget = options.token_budget.get();
        let load = Arc::new(Load::new(options));
        let metrics = Metrics::default();
        let worker = worker::spawn(engine, options, receiver, Arc::clone(&load), metrics.clone())?;
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
        let submitted = self.try_submit(submission);
        match &submitted {
            Ok(_) => {
                self.metrics.admitted.inc();
            }
            Err(error) => self.metrics.count_refusal(error),
        }
        submitted
    }

    fn try_submit(&self, submission: Submission<I>) -> Result<Pending<O>, SubmitError> {
        let Submission { mut sequences, deadline, client, priority } = submission;
        let inbox = self.inbox.read().unwrap_or_else(PoisonError::into_inner);
        let sender = inbox.as_ref().ok_or(SubmitError::Closed)?;
        if sequences.is_empty() {
            return Ok(Pending::empty());
        }
        let mut tokens = 0_usize;
        for sequence in &mut sequences {
            sequence.tokens = sequence.tokens.max(1);
            tokens = tokens.saturating_add(sequence.tokens);
        }
        let left = left(deadline);
        let demand = Demand { tokens, sequences: sequences.len(), client, priority, left };
        let ticket = self.load.admit(demand)?;
        let (request, pending) = Request::new(sequences, deadline, ticket);
        sender.send(request).map_err(|_| SubmitError::Closed)?;
        Ok(pending)
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

    /// Adds what it counts, and the state of its queue, to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("strata_batching");
        self.metrics.register(registry);
        registry.register_collector(Box::new(StatusCollector(Arc::clone(&self.load))));
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
