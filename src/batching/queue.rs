//! The waiting requests.

use std::time::{Duration, Instant};

use super::attempt::EngineError;
use super::metrics::Metrics;
use super::options::BatcherOptions;
use super::plan::{Classes, Entry, NextPass, Pick, Waiting, plan};
use super::request::{Request, Slot};

/// The waiting requests, from which passes are taken.
pub(super) struct Queue<I, O> {
    requests: Classes<Request<I, O>>,
    options: BatcherOptions,
}

/// The sequences of one request that go into the next pass.
pub(super) struct Selection<I, O> {
    entry: Entry<Request<I, O>>,
    /// One of its sequences, which says where the request stands.
    place: Pick,
    pub(super) taken: Vec<Slot<I>>,
}

impl<I, O> Selection<I, O> {
    pub(super) fn request(&self) -> &Request<I, O> {
        &self.entry.request
    }
}

impl<I, O> Waiting for Request<I, O> {
    fn tokens(&self, index: usize) -> Option<usize> {
        self.tokens_at(index)
    }

    fn passed_over(&self) -> u32 {
        self.passed_over
    }
}

impl<I, O> Queue<I, O> {
    pub(super) fn new(options: BatcherOptions) -> Self {
        Self { requests: Classes::default(), options }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Adds a new request.
    pub(super) fn push(&mut self, request: Request<I, O>) {
        self.requests.insert(request.priority(), request.client(), request);
    }

    /// Drops requests whose deadline has passed or whose client has left; returns when the oldest of
    /// the others was submitted.
    pub(super) fn sweep(&mut self, now: Instant, metrics: &Metrics) -> Option<Instant> {
        let mut oldest: Option<Instant> = None;
        self.requests.retain(|request| {
            let wanted = request.is_wanted(now);
            if wanted {
                let submitted = request.submitted;
                oldest = Some(oldest.map_or(submitted, |oldest| oldest.min(submitted)));
            } else {
                let late = request.is_late(now);
                if late { &metrics.late } else { &metrics.cancelled }.inc();
            }
            wanted
        });
        oldest
    }

    /// Takes the sequences of the next pass, with their requests.
    pub(super) fn take(&mut self) -> Vec<Selection<I, O>> {
        let NextPass { mut picks, skipped } = plan(&self.requests, &self.options);
        for pick in &skipped {
            if let Some(request) = self.requests.request_mut(pick) {
                request.passed_over += 1;
            }
        }
        self.requests.charge(&picks, self.options.token_budget.get());
        picks.sort_by_key(|pick| (pick.request, pick.sequence));
        let mut selections = Vec::new();
        for picks in picks.chunk_by(|a, b| a.request == b.request) {
            if let Some(mut entry) = self.requests.take_out(&picks[0]) {
                entry.request.passed_over = 0;
                let taken = entry.request.take(picks.iter().map(|pick| pick.sequence));
                selections.push(Selection { entry, place: picks[0], taken });
            }
        }
        selections
    }

    /// Gives a request the results of its sequences in a pass that lasted `took`. It goes back to its
    /// place if it has more sequences.
    pub(super) fn record(
        &mut self,
        selection: Selection<I, O>,
        results: impl Iterator<Item = Result<O, EngineError>>,
        took: Duration,
    ) {
        let Selection { entry, place, taken } = selection;
        let results = taken.iter().map(|slot| slot.index).zip(results);
        let Entry { turn, request } = entry;
        if let Some(request) = request.record(results, took) {
            self.requests.put_back(&place, Entry { turn, request });
        }
    }
}
