//! The order in which sequences are offered to the next pass: that of [`super::shares`].

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque, btree_map};

use super::shares::{Arrival, Class, Classes, Client, Entry, Pick, Waiting, weighted};
use crate::batching::client::{ClientId, Priority};

/// The first `most` sequences, in order.
pub(super) fn candidates<R: Waiting>(classes: &Classes<R>, most: usize) -> Vec<Pick> {
    let mut interactive = ClassOrder::new(Priority::Interactive, classes);
    let mut batch = ClassOrder::new(Priority::Batch, classes);
    let mut picks = Vec::new();
    while picks.len() < most {
        let (first, second) = if batch.served < interactive.served {
            (&mut batch, &mut interactive)
        } else {
            (&mut interactive, &mut batch)
        };
        let Some(pick) = first.next().or_else(|| second.next()) else {
            break;
        };
        picks.push(pick);
    }
    picks
}

/// The sequences of one priority, in order.
struct ClassOrder<'a, R> {
    priority: Priority,
    served: u64,
    /// The clients that have sequences left, the one that has had the fewest tokens first.
    clients: BinaryHeap<(Reverse<(u64, ClientId)>, usize)>,
    orders: Vec<ClientOrder<'a, R>>,
}

impl<'a, R: Waiting> ClassOrder<'a, R> {
    fn new(priority: Priority, classes: &'a Classes<R>) -> Self {
        let class: &Class<R> = classes.class(priority);
        let waiting = class.clients.iter().filter(|(_, client)| !client.requests.is_empty());
        let (clients, orders) = waiting
            .enumerate()
            .map(|(index, (&id, client))| {
                ((Reverse((client.served, id)), index), ClientOrder::new(client))
            })
            .unzip();
        Self { priority, served: class.served, clients, orders }
    }

    fn next(&mut self) -> Option<Pick> {
        while let Some((Reverse((served, client)), index)) = self.clients.pop() {
            let Some(Next { request, sequence, tokens, by_age }) = self.orders[index].next() else {
                continue;
            };
            self.served += weighted(self.priority, tokens as u64);
            self.clients.push((Reverse((served + tokens as u64, client)), index));
            let priority = self.priority;
            return Some(Pick { priority, client, request, sequence, tokens, by_age });
        }
        None
    }
}

/// The next sequence of a client.
struct Next {
    request: Arrival,
    sequence: usize,
    tokens: usize,
    by_age: bool,
}

/// The sequences of one client, in order.
struct ClientOrder<'a, R> {
    client: &'a Client<R>,
    age_lead: i64,
    /// How many sequences of each request were offered already.
    offered: HashMap<Arrival, usize>,
    by_age: btree_map::Iter<'a, Arrival, Entry<R>>,
    /// The request whose sequences are offered by age.
    oldest: Option<(Arrival, &'a R)>,
    in_turn: btree_map::Values<'a, u64, Arrival>,
    /// Requests that have had their turn in this pass, in order.
    next_round: VecDeque<Arrival>,
}

impl<'a, R: Waiting> ClientOrder<'a, R> {
    fn new(client: &'a Client<R>) -> Self {
        Self {
            client,
            age_lead: client.age_lead,
            offered: HashMap::new(),
            by_age: client.requests.iter(),
            oldest: None,
            in_turn: client.turns.values(),
            next_round: VecDeque::new(),
        }
    }

    fn next(&mut self) -> Option<Next> {
        let by_age = self.age_lead <= 0;
        let (request, sequence, tokens) =
            if by_age { self.next_by_age()? } else { self.next_in_turn()? };
        self.offered.insert(request, sequence + 1);
        let lead = i64::try_from(tokens).unwrap_or(i64::MAX);
        self.age_lead = self.age_lead.saturating_add(if by_age { lead } else { -lead });
        Some(Next { request, sequence, tokens, by_age })
    }

    fn next_of(&self, arrival: Arrival, request: &R) -> Option<(Arrival, usize, usize)> {
        let sequence = self.offered.get(&arrival).copied().unwrap_or_default();
        request.tokens(sequence).map(|tokens| (arrival, sequence, tokens))
    }

    fn next_by_age(&mut self) -> Option<(Arrival, usize, usize)> {
        loop {
            if let Some((arrival, request)) = self.oldest
                && let Some(next) = self.next_of(arrival, request)
            {
                return Some(next);
            }
            self.oldest = Some(self.by_age.next().map(|(&at, entry)| (at, &entry.request))?);
        }
    }

    fn next_in_turn(&mut self) -> Option<(Arrival, usize, usize)> {
        loop {
            let arrival = self.in_turn.next().copied().or_else(|| self.next_round.pop_front())?;
            let entry = self.client.requests.get(&arrival)?;
            if let Some(next) = self.next_of(arrival, &entry.request) {
                self.next_round.push_back(arrival);
                return Some(next);
            }
        }
    }
}
