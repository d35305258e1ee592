//! The waiting requests, in the order in which it is their turn.

use std::{collections::VecDeque, time::Instant};

use super::{
    Settings,
    plan::{Waiting, plan},
    request::{Request, Slot},
};

/// A request stands in front of all that came, or last had a turn, after it. So those in front have
/// been passed over at least as often, and nobody gets in front who wasn't.
pub(super) struct Queue<I, O> {
    pub(super) requests: VecDeque<Request<I, O>>,
    settings: Settings,
}

/// What one request brings to a pass.
pub(super) struct Share<I, O> {
    pub(super) request: Request<I, O>,
    pub(super) taken: Vec<Slot<I>>,
}

impl<I, O> Queue<I, O> {
    pub(super) fn new(settings: Settings) -> Self {
        Self { requests: VecDeque::new(), settings }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Adds a request, or one that has had its turn, behind all the others.
    pub(super) fn push(&mut self, request: Request<I, O>) {
        self.requests.push_back(request);
    }

    /// Drops what nobody waits for any more.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.requests.retain(|request| request.is_wanted(now));
    }

    /// Takes what belongs in the next pass, and the requests that it belongs to. Costs what the
    /// look-ahead allows, however much waits.
    pub(super) fn take(&mut self) -> Vec<Share<I, O>> {
        let waiting = self
            .requests
            .iter()
            .map(|request| Waiting { lens: request.lens(), passed_over: request.passed_over });
        let picks = plan(waiting, &self.settings);
        let Some(last) = picks.last() else {
            return Vec::new();
        };
        for request in self.requests.iter_mut().take(last.request) {
            request.passed_over += 1;
        }
        let turns = || picks.chunk_by(|a, b| a.request == b.request);
        let requests = extract(&mut self.requests, turns().map(|picks| picks[0].request));
        let shares = requests.into_iter().zip(turns());
        shares
            .map(|(mut request, picks)| {
                request.passed_over = 0;
                let taken = request.take(picks.iter().map(|pick| pick.sequence));
                Share { request, taken }
            })
            .collect()
    }
}

/// Takes out the elements at `positions`, which ascend. Costs what the last position says: the rest
/// isn't moved.
pub(super) fn extract<T>(from: &mut VecDeque<T>, positions: impl Iterator<Item = usize>) -> Vec<T> {
    let mut taken = Vec::new();
    let mut kept = Vec::new();
    for position in positions {
        let between = position - taken.len() - kept.len();
        kept.extend(from.drain(..between));
        taken.extend(from.pop_front());
    }
    for one in kept.into_iter().rev() {
        from.push_front(one);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extracting_takes_the_positions_and_keeps_the_order() {
        for (positions, taken, kept) in [
            (vec![], vec![], vec![0, 1, 2, 3, 4]),
            (vec![0], vec![0], vec![1, 2, 3, 4]),
            (vec![1, 3], vec![1, 3], vec![0, 2, 4]),
            (vec![0, 1, 4], vec![0, 1, 4], vec![2, 3]),
            (vec![0, 1, 2, 3, 4], vec![0, 1, 2, 3, 4], vec![]),
        ] {
            let mut from: VecDeque<_> = (0..5).collect();
            assert_eq!(extract(&mut from, positions.into_iter()), taken);
            assert_eq!(from, kept);
        }
    }
}
