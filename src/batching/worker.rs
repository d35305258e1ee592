//! The worker: one OS thread that owns the queue and runs the passes. `plan` decides what a pass
//! takes, and `attempt` what follows a failure.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tracing::Span;

use super::attempt::{self, Attempt, EngineError};
use super::drain_rate::DrainRate;
use super::engine::Engine;
use super::load::Load;
use super::options::BatcherOptions;
use super::queue::{Queue, Selection};
use super::request::Request;
use crate::telemetry::chain::Chain;

const THREAD_NAME: &str = "strata-forward";

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
            tracing::error!("the worker thread panicked outside of a forward pass");
        }
    }
}

pub(super) fn spawn<E: Engine>(
    engine: Arc<E>,
    options: BatcherOptions,
    inbox: Receiver<Request<E::Item, E::Output>>,
    load: Arc<Load>,
) -> io::Result<Worker> {
    let state = WorkerState {
        _alive: Alive(Arc::clone(&load)),
        engine,
        inbox,
        queue: Queue::new(options),
        token_budget: options.token_budget.get(),
        gather: options.gather,
        drain_rate: DrainRate::default(),
        load,
    };
    let thread = thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || state.run())?;
    Ok(Worker { thread })
}

/// Marks the worker as dead when dropped, however its thread ends.
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
    token_budget: usize,
    gather: Duration,
    drain_rate: DrainRate,
    load: Arc<Load>,
    /// The last field, so that it is dropped after all waiting requests have released their room.
    _alive: Alive,
}

impl<E: Engine> WorkerState<E> {
    fn run(mut self) {
        while self.collect() {
            self.queue.sweep(Instant::now());
            self.pass();
        }
    }

    /// Blocks until something waits, then receives everything that has arrived. False if nothing
    /// waits and the batcher is closed.
    fn collect(&mut self) -> bool {
        if self.queue.is_empty() {
            let Ok(first) = self.inbox.recv() else {
                return false;
            };
            let submitted = first.submitted;
            self.queue.push(first);
            self.gather(submitted);
        }
        self.inbox.try_iter().for_each(|request| self.queue.push(request));
        true
    }

    /// Waits for more requests, until `gather` after `submitted` or until a full pass waits.
    fn gather(&mut self, submitted: Instant) {
        while self.load.waiting_tokens() < self.token_budget {
            let left = self.gather.saturating_sub(submitted.elapsed());
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
    fn pass(&mut self) {
        let selections = self.queue.take();
        let slots = || selections.iter().flat_map(|selection| &selection.taken);
        let items: Vec<_> = slots().map(|slot| &slot.item).collect();
        if items.is_empty() {
            return;
        }
        let tokens = slots().fold(0, |sum: usize, slot| sum.saturating_add(slot.tokens));

        let started = Instant::now();
        let Attempt { results, retried } = attempt::run(&*self.engine, &items);
        let took = started.elapsed();

        self.load.set_tokens_per_second(self.drain_rate.add_pass(tokens, took));
        let failed = results.iter().filter(|result| result.is_err()).count();
        self.load.set_failing(failed == results.len());
        if let Some(error) = retried {
            let spans = selections.iter().map(|selection| &selection.request.span);
            log_retry(spans, &error, results.len(), failed);
        }
        let mut results = results.into_iter();
        for Selection { request, taken } in selections {
            let indices = taken.iter().map(|slot| slot.index);
            // A request that isn't complete goes to the back of the queue.
            if let Some(request) = request.record(indices.zip(&mut results), took) {
                self.queue.push(request);
            }
        }
    }
}

/// Logs for each request of a failed pass that its sequences were computed alone. The error of a
/// sequence that failed again is logged with its request. So the error of the pass is logged only if
/// all sequences succeeded.
fn log_retry<'s>(
    spans: impl Iterator<Item = &'s Span>,
    error: &EngineError,
    sequences: usize,
    failed: usize,
) {
    let cause = (failed == 0).then(|| tracing::field::display(Chain(error)));
    for span in spans {
        let _entered = span.enter();
        tracing::warn!(
            sequences,
            failed,
            cause,
            "a pass failed, and each of its sequences was computed alone"
        );
    }
}
