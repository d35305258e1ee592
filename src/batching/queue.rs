//! The waiting requests in turn order.

use std::collections::VecDeque;
use std::time::Instant;

use super::options::BatcherOptions;
use super::plan::{Waiting, plan};
use super::positions::take_at;
use super::request::{Request, Slot};

/// A request is in front of all requests that arrived, or last had a turn, after it. So requests in
/// front have been passed over at least as often, and no request moves in front of another.
pub(super) struct Queue<I, O> {
    pub(super) requests: VecDeque<Request<I, O>>,
    options: BatcherOptions,
}

/// The sequences of one request that go into the next pass.
pub(super) struct Selection<I, O> {
    pub(super) request: Request<I, O>,
    pub(super) taken: Vec<Slot<I>>,
}

impl<I, O> Queue<I, O> {
    pub(super) fn new(options: BatcherOptions) -> Self {
        Self { requests: VecDeque::new(), options }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Adds a request, new or after its turn, behind all others.
    pub(super) fn push(&mut self, request: Request<I, O>) {
        self.requests.push_back(request);
    }

    /// Drops requests whose deadline has passed or whose client has left.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.requests.retain(|request| request.is_wanted(now));
    }

    /// Takes the sequences of the next pass, with their requests. The cost grows with the look-ahead,
    /// not with what waits.
    pub(super) fn take(&mut self) -> Vec<Selection<I, O>> {
        let waiting = self
            .requests
            .iter()
            .map(|request| Waiting { lens: request.lens(), passed_over: request.passed_over });
        let picks = plan(waiting, &self.options);
        let Some(last) = picks.last() else {
            return Vec::new();
        };
        for request in self.requests.iter_mut().take(last.request) {
            request.passed_over += 1;
        }
        let turns = || picks.chunk_by(|a, b| a.request == b.request);
        let requests = take_at(&mut self.requests, turns().map(|picks| picks[0].request));
        let selected = requests.into_iter().zip(turns());
        selected
            .map(|(mut request, picks)| {
                request.passed_over = 0;
                let taken = request.take(picks.iter().map(|pick| pick.sequence));
                Selection { request, taken }
            })
            .collect()
    }
}
