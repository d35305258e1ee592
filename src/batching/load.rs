//! What waits, of whom, and how the worker fares: the handle reads it to admit submissions, the
//! worker writes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::admission::{self, Ahead};
use super::client::{ClientId, Priority};
use super::cost::PassCost;
use super::options::BatcherOptions;
use super::plan::INTERACTIVE_WEIGHT;
use super::submit_error::SubmitError;
use crate::telemetry::metrics::NamedGauge;

/// The state of the queue and the worker.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Status {
    /// Admitted tokens that no pass has taken yet, without padding.
    pub waiting_tokens: usize,
    /// The most tokens that may wait.
    pub limit_tokens: usize,
    /// Admitted sequences that no pass has taken yet.
    pub waiting_sequences: usize,
    /// About how long it takes to compute them.
    pub waiting_time: Duration,
    /// How long the oldest request has been waiting, of those that the last pass found.
    pub oldest: Duration,
    /// Whether the worker runs: false after it has drained and ended.
    pub alive: bool,
    /// Whether the last trial pass failed.
    pub failing: bool,
    /// Whether a pass has been running for longer than a pass may take.
    pub hung: bool,
}

impl Status {
    /// The same for the metrics.
    pub fn gauges(&self) -> [NamedGauge; 8] {
        let flag = |set: bool| f64::from(u8::from(set));
        [
            ("strata_batching_queue_tokens", "Tokens that wait.", self.waiting_tokens as f64),
            (
                "strata_batching_queue_limit_tokens",
                "The most tokens that may wait.",
                self.limit_tokens as f64,
            ),
            (
                "strata_batching_queue_sequences",
                "Sequences that wait.",
                self.waiting_sequences as f64,
            ),
            (
                "strata_batching_queue_seconds",
                "About how long it takes to compute what waits.",
                self.waiting_time.as_secs_f64(),
            ),
            (
                "strata_batching_queue_oldest_seconds",
                "How long the oldest request has been waiting.",
                self.oldest.as_secs_f64(),
            ),
            ("strata_batching_worker_alive", "1 while the worker runs.", flag(self.alive)),
            ("strata_batching_worker_failing", "1 while the trial pass fails.", flag(self.failing)),
            (
                "strata_batching_worker_hung",
                "1 while a pass takes longer than it may.",
                flag(self.hung),
            ),
        ]
    }
}

/// What a submission takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub(super) tokens: usize,
    pub(super) sequences: usize,
    pub(super) client: ClientId,
    pub(super) priority: Priority,
    /// The time until its deadline.
    pub(super) left: Option<Duration>,
}

/// What waits, how fast passes are, and whether the worker lives.
#[derive(Debug)]
pub(super) struct Load {
    options: BatcherOptions,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Tokens that wait, by client and priority. No entry is zero.
    waiting: HashMap<(ClientId, Priority), usize>,
    tokens: usize,
    sequences: usize,
    cost: PassCost,
    /// The pass that runs: when it began, and its tokens.
    pass: Option<(Instant, usize)>,
    /// When the oldest request was submitted that waited when the last pass began.
    oldest: Option<Instant>,
    failing: bool,
    alive: bool,
}

impl Load {
    pub(super) fn new(options: BatcherOptions) -> Self {
        let state = State {
            waiting: HashMap::new(),
            tokens: 0,
            sequences: 0,
            cost: options.cost,
            pass: None,
            oldest: None,
            failing: false,
            alive: true,
        };
        Self { options, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before something could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a submission would be admitted, or why not.
    pub(super) fn check(&self, demand: Demand) -> Result<(), SubmitError> {
        self.lock().check(demand, &self.options)
    }

    /// Admits a submission, or says why not.
    pub(super) fn admit(self: &Arc<Self>, demand: Demand) -> Result<Ticket, SubmitError> {
        let mut state = self.lock();
        state.check(demand, &self.options)?;
        let Demand { tokens, sequences, client, priority, .. } = demand;
        state.tokens += tokens;
        state.sequences += sequences;
        *state.waiting.entry((client, priority)).or_default() += tokens;
        Ok(Ticket { load: Arc::clone(self), client, priority, tokens, sequences })
    }

    pub(super) fn waiting_tokens(&self) -> usize {
        self.lock().tokens
    }

    /// A pass of `tokens` begins.
    pub(super) fn pass_begins(&self, tokens: usize, at: Instant) {
        self.lock().pass = Some((at, tokens));
    }

    /// The pass has ended, and took `took`.
    pub(super) fn pass_ends(&self, took: Duration) {
        let mut state = self.lock();
        if let Some((_, tokens)) = state.pass.take() {
            state.cost.observe(tokens, took, self.options.token_budget.get());
        }
    }

    /// The worker panicked, perhaps during a pass, of which nothing is known.
    pub(super) fn abandon_pass(&self) {
        self.lock().pass = None;
    }

    /// The oldest request that waits was submitted then.
    pub(super) fn set_oldest(&self, submitted: Option<Instant>) {
        self.lock().oldest = submitted;
    }

    pub(super) fn set_failing(&self, failing: bool) {
        self.lock().failing = failing;
    }

    pub(super) fn set_dead(&self) {
        self.lock().alive = false;
    }

    pub(super) fn status(&self) -> Status {
        let state = self.lock();
        let seconds = state.cost.per_queued_token(self.options.token_budget.get());
        let hung = state.pass.is_some_and(|(began, _)| began.elapsed() > self.options.longest_pass);
        // An idle worker notes nothing.
        let oldest = state.oldest.filter(|_| state.sequences > 0);
        Status {
            waiting_tokens: state.tokens,
            limit_tokens: self.options.queue_tokens.get(),
            waiting_sequences: state.sequences,
            waiting_time: Duration::try_from_secs_f64(seconds * state.tokens as f64)
                .unwrap_or(Duration::MAX),
            oldest: oldest.map_or(Duration::ZERO, |submitted| submitted.elapsed()),
            alive: state.alive,
            failing: state.failing,
            hung,
        }
    }
}

impl State {
    fn check(&self, demand: Demand, options: &BatcherOptions) -> Result<(), SubmitError> {
        let Demand { tokens, client, priority, left, .. } = demand;
        let ahead = self.ahead(tokens, client, priority);
        admission::admit(tokens, left, ahead, self.cost, options)
    }

    fn remove(&mut self, client: ClientId, priority: Priority, tokens: usize, sequences: usize) {
        self.tokens -= tokens;
        self.sequences -= sequences;
        if let Some(waiting) = self.waiting.get_mut(&(client, priority)) {
            *waiting -= tokens;
            if *waiting == 0 {
                self.waiting.remove(&(client, priority));
            }
        }
    }

    /// What is computed before a submission of `tokens` is complete: what its client has waiting; of
    /// each other client as much as it gets in the meantime, which is at most as much as this one; the
    /// running pass; and the other priority's share of the passes.
    fn ahead(&self, tokens: usize, client: ClientId, priority: Priority) -> Ahead {
        let waiting = |priority| self.waiting.get(&(client, priority)).copied().unwrap_or_default();
        let of_client = waiting(priority);
        let through = of_client.saturating_add(tokens);
        let (mut others, mut other_priority) = (0_usize, 0_usize);
        for (&(whose, urgency), &waits) in &self.waiting {
            if urgency != priority {
                other_priority += waits;
            } else if whose != client {
                others += waits.min(through);
            }
        }
        let equal = of_client + others;
        let share = match priority {
            Priority::Interactive => equal.saturating_add(tokens) / INTERACTIVE_WEIGHT,
            Priority::Batch => equal.saturating_add(tokens).saturating_mul(INTERACTIVE_WEIGHT),
        };
        let running = self.pass.map_or(0, |(_, tokens)| tokens);
        Ahead {
            tokens: equal.saturating_add(other_priority.min(share)).saturating_add(running),
            of_client,
            total: self.tokens,
            idle: self.tokens == 0 && self.pass.is_none(),
        }
    }
}

/// The room of a request in the queue. Dropping it releases what is left, so that no way of losing a
/// request can leak room.
#[derive(Debug)]
pub(super) struct Ticket {
    load: Arc<Load>,
    pub(super) client: ClientId,
    pub(super) priority: Priority,
    tokens: usize,
    sequences: usize,
}

impl Ticket {
    pub(super) fn load(&self) -> Arc<Load> {
        Arc::clone(&self.load)
    }

    /// Releases the room of `sequences` with `tokens` together.
    pub(super) fn release(&mut self, tokens: usize, sequences: usize) {
        self.tokens -= tokens;
        self.sequences -= sequences;
        self.load.lock().remove(self.client, self.priority, tokens, sequences);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.load.lock().remove(self.client, self.priority, self.tokens, self.sequences);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::batching::tests::options;

    fn load() -> Arc<Load> {
        Arc::new(Load::new(options(512, 64, 8)))
    }

    fn client(number: u8) -> ClientId {
        ClientId::from(IpAddr::from(Ipv4Addr::new(10, 0, 0, number)))
    }

    fn demand(client: ClientId, priority: Priority, tokens: usize) -> Demand {
        Demand { tokens, sequences: 1, client, priority, left: None }
    }

    #[test]
    fn a_ticket_releases_each_token_once() {
        let load = load();
        let mut ticket =
            load.admit(Demand { sequences: 2, ..demand(client(1), Priority::Batch, 10) }).unwrap();
        ticket.release(7, 1);
        assert_eq!((load.status().waiting_tokens, load.status().waiting_sequences), (3, 1));
        drop(ticket);
        assert_eq!((load.status().waiting_tokens, load.status().waiting_sequences), (0, 0));
        assert!(load.lock().waiting.is_empty());
    }

    #[test]
    fn of_others_as_much_stands_ahead_as_they_get_in_the_meantime() {
        let load = load();
        let admit = |number, priority, tokens| {
            load.admit(demand(client(number), priority, tokens)).unwrap()
        };
        let _waiting = [
            admit(1, Priority::Interactive, 100),
            admit(2, Priority::Interactive, 5_000),
            admit(3, Priority::Interactive, 30),
            admit(4, Priority::Batch, 7_000),
        ];
        let ahead = |number, priority, tokens| load.lock().ahead(tokens, client(number), priority);
        // Client 1: its own 100, of client 2 as much as itself, client 3's 30, a nineteenth for batch.
        let first = ahead(1, Priority::Interactive, 90);
        assert_eq!(first.tokens, 100 + 190 + 30 + (100 + 190 + 30 + 90) / 19);
        assert_eq!((first.of_client, first.total, first.idle), (100, 12_130, false));
        // One that comes new has nothing of its own ahead.
        let new = ahead(5, Priority::Interactive, 20);
        assert_eq!((new.tokens, new.of_client), (3 * 20 + (3 * 20 + 20) / 19, 0));
        // Batch stands behind everything interactive, up to its share.
        assert_eq!(ahead(5, Priority::Batch, 1_000).tokens, 1_000 + 5_130);
        assert_eq!(ahead(5, Priority::Batch, 10).tokens, 10 + 19 * 20);
    }

    #[test]
    fn the_running_pass_stands_ahead_and_an_idle_worker_has_none() {
        let load = load();
        let ahead = || load.lock().ahead(10, client(1), Priority::Interactive);
        assert_eq!(ahead(), Ahead { idle: true, ..Ahead::default() });
        load.pass_begins(300, Instant::now());
        assert_eq!(ahead(), Ahead { tokens: 300, ..Ahead::default() });
        load.pass_ends(Duration::from_millis(1));
        assert!(ahead().idle);
    }
}
