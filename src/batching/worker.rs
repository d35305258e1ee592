//! The worker: one OS thread that owns the queue and runs the passes. It decides nothing; what to
//! take is the plan's business, what to do about a failure is `attempt`'s.

use std::{
    io,
    sync::{Arc, mpsc::Receiver},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tracing::Span;

use super::{
    Engine, EngineError, Settings,
    attempt::{self, Attempt},
    load::{DrainRate, Load},
    queue::{Queue, Share},
    request::Request,
};
use crate::telemetry::chain::Chain;

const THREAD_NAME: &str = "strata-forward";

/// The running worker, to wait for. Dropping it leaves the worker to itself.
#[derive(Debug)]
pub struct Worker {
    thread: JoinHandle<()>,
}

impl Worker {
    /// Blocks until the worker has drained and ended, so close the batcher, or drop every handle to
    /// it, before.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("the worker thread panicked outside of a forward pass");
        }
    }
}

pub(super) fn spawn<E: Engine>(
    engine: Arc<E>,
    settings: Settings,
    inbox: Receiver<Request<E::Item, E::Output>>,
    load: Arc<Load>,
) -> io::Result<Worker> {
    let owner = Owner {
        _alive: Alive(Arc::clone(&load)),
        engine,
        inbox,
        queue: Queue::new(settings),
        budget: settings.budget.get(),
        gather: settings.gather,
        drain: DrainRate::default(),
        load,
    };
    let thread = thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || owner.run())?;
    Ok(Worker { thread })
}

/// Says that the worker is gone, however it went.
struct Alive(Arc<Load>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set_dead();
    }
}

struct Owner<E: Engine> {
    engine: Arc<E>,
    inbox: Receiver<Request<E::Item, E::Output>>,
    queue: Queue<E::Item, E::Output>,
    budget: usize,
    gather: Duration,
    drain: DrainRate,
    load: Arc<Load>,
    /// Dropped last, when everything that waited has been given back.
    _alive: Alive,
}

impl<E: Engine> Owner<E> {
    fn run(mut self) {
        while self.collect() {
            self.queue.sweep(Instant::now());
            self.pass();
        }
    }

    /// Blocks until something waits, then takes in all that has come. False when nothing waits and
    /// nothing can come any more.
    fn collect(&mut self) -> bool {
        if self.queue.is_empty() {
            let Ok(first) = self.inbox.recv() else {
                return false;
            };
            let submitted = first.submitted;
            self.queue.push(first);
            self.linger(submitted);
        }
        self.inbox.try_iter().for_each(|request| self.queue.push(request));
        true
    }

    /// Waits for company, but not past `gather` after `submitted`, and not if a full pass waits.
    fn linger(&mut self, submitted: Instant) {
        while self.load.waiting_tokens() < self.budget {
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

    fn pass(&mut self) {
        let shares = self.queue.take();
        let slots = || shares.iter().flat_map(|share| &share.taken);
        let items: Vec<_> = slots().map(|slot| &slot.item).collect();
        if items.is_empty() {
            return;
        }
        let tokens = slots().fold(0, |sum: usize, slot| sum.saturating_add(slot.tokens));

        let started = Instant::now();
        let Attempt { results, retried } = attempt::run(&*self.engine, &items);
        let took = started.elapsed();

        self.load.set_tokens_per_second(self.drain.after(tokens, took));
        let failed = results.iter().filter(|result| result.is_err()).count();
        self.load.set_failing(failed == results.len());
        if let Some(error) = retried {
            let spans = shares.iter().map(|share| &share.request.span);
            log_retry(spans, &error, results.len(), failed);
        }
        let mut results = results.into_iter();
        for Share { request, taken } in shares {
            let indices = taken.iter().map(|slot| slot.index);
            // Those whose request isn't complete go to the back.
            if let Some(request) = request.record(indices.zip(&mut results), took) {
                self.queue.push(request);
            }
        }
    }
}

/// Logs under each request of a failed pass that its sequences were computed one by one. A sequence
/// that failed again takes its own error to its request, so the error of the pass is only logged
/// where all succeeded.
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
            "a pass failed, and its sequences were computed one by one"
        );
    }
}
