//! The worker: one OS thread that owns the queue and runs the passes. `plan` decides what a pass
//! takes, and `attempt` what follows a failure.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tracing::Span;

use super::attempt::{self, Attempt, EngineError, Failure};
use super::engine::Engine;
use super::load::Load;
use super::metrics::Metrics;
use super::options::BatcherOptions;
use super::queue::{Queue, Selection};
use super::request::Request;
use super::turns::{Participant, Turn};
use crate::telemetry::chain::Chain;
use crate::telemetry::panics::catch;

const THREAD_NAME: &str = "strata-forward";

/// How long to wait before a failing engine is tried again.
const TRIAL_PAUSE: Duration = Duration::from_secs(1);

/// The running worker, for waiting until it ends. Dropping this detaches the thread.
#[derive(Debug)]
pub struct Worker {
    thread: JoinHandle<()>,
}

impl Worker {
    /// Blocks until the worker has drained and ended. Close the batcher, or drop all handles to it,
    /// before.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("the worker thread panicked");
        }
    }
}

pub(super) fn spawn<E: Engine>(
    engine: Arc<E>,
    options: BatcherOptions,
    inbox: Receiver<Request<E::Item, E::Output>>,
    load: Arc<Load>,
    metrics: Metrics,
    turns: Participant,
) -> io::Result<Worker> {
    let state = WorkerState {
        _alive: Alive(Arc::clone(&load)),
        engine,
        inbox,
        queue: Queue::new(options),
        options,
        failing_since_trial: None,
        restarted: false,
        load,
        metrics,
    };
    let thread = thread::Builder::new()
        .name(THREAD_NAME.to_owned())
        .spawn(move || state.run_for_ever(turns))?;
    Ok(Worker { thread })
}

/// Marks the worker as ended when dropped, however its thread ends.
struct Alive(Arc<Load>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set_dead();
    }
}

/// Everything that the worker's thread owns.
struct WorkerState<E: Engine> {
    engine: Arc<E>,
    inbox: Receiver<Request<E::Item, E::Output>>,
    queue: Queue<E::Item, E::Output>,
    options: BatcherOptions,
    /// When the last trial pass failed, if the last one did.
    failing_since_trial: Option<Instant>,
    /// Whether it was started again and has completed no pass since.
    restarted: bool,
    load: Arc<Load>,
    metrics: Metrics,
    /// The last field, so that it is dropped after all waiting requests have released their room.
    _alive: Alive,
}

impl<E: Engine> WorkerState<E> {
    /// Runs until the batcher is closed and nothing waits. A panic outside of a pass costs the
    /// requests of that pass; the others wait on.
    fn run_for_ever(mut self, mut turns: Participant) {
        while let Err(panicked) = catch(|| self.run(&mut turns)) {
            turns.leave();
            self.metrics.restarts.inc();
            tracing::error!(cause = %panicked, "the worker panicked outside of a pass, and starts again");
            self.load.abandon_pass();
            if self.restarted {
                // Something that waits makes it panic: without it, it works again.
                self.queue = Queue::new(self.options);
            }
            self.restarted = true;
        }
    }

    fn run(&mut self, turns: &mut Participant) {
        while self.collect() {
            let turn = turns.take();
            // What came while others computed.
            self.receive();
            self.retry_trial();
            let oldest = self.queue.sweep(Instant::now(), &self.metrics);
            self.load.set_oldest(oldest);
            self.pass(&turn);
            turn.end(!self.queue.is_empty());
        }
    }

    /// Receives everything that has arrived.
    fn receive(&mut self) {
        self.inbox.try_iter().for_each(|request| self.queue.push(request));
    }

    /// Blocks until something waits or a trial pass is due, then receives everything that has
    /// arrived. False if nothing waits and the batcher is closed.
    fn collect(&mut self) -> bool {
        if self.queue.is_empty() {
            let first = match self.failing_since_trial {
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(since) => self.inbox.recv_timeout(TRIAL_PAUSE.saturating_sub(since.elapsed())),
            };
            match first {
                Ok(first) => {
                    let submitted = first.submitted;
                    self.queue.push(first);
                    self.gather(submitted);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        self.receive();
        true
    }

    /// Waits for more requests, until `gather` after `submitted` or until a full pass waits.
    fn gather(&mut self, submitted: Instant) {
        while self.load.waiting_tokens() < self.options.token_budget.get() {
            let left = self.options.gather.saturating_sub(submitted.elapsed());
            if left.is_zero() {
                return;
            }
            let Ok(request) = self.inbox.recv_timeout(left) else {
                return;
            };
            self.queue.push(request);
        }
    }

    /// Runs the next pass and gives its results to the requests.
    fn pass(&mut self, turn: &Turn<'_>) {
        let selections = self.queue.take();
        let slots = || selections.iter().flat_map(|selection| &selection.taken);
        let items: Vec<_> = slots().map(|slot| &slot.item).collect();
        if items.is_empty() {
            return;
        }
        let tokens = slots().map(|slot| slot.tokens).sum();
        self.count_unwanted(&selections);
        let layers = self.engine.layers(&items);

        let began = Instant::now();
        self.load.pass_begins(tokens, began);
        let Attempt { results, failure } = attempt::run(&*self.engine, &items);
        let took = began.elapsed();
        // Waiting for others is a part of what a pass takes, as long as they compute.
        self.load.pass_ends(turn.waited + took);

        if let Some(layers) = layers {
            self.metrics.count_layers(layers);
        }
        self.metrics.count_pass(tokens, self.options.token_budget.get(), took);
        match failure {
            Some(failure) => self.note_failure(&failure, &selections, &results),
            None if self.failing_since_trial.is_some() => self.try_again(),
            None => {}
        }
        let mut results = results.into_iter();
        for selection in selections {
            let taken = selection.taken.len();
            self.queue.record(selection, results.by_ref().take(taken), took);
        }
        self.restarted = false;
    }

    /// Counts the tokens of a pass that nobody waits for any more.
    fn count_unwanted(&self, selections: &[Selection<E::Item, E::Output>]) {
        let now = Instant::now();
        let unwanted = selections.iter().filter(|selection| !selection.request().is_wanted(now));
        let tokens: usize =
            unwanted.flat_map(|selection| &selection.taken).map(|slot| slot.tokens).sum();
        self.metrics.unwanted_tokens.inc_by(tokens as u64);
    }

    /// Counts and logs a failed pass, and turns readiness off if the trial pass after it failed, too.
    fn note_failure(
        &mut self,
        failure: &Failure,
        selections: &[Selection<E::Item, E::Output>],
        results: &[Result<E::Output, EngineError>],
    ) {
        let errors = || results.iter().filter_map(|result| result.as_ref().err());
        let failed = errors().count();
        let panics = errors().chain(&failure.cause);
        let panics = panics.filter(|error| matches!(error, EngineError::Panicked(_))).count();
        self.metrics.panics.inc_by(panics as u64);
        self.metrics.failed_passes.inc();
        self.metrics.failed_sequences.inc_by(failed as u64);
        if let Some(cause) = &failure.cause {
            let spans = selections.iter().map(|selection| &selection.request().span);
            log_retry(spans, cause, results.len(), failed, failure.broken);
        }
        if failure.broken && self.failing_since_trial.is_none() {
            tracing::error!("a trial pass failed, too: the server is not ready until one succeeds");
        }
        self.set_failing(failure.broken);
    }

    /// Tries a failing engine again, once a second. A server that is not ready gets no requests, so
    /// nothing else would show that it works again.
    fn retry_trial(&mut self) {
        if self.failing_since_trial.is_some_and(|since| since.elapsed() >= TRIAL_PAUSE) {
            self.try_again();
        }
    }

    fn try_again(&mut self) {
        let trial = attempt::trial(&*self.engine);
        match &trial {
            Ok(()) => tracing::info!("the engine computes again"),
            Err(error) => tracing::warn!(cause = %Chain(error), "the engine still fails"),
        }
        self.set_failing(trial.is_err());
    }

    fn set_failing(&mut self, failing: bool) {
        self.failing_since_trial = failing.then(Instant::now);
        self.load.set_failing(failing);
    }
}

/// Logs for each request of a failed pass what followed. The error of a sequence that failed alone is
/// logged with its request. So the error of the pass is logged only if no sequence did.
fn log_retry<'s>(
    spans: impl Iterator<Item = &'s Span>,
    error: &EngineError,
    sequences: usize,
    failed: usize,
    broken: bool,
) {
    let cause = (failed == 0 || broken).then(|| tracing::field::display(Chain(error)));
    for span in spans {
        let _entered = span.enter();
        tracing::warn!(sequences, failed, cause, "a pass failed, and was tried again in parts");
    }
}
