//! How priorities, clients and requests share the passes.
//!
//! Each pass is filled sequence by sequence. The next one comes from
//!
//! 1. the priority that has had fewer tokens: batch tokens count [`INTERACTIVE_WEIGHT`] times, so that
//!    batch gets one token in twenty while both wait, and all of them while it waits alone;
//! 2. of that priority, the client that has had the fewest tokens (start-time fair queueing; Goyal, Vin
//!    and Cheng, 1996): one that comes new starts at what the others have had, without credit for the
//!    time when it had nothing waiting;
//! 3. of that client, for half of the tokens, the oldest request, until it is finished; for the other
//!    half, each request in turn. Turns alone would, under overload, begin all requests and finish none
//!    in time; age alone would keep a small request behind all large ones that came before it.

use std::collections::BTreeMap;

use crate::batching::client::{ClientId, Priority};

/// How many interactive tokens are computed for each batch token while both wait.
pub(in crate::batching) const INTERACTIVE_WEIGHT: usize = 19;

/// The number of a request, in the order of arrival.
pub(in crate::batching) type Arrival = u64;

/// A waiting request, as the plan sees it.
pub(in crate::batching) trait Waiting {
    /// The length in tokens of its `index`th waiting sequence, in the order in which they should be
    /// taken.
    fn tokens(&self, index: usize) -> Option<usize>;

    /// How many passes since it last had a sequence taken have skipped it in favour of others behind
    /// it.
    fn passed_over(&self) -> u32;
}

/// A request, and when its turn is.
#[derive(Debug)]
pub(in crate::batching) struct Entry<R> {
    pub(in crate::batching) turn: u64,
    pub(in crate::batching) request: R,
}

/// The requests of a client of one priority.
#[derive(Debug)]
pub(in crate::batching) struct Client<R> {
    /// Tokens that it has had, counted from those of the others when it came.
    pub(super) served: u64,
    /// How many more tokens the oldest requests have had than those in turn.
    pub(super) age_lead: i64,
    pub(super) requests: BTreeMap<Arrival, Entry<R>>,
    /// The requests in the order of their turns.
    pub(super) turns: BTreeMap<u64, Arrival>,
}

/// The clients of one priority.
#[derive(Debug)]
pub(in crate::batching) struct Class<R> {
    /// Weighted tokens that it has had, counted from those of the other class when it came.
    pub(super) served: u64,
    /// What the client had had that was served last: where a new one starts.
    pub(super) clock: u64,
    pub(super) clients: BTreeMap<ClientId, Client<R>>,
}

/// All that waits.
#[derive(Debug)]
pub(in crate::batching) struct Classes<R> {
    pub(super) interactive: Class<R>,
    pub(super) batch: Class<R>,
    /// What the class had had that was served last: where the other one starts.
    clock: u64,
    /// The next number of an arrival or a turn.
    next: u64,
}

/// A sequence that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::batching) struct Pick {
    pub(in crate::batching) priority: Priority,
    pub(in crate::batching) client: ClientId,
    pub(in crate::batching) request: Arrival,
    /// Its index among the waiting sequences of its request.
    pub(in crate::batching) sequence: usize,
    pub(in crate::batching) tokens: usize,
    /// Whether the request was next by its age, or in turn.
    pub(super) by_age: bool,
}

impl<R> Default for Class<R> {
    fn default() -> Self {
        Self { served: 0, clock: 0, clients: BTreeMap::new() }
    }
}

impl<R> Default for Classes<R> {
    fn default() -> Self {
        Self { interactive: Class::default(), batch: Class::default(), clock: 0, next: 0 }
    }
}

impl<R> Class<R> {
    pub(super) fn is_empty(&self) -> bool {
        self.clients.values().all(|client| client.requests.is_empty())
    }
}

impl<R> Classes<R> {
    pub(in crate::batching) fn is_empty(&self) -> bool {
        self.interactive.is_empty() && self.batch.is_empty()
    }

    pub(super) fn class(&self, priority: Priority) -> &Class<R> {
        match priority {
            Priority::Interactive => &self.interactive,
            Priority::Batch => &self.batch,
        }
    }

    fn class_mut(&mut self, priority: Priority) -> &mut Class<R> {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Batch => &mut self.batch,
        }
    }

    /// Every request that waits.
    #[cfg(test)]
    pub(super) fn requests(&self) -> impl Iterator<Item = &R> {
        let clients = self.interactive.clients.values().chain(self.batch.clients.values());
        clients.flat_map(|client| client.requests.values()).map(|entry| &entry.request)
    }

    /// Every request of a client.
    #[cfg(test)]
    pub(super) fn requests_of(&self, client: ClientId) -> impl Iterator<Item = &R> {
        let classes = [&self.interactive, &self.batch];
        let clients = classes.into_iter().filter_map(move |class| class.clients.get(&client));
        clients.flat_map(|client| client.requests.values()).map(|entry| &entry.request)
    }

    /// Adds a new request.
    pub(in crate::batching) fn insert(&mut self, priority: Priority, client: ClientId, request: R) {
        let (clock, arrival) = (self.clock, self.next);
        self.next += 1;
        let class = self.class_mut(priority);
        if class.is_empty() {
            class.served = class.served.max(clock);
        }
        let start = class.clock;
        let client = class.clients.entry(client).or_default();
        if client.requests.is_empty() {
            client.served = client.served.max(start);
        }
        client.requests.insert(arrival, Entry { turn: arrival, request });
        client.turns.insert(arrival, arrival);
    }

    /// Puts a request back that a pass has taken out and that has more sequences.
    pub(in crate::batching) fn put_back(&mut self, pick: &Pick, entry: Entry<R>) {
        let client = self.class_mut(pick.priority).clients.entry(pick.client).or_default();
        client.turns.insert(entry.turn, pick.request);
        client.requests.insert(pick.request, entry);
    }

    /// Takes a request out, for a pass.
    pub(in crate::batching) fn take_out(&mut self, pick: &Pick) -> Option<Entry<R>> {
        let client = self.class_mut(pick.priority).clients.get_mut(&pick.client)?;
        let entry = client.requests.remove(&pick.request)?;
        client.turns.remove(&entry.turn);
        Some(entry)
    }

    /// The request of a pick.
    pub(super) fn request(&self, pick: &Pick) -> Option<&R> {
        let client = self.class(pick.priority).clients.get(&pick.client)?;
        client.requests.get(&pick.request).map(|entry| &entry.request)
    }

    /// The request of a pick.
    pub(in crate::batching) fn request_mut(&mut self, pick: &Pick) -> Option<&mut R> {
        let class = self.class_mut(pick.priority);
        let entry = class.clients.get_mut(&pick.client)?.requests.get_mut(&pick.request)?;
        Some(&mut entry.request)
    }

    /// Counts what a pass takes. `most` bounds how far age and turns may be apart.
    pub(in crate::batching) fn charge(&mut self, picks: &[Pick], most: usize) {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        for pick in picks {
            let tokens = pick.tokens as u64;
            let turn = self.next;
            self.next += 1;
            let class = self.class_mut(pick.priority);
            let before = class.served;
            class.served += weighted(pick.priority, tokens);
            if let Some(client) = class.clients.get_mut(&pick.client) {
                class.clock = class.clock.max(client.served);
                client.served += tokens;
                let lead = i64::try_from(tokens).unwrap_or(i64::MAX);
                let lead = if pick.by_age { lead } else { -lead };
                client.age_lead = client.age_lead.saturating_add(lead).clamp(-most, most);
                if !pick.by_age {
                    client.end_turn(pick.request, turn);
                }
            }
            self.clock = self.clock.max(before);
        }
    }

    /// Keeps the requests that are `wanted`, and forgets clients that have none left.
    pub(in crate::batching) fn retain(&mut self, mut wanted: impl FnMut(&R) -> bool) {
        for class in [&mut self.interactive, &mut self.batch] {
            let clock = class.clock;
            class.clients.retain(|_, client| {
                let turns = &mut client.turns;
                client.requests.retain(|_, entry| {
                    let wanted = wanted(&entry.request);
                    if !wanted {
                        turns.remove(&entry.turn);
                    }
                    wanted
                });
                // One that has had more than the others doesn't start anew by leaving for a moment.
                !client.requests.is_empty() || client.served > clock
            });
        }
    }
}

impl<R> Default for Client<R> {
    fn default() -> Self {
        Self { served: 0, age_lead: 0, requests: BTreeMap::new(), turns: BTreeMap::new() }
    }
}

impl<R> Client<R> {
    /// Moves a request behind all others of the client.
    fn end_turn(&mut self, request: Arrival, turn: u64) {
        if let Some(entry) = self.requests.get_mut(&request) {
            self.turns.remove(&entry.turn);
            entry.turn = turn;
            self.turns.insert(turn, request);
        }
    }
}

/// Tokens as a class counts them.
pub(super) fn weighted(priority: Priority, tokens: u64) -> u64 {
    match priority {
        Priority::Interactive => tokens,
        Priority::Batch => tokens.saturating_mul(INTERACTIVE_WEIGHT as u64),
    }
}
