//! The handle: admission on the way in, nothing else.

use std::{
    fmt, io,
    sync::{
        Arc, PoisonError, RwLock,
        mpsc::{self, Sender},
    },
    time::{Duration, Instant},
};

use super::{Engine, Pending, Settings, Worker, load::Load, request::Request, worker};

/// A sequence to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence<I> {
    /// Its length. Zero counts as one, since nothing is free.
    pub tokens: usize,
    /// What the engine gets.
    pub item: I,
}

/// How the queue and the worker are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Tokens admitted that no pass has taken yet, without padding.
    pub waiting_tokens: usize,
    /// Sequences admitted that no pass has taken yet.
    pub waiting_sequences: usize,
    /// Whether the worker runs: false once it has drained and ended, or died.
    pub alive: bool,
    /// Whether every member of the last pass failed.
    pub failing: bool,
}

/// Why a submission was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// It doesn't fit beside what waits.
    #[error("{tokens} tokens don't fit in the queue: {waiting} of at most {limit} wait already")]
    Full {
        /// Tokens in the submission.
        tokens: usize,
        /// Tokens that wait.
        waiting: usize,
        /// The most that may wait.
        limit: usize,
        /// When there should be room, by the measured drain rate: between a second and a minute, in
        /// whole seconds.
        retry_after: Duration,
    },
    /// The batcher was closed, or its worker is dead.
    #[error("the batcher takes no more submissions")]
    Closed,
}

/// A cheap handle to the worker. The worker drains and ends once all handles are gone.
pub struct Batcher<I, O> {
    jobs: Arc<Jobs<I, O>>,
    load: Arc<Load>,
}

/// The only sender, taken away on close: the channel then does the draining, and nothing sent
/// before can be lost. Every submission shares the lock; only `close` ever has it alone.
type Jobs<I, O> = RwLock<Option<Sender<Request<I, O>>>>;

impl<I: Send + 'static, O: Send + 'static> Batcher<I, O> {
    /// Starts the worker on an OS thread named `strata-forward`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(
        engine: Arc<impl Engine<Item = I, Output = O>>,
        settings: Settings,
    ) -> io::Result<(Self, Worker)> {
        let (jobs, inbox) = mpsc::channel();
        let load = Arc::new(Load::new(settings.queue_tokens));
        let worker = worker::spawn(engine, settings, inbox, Arc::clone(&load))?;
        let batcher = Self { jobs: Arc::new(RwLock::new(Some(jobs))), load };
        Ok((batcher, worker))
    }

    /// Puts one request's sequences in the queue. Never waits.
    ///
    /// # Errors
    /// [`SubmitError::Full`] if they don't fit, [`SubmitError::Closed`] after [`Batcher::close`].
    pub fn submit(
        &self,
        mut sequences: Vec<Sequence<I>>,
        deadline: Option<Instant>,
    ) -> Result<Pending<O>, SubmitError> {
        let jobs = self.jobs.read().unwrap_or_else(PoisonError::into_inner);
        let jobs = jobs.as_ref().ok_or(SubmitError::Closed)?;
        if sequences.is_empty() {
            return Ok(Pending::empty());
        }
        let mut tokens = 0_usize;
        for sequence in &mut sequences {
            sequence.tokens = sequence.tokens.max(1);
            tokens = tokens.saturating_add(sequence.tokens);
        }
        let ticket = self.load.admit(tokens, sequences.len())?;
        let (request, pending) = Request::new(sequences, deadline, ticket);
        jobs.send(request).map_err(|_| SubmitError::Closed)?;
        Ok(pending)
    }

    /// Takes no more submissions. What waits is still computed; then the worker ends.
    pub fn close(&self) {
        let mut jobs = self.jobs.write().unwrap_or_else(PoisonError::into_inner);
        *jobs = None;
    }

    /// How the queue and the worker are, now. Never waits.
    #[must_use]
    pub fn status(&self) -> Status {
        self.load.status()
    }
}

// Derived, these would ask the same of items and outputs.
impl<I, O> Clone for Batcher<I, O> {
    fn clone(&self) -> Self {
        Self { jobs: Arc::clone(&self.jobs), load: Arc::clone(&self.load) }
    }
}

impl<I, O> fmt::Debug for Batcher<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("status", &self.load.status()).finish_non_exhaustive()
    }
}
